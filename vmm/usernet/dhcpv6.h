/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DHCPv6 server of one guest network: the payload of a UDP packet to port
 * 547 in, the answer's payload out. RFC 8415, 3646 (DNS), 5970 (boot file).
 *
 * It keeps no state: a client's address is a function of its MAC, the one that
 * SLAAC gives it too (config.prefix + modified EUI-64), so that both agree.
 */
#ifndef USERNET_DHCPV6_H
#define USERNET_DHCPV6_H

#include "addr.h"
#include "dns_name.h"

#define DHCPV6_SERVER_PORT 547
#define DHCPV6_CLIENT_PORT 546
#define DHCPV6_MESSAGE_MAX 1232	 /* fits the smallest IPv6 MTU */
#define DHCPV6_CLIENT_ID_MAX 130 /* RFC 8415 §11.1: 2 + 128 */

struct dhcpv6_config {
	struct mac mac;	      /* ours, in the server's DUID-LL */
	struct prefix prefix; /* a /64 */
	struct addr dns;      /* AF_UNSPEC: none */
	const struct dns_search *search;
	const char *bootfile_url; /* "tftp://[fd00::2]/boot.efi"; NULL: none */
	uint32_t lease_s;
};

/* The address of a client with this MAC. */
struct addr dhcpv6_client_addr(const struct dhcpv6_config *c, const struct mac *mac);

/**
 * dhcpv6_answer() - one message from a client
 * @mac: source of its frame
 * @multicast: it was sent to ff02::1:2
 * @out: at least DHCPV6_MESSAGE_MAX bytes
 *
 * Return: the answer's length, 0 when none is due (another server's), -EBADMSG (malformed or
 * without what its type must have), -EPROTONOSUPPORT (not a client's message).
 */
ssize_t dhcpv6_answer(const struct dhcpv6_config *c, const struct mac *mac, bool multicast,
		      const uint8_t *msg, size_t len, uint8_t *out, size_t size);

#endif
