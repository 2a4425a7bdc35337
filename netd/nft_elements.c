// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a network adds to our sets and maps, as a sorted list of elements.
 * Pure: from struct network to bytes; nft.c takes the difference to what is in
 * force, nft_ruleset.c has the rules that look the elements up.
 */
#include <arpa/inet.h>

#include "network.h"
#include "nft_internal.h"

/* nft(8)'s data types, so that `nft list ruleset` can print our sets. */
enum {
	TYPE_NFPROTO = 2,
	TYPE_MARK = 19, /* any 32 bits: nft(8) 1.0.6 aborts on a set with an integer of no size */
	TYPE_IPADDR = 7,
	TYPE_IP6ADDR = 8,
	TYPE_ETHERADDR = 9,
	TYPE_INET_PROTOCOL = 12,
	TYPE_INET_SERVICE = 13,
	TYPE_IFNAME = 41,
};
#define CONCAT2(a, b) ((a) << 6 | (b))
#define CONCAT3(a, b, c) ((a) << 12 | (b) << 6 | (c))

/* In a concatenation every part is padded to four bytes. */
const struct nft_set_info nft_sets[NFT_NSETS] = {
	[SET_BRIDGES] = { "bridges", NFPROTO_INET, TYPE_IFNAME, 16, 0, 0 },
	[SET_SAME] = { "same", NFPROTO_INET, CONCAT2(TYPE_IFNAME, TYPE_IFNAME), 32, 0, 0 },
	[SET_CLOSED] = { "closed", NFPROTO_INET, TYPE_IFNAME, 16, 0, 0 },
	[SET_INWARD] = { "inward", NFPROTO_INET, TYPE_IFNAME, 16, 0, 0 },
	[SET_UPLINKED] = { "uplinked", NFPROTO_INET, TYPE_IFNAME, 16, 0, 0 },
	[SET_UPLINKS] = { "uplinks", NFPROTO_INET, CONCAT2(TYPE_IFNAME, TYPE_IFNAME), 32, 0, 0 },
	[SET_NAT4] = { "nat4", NFPROTO_INET, CONCAT2(TYPE_IPADDR, TYPE_MARK), 8, 0, 0 },
	[SET_NAT6] = { "nat6", NFPROTO_INET, CONCAT2(TYPE_IP6ADDR, TYPE_MARK), 20, 0, 0 },
	[SET_HAIRPIN4] = { "hairpin4", NFPROTO_INET, CONCAT2(TYPE_IPADDR, TYPE_IFNAME), 20, 0, 0 },
	[SET_HAIRPIN6] = { "hairpin6", NFPROTO_INET, CONCAT2(TYPE_IP6ADDR, TYPE_IFNAME), 32, 0, 0 },
	[SET_RESTRICTED] = { "restricted", NFPROTO_INET, TYPE_IFNAME, 16, 0, 0 },
	[SET_FOREIGN] = { "foreign", NFPROTO_INET, TYPE_NFPROTO, 1, 0, 0 },
	[SET_FWD4] = { "forward4", NFPROTO_INET, CONCAT2(TYPE_INET_PROTOCOL, TYPE_INET_SERVICE), 8,
		       CONCAT2(TYPE_IPADDR, TYPE_INET_SERVICE), 8 },
	[SET_FWD4_LISTEN] = { "forward4-listen", NFPROTO_INET,
			      CONCAT3(TYPE_IPADDR, TYPE_INET_PROTOCOL, TYPE_INET_SERVICE), 12,
			      CONCAT2(TYPE_IPADDR, TYPE_INET_SERVICE), 8 },
	[SET_FWD6] = { "forward6", NFPROTO_INET, CONCAT2(TYPE_INET_PROTOCOL, TYPE_INET_SERVICE), 8,
		       CONCAT2(TYPE_IP6ADDR, TYPE_INET_SERVICE), 20 },
	[SET_FWD6_LISTEN] = { "forward6-listen", NFPROTO_INET,
			      CONCAT3(TYPE_IP6ADDR, TYPE_INET_PROTOCOL, TYPE_INET_SERVICE), 24,
			      CONCAT2(TYPE_IP6ADDR, TYPE_INET_SERVICE), 20 },
	[SET_GUARDED] = { "guarded", NFPROTO_BRIDGE, TYPE_IFNAME, 16, 0, 0 },
	[SET_FULL] = { "full", NFPROTO_BRIDGE, TYPE_IFNAME, 16, 0, 0 },
	[SET_WAITING] = { "waiting", NFPROTO_BRIDGE, TYPE_IFNAME, 16, 0, 0 },
	[SET_MACS] = { "macs", NFPROTO_BRIDGE, CONCAT2(TYPE_IFNAME, TYPE_ETHERADDR), 24, 0, 0 },
	[SET_PINNED] = { "pinned", NFPROTO_BRIDGE, TYPE_ETHERADDR, 6, 0, 0 },
	[SET_ADDR4] = { "addr4", NFPROTO_BRIDGE, CONCAT2(TYPE_IFNAME, TYPE_IPADDR), 20, 0, 0 },
	[SET_ADDR6] = { "addr6", NFPROTO_BRIDGE, CONCAT2(TYPE_IFNAME, TYPE_IP6ADDR), 32, 0, 0 },
	[SET_PREFIX6] = { "prefix6", NFPROTO_BRIDGE, CONCAT2(TYPE_IFNAME, TYPE_IP6ADDR), 32, 0, 0 },
	[SET_TAKEN6] = { "taken6", NFPROTO_BRIDGE, TYPE_IP6ADDR, 16, 0, 0 },
};

size_t nft_type_size(uint32_t type)
{
	static const uint8_t sizes[64] = {
		[TYPE_NFPROTO] = 1,	 [TYPE_MARK] = 4,      [TYPE_IPADDR] = 4,
		[TYPE_IP6ADDR] = 16,	 [TYPE_ETHERADDR] = 6, [TYPE_INET_PROTOCOL] = 1,
		[TYPE_INET_SERVICE] = 2, [TYPE_IFNAME] = 16,
	};

	return sizes[type & 63];
}

bool nft_type_is_name(uint32_t type)
{
	return type == TYPE_IFNAME;
}

int nft_elements_new(struct nft_elements **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void nft_elements_free(struct nft_elements *e)
{
	if (!e)
		return;
	free(e->list);
	free(e);
}

size_t nft_elements_count(const struct nft_elements *e)
{
	return e ? e->n : 0;
}

int nft_element_cmp(const void *a, const void *b)
{
	const struct nft_element *x = a, *y = b;

	return x->set != y->set ? x->set - y->set : memcmp(x->key, y->key, NFT_KEY_MAX);
}

bool nft_element_equal(const struct nft_element *a, const struct nft_element *b)
{
	return nft_element_cmp(a, b) == 0 && memcmp(a->data, b->data, NFT_DATA_MAX) == 0;
}

/* A zeroed element at the end of the list; NULL when memory ran out (remembered). */
static struct nft_element *element_add(struct nft_elements *e, enum nft_set_id set)
{
	if (e->n == e->size) {
		size_t size = e->size ? e->size * 2 : 8;
		struct nft_element *list = realloc(e->list, size * sizeof(*list));

		if (!list) {
			e->failed = true;
			return NULL;
		}
		e->list = list;
		e->size = size;
	}
	memset(&e->list[e->n], 0, sizeof(*e->list));
	e->list[e->n].set = set;
	return &e->list[e->n++];
}

static void put_bytes(struct nft_elements *e, enum nft_set_id set, const void *a, size_t alen,
		      const void *b, size_t blen)
{
	struct nft_element *el = element_add(e, set);

	if (!el)
		return;
	memcpy(el->key, a, alen);
	if (blen)
		memcpy(el->key + align_up(alen, 4), b, blen);
}

/* ifname_put() pads with zero bytes: a set's key is the whole IFNAMSIZ. */
static void put_ifname(struct nft_elements *e, enum nft_set_id set, const char *ifname)
{
	char name[IFNAMSIZ] = { 0 };

	str_copy(name, sizeof(name), ifname);
	put_bytes(e, set, name, IFNAMSIZ, NULL, 0);
}

static void put_ifname_and(struct nft_elements *e, enum nft_set_id set, const char *ifname,
			   const void *more, size_t len)
{
	char name[IFNAMSIZ] = { 0 };

	str_copy(name, sizeof(name), ifname);
	put_bytes(e, set, name, IFNAMSIZ, more, len);
}

static void put_ifname_pair(struct nft_elements *e, enum nft_set_id set, const char *a,
			    const char *b)
{
	char name[IFNAMSIZ] = { 0 };

	str_copy(name, sizeof(name), b);
	put_ifname_and(e, set, a, name, IFNAMSIZ);
}

static bool is_nat(const struct network *net, const struct prefix *p)
{
	if (net->config->mode != MODE_NAT)
		return false;
	return p->addr.family == AF_INET || addr_is_ula(&p->addr);
}

static void build_network(const struct network *net, struct nft_elements *e)
{
	const struct config_network *c = net->config;

	put_bytes(e, SET_PINNED, net->mac.bytes, 6, NULL, 0);
	put_ifname_pair(e, SET_SAME, c->bridge, c->bridge);
	if (c->mode == MODE_BRIDGE)
		return;
	put_ifname(e, SET_BRIDGES, c->bridge);
	if (c->mode == MODE_ISOLATED)
		put_ifname(e, SET_CLOSED, c->bridge);
	if (c->mode == MODE_NAT)
		put_ifname(e, SET_INWARD, c->bridge);
	if (!c->host_access)
		put_ifname(e, SET_RESTRICTED, c->bridge);
	if (c->uplink) {
		put_ifname(e, SET_UPLINKED, c->bridge);
		put_ifname_pair(e, SET_UPLINKS, c->bridge, c->uplink);
	}
	for (size_t i = 0; i < net->naddresses; i++) {
		const struct prefix *p = &net->addresses[i];
		struct addr network = prefix_network(p);
		uint32_t len = htonl(p->len); /* as the rules load it */

		if (p->addr.family == AF_INET6)
			put_bytes(e, SET_TAKEN6, p->addr.bytes, 16, NULL, 0);
		if (is_nat(net, p))
			put_bytes(e, p->addr.family == AF_INET ? SET_NAT4 : SET_NAT6, network.bytes,
				  addr_size(&network), &len, sizeof(len));
	}
}

static void build_port_prefixes(const struct network *net, const struct port *p,
				struct nft_elements *e)
{
	for (size_t i = 0; i < net->naddresses; i++) {
		struct prefix half = net->addresses[i];
		struct addr network;

		if (half.addr.family != AF_INET6 || half.len > 64)
			continue;
		half.len = 64; /* SLAAC: RFC 4862 §5.5.3, the interface identifier is 64 bits */
		network = prefix_network(&half);
		put_ifname_and(e, SET_PREFIX6, p->ifname, network.bytes, 16);
	}
}

static void build_port(const struct network *net, const struct port *p, struct nft_elements *e)
{
	char bridge[IFNAMSIZ] = { 0 };

	str_copy(bridge, sizeof(bridge), net->config->bridge);
	if (addr_is_set(&p->addr4) && net->config->mode != MODE_BRIDGE)
		put_bytes(e, SET_HAIRPIN4, p->addr4.bytes, 4, bridge, IFNAMSIZ);
	if (addr_is_set(&p->addr6) && net->config->mode != MODE_BRIDGE)
		put_bytes(e, SET_HAIRPIN6, p->addr6.bytes, 16, bridge, IFNAMSIZ);
	if (mac_is_set(&p->mac))
		put_bytes(e, SET_PINNED, p->mac.bytes, 6, NULL, 0);
	if (net->config->guard == GUARD_OFF)
		return;
	if (p->state == PORT_WAITING) {
		put_ifname(e, SET_WAITING, p->ifname);
		return;
	}
	put_ifname(e, SET_GUARDED, p->ifname);
	put_ifname_and(e, SET_MACS, p->ifname, p->mac.bytes, 6);
	if (net->config->guard != GUARD_FULL)
		return;
	put_ifname(e, SET_FULL, p->ifname);
	if (addr_is_set(&p->addr4))
		put_ifname_and(e, SET_ADDR4, p->ifname, p->addr4.bytes, 4);
	if (addr_is_set(&p->addr6)) {
		put_ifname_and(e, SET_ADDR6, p->ifname, p->addr6.bytes, 16);
		put_bytes(e, SET_TAKEN6, p->addr6.bytes, 16, NULL, 0);
	}
	build_port_prefixes(net, p, e);
}

static void put_forward(struct nft_elements *e, const struct config_forward *f, uint16_t offset,
			const struct addr *to)
{
	bool v4 = to->family == AF_INET, listen = addr_is_set(&f->listen);
	size_t size = addr_size(to), at = listen ? size : 0;
	uint16_t port_be = htons(f->first + offset), to_port_be = htons(f->to_port + offset);
	struct nft_element *el;

	el = element_add(e, v4 ? (listen ? SET_FWD4_LISTEN : SET_FWD4)
			       : (listen ? SET_FWD6_LISTEN : SET_FWD6));
	if (!el)
		return;
	if (listen)
		memcpy(el->key, f->listen.bytes, size);
	el->key[at] = f->protocol;
	memcpy(el->key + at + 4, &port_be, 2);
	memcpy(el->data, to->bytes, size);
	memcpy(el->data + size, &to_port_be, 2);
}

/* A name that has no port now has no element: the forward is refused by the host, not half alive. */
static void build_forward(const struct network *net, const struct config_forward *f,
			  struct nft_elements *e)
{
	const struct addr *targets[2] = { &f->to_addr, NULL };
	struct port *p = NULL;

	if (f->to_name) {
		HASH_FIND_STR(net->ports, f->to_name, p);
		if (!p)
			return;
		targets[0] = &p->addr4;
		targets[1] = &p->addr6;
	}
	for (size_t t = 0; t < 2; t++) {
		if (!targets[t] || !addr_is_set(targets[t]))
			continue;
		if (addr_is_set(&f->listen) && f->listen.family != targets[t]->family)
			continue;
		for (unsigned i = 0; i <= (unsigned)(f->last - f->first); i++)
			put_forward(e, f, i, targets[t]);
	}
}

int nft_elements_build(const struct network *net, struct nft_elements *e)
{
	size_t kept = 0;

	e->n = 0;
	build_network(net, e);
	for (struct port *p = net->ports; p; p = p->hh.next)
		if (p->state != PORT_LEAVING && p->ifname[0])
			build_port(net, p, e);
	for (size_t i = 0; i < net->config->nforwards; i++)
		build_forward(net, &net->config->forwards[i], e);
	if (e->failed)
		return -ENOMEM;
	qsort(e->list, e->n, sizeof(*e->list), nft_element_cmp);
	for (size_t i = 0; i < e->n; i++)
		if (!kept || nft_element_cmp(&e->list[kept - 1], &e->list[i]) != 0)
			e->list[kept++] = e->list[i];
	e->n = kept;
	return 0;
}

/* ---- text ------------------------------------------------------------------- */

static void format_forward(const struct nft_element *e, char *buf, size_t size)
{
	bool v4 = e->set == SET_FWD4 || e->set == SET_FWD4_LISTEN;
	bool listen = e->set == SET_FWD4_LISTEN || e->set == SET_FWD6_LISTEN;
	struct addr to = { .family = v4 ? AF_INET : AF_INET6 }, on = to;
	size_t len = addr_size(&to), at = listen ? len : 0;
	uint16_t port_be, to_port_be;

	memcpy(on.bytes, e->key, len);
	memcpy(to.bytes, e->data, len);
	memcpy(&port_be, e->key + at + 4, 2);
	memcpy(&to_port_be, e->data + len, 2);
	snprintf(buf, size, "forward %s/%u%s%s to %s%s%s:%u",
		 e->key[at] == IPPROTO_TCP ? "tcp" : "udp", ntohs(port_be), listen ? " on " : "",
		 listen ? ADDR_STR(&on) : "", v4 ? "" : "[", ADDR_STR(&to), v4 ? "" : "]",
		 ntohs(to_port_be));
}

static void format_part(uint32_t type, const uint8_t *p, char *buf, size_t size)
{
	struct addr a = { .family = type == TYPE_IPADDR ? AF_INET : AF_INET6 };
	struct mac m;
	uint32_t v;

	if (type == TYPE_IFNAME) {
		snprintf(buf, size, "%.15s", (const char *)p);
	} else if (type == TYPE_ETHERADDR) {
		memcpy(m.bytes, p, 6);
		snprintf(buf, size, "%s", MAC_STR(&m));
	} else if (type == TYPE_IPADDR || type == TYPE_IP6ADDR) {
		memcpy(a.bytes, p, addr_size(&a));
		snprintf(buf, size, "%s", ADDR_STR(&a));
	} else if (type == TYPE_NFPROTO) {
		snprintf(buf, size, "%u", *p);
	} else {
		memcpy(&v, p, sizeof(v));
		snprintf(buf, size, "%u", ntohl(v));
	}
}

void nft_element_format(const struct nft_element *e, char *buf, size_t size)
{
	const struct nft_set_info *info = &nft_sets[e->set];
	uint32_t first = info->key_type >> 6 ? info->key_type >> 6 : info->key_type;
	char a[64], b[64] = "";

	if (info->data_len) {
		format_forward(e, buf, size);
		return;
	}
	format_part(first, e->key, a, sizeof(a));
	if (info->key_type >> 6)
		format_part(info->key_type & 63, e->key + align_up(nft_type_size(first), 4), b,
			    sizeof(b));
	snprintf(buf, size, "%s %s%s%s", info->name, a, b[0] ? " " : "", b);
}

char *nft_elements_text(const struct nft_elements *e)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (size_t i = 0; i < e->n; i++) {
		char line[256];

		nft_element_format(&e->list[i], line, sizeof(line));
		fprintf(f, "%s\n", line);
	}
	fclose(f);
	return text;
}
