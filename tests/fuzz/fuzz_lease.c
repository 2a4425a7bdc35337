// SPDX-License-Identifier: GPL-2.0-or-later
/* A line of dnsmasq's lease file, and a datagram on the lease socket. */
#include "lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct lease_event e;
	struct lease l;

	memcpy(line, data, size);
	line[size] = '\0';
	if (lease_parse(line, &l) == 0 &&
	    (strlen(l.hostname) > 63 || (l.addr.family != AF_INET && l.addr.family != AF_INET6)))
		abort();
	if (lease_event_parse((const char *)data, size, &e) == 0 && strlen(e.ifname) >= IFNAMSIZ)
		abort();
	free(line);
	return 0;
}
