// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Joined ports.
 *
 * netd hears of a new link on netlink; when its name matches a pattern it puts
 * the network's rules on it and takes it onto the bridge. Whoever made the
 * link keeps it: netd never deletes it. Its guest's MAC is not known before
 * the bridge has learned it from a frame; the first one is pinned.
 */
#include "join.h"

#include <fnmatch.h>
#include <time.h>

#include "address.h"
#include "apply.h"
#include "dnsmasq.h"
#include "network.h"
#include "watch.h"

void join_port_name(const char *pattern, const char *ifname, char ret[static PORT_NAME_MAX + 1])
{
	size_t prefix = strcspn(pattern, "*?[\\"), n = 0;
	const char *rest = ifname;

	if (streq(pattern + prefix, "*") && strncmp(pattern, ifname, prefix) == 0 && ifname[prefix])
		rest = ifname + prefix;
	for (; *rest && n < PORT_NAME_MAX; rest++) {
		char c = *rest >= 'A' && *rest <= 'Z' ? *rest - 'A' + 'a' : *rest;

		ret[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
	}
	while (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
	if (ret[0] == '-' || !n)
		snprintf(ret, PORT_NAME_MAX + 1, "if%llx",
			 (unsigned long long)(name_hash(ifname) & 0xffffffff));
}

static const char *matching_pattern(const struct config_network *c, const char *ifname)
{
	for (size_t i = 0; i < c->nports; i++)
		if (fnmatch(c->ports[i], ifname, 0) == 0)
			return c->ports[i];
	return NULL;
}

bool join_matches(const struct config_network *c, const char *ifname)
{
	return matching_pattern(c, ifname) != NULL;
}

/* A NIC that carries a network is no guest of another one. */
static bool is_uplink(const struct netd *d, const char *ifname)
{
	for (size_t i = 0; d->config && i < d->config->nnetworks; i++)
		if (d->config->networks[i].uplink && streq(d->config->networks[i].uplink, ifname))
			return true;
	return false;
}

static bool may_join(const struct netd *d, const struct link *l)
{
	struct port *p;
	struct mark m;

	HASH_FIND(hh_ifindex, d->ports_by_ifindex, &l->ifindex, sizeof(int), p);
	return !p && !(l->flags & IFF_LOOPBACK) && !streq(l->kind, "bridge") &&
	       mark_parse(l->alias, &m) < 0 && !watch_is_left_alone(d, l->ifindex) &&
	       !is_uplink(d, l->name);
}

static bool mac_is_free(const struct network *net, const struct port *self, const struct mac *mac)
{
	const struct port *p, *next;

	HASH_ITER(hh, net->ports, p, next)
		if (p != self && mac_equal(&p->mac, mac))
			return false;
	for (size_t i = 0; i < net->config->nhosts; i++)
		if (mac_equal(&net->config->hosts[i].mac, mac) &&
		    !streq(net->config->hosts[i].name, self->name))
			return false;
	return true;
}

/* Rules, then the bridge and the mark, then names. */
static int put_in_force(struct port *p, struct error *err)
{
	struct network *net = p->network;
	struct plan_input in = { net, net->netd->actual, NULL };
	struct plan plan = { 0 };
	int r = network_commit_rules(net, err);

	if (r < 0)
		return r;
	plan_port(&in, p, &plan);
	r = apply_plan(net->netd->actual, &plan, err);
	plan_done(&plan);
	/* It starts with the first port, also one whose MAC is not known yet. */
	return r == 0 ? dnsmasq_port_add(net, p, err) : r;
}

static void fail(struct port *p, const struct error *err)
{
	struct network *net = p->network;

	log_warn("network %s: %s cannot join: %s", net->name, p->ifname, err->message);
	watch_leave_alone(net->netd, p->ifindex);
	port_free(p);
	network_commit_rules(net, NULL);
}

static int choose_mac(struct network *net, struct port *p)
{
	const struct config_host *host = address_reservation(net->config, p->name, &p->mac);

	if (host && mac_is_set(&host->mac) && mac_is_free(net, p, &host->mac))
		p->mac = host->mac;
	return mac_is_set(&p->mac);
}

static bool join(struct network *net, const struct link *l, const char *pattern)
{
	char name[PORT_NAME_MAX + 1];
	struct error err = { 0 };
	struct timespec now;
	struct port *p;
	int r = 0;

	join_port_name(pattern, l->name, name);
	if (port_find(net, name))
		join_port_name("", l->name, name);
	if (port_find(net, name)) {
		log_warn("network %s: %s cannot join: a port %s exists", net->name, l->name, name);
		return true;
	}
	if (l->master && l->master != net->ifindex) {
		log_warn("network %s: %s does not join: it belongs to another bridge", net->name,
			 l->name);
		return true;
	}
	p = port_new(net, name, PORT_JOINED, l->name, l->ifindex);
	if (!p)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	p->since_s = now.tv_sec;
	p->uid = streq(l->kind, "tun") && l->tap_owner != (uid_t)-1 ? l->tap_owner : 0;
	if (choose_mac(net, p))
		r = address_assign(net, p, &err);
	else
		port_set_state(p, PORT_WAITING);
	if (r == 0)
		r = put_in_force(p, &err);
	if (r < 0)
		fail(p, &err);
	else if (mac_is_set(&p->mac))
		port_set_state(p, PORT_ATTACHED);
	return true;
}

bool join_try(struct netd *d, const struct link *l)
{
	struct network *net, *next;

	if (!may_join(d, l))
		return false;
	HASH_ITER(hh, d->networks, net, next) {
		const char *pattern = net->state == NETWORK_UP && net->config->nports
					      ? matching_pattern(net->config, l->name)
					      : NULL;

		if (pattern)
			return join(net, l, pattern);
	}
	return false;
}

void join_scan(struct netd *d, struct network *net)
{
	struct link *l, *next;

	if (net && (!net->config->nports || net->state != NETWORK_UP))
		return;
	HASH_ITER(hh, d->actual->by_index, l, next) {
		const char *pattern;

		if (!may_join(d, l))
			continue;
		if (!net)
			join_try(d, l);
		else if ((pattern = matching_pattern(net->config, l->name)))
			join(net, l, pattern);
	}
}

void join_learned(struct port *p, const struct mac *mac)
{
	struct network *net = p->network;
	struct error err = { 0 };
	int r;

	if (p->state != PORT_WAITING || mac_is_multicast(mac))
		return;
	if (!mac_is_free(net, p, mac)) {
		log_warn("port %s/%s: sends from %s, which is another port's, ignoring", net->name,
			 p->name, MAC_STR(mac));
		return;
	}
	p->mac = *mac;
	r = address_assign(net, p, &err);
	/* Guarded as one that is known, from this transaction on. */
	if (r == 0) {
		port_restore_state(p, PORT_NEW);
		r = put_in_force(p, &err);
	}
	if (r < 0) {
		fail(p, &err);
		return;
	}
	port_set_state(p, PORT_ATTACHED);
}
