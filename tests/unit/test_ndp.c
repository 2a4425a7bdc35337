// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ARP and neighbour discovery.
 */
#include <arpa/inet.h>

#include "arp.h"
#include "ndp.h"
#include "unit.h"

static struct ndp_config conf;
static struct ndp_result res;
static uint8_t out[NDP_MESSAGE_MAX];
static const struct addr unspecified = { .family = AF_INET6 };

static struct addr a6(const char *s)
{
	struct addr a = { 0 };

	addr_parse(s, &a);
	return a;
}

static void start(void)
{
	static struct dns_search search = { .names = { "lab.internal" }, .n = 1 };

	conf = (struct ndp_config){ .mac = { { 0x52, 0x55, 10, 0, 2, 2 } },
				    .router = a6("fe80::2"),
				    .ours = { a6("fe80::2"), a6("fd00::2"), a6("fd00::3") },
				    .nours = 3,
				    .dns = a6("fd00::3"),
				    .search = &search,
				    .mtu = 1500,
				    .router_lifetime_s = 1800 };
	prefix_parse("fd00::/64", &conf.prefix);
	memset(out, 0, sizeof(out));
}

static ssize_t ask(struct addr src, const char *dst, const uint8_t *msg, size_t len)
{
	struct addr d = a6(dst);

	return ndp_answer(&conf, &src, &d, 255, msg, len, out, sizeof(out), &res);
}

static size_t solicit(uint8_t *p, const char *target, bool mac)
{
	struct addr t = a6(target);

	memset(p, 0, 32);
	p[0] = 135;
	memcpy(p + 8, t.bytes, 16);
	memcpy(p + 24, (uint8_t[]){ 1, 1, 0x52, 0x54, 0, 1, 2, 3 }, 8);
	return mac ? 32 : 24;
}

static void router_solicitation_is_answered(void)
{
	uint8_t rs[16] = { 133, [8] = 1, 1, 0x52, 0x54, 0, 1, 2, 3 };
	ssize_t n;

	start();
	n = ask(a6("fe80::1234"), "ff02::2", rs, 16);
	CU_ASSERT(n == 16 + 8 + 8 + 32 + 24 + 24);
	CU_ASSERT(out[0] == 134 && out[5] == 0x40 && get_be16(out + 6) == 1800);
	CU_ASSERT(out[16] == 1 && out[24] == 5 && get_be32(out + 28) == 1500);
	CU_ASSERT(out[32] == 3 && out[34] == 64 && out[35] == 0xc0 && out[48] == 0xfd);
	CU_ASSERT(out[64] == 25 && out[65] == 3);
	CU_ASSERT(out[88] == 31 && out[89] == 3 && memcmp(out + 96, "\3lab\10internal\0", 14) == 0);
	CU_ASSERT(addr_equal(&res.from, &conf.router) && !res.to_multicast);
	CU_ASSERT(res.mac.bytes[5] == 3);
	n = ask(unspecified, "ff02::2", rs, 8);
	CU_ASSERT(n > 0 && res.to_multicast);
	CU_ASSERT(ask(unspecified, "ff02::2", rs, 16) == -EBADMSG);
}

static void our_addresses_are_advertised(void)
{
	uint8_t ns[32];
	size_t len = solicit(ns, "fd00::2", true);

	start();
	CU_ASSERT(ask(a6("fd00::99"), "ff02::1:ff00:2", ns, len) == 32);
	CU_ASSERT(out[0] == 136 && out[4] == 0xe0 && out[24] == 2);
	CU_ASSERT(memcmp(out + 26, conf.mac.bytes, 6) == 0);
	CU_ASSERT(res.mac.bytes[0] == 0x52);
	len = solicit(ns, "fd00::77", true);
	CU_ASSERT(ask(a6("fd00::99"), "ff02::1:ff00:77", ns, len) == 0);
}

static void probe_of_our_address_is_told_to_all(void)
{
	uint8_t ns[32];
	size_t len = solicit(ns, "fd00::3", false);

	start();
	CU_ASSERT(ask(unspecified, "ff02::1:ff00:3", ns, len) == 32);
	CU_ASSERT(out[4] == 0xa0 && res.to_multicast && res.to.bytes[0] == 0xff);
	CU_ASSERT(ask(unspecified, "fd00::3", ns, len) == -EBADMSG);
}

static void off_link_and_malformed_are_refused(void)
{
	uint8_t ns[40];
	size_t len = solicit(ns, "fd00::2", true);
	struct addr src = a6("fd00::99"), dst = a6("ff02::1:ff00:2");

	start();
	CU_ASSERT(ndp_answer(&conf, &src, &dst, 64, ns, len, out, sizeof(out), &res) == -EBADMSG);
	for (size_t n = 0; n < 24; n++)
		CU_ASSERT(ask(src, "ff02::1:ff00:2", ns, n) == -EBADMSG);
	for (size_t n = 25; n < 32; n++)
		CU_ASSERT(ask(src, "ff02::1:ff00:2", ns, n) == -EBADMSG);
	ns[25] = 0; /* an option of length 0 */
	CU_ASSERT(ask(src, "ff02::1:ff00:2", ns, len) == -EBADMSG);
	ns[25] = 40;
	CU_ASSERT(ask(src, "ff02::1:ff00:2", ns, len) == -EBADMSG);
	solicit(ns, "fd00::2", true);
	CU_ASSERT(ask(conf.router, "ff02::1:ff00:2", ns, len) == -EBADMSG);
	ns[0] = 134;
	CU_ASSERT(ask(src, "ff02::1", ns, len) == -EPROTONOSUPPORT);
}

static void advertisement_of_our_address_is_refused(void)
{
	uint8_t na[32];
	size_t len = solicit(na, "fd00::2", true);

	start();
	na[0] = 136;
	na[24] = 2;
	CU_ASSERT(ask(a6("fd00::99"), "ff02::1", na, len) == -EBADMSG);
	len = solicit(na, "fd00::99", true);
	na[0] = 136;
	na[24] = 2;
	CU_ASSERT(ask(a6("fd00::99"), "ff02::1", na, len) == 0);
	CU_ASSERT(res.mac.bytes[5] == 3);
}

static void solicitation_goes_to_the_solicited_node(void)
{
	struct addr target = a6("fd00::12:3456"), group, want = a6("ff02::1:ff12:3456");

	start();
	CU_ASSERT(ndp_solicit(&conf, &target, out, sizeof(out), &group) == 32);
	CU_ASSERT(addr_equal(&group, &want));
}

static void arp_answers_for_ours_only(void)
{
	const struct in_addr ours[] = { { htonl(0x0a000202) }, { htonl(0x0a000203) } };
	uint8_t req[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 1, 2, 3, 10, 0, 2, 15 };
	uint8_t reply[ARP_LEN];
	struct arp_result r;

	start();
	memcpy(req + 24, (uint8_t[]){ 10, 0, 2, 3 }, 4);
	CU_ASSERT(arp_answer(req, 28, ours, 2, &conf.mac, reply, &r) == 0 && r.answer);
	CU_ASSERT(reply[7] == 2 && memcmp(reply + 8, conf.mac.bytes, 6) == 0 && reply[17] == 3);
	CU_ASSERT(memcmp(reply + 18, req + 8, 10) == 0);
	req[27] = 15;
	CU_ASSERT(arp_answer(req, 28, ours, 2, &conf.mac, reply, &r) == 0 && !r.answer);
	CU_ASSERT(r.addr.s_addr == htonl(0x0a00020f));
	for (size_t n = 0; n < 28; n++)
		CU_ASSERT(arp_answer(req, n, ours, 2, &conf.mac, reply, &r) == -EBADMSG);
	req[17] = 2; /* claims the gateway's address */
	CU_ASSERT(arp_answer(req, 28, ours, 2, &conf.mac, reply, &r) == -EBADMSG);
	req[5] = 200;
	CU_ASSERT(arp_answer(req, 28, ours, 2, &conf.mac, reply, &r) == -EPROTONOSUPPORT);
}

UNIT_MAIN("ndp", UNIT(router_solicitation_is_answered), UNIT(our_addresses_are_advertised),
	  UNIT(probe_of_our_address_is_told_to_all), UNIT(off_link_and_malformed_are_refused),
	  UNIT(advertisement_of_our_address_is_refused),
	  UNIT(solicitation_goes_to_the_solicited_node), UNIT(arp_answers_for_ours_only))
