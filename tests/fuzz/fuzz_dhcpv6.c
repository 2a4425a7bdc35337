// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message of a DHCPv6 client.
 */
#include "dhcpv6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dns_search search = { .names = { "lab.internal" }, .n = 1 };
	static const struct mac mac = { { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } };
	struct dhcpv6_config c = { .search = &search,
				   .bootfile_url = "tftp://[fd00::2]/x",
				   .lease_s = 60 };
	uint8_t out[DHCPV6_MESSAGE_MAX], *copy = malloc(size);

	if (size)
		memcpy(copy, data, size);
	prefix_parse("fd00::/64", &c.prefix);
	addr_parse("fd00::3", &c.dns);
	c.mac = mac;
	assert(dhcpv6_answer(&c, &mac, true, copy, size, out, sizeof(out)) <= (ssize_t)sizeof(out));
	free(copy);
	return 0;
}
