// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DHCPv6 server: see dhcpv6.h.
 */
#include "dhcpv6.h"

enum {
	SOLICIT = 1,
	ADVERTISE = 2,
	REQUEST = 3,
	CONFIRM = 4,
	RENEW = 5,
	REBIND = 6,
	REPLY = 7,
	RELEASE = 8,
	DECLINE = 9,
	INFORMATION = 11,
	NTYPES,
};

enum {
	OPT_CLIENT_ID = 1,
	OPT_SERVER_ID = 2,
	OPT_IA_NA = 3,
	OPT_IA_ADDR = 5,
	OPT_STATUS = 13,
	OPT_RAPID_COMMIT = 14,
	OPT_DNS = 23,
	OPT_SEARCH = 24,
	OPT_BOOTFILE = 59,
};

enum { STATUS_SUCCESS = 0, STATUS_NOT_ON_LINK = 4 };

#define IA_MAX 4 /* of one message; more are not answered */
#define SERVER_ID_LEN 10

struct ia {
	uint8_t iaid[4];
	bool wrong; /* holds an address that is not ours to give */
};

struct message {
	uint8_t type;
	uint8_t xid[3];
	const uint8_t *client_id; /* in the guest's message, checked against its end */
	size_t client_id_len;
	bool has_server_id, server_is_us, rapid_commit;
	struct ia ia[IA_MAX];
	size_t nia;
};

/* RFC 8415 §16: what a message of each type must and must not carry. */
static const struct rule {
	bool known, client_id, server_id, no_server_id;
} rules[NTYPES] = {
	[SOLICIT] = { .known = true, .client_id = true, .no_server_id = true },
	[REQUEST] = { .known = true, .client_id = true, .server_id = true },
	[CONFIRM] = { .known = true, .client_id = true, .no_server_id = true },
	[RENEW] = { .known = true, .client_id = true, .server_id = true },
	[REBIND] = { .known = true, .client_id = true, .no_server_id = true },
	[RELEASE] = { .known = true, .client_id = true, .server_id = true },
	[DECLINE] = { .known = true, .client_id = true, .server_id = true },
	[INFORMATION] = { .known = true },
};

struct addr dhcpv6_client_addr(const struct dhcpv6_config *c, const struct mac *mac)
{
	struct addr a = prefix_network(&c->prefix), ll = addr_from_mac_link_local(mac);

	memcpy(a.bytes + 8, ll.bytes + 8, 8);
	return a;
}

static void server_id(const struct dhcpv6_config *c, uint8_t id[static SERVER_ID_LEN])
{
	memcpy(id, (uint8_t[]){ 0, 3, 0, 1 }, 4); /* DUID-LL, Ethernet */
	memcpy(id + 4, c->mac.bytes, 6);
}

/* ---- in ---- */

static int take_ia(struct message *m, const struct addr *mine, const uint8_t *v, size_t len)
{
	struct ia *ia;
	size_t at = 12;

	if (len < 12)
		return -EBADMSG;
	if (m->nia == IA_MAX)
		return 0;
	ia = &m->ia[m->nia++];
	memcpy(ia->iaid, v, 4);
	while (at < len) {
		size_t n;

		if (len - at < 4)
			return -EBADMSG;
		n = get_be16(v + at + 2);
		if (len - at - 4 < n)
			return -EBADMSG;
		if (get_be16(v + at) == OPT_IA_ADDR) {
			if (n < 24)
				return -EBADMSG;
			ia->wrong |= memcmp(v + at + 4, mine->bytes, 16) != 0;
		}
		at += 4 + n;
	}
	return 0;
}

static int take_option(struct message *m, const struct dhcpv6_config *c, const struct addr *mine,
		       uint16_t code, const uint8_t *v, size_t len)
{
	uint8_t id[SERVER_ID_LEN];

	switch (code) {
	case OPT_CLIENT_ID:
		if (len < 3 || len > DHCPV6_CLIENT_ID_MAX || m->client_id)
			return -EBADMSG;
		m->client_id = v;
		m->client_id_len = len;
		return 0;
	case OPT_SERVER_ID:
		server_id(c, id);
		m->has_server_id = true;
		m->server_is_us = len == sizeof(id) && memcmp(v, id, len) == 0;
		return 0;
	case OPT_RAPID_COMMIT:
		m->rapid_commit = true;
		return 0;
	case OPT_IA_NA:
		return take_ia(m, mine, v, len);
	default: /* the guest's other options are no business of ours */
		return 0;
	}
}

static int parse(const struct dhcpv6_config *c, const struct addr *mine, const uint8_t *p,
		 size_t len, struct message *ret)
{
	struct message m = { 0 };
	size_t at = 4;

	if (len < 4)
		return -EBADMSG;
	m.type = p[0];
	if (m.type >= NTYPES || !rules[m.type].known)
		return -EPROTONOSUPPORT;
	memcpy(m.xid, p + 1, 3);
	while (at < len) {
		size_t n;
		int r;

		if (len - at < 4)
			return -EBADMSG;
		n = get_be16(p + at + 2);
		if (len - at - 4 < n)
			return -EBADMSG;
		r = take_option(&m, c, mine, get_be16(p + at), p + at + 4, n);
		if (r < 0)
			return r;
		at += 4 + n;
	}
	if ((rules[m.type].client_id && !m.client_id) ||
	    (rules[m.type].server_id && !m.has_server_id) ||
	    (rules[m.type].no_server_id && m.has_server_id))
		return -EBADMSG;
	*ret = m;
	return 0;
}

/* ---- out ---- */

static void put_option(struct out *o, uint16_t code, const void *data, size_t len)
{
	if (o->size - o->len < 4 + len)
		return;
	out_be16(o, code);
	out_be16(o, (uint16_t)len);
	out_put(o, data, len);
}

static void put_status(struct out *o, uint16_t code, const char *text)
{
	if (o->size - o->len < 6 + strlen(text))
		return;
	out_be16(o, OPT_STATUS);
	out_be16(o, (uint16_t)(2 + strlen(text)));
	out_be16(o, code);
	out_put(o, text, strlen(text));
}

/* An address that is not the client's is taken from it: lifetimes 0 would name it; the right one
 * alone makes clients change. */
static void put_ia(struct out *o, const struct dhcpv6_config *c, const struct ia *ia,
		   const struct addr *mine)
{
	out_be16(o, OPT_IA_NA);
	out_be16(o, 12 + 28);
	out_put(o, ia->iaid, 4);
	out_be32(o, c->lease_s / 2);
	out_be32(o, c->lease_s / 5 * 4);
	out_be16(o, OPT_IA_ADDR);
	out_be16(o, 24);
	out_put(o, mine->bytes, 16);
	out_be32(o, c->lease_s); /* preferred */
	out_be32(o, c->lease_s); /* valid */
}

static void put_configuration(struct out *o, const struct dhcpv6_config *c)
{
	uint8_t wire[DNS_SEARCH_MAX * DNS_NAME_MAX];
	struct out w = out_init(wire, sizeof(wire));

	if (addr_is_set(&c->dns))
		put_option(o, OPT_DNS, c->dns.bytes, 16);
	for (size_t i = 0; c->search && i < c->search->n; i++)
		dns_name_put(&w, c->search->names[i]);
	if (w.len)
		put_option(o, OPT_SEARCH, wire, w.len);
	if (c->bootfile_url)
		put_option(o, OPT_BOOTFILE, c->bootfile_url, strlen(c->bootfile_url));
}

static void put_head(struct out *o, const struct dhcpv6_config *c, const struct message *m,
		     uint8_t type)
{
	uint8_t id[SERVER_ID_LEN];

	server_id(c, id);
	out_u8(o, type);
	out_put(o, m->xid, 3);
	if (m->client_id)
		put_option(o, OPT_CLIENT_ID, m->client_id, m->client_id_len);
	put_option(o, OPT_SERVER_ID, id, sizeof(id));
}

static void put_body(struct out *o, const struct dhcpv6_config *c, const struct message *m,
		     const struct addr *mine)
{
	bool wrong = false;

	switch (m->type) {
	case RELEASE:
	case DECLINE:
		put_status(o, STATUS_SUCCESS, "");
		return;
	case CONFIRM:
		for (size_t i = 0; i < m->nia; i++)
			wrong |= m->ia[i].wrong;
		put_status(o, wrong ? STATUS_NOT_ON_LINK : STATUS_SUCCESS, "");
		return;
	case INFORMATION:
		break;
	default: /* SOLICIT, REQUEST, RENEW, REBIND: rules[] has no other */
		if (m->type == SOLICIT && m->rapid_commit)
			put_option(o, OPT_RAPID_COMMIT, NULL, 0);
		for (size_t i = 0; i < m->nia; i++)
			put_ia(o, c, &m->ia[i], mine);
		break;
	}
	put_configuration(o, c);
}

ssize_t dhcpv6_answer(const struct dhcpv6_config *c, const struct mac *mac, bool multicast,
		      const uint8_t *msg, size_t len, uint8_t *out, size_t size)
{
	struct addr mine = dhcpv6_client_addr(c, mac);
	struct out o = out_init(out, MIN(size, (size_t)DHCPV6_MESSAGE_MAX));
	struct message m;
	int r;

	r = parse(c, &mine, msg, len, &m);
	if (r < 0)
		return r;
	/* RFC 8415 §18.4: only to the group; an answer to others would need Server Unicast */
	if (!multicast || (m.has_server_id && !m.server_is_us))
		return 0;
	if (m.type == CONFIRM && !m.nia)
		return 0;
	put_head(&o, c, &m, m.type == SOLICIT && !m.rapid_commit ? ADVERTISE : REPLY);
	put_body(&o, c, &m, &mine);
	return o.full ? -ENOBUFS : (ssize_t)o.len;
}
