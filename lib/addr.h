/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses: IPv4, IPv6, prefixes, ranges, MACs. Pure; all bytes in network
 * order; text forms as RFC 5952 and inet_pton(3) have them.
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "util.h"

struct addr {
	sa_family_t family; /* AF_INET, AF_INET6, or AF_UNSPEC: none */
	union {
		struct in_addr v4;
		struct in6_addr v6;
		uint8_t bytes[16];
	};
};

struct prefix {
	struct addr addr; /* host bits are kept: 10.77.0.1/24 */
	uint8_t len;
};

struct addr_range {
	struct addr first, last; /* same family, first <= last */
};

struct mac {
	uint8_t bytes[6];
};

#define ADDR_STRLEN 46
#define PREFIX_STRLEN 50
#define MAC_STRLEN 18

static inline bool addr_is_set(const struct addr *a)
{
	return a->family != AF_UNSPEC;
}
/* 4 or 16 */
size_t addr_size(const struct addr *a);
/* 32 or 128 */
unsigned addr_bits(const struct addr *a);

/* 0 or -EINVAL. No scope identifiers, no host names. */
int addr_parse(const char *s, struct addr *ret);
/* "A/LEN"; 0 or -EINVAL. */
int prefix_parse(const char *s, struct prefix *ret);
/* "A-B", or one address; 0, -EINVAL (syntax, families) or -ERANGE (first > last). */
int addr_range_parse(const char *s, struct addr_range *ret);
/* aa:bb:cc:dd:ee:ff, either case; 0 or -EINVAL. */
int mac_parse(const char *s, struct mac *ret);

/* Return @buf. */
const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN]);
const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN]);
const char *mac_format(const struct mac *m, char buf[static MAC_STRLEN]);
/* One expression, for logs: ADDR_STR(&a) lives to the end of the block. */
#define ADDR_STR(a) addr_format((a), (char[ADDR_STRLEN]){ 0 })
#define PREFIX_STR(p) prefix_format((p), (char[PREFIX_STRLEN]){ 0 })
#define MAC_STR(m) mac_format((m), (char[MAC_STRLEN]){ 0 })

int addr_cmp(const struct addr *a, const struct addr *b); /* family, then value */
bool addr_equal(const struct addr *a, const struct addr *b);
bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_set(const struct mac *m);
bool mac_is_multicast(const struct mac *m);

/* @n may be negative; wraps within the family. */
struct addr addr_add(struct addr a, int64_t n);
/* last - first, saturated at UINT64_MAX */
uint64_t addr_distance(const struct addr *first, const struct addr *last);
struct addr prefix_network(const struct prefix *p);
struct addr prefix_last(const struct prefix *p); /* IPv4: the broadcast address */
bool prefix_contains(const struct prefix *p, const struct addr *a);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool addr_range_contains(const struct addr_range *r, const struct addr *a);

bool addr_is_loopback(const struct addr *a);
bool addr_is_multicast(const struct addr *a);
bool addr_is_link_local(const struct addr *a); /* 169.254/16, fe80::/10 */
bool addr_is_ula(const struct addr *a);	       /* fc00::/7, RFC 4193 */
bool addr_is_unspecified(const struct addr *a);
/* fe80:: + modified EUI-64, RFC 4291 appendix A */
struct addr addr_from_mac_link_local(const struct mac *m);

/* sockaddr both ways; @port in host order. */
socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ret);
int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret, uint16_t *ret_port);

#endif
