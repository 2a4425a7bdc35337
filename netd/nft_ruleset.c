// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The fixed part of our nftables: two tables, their sets, chains and rules, as
 * messages for one batch. What it does, in nft(8)'s words, is beside each
 * function; nothing here depends on the configuration.
 *
 * Registers are the 4-byte ones: the parts of a concatenation follow each
 * other, a name of an interface takes four of them.
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>

#include "nft_internal.h"

/* Not in a header that goes with <net/if.h>: linux/netfilter_bridge.h */
#define BRIDGE_PRE_ROUTING 0
#define BRIDGE_PRIORITY_DSTNAT (-300)

#define R(n) (NFT_REG32_00 + (n))
#define ICMPV6_ROUTER_ADVERTISEMENT 134 /* RFC 4861 §4.2 */
#define ICMPV6_NEIGHBOUR_ADVERTISEMENT 136
#define ICMPV6_REDIRECT 137

/* ---- rules, expression by expression ---------------------------------------- */

struct rule {
	struct nft_batch *batch; /* NULL: only counting */
	int family;
	size_t *count;
	struct nftnl_rule *rule;
};

static void rule_begin(struct rule *r, const char *chain)
{
	r->rule = nftnl_rule_alloc();
	if (!r->rule)
		return;
	nftnl_rule_set_str(r->rule, NFTNL_RULE_TABLE, NFT_TABLE_NAME);
	nftnl_rule_set_str(r->rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_set_u32(r->rule, NFTNL_RULE_FAMILY, r->family);
}

static void rule_end(struct rule *r)
{
	++*r->count;
	if (r->batch && r->rule) {
		struct nlmsghdr *nlh = nft_batch_message(r->batch, NFT_MSG_NEWRULE, r->family,
							 NLM_F_CREATE | NLM_F_APPEND);

		if (nlh) {
			nftnl_rule_nlmsg_build_payload(nlh, r->rule);
			nft_batch_commit_message(r->batch, nlh);
		}
	}
	nftnl_rule_free(r->rule);
	r->rule = NULL;
}

static struct nftnl_expr *ex(struct rule *r, const char *kind)
{
	struct nftnl_expr *e = nftnl_expr_alloc(kind);

	if (e && r->rule)
		nftnl_rule_add_expr(r->rule, e);
	return e;
}

static void meta(struct rule *r, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = ex(r, "meta");

	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

static void payload(struct rule *r, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = ex(r, "payload");

	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void cmp(struct rule *r, uint32_t reg, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = ex(r, "cmp");

	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void eq_u8(struct rule *r, uint32_t reg, uint8_t v)
{
	cmp(r, reg, NFT_CMP_EQ, &v, sizeof(v));
}

static void eq_u16_be(struct rule *r, uint32_t reg, uint16_t v)
{
	uint16_t be = htons(v);

	cmp(r, reg, NFT_CMP_EQ, &be, sizeof(be));
}

static void eq_u32(struct rule *r, uint32_t reg, uint32_t v)
{
	cmp(r, reg, NFT_CMP_EQ, &v, sizeof(v));
}

/* reg = reg & mask */
static void mask(struct rule *r, uint32_t reg, const void *bits, uint32_t len)
{
	static const uint8_t zero[16];
	struct nftnl_expr *e = ex(r, "bitwise");

	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
}

static void mask_prefix(struct rule *r, uint32_t reg, unsigned bits, uint32_t len)
{
	struct prefix p = { .addr.family = len == 16 ? AF_INET6 : AF_INET, .len = bits };
	struct addr m;

	memset(p.addr.bytes, 0xff, len);
	m = prefix_network(&p);
	mask(r, reg, m.bytes, len);
}

static void load_u32(struct rule *r, uint32_t reg, uint32_t v)
{
	struct nftnl_expr *e = ex(r, "immediate");

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &v, sizeof(v));
}

static struct nftnl_expr *lookup(struct rule *r, uint32_t reg, enum nft_set_id set, bool invert)
{
	struct nftnl_expr *e = ex(r, "lookup");

	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, reg);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, nft_sets[set].name);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, set + 1);
	if (invert)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	return e;
}

static void in(struct rule *r, enum nft_set_id set)
{
	lookup(r, R(0), set, false);
}

static void not_in(struct rule *r, enum nft_set_id set)
{
	lookup(r, R(0), set, true);
}

static void verdict(struct rule *r, uint32_t v, const char *chain)
{
	struct nftnl_expr *e = ex(r, "immediate");

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, v);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	rule_end(r);
}

static void let_pass(struct rule *r)
{
	verdict(r, NF_ACCEPT, NULL);
}

static void drop(struct rule *r)
{
	verdict(r, NF_DROP, NULL);
}

static void iif(struct rule *r)
{
	meta(r, NFT_META_IIFNAME, R(0));
}

static void oif(struct rule *r)
{
	meta(r, NFT_META_OIFNAME, R(0));
}

static void nfproto(struct rule *r, uint8_t proto)
{
	meta(r, NFT_META_NFPROTO, R(0));
	eq_u8(r, R(0), proto);
}

static void l4proto(struct rule *r, uint8_t proto)
{
	meta(r, NFT_META_L4PROTO, R(0));
	eq_u8(r, R(0), proto);
}

static void l4port(struct rule *r, uint8_t proto, bool destination, uint16_t port)
{
	l4proto(r, proto);
	payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, destination ? 2 : 0, 2, R(0));
	eq_u16_be(r, R(0), port);
}

/* ct state or status & bits != 0 */
static void ct_has(struct rule *r, uint32_t key, uint32_t bits)
{
	struct nftnl_expr *e = ex(r, "ct");
	uint32_t zero = 0;

	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, R(0));
	mask(r, R(0), &bits, sizeof(bits));
	cmp(r, R(0), NFT_CMP_NEQ, &zero, sizeof(zero));
}

#define CT_STATE_ESTABLISHED_RELATED \
	(NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))

#define IP4_SADDR 12, 4
#define IP4_DADDR 16, 4
#define IP6_SADDR 8, 16
#define IP6_DADDR 24, 16
#define network_header(r, field, reg) payload(r, NFT_PAYLOAD_NETWORK_HEADER, field, reg)

/* ---- inet: forwarding ---------------------------------------------------------- */

/*
 * chain forward { type filter hook forward priority filter; policy accept;
 *	iifname . oifname @same accept            bridged frames, where br_netfilter shows them
 *	iifname @closed drop; oifname @closed drop
 *	meta nfproto @foreign iifname != @bridges oifname != @bridges drop
 *	ct state established,related accept
 *	iifname @uplinked iifname . oifname != @uplinks oifname != @bridges drop
 *	oifname @uplinked oifname . iifname != @uplinks iifname != @bridges drop
 *	oifname @bridges ct status dnat accept
 *	iifname @bridges oifname @bridges drop
 *	oifname @inward drop
 * }
 */
static void chain_forward(struct rule *r)
{
	static const char *const c = "forward";

	rule_begin(r, c), iif(r), meta(r, NFT_META_OIFNAME, R(4)), in(r, SET_SAME), let_pass(r);
	rule_begin(r, c), iif(r), in(r, SET_CLOSED), drop(r);
	rule_begin(r, c), oif(r), in(r, SET_CLOSED), drop(r);
	rule_begin(r, c), meta(r, NFT_META_NFPROTO, R(0)), in(r, SET_FOREIGN), iif(r),
		not_in(r, SET_BRIDGES), oif(r), not_in(r, SET_BRIDGES), drop(r);
	rule_begin(r, c), ct_has(r, NFT_CT_STATE, CT_STATE_ESTABLISHED_RELATED), let_pass(r);
	rule_begin(r, c), iif(r), in(r, SET_UPLINKED), meta(r, NFT_META_OIFNAME, R(4)),
		not_in(r, SET_UPLINKS), oif(r), not_in(r, SET_BRIDGES), drop(r);
	rule_begin(r, c), oif(r), in(r, SET_UPLINKED), meta(r, NFT_META_IIFNAME, R(4)),
		not_in(r, SET_UPLINKS), iif(r), not_in(r, SET_BRIDGES), drop(r);
	rule_begin(r, c), oif(r), in(r, SET_BRIDGES), ct_has(r, NFT_CT_STATUS, IPS_DST_NAT),
		let_pass(r);
	rule_begin(r, c), iif(r), in(r, SET_BRIDGES), oif(r), in(r, SET_BRIDGES), drop(r);
	rule_begin(r, c), oif(r), in(r, SET_INWARD), drop(r);
}

/* ---- inet: to the host ------------------------------------------------------------ */

/*
 * chain raw { type filter hook prerouting priority raw; policy accept;
 *	iifname @bridges ip daddr 127.0.0.0/8 drop    route_localnet is on for our bridges
 * }
 * chain input { type filter hook input priority filter; policy accept;
 *	iifname != @restricted accept
 *	ct state established,related accept
 *	udp dport { 67, 53, 69, 547 } accept; tcp dport 53 accept
 *	meta l4proto { icmp, ipv6-icmp } accept
 *	drop
 * }
 */
static void chain_input(struct rule *r)
{
	static const uint16_t udp_ports[] = { 53, 67, 69, 547 };
	static const char *const c = "input";

	rule_begin(r, "raw"), nfproto(r, NFPROTO_IPV4), iif(r), in(r, SET_BRIDGES);
	network_header(r, IP4_DADDR, R(0));
	mask_prefix(r, R(0), 8, 4), eq_u32(r, R(0), htonl(0x7f000000)), drop(r);

	rule_begin(r, c), iif(r), not_in(r, SET_RESTRICTED), let_pass(r);
	rule_begin(r, c), ct_has(r, NFT_CT_STATE, CT_STATE_ESTABLISHED_RELATED), let_pass(r);
	for (size_t i = 0; i < ARRAY_SIZE(udp_ports); i++)
		rule_begin(r, c), l4port(r, IPPROTO_UDP, true, udp_ports[i]), let_pass(r);
	rule_begin(r, c), l4port(r, IPPROTO_TCP, true, 53), let_pass(r);
	rule_begin(r, c), l4proto(r, IPPROTO_ICMP), let_pass(r);
	rule_begin(r, c), l4proto(r, IPPROTO_ICMPV6), let_pass(r);
	rule_begin(r, c), drop(r);
}

/* ---- inet: address translation --------------------------------------------------- */

static void masquerade(struct rule *r)
{
	ex(r, "masq");
	rule_end(r);
}

/* fib daddr type local */
static void to_the_host(struct rule *r)
{
	struct nftnl_expr *e = ex(r, "fib");

	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, R(0));
	eq_u32(r, R(0), RTN_LOCAL);
}

/* dnat to [daddr .] meta l4proto . th dport map @set */
static void dnat(struct rule *r, enum nft_set_id set, bool v4, bool listen)
{
	unsigned words = v4 ? 1 : 4, at = listen ? words : 0;
	struct nftnl_expr *e;

	if (listen && v4)
		network_header(r, IP4_DADDR, R(0));
	else if (listen)
		network_header(r, IP6_DADDR, R(0));
	meta(r, NFT_META_L4PROTO, R(at));
	payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, R(at + 1));
	e = lookup(r, R(0), set, false);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, R(8));
	e = ex(r, "nat");
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FAMILY, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN, R(8));
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN, R(8 + words));
	rule_end(r);
}

/*
 * chain prerouting { type nat hook prerouting priority dstnat; … }
 * chain output     { type nat hook output priority dstnat; … } both:
 *	meta nfproto ipv4 fib daddr type local dnat ip to ip daddr . … map @forward4-listen
 *	meta nfproto ipv4 fib daddr type local dnat ip to meta l4proto . th dport map @forward4
 *	and for ipv6, where ::1 is left alone: nothing may carry it to a guest
 */
static void chain_dnat(struct rule *r, const char *c)
{
	static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;

	rule_begin(r, c), nfproto(r, NFPROTO_IPV4), to_the_host(r);
	dnat(r, SET_FWD4_LISTEN, true, true);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV4), to_the_host(r);
	dnat(r, SET_FWD4, true, false);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV6);
	network_header(r, IP6_DADDR, R(0));
	cmp(r, R(0), NFT_CMP_EQ, &loopback, 16), let_pass(r);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV6), to_the_host(r);
	dnat(r, SET_FWD6_LISTEN, false, true);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV6), to_the_host(r);
	dnat(r, SET_FWD6, false, false);
}

/*
 * chain postrouting { type nat hook postrouting priority srcnat; policy accept;
 *	oifname @bridges goto inside
 *	ip daddr { 224.0.0.0/24, 255.255.255.255 } accept; ip6 daddr ff00::/8 accept
 *	ip saddr & LENGTH . LENGTH @nat4 masquerade    for each length, 24 first
 *	ip6 saddr & LENGTH . LENGTH @nat6 masquerade
 * }
 * chain inside {                                  only a connection's first packet comes here
 *	ip saddr 127.0.0.0/8 masquerade                the host itself through a forward
 *	ct status dnat ip saddr . oifname @hairpin4 masquerade
 *	ct status dnat ip6 saddr . oifname @hairpin6 masquerade
 * }
 */
static void chain_postrouting(struct rule *r)
{
	static const char *const c = "postrouting", *const inside = "inside";

	rule_begin(r, c), oif(r), in(r, SET_BRIDGES), verdict(r, NFT_GOTO, inside);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV4);
	network_header(r, IP4_DADDR, R(0));
	mask_prefix(r, R(0), 24, 4), eq_u32(r, R(0), htonl(0xe0000000)), let_pass(r);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV4);
	network_header(r, IP4_DADDR, R(0));
	eq_u32(r, R(0), 0xffffffff), let_pass(r);
	rule_begin(r, c), nfproto(r, NFPROTO_IPV6);
	payload(r, NFT_PAYLOAD_NETWORK_HEADER, 24, 1, R(0));
	eq_u8(r, R(0), 0xff), let_pass(r);

	rule_begin(r, inside), nfproto(r, NFPROTO_IPV4);
	network_header(r, IP4_SADDR, R(0));
	mask_prefix(r, R(0), 8, 4), eq_u32(r, R(0), htonl(0x7f000000)), masquerade(r);
	rule_begin(r, inside), ct_has(r, NFT_CT_STATUS, IPS_DST_NAT), nfproto(r, NFPROTO_IPV4);
	network_header(r, IP4_SADDR, R(0));
	meta(r, NFT_META_OIFNAME, R(1)), in(r, SET_HAIRPIN4), masquerade(r);
	rule_begin(r, inside), ct_has(r, NFT_CT_STATUS, IPS_DST_NAT), nfproto(r, NFPROTO_IPV6);
	network_header(r, IP6_SADDR, R(0));
	meta(r, NFT_META_OIFNAME, R(4)), in(r, SET_HAIRPIN6), masquerade(r);
}

static void rule_nat(struct rule *r, unsigned len, bool v4)
{
	rule_begin(r, "postrouting"), nfproto(r, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	if (v4)
		network_header(r, IP4_SADDR, R(0));
	else
		network_header(r, IP6_SADDR, R(0));
	mask_prefix(r, R(0), len, v4 ? 4 : 16);
	load_u32(r, R(v4 ? 1 : 4), htonl(len));
	in(r, v4 ? SET_NAT4 : SET_NAT6);
	masquerade(r);
}

static void chain_nat(struct rule *r)
{
	rule_nat(r, 24, true);
	rule_nat(r, 64, false);
	for (unsigned len = 30; len >= 8; len--)
		if (len != 24)
			rule_nat(r, len, true);
	for (unsigned len = 63; len >= 48; len--)
		rule_nat(r, len, false);
}

/* ---- bridge: the guard -------------------------------------------------------------- */

#define ETHER_SADDR 6, 6
#define ARP_SHA 8, 6
#define ARP_SPA 14, 4

static void ether_type(struct rule *r, uint16_t type)
{
	meta(r, NFT_META_PROTOCOL, R(0));
	eq_u16_be(r, R(0), type);
}

/*
 * chain guard { type filter hook prerouting priority -300; policy accept;
 *	iifname @waiting goto waiting
 *	iifname != @guarded accept
 *	iifname . ether saddr != @macs drop
 *	udp sport 67 drop (IPv4); udp sport 547, icmpv6 router-advert, redirect drop (IPv6)
 *	iifname @full goto full
 * }
 * chain waiting {            a joined link before its first frame: it may not be anybody known
 *	ether saddr @pinned drop
 *	the DHCP and RA rules
 * }
 */
static void guard_services(struct rule *r, const char *c)
{
	static const uint8_t types[] = { ICMPV6_ROUTER_ADVERTISEMENT, ICMPV6_REDIRECT };

	rule_begin(r, c), ether_type(r, ETH_P_IP), l4port(r, IPPROTO_UDP, false, 67), drop(r);
	rule_begin(r, c), ether_type(r, ETH_P_IPV6), l4port(r, IPPROTO_UDP, false, 547), drop(r);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		rule_begin(r, c), ether_type(r, ETH_P_IPV6), l4proto(r, IPPROTO_ICMPV6);
		payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, R(0));
		eq_u8(r, R(0), types[i]), drop(r);
	}
}

static void chain_guard(struct rule *r)
{
	static const char *const c = "guard", *const w = "waiting";

	rule_begin(r, c), iif(r), in(r, SET_WAITING), verdict(r, NFT_GOTO, w);
	rule_begin(r, c), iif(r), not_in(r, SET_GUARDED), let_pass(r);
	rule_begin(r, c), iif(r), payload(r, NFT_PAYLOAD_LL_HEADER, ETHER_SADDR, R(4));
	not_in(r, SET_MACS), drop(r);
	guard_services(r, c);
	rule_begin(r, c), iif(r), in(r, SET_FULL), verdict(r, NFT_GOTO, "full");
	rule_begin(r, w), payload(r, NFT_PAYLOAD_LL_HEADER, ETHER_SADDR, R(0));
	in(r, SET_PINNED), drop(r);
	guard_services(r, w);
}

/*
 * chain full {
 *	ether type arp goto arp; ether type ip goto ip4; ether type ip6 goto ip6; drop
 * }
 * chain arp {
 *	iifname . arp saddr ether != @macs drop
 *	arp saddr ip 0.0.0.0 accept               a probe, RFC 5227
 *	iifname . arp saddr ip @addr4 accept; drop
 * }
 * chain ip4 {
 *	iifname . ip saddr @addr4 accept
 *	ip saddr 0.0.0.0 udp dport 67 accept; drop
 * }
 */
static void chain_full(struct rule *r)
{
	static const char *const c = "full", *const arp = "arp", *const ip4 = "ip4";

	rule_begin(r, c), ether_type(r, ETH_P_IP), verdict(r, NFT_GOTO, ip4);
	rule_begin(r, c), ether_type(r, ETH_P_IPV6), verdict(r, NFT_GOTO, "ip6");
	rule_begin(r, c), ether_type(r, ETH_P_ARP), verdict(r, NFT_GOTO, arp);
	rule_begin(r, c), drop(r);

	rule_begin(r, arp), iif(r), payload(r, NFT_PAYLOAD_NETWORK_HEADER, ARP_SHA, R(4));
	not_in(r, SET_MACS), drop(r);
	rule_begin(r, arp), payload(r, NFT_PAYLOAD_NETWORK_HEADER, ARP_SPA, R(0));
	eq_u32(r, R(0), 0), let_pass(r);
	rule_begin(r, arp), iif(r), payload(r, NFT_PAYLOAD_NETWORK_HEADER, ARP_SPA, R(4));
	in(r, SET_ADDR4), let_pass(r);
	rule_begin(r, arp), drop(r);

	rule_begin(r, ip4), iif(r), network_header(r, IP4_SADDR, R(4));
	in(r, SET_ADDR4), let_pass(r);
	rule_begin(r, ip4), network_header(r, IP4_SADDR, R(0));
	eq_u32(r, R(0), 0), l4port(r, IPPROTO_UDP, true, 67), let_pass(r);
	rule_begin(r, ip4), drop(r);
}

/* Link-local: fe80::/10 */
static void is_link_local(struct rule *r)
{
	static const uint8_t fe80[16] = { 0xfe, 0x80 };

	mask_prefix(r, R(0), 10, 16);
	cmp(r, R(0), NFT_CMP_EQ, fe80, 16);
}

/*
 * The rules that a source address and a neighbour advertisement's target have in common, the
 * address being at @base + @offset:
 *	iifname . ADDR @addr6 VERDICT
 *	ADDR @taken6 drop                         the gateway's or another port's
 *	ADDR fe80::/10 VERDICT
 *	iifname . ADDR & /64 @prefix6 VERDICT
 */
static void guard_addr6(struct rule *r, const char *c, uint32_t base, uint32_t offset, uint32_t v)
{
	rule_begin(r, c), iif(r), payload(r, base, offset, 16, R(4));
	in(r, SET_ADDR6), verdict(r, v, NULL);
	rule_begin(r, c), payload(r, base, offset, 16, R(0));
	in(r, SET_TAKEN6), drop(r);
	rule_begin(r, c), payload(r, base, offset, 16, R(0));
	is_link_local(r), verdict(r, v, NULL);
	rule_begin(r, c), iif(r), payload(r, base, offset, 16, R(4));
	mask_prefix(r, R(4), 64, 16);
	in(r, SET_PREFIX6), verdict(r, v, NULL);
}

/*
 * chain ip6 {
 *	icmpv6 type nd-neighbor-advert jump target
 *	the rules above for ip6 saddr, accept
 *	ip6 saddr :: meta l4proto ipv6-icmp accept    duplicate address detection, MLD
 *	drop
 * }
 * chain target { the rules above for the target, return; drop }
 */
static void chain_ip6(struct rule *r)
{
	static const char *const c = "ip6", *const target = "target";
	static const uint8_t unspecified[16];

	rule_begin(r, c), l4proto(r, IPPROTO_ICMPV6);
	payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, R(0));
	eq_u8(r, R(0), ICMPV6_NEIGHBOUR_ADVERTISEMENT), verdict(r, NFT_JUMP, target);
	guard_addr6(r, c, NFT_PAYLOAD_NETWORK_HEADER, 8, NF_ACCEPT);
	rule_begin(r, c), network_header(r, IP6_SADDR, R(0));
	cmp(r, R(0), NFT_CMP_EQ, unspecified, 16), l4proto(r, IPPROTO_ICMPV6), let_pass(r);
	rule_begin(r, c), drop(r);

	guard_addr6(r, target, NFT_PAYLOAD_TRANSPORT_HEADER, 8, NFT_RETURN);
	rule_begin(r, target), drop(r);
}

/* ---- tables, sets, chains -------------------------------------------------------------- */

struct chain_info {
	const char *name;
	int family;
	const char *type; /* NULL: not a base chain */
	uint32_t hook;
	int32_t priority;
};

static const struct chain_info chains[] = {
	{ "raw", NFPROTO_INET, "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW },
	{ "forward", NFPROTO_INET, "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER },
	{ "input", NFPROTO_INET, "filter", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER },
	{ "prerouting", NFPROTO_INET, "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST },
	{ "output", NFPROTO_INET, "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST },
	{ "inside", NFPROTO_INET, NULL, 0, 0 },
	{ "postrouting", NFPROTO_INET, "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC },
	{ "target", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "arp", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "ip4", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "ip6", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "full", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "waiting", NFPROTO_BRIDGE, NULL, 0, 0 },
	{ "guard", NFPROTO_BRIDGE, "filter", BRIDGE_PRE_ROUTING, BRIDGE_PRIORITY_DSTNAT },
};

static void put_table(struct nft_batch *b, int family, uint32_t flags)
{
	struct nftnl_table *t = nftnl_table_alloc();
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_NEWTABLE, family, NLM_F_CREATE);

	if (t && nlh) {
		nftnl_table_set_str(t, NFTNL_TABLE_NAME, NFT_TABLE_NAME);
		nftnl_table_set_u32(t, NFTNL_TABLE_FLAGS, flags);
		nftnl_table_nlmsg_build_payload(nlh, t);
		nft_batch_commit_message(b, nlh);
	}
	nftnl_table_free(t);
}

/* The fields of a concatenation, which Linux 6.17 wants to hear of; each is padded to 4 bytes. */
static void set_fields(struct nftnl_set *s, uint32_t type)
{
	uint8_t lengths[4];
	size_t n = 0;

	for (int shift = 12; shift >= 0; shift -= 6)
		if (type >> shift & 63)
			lengths[n++] = nft_type_size(type >> shift & 63);
	if (n > 1)
		nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, lengths, n);
}

/* How nft(8) is to print the keys: host order for names and integers, else network order. The
 * form is libnftnl's user data: type, length, value. */
static void set_byte_order(struct nftnl_set *s, const struct nft_set_info *info)
{
	enum { KEY_BYTE_ORDER, DATA_BYTE_ORDER, HOST = 1, NETWORK = 2 };
	bool host = nft_type_is_name(info->key_type);
	uint8_t data[12] = { KEY_BYTE_ORDER, 4, host ? HOST : NETWORK };

	data[6] = DATA_BYTE_ORDER;
	data[7] = 4;
	data[8] = NETWORK;
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, data, info->data_len ? 12 : 6);
}

static void put_set(struct nft_batch *b, enum nft_set_id id)
{
	const struct nft_set_info *info = &nft_sets[id];
	struct nftnl_set *s = nftnl_set_alloc();
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_NEWSET, info->family, NLM_F_CREATE);
	uint32_t flags = (info->data_len ? NFT_SET_MAP : 0) |
			 (info->key_type >> 6 ? NFT_SET_CONCAT : 0);

	if (s && nlh) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE_NAME);
		nftnl_set_set_str(s, NFTNL_SET_NAME, info->name);
		nftnl_set_set_u32(s, NFTNL_SET_ID, id + 1);
		nftnl_set_set_u32(s, NFTNL_SET_FAMILY, info->family);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, info->key_type);
		nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, info->key_len);
		if (flags)
			nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
		set_fields(s, info->key_type);
		set_byte_order(s, info);
		if (info->data_len) {
			nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, info->data_type);
			nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, info->data_len);
		}
		nftnl_set_nlmsg_build_payload(nlh, s);
		nft_batch_commit_message(b, nlh);
	}
	nftnl_set_free(s);
}

/* The chain, and away with the rules in it: they are put anew in the same transaction. */
static void put_chain(struct nft_batch *b, const struct chain_info *info)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nftnl_rule *all = nftnl_rule_alloc();
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_NEWCHAIN, info->family, NLM_F_CREATE);

	if (c && nlh) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, NFT_TABLE_NAME);
		nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, info->name);
		if (info->type) {
			nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, info->type);
			nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, info->hook);
			nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, info->priority);
			nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		}
		nftnl_chain_nlmsg_build_payload(nlh, c);
		nft_batch_commit_message(b, nlh);
	}
	nlh = nft_batch_message(b, NFT_MSG_DELRULE, info->family, 0);
	if (all && nlh) {
		nftnl_rule_set_str(all, NFTNL_RULE_TABLE, NFT_TABLE_NAME);
		nftnl_rule_set_str(all, NFTNL_RULE_CHAIN, info->name);
		nftnl_rule_nlmsg_build_payload(nlh, all);
		nft_batch_commit_message(b, nlh);
	}
	nftnl_chain_free(c);
	nftnl_rule_free(all);
}

static void put_rules(struct nft_batch *b, int family, size_t *count)
{
	struct rule r = { .batch = b, .family = family, .count = count };

	if (family == NFPROTO_INET) {
		chain_input(&r);
		chain_forward(&r);
		chain_dnat(&r, "prerouting");
		chain_dnat(&r, "output");
		chain_postrouting(&r);
		chain_nat(&r);
	} else {
		chain_ip6(&r);
		chain_full(&r);
		chain_guard(&r);
	}
}

void nft_ruleset_put(struct nft_batch *b, uint32_t table_flags)
{
	size_t count = 0;

	put_table(b, NFPROTO_INET, table_flags);
	put_table(b, NFPROTO_BRIDGE, table_flags);
	for (size_t i = 0; i < NFT_NSETS; i++)
		put_set(b, i);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		put_chain(b, &chains[i]);
	put_rules(b, NFPROTO_INET, &count);
	put_rules(b, NFPROTO_BRIDGE, &count);
}

size_t nft_ruleset_rules(int family)
{
	size_t count = 0;

	put_rules(NULL, family, &count);
	return count;
}
