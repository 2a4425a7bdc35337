// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DHCPv4 server: see dhcp.h. The message is copied into struct message by
 * bounded reads first; nothing after parse() looks at the guest's bytes.
 */
#include "dhcp.h"

enum { BOOTREQUEST = 1, BOOTREPLY = 2 };

enum {
	DISCOVER = 1,
	OFFER = 2,
	REQUEST = 3,
	DECLINE = 4,
	ACK = 5,
	NAK = 6,
	RELEASE = 7,
	INFORM = 8,
};

enum {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_REQUESTED = 50,
	OPT_LEASE = 51,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_PARAMETERS = 55,
	OPT_MAX_SIZE = 57,
	OPT_TFTP_NAME = 66,
	OPT_BOOTFILE = 67,
	OPT_SEARCH = 119,
	OPT_ROUTES = 121,
	OPT_END = 255,
};

/* RFC 2131 §2: offsets of the fixed part */
enum {
	AT_OP = 0,
	AT_HTYPE = 1,
	AT_HLEN = 2,
	AT_XID = 4,
	AT_FLAGS = 10,
	AT_CIADDR = 12,
	AT_GIADDR = 24,
	AT_CHADDR = 28,
	AT_FILE = 108,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,
};

#define COOKIE 0x63825363u
#define FLAG_BROADCAST 0x8000u
#define FILE_LEN 128
#define REPLY_MIN 300	  /* RFC 951: the smallest BOOTP message, some clients insist */
#define REPLY_DEFAULT 548 /* RFC 2131 §2: 576 less IP and UDP headers */
#define IP_UDP 28

struct message {
	uint8_t xid[4];
	uint8_t chaddr[16];
	struct mac mac;
	uint16_t flags;
	struct in_addr ciaddr, requested, server;
	uint8_t type; /* 0: BOOTP */
	uint16_t max_size;
	bool has_requested, has_server, has_parameters;
	uint8_t parameters[32]; /* bitmap */
};

void dhcp_init(struct dhcp_server *s, const struct dhcp_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
}

/* ---- in ---- */

static int take_option(struct message *m, uint8_t code, const uint8_t *v, size_t len)
{
	switch (code) {
	case OPT_TYPE:
		if (len != 1 || !v[0])
			return -EBADMSG;
		m->type = v[0];
		break;
	case OPT_REQUESTED:
	case OPT_SERVER:
		if (len != 4)
			return -EBADMSG;
		memcpy(code == OPT_SERVER ? &m->server : &m->requested, v, 4);
		m->has_server |= code == OPT_SERVER;
		m->has_requested |= code == OPT_REQUESTED;
		break;
	case OPT_MAX_SIZE:
		if (len != 2)
			return -EBADMSG;
		m->max_size = get_be16(v);
		break;
	case OPT_PARAMETERS:
		m->has_parameters = true;
		for (size_t i = 0; i < len; i++)
			m->parameters[v[i] / 8] |= (uint8_t)(1u << (v[i] % 8));
		break;
	default: /* the guest's other options are no business of ours */
		break;
	}
	return 0;
}

static int parse_options(struct message *m, const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len && p[at] != OPT_END) {
		size_t n;
		int r;

		if (p[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (at + 2 > len)
			return -EBADMSG;
		n = p[at + 1];
		if (at + 2 + n > len)
			return -EBADMSG;
		r = take_option(m, p[at], p + at + 2, n);
		if (r < 0)
			return r;
		at += 2 + n;
	}
	return 0;
}

static int parse(const uint8_t *p, size_t len, struct message *ret)
{
	struct message m = { 0 };
	int r;

	if (len < AT_COOKIE)
		return -EBADMSG;
	if (p[AT_OP] != BOOTREQUEST || p[AT_HTYPE] != 1 || p[AT_HLEN] != 6 ||
	    get_be32(p + AT_GIADDR))
		return -EPROTONOSUPPORT;
	memcpy(m.xid, p + AT_XID, 4);
	memcpy(m.chaddr, p + AT_CHADDR, 16);
	memcpy(&m.mac, p + AT_CHADDR, 6);
	m.flags = get_be16(p + AT_FLAGS);
	memcpy(&m.ciaddr, p + AT_CIADDR, 4);
	if (mac_is_multicast(&m.mac) || !mac_is_set(&m.mac))
		return -EBADMSG;
	if (len >= AT_OPTIONS && get_be32(p + AT_COOKIE) == COOKIE) {
		r = parse_options(&m, p + AT_OPTIONS, len - AT_OPTIONS);
		if (r < 0)
			return r;
	}
	*ret = m;
	return 0;
}

/* ---- bindings ---- */

static struct in_addr address_of(const struct dhcp_server *s, int i)
{
	return (struct in_addr){ htonl(ntohl(s->config.first.s_addr) + (uint32_t)i) };
}

/* The pool may not leave the network, nor reach its broadcast address. */
static bool in_network(const struct dhcp_server *s, int i)
{
	uint32_t mask = s->config.prefix_len ? ~0u << (32 - s->config.prefix_len) : 0;
	uint32_t a = ntohl(address_of(s, i).s_addr);

	if (s->config.prefix_len >= 31)
		return i == 0;
	return (a & mask) == (ntohl(s->config.server.s_addr) & mask) && (a | mask) != ~0u &&
	       address_of(s, i).s_addr != s->config.server.s_addr;
}

static int binding_find(const struct dhcp_server *s, const struct mac *mac)
{
	for (int i = 0; i < DHCP_CLIENTS_MAX; i++) {
		if ((s->bindings[i].state == DHCP_OFFERED || s->bindings[i].state == DHCP_BOUND) &&
		    mac_equal(&s->bindings[i].mac, mac))
			return i;
	}
	return -ENOENT;
}

/* The client's own, the one it asks for when that is free, else the next free: an offer that
 * nobody took goes before none. */
static int binding_get(struct dhcp_server *s, const struct message *m)
{
	static const enum dhcp_binding_state order[] = { DHCP_FREE, DHCP_OFFERED, DHCP_DECLINED };
	int i = binding_find(s, &m->mac);

	if (i >= 0)
		return i;
	for (i = 0; m->has_requested && i < DHCP_CLIENTS_MAX; i++) {
		if (s->bindings[i].state == DHCP_FREE && in_network(s, i) &&
		    address_of(s, i).s_addr == m->requested.s_addr)
			goto found;
	}
	for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
		for (i = 0; i < DHCP_CLIENTS_MAX; i++) {
			if (s->bindings[i].state == order[k] && in_network(s, i))
				goto found;
		}
	}
	return -ENOSPC;
found:
	s->bindings[i].mac = m->mac;
	s->bindings[i].state = DHCP_OFFERED;
	return i;
}

/* ---- out ---- */

static bool wants(const struct message *m, uint8_t code)
{
	return m->parameters[code / 8] & 1u << (code % 8);
}

static void put_option(struct out *o, uint8_t code, const void *data, size_t len)
{
	/* one byte stays for OPT_END; what does not fit is left out whole */
	if (len > 255 || o->size - o->len < 2 + len + 1)
		return;
	out_u8(o, code);
	out_u8(o, (uint8_t)len);
	out_put(o, data, len);
}

static void put_string(struct out *o, const struct message *m, uint8_t code, const char *s)
{
	if (s && s[0] && (!m->has_parameters || wants(m, code)))
		put_option(o, code, s, strlen(s));
}

static void put_search(struct out *o, const struct message *m, const struct dns_search *search)
{
	uint8_t wire[255];
	struct out w = out_init(wire, sizeof(wire));

	if (!search || !search->n || !wants(m, OPT_SEARCH))
		return;
	for (size_t i = 0; i < search->n; i++)
		dns_name_put(&w, search->names[i]);
	if (w.len)
		put_option(o, OPT_SEARCH, wire, w.len);
}

/* RFC 3442: who asks for 121 ignores 3, so the default route stands here again. */
static void put_routes(struct out *o, const struct message *m, const struct dhcp_config *c)
{
	uint8_t route[5] = { 0 };

	if (!c->router.s_addr || !wants(m, OPT_ROUTES))
		return;
	memcpy(route + 1, &c->router, 4);
	put_option(o, OPT_ROUTES, route, sizeof(route));
}

static void put_network(struct out *o, const struct message *m, const struct dhcp_config *c)
{
	uint32_t mask = htonl(c->prefix_len ? ~0u << (32 - c->prefix_len) : 0);
	uint16_t mtu = htons(c->mtu);

	put_option(o, OPT_MASK, &mask, 4);
	if (c->router.s_addr)
		put_option(o, OPT_ROUTER, &c->router, 4);
	if (c->ndns)
		put_option(o, OPT_DNS, c->dns, 4 * c->ndns);
	put_routes(o, m, c);
	if (c->mtu && (!m->has_parameters || wants(m, OPT_MTU)))
		put_option(o, OPT_MTU, &mtu, 2);
	put_string(o, m, OPT_DOMAIN, c->domain);
	put_string(o, m, OPT_HOSTNAME, c->hostname);
	put_string(o, m, OPT_BOOTFILE, c->bootfile);
	put_string(o, m, OPT_TFTP_NAME, c->tftp_name);
	put_search(o, m, c->search);
}

static void put_fixed(struct out *o, const struct message *m, const struct dhcp_config *c,
		      uint8_t type, struct in_addr yiaddr)
{
	struct in_addr next = c->next_server;
	char file[FILE_LEN] = { 0 };

	if (c->bootfile && !next.s_addr)
		next = c->server;
	if (type == NAK)
		next.s_addr = 0;
	if (c->bootfile && type != NAK)
		str_copy(file, sizeof(file), c->bootfile);
	out_put(o, (uint8_t[]){ BOOTREPLY, 1, 6, 0 }, 4);
	out_put(o, m->xid, 4);
	out_be16(o, 0); /* secs */
	out_be16(o, m->flags);
	if (type == ACK)
		out_put(o, &m->ciaddr, 4);
	else
		out_zero(o, 4);
	out_put(o, &yiaddr, 4);
	out_put(o, &next, 4);
	out_zero(o, 4); /* giaddr */
	out_put(o, m->chaddr, 16);
	out_zero(o, 64); /* sname */
	out_put(o, file, FILE_LEN);
	out_be32(o, COOKIE);
}

/* RFC 2131 §4.1 */
static void destination(const struct message *m, uint8_t type, struct in_addr yiaddr,
			struct dhcp_destination *ret)
{
	*ret = (struct dhcp_destination){ .mac = m->mac, .port = DHCP_CLIENT_PORT };
	if (type != NAK && m->ciaddr.s_addr) {
		ret->addr = m->ciaddr;
	} else if (type == NAK || m->flags & FLAG_BROADCAST || !yiaddr.s_addr) {
		ret->addr.s_addr = INADDR_BROADCAST;
		memset(&ret->mac, 0xff, sizeof(ret->mac));
	} else {
		ret->addr = yiaddr;
	}
}

/* @type 0: a BOOTP reply */
static ssize_t reply(const struct dhcp_server *s, const struct message *m, uint8_t type,
		     struct in_addr yiaddr, struct out *o, struct dhcp_destination *ret_to)
{
	const struct dhcp_config *c = &s->config;
	size_t max = REPLY_DEFAULT;

	if (m->max_size >= REPLY_DEFAULT + IP_UDP)
		max = MIN((size_t)m->max_size, MAX((size_t)c->mtu, 576u)) - IP_UDP;
	o->size = MIN(o->size, max);
	put_fixed(o, m, c, type, yiaddr);
	if (type) {
		put_option(o, OPT_TYPE, &type, 1);
		put_option(o, OPT_SERVER, &c->server, 4);
	}
	if (type == OFFER || (type == ACK && yiaddr.s_addr)) {
		uint32_t lease = htonl(c->lease_s);

		put_option(o, OPT_LEASE, &lease, 4);
	}
	if (type != NAK)
		put_network(o, m, c);
	out_u8(o, OPT_END);
	if (o->len < REPLY_MIN)
		out_zero(o, REPLY_MIN - o->len);
	if (o->full)
		return -ENOBUFS;
	destination(m, type, yiaddr, ret_to);
	return (ssize_t)o->len;
}

/* ---- the conversation ---- */

static ssize_t offer(struct dhcp_server *s, const struct message *m, struct out *o,
		     struct dhcp_destination *ret_to)
{
	int i = binding_get(s, m);

	if (i < 0)
		return 0;
	if (!m->type)
		s->bindings[i].state = DHCP_BOUND;
	return reply(s, m, m->type ? OFFER : 0, address_of(s, i), o, ret_to);
}

static ssize_t request(struct dhcp_server *s, const struct message *m, struct out *o,
		       struct dhcp_destination *ret_to)
{
	struct in_addr wanted = m->has_requested ? m->requested : m->ciaddr, none = { 0 };
	int i = binding_find(s, &m->mac);

	if (m->has_server && m->server.s_addr != s->config.server.s_addr) {
		if (i >= 0 && s->bindings[i].state == DHCP_OFFERED)
			s->bindings[i].state = DHCP_FREE;
		return 0;
	}
	if (i < 0)
		i = binding_get(s, m);
	if (i < 0 || wanted.s_addr != address_of(s, i).s_addr)
		return reply(s, m, NAK, none, o, ret_to);
	s->bindings[i].state = DHCP_BOUND;
	return reply(s, m, ACK, wanted, o, ret_to);
}

static void give_back(struct dhcp_server *s, const struct message *m)
{
	int i = binding_find(s, &m->mac);

	if (i < 0)
		return;
	if (m->type == RELEASE && m->ciaddr.s_addr == address_of(s, i).s_addr)
		s->bindings[i].state = DHCP_FREE;
	if (m->type == DECLINE && m->requested.s_addr == address_of(s, i).s_addr)
		s->bindings[i].state = DHCP_DECLINED;
}

ssize_t dhcp_answer(struct dhcp_server *s, const uint8_t *msg, size_t len, uint8_t *out,
		    size_t size, struct dhcp_destination *ret_to)
{
	struct out o = out_init(out, size);
	struct in_addr none = { 0 };
	struct message m;
	int r;

	r = parse(msg, len, &m);
	if (r < 0)
		return r;
	switch (m.type) {
	case 0:
	case DISCOVER:
		return offer(s, &m, &o, ret_to);
	case REQUEST:
		return request(s, &m, &o, ret_to);
	case INFORM:
		return m.ciaddr.s_addr ? reply(s, &m, ACK, none, &o, ret_to) : -EBADMSG;
	case DECLINE:
	case RELEASE:
		give_back(s, &m);
		return 0;
	default: /* a number of the guest's, not an enum of ours */
		return -EPROTONOSUPPORT;
	}
}
