/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Neighbour discovery and router advertisement for the addresses that usernet
 * plays: an ICMPv6 message in, the answer's ICMPv6 message out (checksum 0:
 * the caller's). RFC 4861, 4862, 8106. Pure.
 */
#ifndef USERNET_NDP_H
#define USERNET_NDP_H

#include "addr.h"
#include "dns_name.h"

#define NDP_OURS_MAX 4
#define NDP_MESSAGE_MAX 576

struct ndp_config {
	struct mac mac;			/* ours */
	struct addr router;		/* our link-local address, source of RAs */
	struct addr ours[NDP_OURS_MAX]; /* what we answer solicitations for, router too */
	size_t nours;
	struct prefix prefix;		 /* on link, autonomous; AF_UNSPEC: none */
	struct addr dns;		 /* RDNSS; AF_UNSPEC: none */
	const struct dns_search *search; /* DNSSL; NULL: none */
	uint16_t mtu;
	uint16_t router_lifetime_s; /* 0: not a default router */
};

struct ndp_result {
	struct mac mac;	   /* the sender's, all zero when it did not say */
	struct addr from;  /* of the answer: one of ours */
	struct addr to;	   /* of the answer */
	bool to_multicast; /* send to @to's multicast MAC, else to the sender's */
};

/**
 * ndp_answer() - one ICMPv6 message of type 133 to 137
 * @src, @dst: of its IPv6 header; @hop_limit too
 * @msg: from the ICMPv6 type; its checksum was checked by the caller
 * @out: at least NDP_MESSAGE_MAX bytes
 *
 * Return: the answer's length, 0 when none is due (@ret still tells the sender's MAC), -EBADMSG
 * (malformed, not from this link), or -EPROTONOSUPPORT (not ours to answer).
 */
ssize_t ndp_answer(const struct ndp_config *c, const struct addr *src, const struct addr *dst,
		   uint8_t hop_limit, const uint8_t *msg, size_t len, uint8_t *out, size_t size,
		   struct ndp_result *ret);

/* An unsolicited RA to ff02::1, or one that ends our role (@lifetime false). */
ssize_t ndp_advertise(const struct ndp_config *c, bool lifetime, uint8_t *out, size_t size);

/* A solicitation for @target to its solicited-node address (@ret_to), to learn a guest's MAC. */
ssize_t ndp_solicit(const struct ndp_config *c, const struct addr *target, uint8_t *out,
		    size_t size, struct addr *ret_to);

#endif
