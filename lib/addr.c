// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, prefixes, ranges and MACs: parsing, formatting, arithmetic.
 * Pure; any thread. RFC 4291, RFC 4632, RFC 5952.
 */
#include "addr.h"

#include <arpa/inet.h>

size_t addr_size(const struct addr *a)
{
	return a->family == AF_INET6 ? 16 : 4;
}

unsigned addr_bits(const struct addr *a)
{
	return addr_size(a) * 8;
}

int addr_parse(const char *s, struct addr *ret)
{
	struct addr a = { 0 };

	a.family = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, s, a.bytes) != 1)
		return -EINVAL;
	*ret = a;
	return 0;
}

/* Decimal without sign, blanks or leading zeroes; 0..max. */
static int number_parse(const char *s, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		v = v * 10 + (*s - '0');
		if (v > max)
			return -EINVAL;
	}
	*ret = v;
	return 0;
}

int prefix_parse(const char *s, struct prefix *ret)
{
	const char *slash = strchr(s, '/');
	char text[ADDR_STRLEN];
	struct prefix p;
	unsigned len;

	if (!slash || (size_t)(slash - s) >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, slash - s);
	text[slash - s] = '\0';
	if (addr_parse(text, &p.addr) < 0 || number_parse(slash + 1, addr_bits(&p.addr), &len) < 0)
		return -EINVAL;
	p.len = len;
	*ret = p;
	return 0;
}

int addr_range_parse(const char *s, struct addr_range *ret)
{
	const char *dash = strchr(s, '-');
	char text[ADDR_STRLEN];
	struct addr_range r;

	if (!dash) {
		if (addr_parse(s, &r.first) < 0)
			return -EINVAL;
		r.last = r.first;
		*ret = r;
		return 0;
	}
	if ((size_t)(dash - s) >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, dash - s);
	text[dash - s] = '\0';
	if (addr_parse(text, &r.first) < 0 || addr_parse(dash + 1, &r.last) < 0 ||
	    r.first.family != r.last.family)
		return -EINVAL;
	if (addr_cmp(&r.first, &r.last) > 0)
		return -ERANGE;
	*ret = r;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int mac_parse(const char *s, struct mac *ret)
{
	struct mac m;

	if (strlen(s) != MAC_STRLEN - 1)
		return -EINVAL;
	for (int i = 0; i < 6; i++, s += 3) {
		int hi = hex_digit(s[0]), lo = hex_digit(s[1]);

		if (hi < 0 || lo < 0 || s[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		m.bytes[i] = hi << 4 | lo;
	}
	*ret = m;
	return 0;
}

const char *addr_format(const struct addr *a, char buf[static ADDR_STRLEN])
{
	if (!addr_is_set(a) || !inet_ntop(a->family, a->bytes, buf, ADDR_STRLEN))
		buf[0] = '\0';
	return buf;
}

const char *prefix_format(const struct prefix *p, char buf[static PREFIX_STRLEN])
{
	char text[ADDR_STRLEN];

	snprintf(buf, PREFIX_STRLEN, "%s/%u", addr_format(&p->addr, text), p->len);
	return buf;
}

const char *mac_format(const struct mac *m, char buf[static MAC_STRLEN])
{
	const uint8_t *b = m->bytes;

	snprintf(buf, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return buf;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (!addr_is_set(a))
		return 0;
	return memcmp(a->bytes, b->bytes, addr_size(a));
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return memcmp(a->bytes, b->bytes, 6) == 0;
}

bool mac_is_set(const struct mac *m)
{
	static const struct mac none;

	return !mac_equal(m, &none);
}

bool mac_is_multicast(const struct mac *m)
{
	return m->bytes[0] & 1;
}

struct addr addr_add(struct addr a, int64_t n)
{
	/* Two's complement over the bytes; the sign extends into the carry. */
	int carry = 0;

	for (int i = (int)addr_size(&a) - 1; i >= 0; i--) {
		int v = a.bytes[i] + (uint8_t)n + carry;

		a.bytes[i] = v;
		carry = v >> 8;
		n >>= 8;
	}
	return a;
}

uint64_t addr_distance(const struct addr *first, const struct addr *last)
{
	size_t size = addr_size(first);
	uint64_t v = 0;
	int borrow = 0;
	bool high = false;

	for (int i = (int)size - 1; i >= 0; i--) {
		int d = last->bytes[i] - first->bytes[i] - borrow;

		borrow = d < 0;
		d &= 0xff;
		if (size - 1 - i < 8)
			v |= (uint64_t)d << (8 * (size - 1 - i));
		else if (d)
			high = true;
	}
	return high ? UINT64_MAX : v;
}

static struct addr prefix_fill(const struct prefix *p, bool ones)
{
	struct addr a = p->addr;

	for (size_t i = 0; i < addr_size(&a); i++) {
		int keep = (int)p->len - (int)i * 8;
		uint8_t mask = keep >= 8 ? 0xff : keep <= 0 ? 0 : (uint8_t)(0xff << (8 - keep));

		a.bytes[i] = ones ? (a.bytes[i] & mask) | (uint8_t)~mask : a.bytes[i] & mask;
	}
	return a;
}

struct addr prefix_network(const struct prefix *p)
{
	return prefix_fill(p, false);
}

struct addr prefix_last(const struct prefix *p)
{
	return prefix_fill(p, true);
}

bool prefix_contains(const struct prefix *p, const struct addr *a)
{
	struct prefix q = { .addr = *a, .len = p->len };
	struct addr x = prefix_network(p), y;

	if (!addr_is_set(a) || a->family != p->addr.family)
		return false;
	y = prefix_network(&q);
	return addr_equal(&x, &y);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return a->len <= b->len ? prefix_contains(a, &b->addr) : prefix_contains(b, &a->addr);
}

bool addr_range_contains(const struct addr_range *r, const struct addr *a)
{
	return a->family == r->first.family && addr_cmp(&r->first, a) <= 0 &&
	       addr_cmp(a, &r->last) <= 0;
}

bool addr_is_loopback(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 127;
	return a->family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&a->v6) ||
					 (IN6_IS_ADDR_V4MAPPED(&a->v6) && a->bytes[12] == 127));
}

bool addr_is_multicast(const struct addr *a)
{
	if (a->family == AF_INET)
		return (a->bytes[0] & 0xf0) == 0xe0;
	return a->family == AF_INET6 && a->bytes[0] == 0xff;
}

bool addr_is_link_local(const struct addr *a)
{
	if (a->family == AF_INET)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool addr_is_ula(const struct addr *a)
{
	return a->family == AF_INET6 && (a->bytes[0] & 0xfe) == 0xfc;
}

bool addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zero[16];

	return addr_is_set(a) && memcmp(a->bytes, zero, addr_size(a)) == 0;
}

struct addr addr_from_mac_link_local(const struct mac *m)
{
	struct addr a = { .family = AF_INET6 };
	const uint8_t *b = m->bytes;
	const uint8_t id[8] = { b[0] ^ 2, b[1], b[2], 0xff, 0xfe, b[3], b[4], b[5] };

	a.bytes[0] = 0xfe;
	a.bytes[1] = 0x80;
	memcpy(a.bytes + 8, id, sizeof(id));
	return a;
}

socklen_t addr_to_sockaddr(const struct addr *a, uint16_t port, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (a->family == AF_INET6) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = a->v6;
		sin6->sin6_port = htons(port);
		return sizeof(*sin6);
	}
	struct sockaddr_in *sin = (struct sockaddr_in *)ret;

	sin->sin_family = AF_INET;
	sin->sin_addr = a->v4;
	sin->sin_port = htons(port);
	return sizeof(*sin);
}

int addr_from_sockaddr(const struct sockaddr *sa, struct addr *ret, uint16_t *ret_port)
{
	struct addr a = { .family = sa->sa_family };
	uint16_t port;

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;

		a.v4 = sin->sin_addr;
		port = ntohs(sin->sin_port);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;

		a.v6 = sin6->sin6_addr;
		port = ntohs(sin6->sin6_port);
	} else {
		return -EAFNOSUPPORT;
	}
	*ret = a;
	if (ret_port)
		*ret_port = port;
	return 0;
}
