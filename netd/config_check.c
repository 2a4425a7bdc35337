// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a configuration may not say: each network for itself, networks among
 * each other, and against what the host has. Pure; every error is recorded
 * with the line it stands in and what to do.
 */
#include <ctype.h>
#include <stdarg.h>

#include "config_internal.h"

/* ---- names ----------------------------------------------------------------- */

bool name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > 63 || name[0] == '-' || name[len - 1] == '-')
		return false;
	for (; *name; name++)
		if (!(*name >= 'a' && *name <= 'z') && !isdigit((unsigned char)*name) &&
		    *name != '-')
			return false;
	return true;
}

bool ifname_valid(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len >= IFNAMSIZ || streq(name, ".") || streq(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name) ||
		    (unsigned char)*name < 0x20)
			return false;
	return true;
}

/* FNV-1a: stable over versions, since interface names and MACs come of it. */
uint64_t name_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
	/* FNV's low bits mix poorly for short texts: a finalizer (MurmurHash3's fmix64). */
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

void config_bridge_name(const char *network, char ret[static IFNAMSIZ])
{
	if (strlen(network) + 3 < IFNAMSIZ)
		snprintf(ret, IFNAMSIZ, "br-%.12s", network);
	else
		snprintf(ret, IFNAMSIZ, "br-%.5s%07x", network,
			 (unsigned)(name_hash(network) & 0xfffffff));
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), row[65];

	if (la > 64 || lb > 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t above = row[j];
			size_t edit = MIN(row[j], row[j - 1]) + 1;

			row[j] = MIN(edit, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

size_t name_near(const char *name, const char *const names[], size_t n, const char **ret,
		 size_t max)
{
	size_t distances[16], found = 0;

	max = MIN(max, ARRAY_SIZE(distances));
	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(name, names[i]), limit = MAX(strlen(name) / 3, (size_t)2);
		size_t at;

		if (str_has_prefix(names[i], name) && strlen(name) >= 2)
			d = MIN(d, (size_t)1);
		if (d > limit || d >= strlen(name) + 1)
			continue;
		for (at = found; at > 0 && distances[at - 1] > d; at--)
			;
		if (at >= max)
			continue;
		found = MIN(found + 1, max);
		memmove(distances + at + 1, distances + at, (found - at - 1) * sizeof(*distances));
		memmove(ret + at + 1, ret + at, (found - at - 1) * sizeof(*ret));
		distances[at] = d;
		ret[at] = names[i];
	}
	return found;
}

/* ---- one network -------------------------------------------------------------- */

struct check {
	const struct config_network *net;
	struct config_errors *errors;
};

static void wrong(const struct check *c, int line, const char *fmt, ...) _printf_(3, 4);
static void wrong(const struct check *c, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config_errors_add(c->errors, c->net->file, line ? line : c->net->line, "network \"%s\": %s",
			  c->net->name, text);
}

static const struct prefix *prefix_of(const struct config_network *net, const struct addr *a)
{
	for (size_t i = 0; i < net->naddresses; i++)
		if (prefix_contains(&net->addresses[i], a))
			return &net->addresses[i];
	return NULL;
}

static bool has_family(const struct config_network *net, sa_family_t family)
{
	for (size_t i = 0; i < net->naddresses; i++)
		if (net->addresses[i].addr.family == family)
			return true;
	return net->address_auto;
}

static void check_address(const struct check *c, const struct prefix *p)
{
	struct addr network = prefix_network(p), last = prefix_last(p),
		    first = addr_add(network, 1);
	bool v4 = p->addr.family == AF_INET;
	int line = c->net->address_line;

	if (addr_is_loopback(&p->addr) || addr_is_multicast(&p->addr) ||
	    addr_is_unspecified(&p->addr) || addr_is_link_local(&p->addr))
		wrong(c, line, "address \"%s\": not one that a network can have", PREFIX_STR(p));
	else if (v4 ? p->len < 8 || p->len > 30 : p->len < 48 || p->len > 64)
		wrong(c, line, "address \"%s\": a prefix length of %s leaves room for guests",
		      PREFIX_STR(p), v4 ? "8 to 30" : "48 to 64 (64 for SLAAC)");
	else if (addr_equal(&p->addr, &network) || (v4 && addr_equal(&p->addr, &last)))
		wrong(c, line,
		      "address \"%s\" is the network's own: give the host's address in it, as in "
		      "\"%s/%u\"",
		      PREFIX_STR(p), ADDR_STR(&first), p->len);
}

static void check_addresses(const struct check *c)
{
	const struct config_network *net = c->net;

	if (!net->address_given && net->mode != MODE_BRIDGE)
		wrong(c, 0,
		      "address is missing: give the host's own in this network, as in "
		      "address = \"10.77.0.1/24\", or \"auto\"");
	if (net->mode == MODE_BRIDGE && (net->naddresses || net->address_auto))
		wrong(c, net->address_line,
		      "mode \"bridge\" has no address of its own: the NIC's addresses move to the "
		      "bridge, and the LAN's DHCP serves the guests; drop address");
	for (size_t i = 0; i < net->naddresses; i++) {
		check_address(c, &net->addresses[i]);
		for (size_t j = 0; j < i; j++)
			if (prefix_overlaps(&net->addresses[i], &net->addresses[j]))
				wrong(c, net->address_line, "address \"%s\" overlaps \"%s\"",
				      PREFIX_STR(&net->addresses[i]),
				      PREFIX_STR(&net->addresses[j]));
	}
	if (net->mtu && net->mtu < 1280 && has_family(net, AF_INET6) && !net->address_auto)
		wrong(c, 0, "mtu = %u: IPv6 needs at least 1280 (RFC 8200 §5)", net->mtu);
}

static void check_links(const struct check *c)
{
	const struct config_network *net = c->net;

	if (net->mode == MODE_BRIDGE && !net->uplink && !net->bridge_given)
		wrong(c, 0,
		      "mode \"bridge\" needs uplink = \"NIC\" (a bridge is made on it), or "
		      "bridge = \"NAME\" of an existing bridge");
	if (net->mode == MODE_ISOLATED && net->uplink)
		wrong(c, net->uplink_line,
		      "mode \"isolated\" has no uplink: drop it, or use \"nat\" or \"route\"");
	if (net->mode == MODE_BRIDGE && net->guard == GUARD_FULL)
		wrong(c, 0,
		      "guard \"full\" knows the addresses that netd gives; in mode \"bridge\" the "
		      "LAN gives them: use \"mac\"");
	if (net->uplink && streq(net->uplink, net->bridge))
		wrong(c, net->uplink_line, "uplink and bridge are both \"%s\"", net->bridge);
	for (size_t i = 0; i < net->nports; i++) {
		const char *p = net->ports[i];

		if (!*p || strlen(p) >= 64 || strspn(p, "*?") == strlen(p))
			wrong(c, net->ports_line,
			      "ports \"%s\" would take every interface of the host: begin it with "
			      "something of its own, as in \"%s-*\"",
			      p, net->name);
	}
}

static void check_range(const struct check *c, const char *key, const struct addr_range *r)
{
	const struct prefix *p;

	if (!addr_is_set(&r->first))
		return;
	if (c->net->address_auto) {
		wrong(c, 0,
		      "dhcp %s with address \"auto\": give the address too, or drop the range",
		      key);
		return;
	}
	p = prefix_of(c->net, &r->first);
	if (!p || p != prefix_of(c->net, &r->last))
		wrong(c, 0, "dhcp %s \"%s-%s\" is outside the network's addresses", key,
		      ADDR_STR(&r->first), ADDR_STR(&r->last));
}

static void check_dhcp(const struct check *c)
{
	const struct config_network *net = c->net;

	check_range(c, "range", &net->dhcp.range);
	check_range(c, "range6", &net->dhcp.range6);
	if (net->mode == MODE_BRIDGE && net->dhcp.enabled)
		wrong(c, 0,
		      "mode \"bridge\": the LAN's own DHCP serves the guests; drop dhcp "
		      "{ enabled = true }");
	if (net->dhcp.tftp_root &&
	    (net->dhcp.tftp_root[0] != '/' || strpbrk(net->dhcp.tftp_root, "\n\r")))
		wrong(c, 0, "dhcp tftp-root \"%s\": expected an absolute path",
		      net->dhcp.tftp_root);
	if (net->dhcp.bootfile && strpbrk(net->dhcp.bootfile, ",\n\r"))
		wrong(c, 0, "dhcp bootfile \"%s\": no comma or line break in it",
		      net->dhcp.bootfile);
	for (size_t i = 0; i < net->dhcp.noptions; i++) {
		const struct config_option *o = &net->dhcp.options[i];

		/* RFC 2132 §9: what the protocol itself speaks with. */
		if (!o->v6 &&
		    (o->number == 1 || (o->number >= 50 && o->number <= 61 && o->number != 60)))
			wrong(c, o->line,
			      "dhcp option \"%u\" is the protocol's own and set by netd",
			      o->number);
	}
}

static bool domain_valid(const char *name)
{
	size_t label = 0;

	if (!*name || strlen(name) > 253)
		return false;
	for (; *name; name++) {
		if (*name == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_') {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0;
}

static void check_dns(const struct check *c)
{
	const struct config_network *net = c->net;

	if (net->dns.domain && !domain_valid(net->dns.domain))
		wrong(c, 0, "dns domain \"%s\" is not a domain name", net->dns.domain);
	for (size_t i = 0; i < net->dns.nrecords; i++) {
		const struct config_record *r = &net->dns.records[i];

		if (!domain_valid(r->name))
			wrong(c, r->line, "dns record \"%s\" is not a domain name", r->name);
		if (r->target && !domain_valid(r->target))
			wrong(c, r->line, "dns srv \"%s\": target \"%s\" is not a domain name",
			      r->name, r->target);
		if (r->text && (strlen(r->text) > 255 || strpbrk(r->text, "\n\r\"")))
			wrong(c, r->line,
			      "dns txt \"%s\": at most 255 characters, no quote, no line break",
			      r->name);
		for (size_t j = 0; j < net->nhosts; j++)
			if (r->kind == RECORD_ADDRESS && streq(r->name, net->hosts[j].name))
				wrong(c, r->line, "dns record \"%s\" is also a host (line %d)",
				      r->name, net->hosts[j].line);
	}
}

static void check_host_addr(const struct check *c, const struct config_host *h,
			    const struct addr *a)
{
	const struct config_network *net = c->net;
	const struct prefix *p = prefix_of(net, a);
	struct addr network, last;

	if (!addr_is_set(a))
		return;
	if (net->address_auto) {
		wrong(c, h->line,
		      "host \"%s\" has an address, the network's is \"auto\": give both or "
		      "none",
		      h->name);
		return;
	}
	if (!p) {
		wrong(c, h->line, "host \"%s\": address %s is outside the network's", h->name,
		      ADDR_STR(a));
		return;
	}
	network = prefix_network(p);
	last = prefix_last(p);
	if (addr_equal(a, &p->addr))
		wrong(c, h->line, "host \"%s\": address %s is the gateway's own", h->name,
		      ADDR_STR(a));
	else if (addr_equal(a, &network) || (a->family == AF_INET && addr_equal(a, &last)))
		wrong(c, h->line, "host \"%s\": address %s is the network's or its broadcast",
		      h->name, ADDR_STR(a));
}

static void check_hosts(const struct check *c)
{
	const struct config_network *net = c->net;

	for (size_t i = 0; i < net->nhosts; i++) {
		const struct config_host *h = &net->hosts[i];

		if (!name_valid(h->name))
			wrong(c, h->line, "host \"%s\": a name has 1 to 63 of a-z, 0-9 and '-'",
			      h->name);
		if (net->mode == MODE_BRIDGE && (addr_is_set(&h->addr4) || addr_is_set(&h->addr6)))
			wrong(c, h->line, "host \"%s\": in mode \"bridge\" the LAN gives addresses",
			      h->name);
		else {
			check_host_addr(c, h, &h->addr4);
			check_host_addr(c, h, &h->addr6);
		}
		for (size_t j = 0; j < i; j++) {
			const struct config_host *o = &net->hosts[j];

			if (mac_is_set(&h->mac) && mac_equal(&h->mac, &o->mac))
				wrong(c, h->line,
				      "host \"%s\": mac %s is host \"%s\"'s already (line %d)",
				      h->name, MAC_STR(&h->mac), o->name, o->line);
			if ((addr_is_set(&h->addr4) && addr_equal(&h->addr4, &o->addr4)) ||
			    (addr_is_set(&h->addr6) && addr_equal(&h->addr6, &o->addr6)))
				wrong(c, h->line,
				      "host \"%s\": its address is host \"%s\"'s already (line %d)",
				      h->name, o->name, o->line);
		}
	}
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : "udp";
}

static void check_forward(const struct check *c, const struct config_forward *f)
{
	const struct config_network *net = c->net;

	if (net->mode == MODE_ISOLATED || net->mode == MODE_BRIDGE) {
		wrong(c, f->line, "forward \"%s/%u\": mode \"%s\" has none%s",
		      protocol_name(f->protocol), f->first, net_mode_name(net->mode),
		      net->mode == MODE_BRIDGE ? ", its guests are on the LAN themselves"
					       : "; use \"nat\" or \"route\"");
		return;
	}
	if (addr_is_set(&f->to_addr) && !net->address_auto && !prefix_of(net, &f->to_addr))
		wrong(c, f->line, "forward \"%s/%u\": %s is outside the network",
		      protocol_name(f->protocol), f->first, ADDR_STR(&f->to_addr));
	if (addr_is_set(&f->listen) && addr_is_set(&f->to_addr) &&
	    f->listen.family != f->to_addr.family)
		wrong(c, f->line, "forward \"%s/%u\": listen and to are of different families",
		      protocol_name(f->protocol), f->first);
	if (addr_is_set(&f->listen) && !has_family(net, f->listen.family))
		wrong(c, f->line, "forward \"%s/%u\": the network has no %s address to forward to",
		      protocol_name(f->protocol), f->first,
		      f->listen.family == AF_INET ? "IPv4" : "IPv6");
}

static void check_network(const struct check *c)
{
	check_addresses(c);
	check_links(c);
	check_dhcp(c);
	check_dns(c);
	check_hosts(c);
	for (size_t i = 0; i < c->net->nforwards; i++)
		if (c->net->forwards[i].protocol)
			check_forward(c, &c->net->forwards[i]);
}

/* ---- networks among each other ------------------------------------------------ */

struct claim_prefix {
	const struct prefix *prefix;
	const struct config_network *net;
	struct addr first, last;
};

static int claim_prefix_cmp(const void *a, const void *b)
{
	const struct claim_prefix *x = a, *y = b;
	int d = addr_cmp(&x->first, &y->first);

	return d ? d : -addr_cmp(&x->last, &y->last);
}

/* Sorted by first address, an overlap is with the one that reaches furthest so far. */
static void check_overlaps(const struct config *c, struct config_errors *errors)
{
	size_t n = 0, furthest = 0;
	struct claim_prefix *claims;

	claims = calloc(c->nnetworks * NETWORK_ADDRESSES_MAX + 1, sizeof(*claims));
	if (!claims)
		return;
	for (size_t i = 0; i < c->nnetworks; i++) {
		for (size_t j = 0; j < c->networks[i].naddresses; j++) {
			const struct prefix *p = &c->networks[i].addresses[j];

			claims[n++] = (struct claim_prefix){ p, &c->networks[i], prefix_network(p),
							     prefix_last(p) };
		}
	}
	qsort(claims, n, sizeof(*claims), claim_prefix_cmp);
	for (size_t i = 1; i < n; i++) {
		const struct claim_prefix *a = &claims[furthest], *b = &claims[i];

		if (a->net != b->net && a->first.family == b->first.family &&
		    addr_cmp(&b->first, &a->last) <= 0) {
			struct check chk = { b->net, errors };

			wrong(&chk, b->net->address_line,
			      "address \"%s\" overlaps \"%s\" of network \"%s\" (%s:%d): use "
			      "another subnet",
			      PREFIX_STR(b->prefix), PREFIX_STR(a->prefix), a->net->name,
			      a->net->file, a->net->address_line);
		}
		if (a->first.family != b->first.family || addr_cmp(&b->last, &a->last) > 0)
			furthest = i;
	}
	free(claims);
}

struct claim_forward {
	const struct config_forward *f;
	const struct config_network *net;
};

static int claim_forward_cmp(const void *a, const void *b)
{
	const struct config_forward *x = ((const struct claim_forward *)a)->f;
	const struct config_forward *y = ((const struct claim_forward *)b)->f;

	return x->protocol != y->protocol ? x->protocol - y->protocol : x->first - y->first;
}

static bool listen_overlaps(const struct config_forward *a, const struct config_forward *b)
{
	if (addr_is_set(&a->listen) && addr_is_set(&b->listen))
		return addr_equal(&a->listen, &b->listen);
	return true;
}

static void check_forwards(const struct config *c, struct config_errors *errors)
{
	struct claim_forward *claims;
	size_t n = 0, total = 1;

	for (size_t i = 0; i < c->nnetworks; i++)
		total += c->networks[i].nforwards;
	claims = calloc(total, sizeof(*claims));
	if (!claims)
		return;
	for (size_t i = 0; i < c->nnetworks; i++)
		for (size_t j = 0; j < c->networks[i].nforwards; j++)
			if (c->networks[i].forwards[j].protocol)
				claims[n++] = (struct claim_forward){ &c->networks[i].forwards[j],
								      &c->networks[i] };
	qsort(claims, n, sizeof(*claims), claim_forward_cmp);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			const struct config_forward *a = claims[i].f, *b = claims[j].f;
			struct check chk = { claims[j].net, errors };

			if (a->protocol != b->protocol || b->first > a->last)
				break;
			if (!listen_overlaps(a, b))
				continue;
			wrong(&chk, b->line,
			      "forward \"%s/%u\": the host's port is taken by network \"%s\" "
			      "(%s:%d): "
			      "use another, or give each its own listen address",
			      protocol_name(b->protocol), b->first, claims[i].net->name,
			      claims[i].net->file, a->line);
		}
	}
	free(claims);
}

/* Index arrays sorted by a string: duplicates stand side by side. */
static int by_bridge(const void *a, const void *b)
{
	return strcmp((*(const struct config_network *const *)a)->bridge,
		      (*(const struct config_network *const *)b)->bridge);
}

static void check_bridges(const struct config *c, struct config_errors *errors)
{
	const struct config_network **sorted = calloc(c->nnetworks + 1, sizeof(*sorted));

	if (!sorted)
		return;
	for (size_t i = 0; i < c->nnetworks; i++)
		sorted[i] = &c->networks[i];
	qsort(sorted, c->nnetworks, sizeof(*sorted), by_bridge);
	for (size_t i = 1; i < c->nnetworks; i++) {
		struct check chk = { sorted[i], errors };

		if (streq(sorted[i]->bridge, sorted[i - 1]->bridge))
			wrong(&chk, sorted[i]->bridge_line,
			      "bridge \"%s\" is network \"%s\"'s already (%s:%d): give it another "
			      "name",
			      sorted[i]->bridge, sorted[i - 1]->name, sorted[i - 1]->file,
			      sorted[i - 1]->bridge_line ? sorted[i - 1]->bridge_line
							 : sorted[i - 1]->line);
	}
	free(sorted);
}

static void check_names(const struct config *c, struct config_errors *errors)
{
	for (size_t i = 1; i < c->nnetworks; i++) {
		struct check chk = { &c->networks[i], errors };
		const struct config_network *a = &c->networks[i - 1], *b = &c->networks[i];

		if (streq(a->name, b->name))
			wrong(&chk, 0, "the name is taken by %s:%d", a->file, a->line);
	}
}

/* Two networks may not name the same pattern, nor the same NIC to bridge. */
static void check_shared_links(const struct config *c, struct config_errors *errors)
{
	const struct config_network *with[256];
	size_t n = 0;

	for (size_t i = 0; i < c->nnetworks && n < ARRAY_SIZE(with); i++)
		if (c->networks[i].nports || (c->networks[i].mode == MODE_BRIDGE))
			with[n++] = &c->networks[i];
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			struct check chk = { with[i], errors };

			if (with[i]->mode == MODE_BRIDGE && with[j]->mode == MODE_BRIDGE &&
			    with[i]->uplink && with[j]->uplink &&
			    streq(with[i]->uplink, with[j]->uplink))
				wrong(&chk, with[i]->uplink_line,
				      "uplink \"%s\" is bridged by network \"%s\"", with[i]->uplink,
				      with[j]->name);
			for (size_t k = 0; k < with[i]->nports; k++)
				for (size_t l = 0; l < with[j]->nports; l++)
					if (streq(with[i]->ports[k], with[j]->ports[l]))
						wrong(&chk, with[i]->ports_line,
						      "ports \"%s\" is network \"%s\"'s already",
						      with[i]->ports[k], with[j]->name);
		}
	}
}

void config_check(const struct config *c, struct config_errors *errors)
{
	for (size_t i = 0; i < c->nnetworks; i++) {
		struct check chk = { &c->networks[i], errors };

		check_network(&chk);
	}
	check_names(c, errors);
	check_overlaps(c, errors);
	check_forwards(c, errors);
	check_bridges(c, errors);
	check_shared_links(c, errors);
}

/* ---- against the host --------------------------------------------------------- */

int config_check_host(const struct config *c, const struct config_host_prefix *prefixes, size_t n,
		      struct config_errors *errors)
{
	size_t before = errors->n;

	for (size_t i = 0; i < c->nnetworks; i++) {
		struct check chk = { &c->networks[i], errors };

		/* A bridged network is on the host's own subnet. */
		if (c->networks[i].mode == MODE_BRIDGE)
			continue;
		for (size_t j = 0; j < c->networks[i].naddresses; j++) {
			const struct prefix *p = &c->networks[i].addresses[j];
			size_t k;

			for (k = 0; k < n; k++)
				if (prefix_overlaps(p, &prefixes[k].prefix))
					break;
			if (k < n)
				wrong(&chk, c->networks[i].address_line,
				      "address \"%s\" overlaps %s %s on %s of this host: use "
				      "another subnet, "
				      "or \"auto\"",
				      PREFIX_STR(p),
				      prefixes[k].route ? "the route to" : "the address",
				      PREFIX_STR(&prefixes[k].prefix), prefixes[k].ifname);
		}
	}
	return errors->n > before ? -EINVAL : 0;
}
