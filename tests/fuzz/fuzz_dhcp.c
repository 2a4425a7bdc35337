// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of a DHCP client: a run of them, each with a 16-bit length in front.
 */
#include "bytes.h"
#include "dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dns_search search = { .names = { "lab.internal" }, .n = 1 };
	struct dhcp_config c = { .prefix_len = 24,
				 .mtu = 1500,
				 .lease_s = 60,
				 .hostname = "guest",
				 .domain = "lab",
				 .bootfile = "pxe.0",
				 .tftp_name = "10.0.2.2",
				 .search = &search,
				 .ndns = 1 };
	struct dhcp_server s;

	c.server.s_addr = c.router.s_addr = htonl(0x0a000202);
	c.first.s_addr = htonl(0x0a00020f);
	dhcp_init(&s, &c);
	while (size >= 2) {
		size_t len = MIN((size_t)get_be16(data), size - 2);
		struct dhcp_destination to;
		uint8_t out[DHCP_MESSAGE_MAX], *copy = malloc(len);
		ssize_t n;

		if (len)
			memcpy(copy, data + 2, len);
		n = dhcp_answer(&s, copy, len, out, sizeof(out), &to);
		assert(n <= 1472);
		free(copy);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
