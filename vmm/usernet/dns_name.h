/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain names on the wire (RFC 1035 §3.1), as DHCP, DHCPv6 and RA carry
 * them: labels, never compressed. Pure.
 */
#ifndef USERNET_DNS_NAME_H
#define USERNET_DNS_NAME_H

#include "bytes.h"

#define DNS_NAME_MAX 255 /* on the wire, RFC 1035 §2.3.4 */
#define DNS_LABEL_MAX 63
#define DNS_SEARCH_MAX 6 /* domains, as resolv.conf(5) once allowed */
#define DNS_TEXT_MAX 254 /* "a.b.c", without the NUL */

/* Search domains as text, in the order in which they are tried. */
struct dns_search {
	char names[DNS_SEARCH_MAX][DNS_TEXT_MAX + 1];
	size_t n;
};

/**
 * dns_name_put() - append a name in wire form
 * @name: "lab.internal", a final dot is allowed
 *
 * Return: 0; -EINVAL for an empty label or one that is too long, -ENAMETOOLONG, -ENOSPC when the
 * buffer has no room for it. Nothing is written unless all of it is.
 */
int dns_name_put(struct out *o, const char *name);

/**
 * dns_name_skip() - the length of a name in a message, compressed or not
 * @msg: from the name's first byte
 * @len: bytes there
 *
 * Return: its length in bytes (with a pointer's two bytes), or -EINVAL.
 */
ssize_t dns_name_skip(const uint8_t *msg, size_t len);

#endif
