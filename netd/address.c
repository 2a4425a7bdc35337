// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The addresses that netd chooses.
 *
 * A port's addresses are a function of its name, so that a guest that comes
 * back has the same ones; a collision takes the next free. Subnets for "auto"
 * are remembered in the state directory. Daemon's thread only.
 */
#include "address.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

/* ---- what the host uses ---- */

static int prefix_add(struct host_prefixes *h, const struct prefix *p, const char *ifname,
		      bool route)
{
	struct config_host_prefix *list;

	if (h->n == h->size) {
		list = realloc(h->list, (h->size * 2 + 16) * sizeof(*list));
		if (!list)
			return -ENOMEM;
		h->list = list;
		h->size = h->size * 2 + 16;
	}
	h->list[h->n] = (struct config_host_prefix){ .prefix = *p, .route = route };
	str_copy(h->list[h->n++].ifname, IFNAMSIZ, ifname);
	return 0;
}

/* A bridge of ours whose addresses are netd's own, not moved there from a NIC. */
static bool is_ours(const struct link *l, const struct config *c)
{
	const struct config_network *net;
	struct mark m;

	if (!l || mark_parse(l->alias, &m) < 0 || m.port[0])
		return false;
	net = config_find(c, m.network);
	return !net || net->mode != MODE_BRIDGE;
}

static bool is_host_prefix(const struct prefix *p)
{
	return !addr_is_link_local(&p->addr) && !addr_is_loopback(&p->addr) &&
	       !addr_is_multicast(&p->addr) && p->len > 0;
}

int host_prefixes_collect(const struct actual *a, const struct config *c, struct rtnl *r,
			  struct host_prefixes *ret, struct error *err)
{
	struct host_prefixes h = { 0 };
	struct routes routes = { 0 };
	struct link *l, *next;
	int code = routes_dump(r, &routes, err);

	if (code < 0)
		return code;
	HASH_ITER(hh, a->by_index, l, next)
		for (size_t i = 0; code == 0 && !is_ours(l, c) && i < l->naddrs; i++)
			if (is_host_prefix(&l->addrs[i].prefix))
				code = prefix_add(&h, &l->addrs[i].prefix, l->name, false);
	for (size_t i = 0; code == 0 && i < routes.n; i++) {
		l = actual_link(a, routes.list[i].oif);
		if (l && !is_ours(l, c) && is_host_prefix(&routes.list[i].dst))
			code = prefix_add(&h, &routes.list[i].dst, l->name, true);
	}
	routes_done(&routes);
	if (code < 0) {
		host_prefixes_done(&h);
		return error_set(err, -code, "%s", strerror(-code));
	}
	*ret = h;
	return 0;
}

void host_prefixes_done(struct host_prefixes *h)
{
	free(h->list);
	*h = (struct host_prefixes){ 0 };
}

/* ---- "auto" ---- */

static bool host_uses(const struct host_prefixes *host, const struct prefix *p)
{
	for (size_t i = 0; i < host->n; i++)
		if (prefix_overlaps(&host->list[i].prefix, p))
			return true;
	return false;
}

static bool config_uses(const struct config *c, const struct prefix *p)
{
	for (size_t i = 0; i < c->nnetworks; i++)
		for (size_t j = 0; j < c->networks[i].naddresses; j++)
			if (prefix_overlaps(&c->networks[i].addresses[j], p))
				return true;
	return false;
}

bool address_auto_pick(const struct config *c, const struct host_prefixes *host, struct prefix *ret)
{
	/* Rarely used corners of the private space (RFC 1918), the least likely first. */
	static const struct {
		uint8_t a, first, last;
	} candidates[] = { { 10, 77, 127 }, { 172, 20, 31 } };

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
		for (unsigned b = candidates[i].first; b <= candidates[i].last; b++)
			for (unsigned third = 0; third < 256; third++) {
				struct prefix p = { .addr = { .family = AF_INET }, .len = 24 };

				p.addr.bytes[0] = candidates[i].a;
				p.addr.bytes[1] = b;
				p.addr.bytes[2] = third;
				p.addr.bytes[3] = 1;
				if (config_uses(c, &p) || host_uses(host, &p))
					continue;
				*ret = p;
				return true;
			}
	return false;
}

/* RFC 4193 §3.2: 40 random bits. */
static struct prefix pick_ula(void)
{
	struct prefix p = { .addr = { .family = AF_INET6 }, .len = 64 };

	if (getrandom(p.addr.bytes, 6, 0) < 0)
		memcpy(p.addr.bytes, "\xfd\x77\x6e\x65\x74\x64", 6);
	p.addr.bytes[0] = 0xfd;
	p.addr.bytes[7] = 1;
	p.addr.bytes[15] = 1;
	return p;
}

static struct config_network *auto_network(struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nnetworks; i++)
		if (streq(c->networks[i].name, name))
			return c->networks[i].address_auto ? &c->networks[i] : NULL;
	return NULL;
}

/* Lines "NETWORK 10.77.0.1/24 fd…::1/64"; those of networks that are not there any more stay. */
static void read_choices(struct config *c, const struct host_prefixes *host, FILE *f)
{
	char line[256], name[NETWORK_NAME_MAX + 1], a4[64], a6[64];

	while (fgets(line, sizeof(line), f)) {
		struct config_network *net;
		struct prefix p4, p6;

		if (sscanf(line, "%63s %63s %63s", name, a4, a6) != 3 ||
		    prefix_parse(a4, &p4) < 0 || prefix_parse(a6, &p6) < 0)
			continue;
		net = auto_network(c, name);
		if (!net || net->naddresses)
			continue;
		if (host_uses(host, &p4) || config_uses(c, &p4)) {
			log_warn("network %s: %s is in use by now, choosing another subnet", name,
				 PREFIX_STR(&p4));
			continue;
		}
		net->addresses[0] = p4;
		net->addresses[1] = p6;
		net->naddresses = 2;
	}
}

static int write_choices(const struct config *c, const char *file)
{
	char path[512];
	FILE *f;
	int r;

	snprintf(path, sizeof(path), "%s.new", file);
	f = fopen(path, "we");
	if (!f)
		return -errno;
	for (size_t i = 0; i < c->nnetworks; i++)
		if (c->networks[i].address_auto && c->networks[i].naddresses == 2)
			fprintf(f, "%s %s %s\n", c->networks[i].name,
				PREFIX_STR(&c->networks[i].addresses[0]),
				PREFIX_STR(&c->networks[i].addresses[1]));
	r = fflush(f) || fsync(fileno(f)) < 0 ? -errno : 0;
	fclose(f);
	if (r == 0 && rename(path, file) < 0)
		r = -errno;
	return r;
}

int address_auto_fill(struct config *c, const struct host_prefixes *host, const char *file,
		      bool write, struct error *err)
{
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	bool chosen = false;
	int r;

	if (f)
		read_choices(c, host, f);
	for (size_t i = 0; i < c->nnetworks; i++) {
		struct config_network *net = &c->networks[i];

		if (!net->address_auto || net->naddresses)
			continue;
		if (!address_auto_pick(c, host, &net->addresses[0]))
			return error_set(err, EADDRNOTAVAIL,
					 "network %s: no /24 is free for address = \"auto\": give "
					 "it an address",
					 net->name);
		net->addresses[1] = pick_ula();
		net->naddresses = 2;
		chosen = true;
	}
	if (!chosen || !write)
		return 0;
	r = write_choices(c, file);
	return r < 0 ? error_set(err, -r, "%s: %s", file, strerror(-r)) : 0;
}

/* ---- ports ---- */

const struct config_host *address_reservation(const struct config_network *c, const char *name,
					      const struct mac *mac)
{
	for (size_t i = 0; i < c->nhosts; i++)
		if (streq(c->hosts[i].name, name))
			return &c->hosts[i];
	for (size_t i = 0; i < c->nhosts; i++)
		if (mac_is_set(mac) && mac_equal(&c->hosts[i].mac, mac))
			return &c->hosts[i];
	return NULL;
}

static const struct prefix *first_prefix(const struct config_network *c, sa_family_t family)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (c->addresses[i].addr.family == family)
			return &c->addresses[i];
	return NULL;
}

static bool is_taken(const struct network *net, const struct port *self, const struct addr *a)
{
	const struct config_network *c = net->config;
	const struct port *p, *next;

	for (size_t i = 0; i < net->naddresses; i++)
		if (addr_equal(&net->addresses[i].addr, a))
			return true;
	for (size_t i = 0; i < c->naddresses; i++)
		if (addr_equal(&c->addresses[i].addr, a))
			return true;
	for (size_t i = 0; i < c->nhosts; i++)
		if (addr_equal(&c->hosts[i].addr4, a) || addr_equal(&c->hosts[i].addr6, a))
			return true;
	HASH_ITER(hh, net->ports, p, next)
		if (p != self && (addr_equal(&p->addr4, a) || addr_equal(&p->addr6, a)))
			return true;
	return false;
}

/* The range that guests' addresses come from; false: the prefix has no room for any. */
static bool range_of(const struct config_network *c, sa_family_t family, struct addr_range *ret)
{
	const struct addr_range *given = family == AF_INET ? &c->dhcp.range : &c->dhcp.range6;
	const struct prefix *p = first_prefix(c, family);
	unsigned host_bits;

	if (!p)
		return false;
	if (addr_is_set(&given->first)) {
		*ret = *given;
		return true;
	}
	host_bits = addr_bits(&p->addr) - p->len;
	if (host_bits < 2)
		return false;
	ret->first = addr_add(prefix_network(p), family == AF_INET ? 1 : 2);
	ret->last = addr_add(prefix_last(p), family == AF_INET ? -1 : 0);
	return true;
}

/*
 * Where guests make addresses themselves (SLAAC, RFC 4862), the one that DHCPv6 gives is the same:
 * prefix and modified EUI-64. So the name's AAAA holds for guests of either kind.
 */
static bool choose_slaac(const struct network *net, const struct port *p, struct addr *ret)
{
	const struct prefix *prefix = first_prefix(net->config, AF_INET6);
	struct addr a;

	if (!prefix || prefix->len != 64 || addr_is_set(&net->config->dhcp.range6.first) ||
	    !mac_is_set(&p->mac))
		return false;
	a = addr_from_mac_link_local(&p->mac);
	memcpy(a.bytes, prefix->addr.bytes, 8);
	if (is_taken(net, p, &a))
		return false;
	*ret = a;
	return true;
}

static int choose(const struct network *net, const struct port *p, sa_family_t family,
		  struct addr *ret, struct error *err)
{
	char key[NETWORK_NAME_MAX + PORT_NAME_MAX + 8];
	struct addr_range range;
	uint64_t size, start;

	if (family == AF_INET6 && choose_slaac(net, p, ret))
		return 0;
	if (!range_of(net->config, family, &range))
		return 0;
	snprintf(key, sizeof(key), "%s/%s/%d", net->name, p->name, family == AF_INET ? 4 : 6);
	/* The offset must stay in an int64_t. */
	size = MIN(addr_distance(&range.first, &range.last), (uint64_t)INT64_MAX - 1) + 1;
	start = name_hash(key) % size;
	for (uint64_t i = 0; i < MIN(size, (uint64_t)65536); i++) {
		struct addr a = addr_add(range.first, (start + i) % size);

		if (is_taken(net, p, &a))
			continue;
		*ret = a;
		return 0;
	}
	return error_set(err, EADDRNOTAVAIL,
			 "network %s has no free address left in %s to %s: widen dhcp's range",
			 net->name, ADDR_STR(&range.first), ADDR_STR(&range.last));
}

/* A reservation may name an address that a port got before the reservation was written. */
static int check_free(const struct network *net, const struct port *self, const struct addr *a,
		      struct error *err)
{
	const struct port *p, *next;

	HASH_ITER(hh, net->ports, p, next)
		if (p != self && addr_is_set(a) &&
		    (addr_equal(&p->addr4, a) || addr_equal(&p->addr6, a)))
			return error_set(err, EADDRINUSE,
					 "%s, reserved for %s, is in use by port %s until that is "
					 "detached",
					 ADDR_STR(a), self->name, p->name);
	return 0;
}

int address_assign(const struct network *net, struct port *p, struct error *err)
{
	const struct config_host *host = address_reservation(net->config, p->name, &p->mac);
	struct addr a4 = { 0 }, a6 = { 0 };
	int r;

	if (!mac_is_set(&p->mac))
		p->mac = host && mac_is_set(&host->mac) ? host->mac : port_mac(net->name, p->name);
	if (host && addr_is_set(&host->addr4))
		a4 = host->addr4;
	else if ((r = choose(net, p, AF_INET, &a4, err)) < 0)
		return r;
	if (host && addr_is_set(&host->addr6))
		a6 = host->addr6;
	else if ((r = choose(net, p, AF_INET6, &a6, err)) < 0)
		return r;
	r = check_free(net, p, &a4, err);
	if (r == 0)
		r = check_free(net, p, &a6, err);
	if (r < 0)
		return r;
	p->addr4 = a4;
	p->addr6 = a6;
	return 0;
}

bool address_reassign(const struct network *net, struct port *p)
{
	const struct config_host *host = address_reservation(net->config, p->name, &p->mac);
	struct addr a4 = p->addr4, a6 = p->addr6;

	if (host && addr_is_set(&host->addr4) && check_free(net, p, &host->addr4, NULL) == 0)
		p->addr4 = host->addr4;
	if (host && addr_is_set(&host->addr6) && check_free(net, p, &host->addr6, NULL) == 0)
		p->addr6 = host->addr6;
	/* A network that has a family now gives its ports an address of it. */
	if (!addr_is_set(&p->addr4))
		choose(net, p, AF_INET, &p->addr4, NULL);
	if (!addr_is_set(&p->addr6))
		choose(net, p, AF_INET6, &p->addr6, NULL);
	return !addr_equal(&a4, &p->addr4) || !addr_equal(&a6, &p->addr6);
}
