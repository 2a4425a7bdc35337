// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Neighbour discovery: see ndp.h.
 */
#include <netinet/icmp6.h>

#include "ndp.h"

enum { OPT_SOURCE_MAC = 1, OPT_TARGET_MAC = 2, OPT_PREFIX = 3, OPT_MTU = 5 };
enum { OPT_RDNSS = 25, OPT_DNSSL = 31 }; /* RFC 8106 */

#define RA_FLAG_OTHER 0x40 /* DHCPv6 has more, addresses are SLAAC's */
#define PREFIX_FLAGS 0xc0  /* on-link, autonomous */
#define DNS_LIFETIME_S 3600
#define INFINITE 0xffffffffu

static const struct addr all_nodes = { .family = AF_INET6, .bytes = { 0xff, 2, [15] = 1 } };

/* The link-layer address option @type: 0, -ENOENT, or -EBADMSG for options that lie. */
static int find_mac(const uint8_t *p, size_t len, uint8_t type, struct mac *ret)
{
	int found = -ENOENT;

	while (len) {
		size_t n = len >= 2 ? 8u * p[1] : 0;

		if (!n || n > len)
			return -EBADMSG;
		if (p[0] == type && n == 8) {
			memcpy(ret->bytes, p + 2, 6);
			found = 0;
		}
		p += n;
		len -= n;
	}
	if (!found && (mac_is_multicast(ret) || !mac_is_set(ret)))
		return -EBADMSG;
	return found;
}

static void put_mac(struct out *o, uint8_t type, const struct mac *mac)
{
	out_u8(o, type);
	out_u8(o, 1);
	out_put(o, mac->bytes, 6);
}

static bool is_ours(const struct ndp_config *c, const struct addr *a)
{
	for (size_t i = 0; i < c->nours; i++) {
		if (addr_equal(&c->ours[i], a))
			return true;
	}
	return false;
}

/* ---- router advertisement ---- */

static void put_prefix(struct out *o, const struct prefix *p)
{
	struct addr network = prefix_network(p);

	out_put(o, (uint8_t[]){ OPT_PREFIX, 4, p->len, PREFIX_FLAGS }, 4);
	out_be32(o, INFINITE); /* valid */
	out_be32(o, INFINITE); /* preferred */
	out_zero(o, 4);
	out_put(o, network.bytes, 16);
}

static void put_dns(struct out *o, const struct ndp_config *c)
{
	uint8_t names[256];
	struct out w = out_init(names, 248); /* a multiple of 8 */

	if (addr_is_set(&c->dns)) {
		out_put(o, (uint8_t[]){ OPT_RDNSS, 3, 0, 0 }, 4);
		out_be32(o, DNS_LIFETIME_S);
		out_put(o, c->dns.bytes, 16);
	}
	for (size_t i = 0; c->search && i < c->search->n; i++)
		dns_name_put(&w, c->search->names[i]);
	if (!w.len)
		return;
	out_zero(&w, align_up(w.len, 8) - w.len);
	out_put(o, (uint8_t[]){ OPT_DNSSL, (uint8_t)(1 + w.len / 8), 0, 0 }, 4);
	out_be32(o, DNS_LIFETIME_S);
	out_put(o, names, w.len);
}

ssize_t ndp_advertise(const struct ndp_config *c, bool lifetime, uint8_t *out, size_t size)
{
	struct out o = out_init(out, size);

	out_u8(&o, ND_ROUTER_ADVERT);
	out_zero(&o, 3); /* code, checksum */
	out_u8(&o, 64);	 /* hop limit */
	out_u8(&o, RA_FLAG_OTHER);
	out_be16(&o, lifetime ? c->router_lifetime_s : 0);
	out_zero(&o, 8); /* reachable, retransmit: the host's own */
	put_mac(&o, OPT_SOURCE_MAC, &c->mac);
	if (c->mtu >= 1280) {
		out_put(&o, (uint8_t[]){ OPT_MTU, 1, 0, 0 }, 4);
		out_be32(&o, c->mtu);
	}
	if (addr_is_set(&c->prefix.addr))
		put_prefix(&o, &c->prefix);
	put_dns(&o, c);
	return o.full ? -ENOBUFS : (ssize_t)o.len;
}

static ssize_t router_solicited(const struct ndp_config *c, const struct addr *src,
				const uint8_t *msg, size_t len, uint8_t *out, size_t size,
				struct ndp_result *ret)
{
	int r;

	if (len < 8)
		return -EBADMSG;
	r = find_mac(msg + 8, len - 8, OPT_SOURCE_MAC, &ret->mac);
	if (r == -EBADMSG || (!r && addr_is_unspecified(src)))
		return -EBADMSG;
	ret->from = c->router;
	ret->to_multicast = addr_is_unspecified(src) || r < 0;
	ret->to = ret->to_multicast ? all_nodes : *src;
	return ndp_advertise(c, true, out, size);
}

/* ---- neighbours ---- */

static ssize_t neighbour_solicited(const struct ndp_config *c, const struct addr *src,
				   const uint8_t *msg, size_t len, uint8_t *out, size_t size,
				   struct ndp_result *ret)
{
	struct out o = out_init(out, size);
	struct addr target = { .family = AF_INET6 };
	bool probe = addr_is_unspecified(src);
	int r;

	if (len < 24)
		return -EBADMSG;
	memcpy(target.bytes, msg + 8, 16);
	r = find_mac(msg + 24, len - 24, OPT_SOURCE_MAC, &ret->mac);
	if (r == -EBADMSG || (!r && probe) || addr_is_multicast(&target))
		return -EBADMSG;
	if (!is_ours(c, &target))
		return 0;
	ret->from = target;
	ret->to_multicast = probe;
	ret->to = probe ? all_nodes : *src;
	out_u8(&o, ND_NEIGHBOR_ADVERT);
	out_zero(&o, 3);
	/* router, solicited (unless a probe), override */
	out_u8(&o, probe ? 0xa0 : 0xe0);
	out_zero(&o, 3);
	out_put(&o, target.bytes, 16);
	put_mac(&o, OPT_TARGET_MAC, &c->mac);
	return o.full ? -ENOBUFS : (ssize_t)o.len;
}

static ssize_t neighbour_advertised(const struct ndp_config *c, const uint8_t *msg, size_t len,
				    struct ndp_result *ret)
{
	struct addr target = { .family = AF_INET6 };
	int r;

	if (len < 24)
		return -EBADMSG;
	memcpy(target.bytes, msg + 8, 16);
	r = find_mac(msg + 24, len - 24, OPT_TARGET_MAC, &ret->mac);
	if (r == -EBADMSG || is_ours(c, &target))
		return -EBADMSG; /* lies, or claims to be us */
	return 0;
}

ssize_t ndp_answer(const struct ndp_config *c, const struct addr *src, const struct addr *dst,
		   uint8_t hop_limit, const uint8_t *msg, size_t len, uint8_t *out, size_t size,
		   struct ndp_result *ret)
{
	struct ndp_result res = { 0 };
	ssize_t r;

	/* RFC 4861 §6.1, §7.1: who is not on this link cannot send 255 */
	if (len < 8 || hop_limit != 255 || msg[1] != 0 || is_ours(c, src) || addr_is_multicast(src))
		return -EBADMSG;
	switch (msg[0]) {
	case ND_ROUTER_SOLICIT:
		r = router_solicited(c, src, msg, len, out, size, &res);
		break;
	case ND_NEIGHBOR_SOLICIT:
		if (addr_is_unspecified(src) && !addr_is_multicast(dst))
			return -EBADMSG;
		r = neighbour_solicited(c, src, msg, len, out, size, &res);
		break;
	case ND_NEIGHBOR_ADVERT:
		r = neighbour_advertised(c, msg, len, &res);
		break;
	default: /* a guest's RA and redirect are no news to us */
		return -EPROTONOSUPPORT;
	}
	if (r >= 0)
		*ret = res;
	return r;
}

ssize_t ndp_solicit(const struct ndp_config *c, const struct addr *target, uint8_t *out,
		    size_t size, struct addr *ret_to)
{
	struct out o = out_init(out, size);

	out_u8(&o, ND_NEIGHBOR_SOLICIT);
	out_zero(&o, 7);
	out_put(&o, target->bytes, 16);
	put_mac(&o, OPT_SOURCE_MAC, &c->mac);
	if (o.full)
		return -ENOBUFS;
	/* RFC 4291 §2.7.1 */
	*ret_to = (struct addr){ .family = AF_INET6, .bytes = { 0xff, 2, [11] = 1, [12] = 0xff } };
	memcpy(ret_to->bytes + 13, target->bytes + 13, 3);
	return (ssize_t)o.len;
}
