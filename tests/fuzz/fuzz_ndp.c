// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ARP (first byte 'a') and neighbour discovery (anything else): the message of a guest.
 */
#include "arp.h"
#include "ndp.h"

static void take_arp(const uint8_t *p, size_t len)
{
	const struct in_addr ours[] = { { htonl(0x0a000202) }, { htonl(0x0a000203) } };
	struct mac mac = { { 0x52, 0x55, 10, 0, 2, 2 } };
	uint8_t out[ARP_LEN];
	struct arp_result r;

	arp_answer(p, len, ours, 2, &mac, out, &r);
}

static void take_ndp(bool unspecified, const uint8_t *p, size_t len)
{
	static const struct dns_search search = { .names = { "lab.internal" }, .n = 1 };
	struct ndp_config c = { .search = &search, .mtu = 1500, .router_lifetime_s = 1800 };
	struct addr src = { .family = AF_INET6 }, dst;
	uint8_t out[NDP_MESSAGE_MAX];
	struct ndp_result r;

	addr_parse("fe80::2", &c.router);
	c.ours[0] = c.router;
	addr_parse("fd00::2", &c.ours[1]);
	c.nours = 2;
	prefix_parse("fd00::/64", &c.prefix);
	addr_parse("fd00::3", &c.dns);
	addr_parse("ff02::1:ff00:2", &dst);
	if (!unspecified)
		addr_parse("fd00::99", &src);
	ndp_answer(&c, &src, &dst, 255, p, len, out, sizeof(out), &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	copy = realloc(copy, size > 1 ? size - 1 : 1);
	if (data[0] == 'a')
		take_arp(copy, size - 1);
	else
		take_ndp(data[0] & 1, copy, size - 1);
	free(copy);
	return 0;
}
