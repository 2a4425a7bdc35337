// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The runtime object of a network, and reconcile.
 *
 * Owns struct network and, through it, the ports. Reconcile is the only road
 * from a wish to the kernel: rules in one transaction first, then links and
 * addresses as one run of messages, then dnsmasq. Daemon's thread only.
 */
#include "network.h"

#include "apply.h"
#include "dnsmasq.h"
#include "nft.h"
#include "port.h"

static const char *const state_names[] = {
	[NETWORK_NEW] = "new",
	[NETWORK_UP] = "up",
	[NETWORK_FAILED] = "failed",
	[NETWORK_REMOVED] = "removed",
};
static_assert(ARRAY_SIZE(state_names) == NETWORK_NSTATES, "a name for each state");

const char *network_state_name(enum network_state s)
{
	return s < NETWORK_NSTATES ? state_names[s] : "?";
}

struct network *network_find(struct netd *d, const char *name)
{
	struct network *net;

	HASH_FIND_STR(d->networks, name, net);
	return net;
}

struct network *network_new(struct netd *d, const char *name)
{
	struct network *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	net->netd = d;
	str_copy(net->name, sizeof(net->name), name);
	net->mac = network_mac(name);
	HASH_ADD_STR(d->networks, name, net);
	return net;
}

void network_free(struct network *net)
{
	struct port *p, *next;

	HASH_ITER(hh, net->ports, p, next)
		port_free(p);
	network_set_ifindex(net, 0);
	dnsmasq_release(net);
	HASH_DELETE(hh, net->netd->networks, net);
	free(net);
}

void network_set_ifindex(struct network *net, int ifindex)
{
	struct network *other;

	if (net->ifindex == ifindex)
		return;
	if (net->ifindex) {
		HASH_FIND(hh_ifindex, net->netd->networks_by_ifindex, &net->ifindex, sizeof(int),
			  other);
		if (other == net)
			HASH_DELETE(hh_ifindex, net->netd->networks_by_ifindex, net);
	}
	net->ifindex = ifindex;
	if (!ifindex)
		return;
	HASH_FIND(hh_ifindex, net->netd->networks_by_ifindex, &ifindex, sizeof(int), other);
	/* Two networks may guest on one foreign bridge: the first hears of it. */
	if (!other)
		HASH_ADD(hh_ifindex, net->netd->networks_by_ifindex, ifindex, sizeof(int), net);
}

json_t *network_event_json(const struct network *net)
{
	return json_pack("{s:s, s:s, s:s*}", "network", net->name, "state",
			 network_state_name(net->state), "reason",
			 net->reason[0] ? net->reason : NULL);
}

void network_set_state(struct network *net, enum network_state state, const char *reason)
{
	bool was_up = net->announced, changed = net->state != state;
	bool same_reason = streq(net->reason, reason ?: "");

	net->state = state;
	str_copy(net->reason, sizeof(net->reason), reason ?: "");
	if (state == NETWORK_FAILED && (changed || !same_reason))
		log_error("network %s: %s", net->name, net->reason);
	if (changed && state == NETWORK_UP)
		log_info("network %s: up, bridge %s, ifindex %d", net->name, net->config->bridge,
			 net->ifindex);
	if (changed && state == NETWORK_REMOVED)
		log_info("network %s: removed", net->name);
	net->announced = state == NETWORK_UP;
	if (net->announced && !was_up)
		netd_event(net->netd, "network-up", network_event_json(net));
	else if (!net->announced && was_up)
		netd_event(net->netd, "network-down", network_event_json(net));
}

unsigned network_mtu(const struct network *net)
{
	const struct config_network *c = net->config;
	const struct link *l = NULL;

	if (c->mtu)
		return c->mtu;
	if (c->mode == MODE_BRIDGE && net->netd && net->netd->actual)
		l = actual_link_named(net->netd->actual, c->uplink ?: c->bridge);
	return l && l->mtu ? l->mtu : 1500;
}

/* ---- addresses ---- */

static bool has_prefix(const struct prefix *list, size_t n, const struct prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].len == p->len && addr_equal(&list[i].addr, &p->addr))
			return true;
	return false;
}

static bool is_used(const struct network *net, const struct prefix *p)
{
	const struct port *port, *next;

	HASH_ITER(hh, net->ports, port, next)
		if ((addr_is_set(&port->addr4) && prefix_contains(p, &port->addr4)) ||
		    (addr_is_set(&port->addr6) && prefix_contains(p, &port->addr6)))
			return true;
	return false;
}

/* A port inside a configured subnet needs no old gateway of the same subnet. */
static bool is_covered(const struct network *net, const struct prefix *p)
{
	for (size_t i = 0; i < net->config->naddresses; i++)
		if (prefix_overlaps(&net->config->addresses[i], p) &&
		    addr_equal(&net->config->addresses[i].addr, &p->addr))
			return true;
	return false;
}

bool network_refresh_addresses(struct network *net)
{
	const struct link *l = net->netd->actual ? actual_link(net->netd->actual, net->ifindex)
						 : NULL;
	struct prefix list[ARRAY_SIZE(net->addresses)];
	size_t n = 0;
	bool changed;

	for (size_t i = 0; i < net->config->naddresses; i++)
		list[n++] = net->config->addresses[i];
	for (size_t i = 0; l && net->config->mode != MODE_BRIDGE && i < l->naddrs; i++) {
		const struct prefix *p = &l->addrs[i].prefix;

		if (n < ARRAY_SIZE(list) && l->addrs[i].scope == 0 && !has_prefix(list, n, p) &&
		    !is_covered(net, p) && is_used(net, p))
			list[n++] = *p;
	}
	changed = n != net->naddresses;
	for (size_t i = 0; i < n; i++)
		changed |= !has_prefix(net->addresses, net->naddresses, &list[i]);
	memcpy(net->addresses, list, n * sizeof(*list));
	net->naddresses = n;
	return changed;
}

/* ---- can it come up here? ---- */

static bool is_wireless(const char *ifname)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", ifname);
	return access(path, F_OK) == 0;
}

static int check_nic(const struct network *net, const struct link *nic, struct error *err)
{
	const struct link *master = actual_link(net->netd->actual, nic->master);

	if (nic->flags & IFF_LOOPBACK || streq(nic->kind, "bridge"))
		return error_set(err, EINVAL,
				 "uplink %s is a %s, not a NIC: to join an existing bridge leave "
				 "uplink out and set bridge = \"%s\"",
				 nic->name, streq(nic->kind, "bridge") ? "bridge" : "loopback",
				 nic->name);
	if (is_wireless(nic->name))
		return error_set(err, EOPNOTSUPP,
				 "uplink %s is a Wi-Fi station, which carries only its own MAC and "
				 "cannot be bridged: use mode = \"nat\"",
				 nic->name);
	if (master && !streq(master->name, net->config->bridge) && nic->master != net->ifindex)
		return error_set(err, EBUSY,
				 "uplink %s belongs to %s already: set bridge = \"%s\" and leave "
				 "uplink out, or take it out of %s",
				 nic->name, master->name, master->name, master->name);
	for (size_t i = 0; i < nic->naddrs; i++)
		if (nic->addrs[i].prefix.addr.family == AF_INET &&
		    !(nic->addrs[i].flags & IFA_F_PERMANENT))
			return error_set(err, EADDRINUSE,
					 "uplink %s has a leased IPv4 address (%s), which its DHCP "
					 "client would lose: give it a fixed one, let the host's "
					 "network manager make the bridge and set bridge alone, or "
					 "use mode = \"nat\"",
					 nic->name, PREFIX_STR(&nic->addrs[i].prefix));
	return 0;
}

int network_check(const struct network *net, struct error *err)
{
	const struct config_network *c = net->config;
	const struct actual *a = net->netd->actual;
	const struct link *bridge = actual_link_named(a, c->bridge);
	const struct link *uplink = c->uplink ? actual_link_named(a, c->uplink) : NULL;
	struct mark m = { 0 };
	/* Known by its mark, or, where someone changed that, because it was ours. */
	bool ours = bridge && net->owns_bridge && bridge->ifindex == net->ifindex;

	ours |= bridge && mark_parse(bridge->alias, &m) == 0 && !m.port[0] &&
		streq(m.network, net->name);

	if (net->overlap[0])
		return error_set(err, EADDRINUSE, "%s", net->overlap);
	if (c->uplink && !uplink)
		return error_set(err, ENODEV,
				 "uplink %s does not exist: name one of `ip link`, or it must be "
				 "plugged in",
				 c->uplink);
	if (c->mode == MODE_BRIDGE && !c->uplink) {
		if (!bridge)
			return error_set(err, ENODEV,
					 "bridge %s does not exist: make it, or name the NIC to "
					 "bridge as uplink",
					 c->bridge);
		if (!streq(bridge->kind, "bridge"))
			return error_set(err, EINVAL, "%s is not a bridge", c->bridge);
		return 0;
	}
	if (bridge && !ours)
		return error_set(err, EEXIST,
				 "an interface %s exists that netd did not make: choose another "
				 "name (bridge = \"…\"), or remove it",
				 c->bridge);
	return c->mode == MODE_BRIDGE ? check_nic(net, uplink, err) : 0;
}

/* ---- reconcile ---- */

int network_commit_rules(struct network *net, struct error *err)
{
	struct nft_change change = { .network = net->name };
	int r = nft_elements_new(&change.want);

	if (r == 0)
		r = nft_elements_build(net, change.want);
	if (r < 0) {
		nft_elements_free(change.want);
		return error_set(err, -r, "%s", strerror(-r));
	}
	r = nft_commit(net->netd->nft, &change, 1, err);
	if (r < 0)
		nft_elements_free(change.want);
	return r;
}

static int commit_rules_of_many(struct netd *d, struct network **nets, size_t n, struct error *err)
{
	struct nft_change *changes = calloc(n + 1, sizeof(*changes));
	size_t count = 0;
	int r = changes ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		changes[count].network = nets[i]->name;
		r = nft_elements_new(&changes[count].want);
		if (r == 0)
			r = nft_elements_build(nets[i], changes[count++].want);
	}
	if (r < 0)
		error_set(err, -r, "%s", strerror(-r));
	else
		r = nft_commit(d->nft, changes, count, err);
	for (size_t i = 0; r < 0 && changes && i < count; i++)
		nft_elements_free(changes[i].want);
	free(changes);
	return r;
}

/* What each network of a common run carries along. */
struct reconcile {
	struct network *net;
	struct plan plan;
	struct error err;
};

/* A network that failed before for the same reason is no failure of this change. */
static bool is_news(const struct network *net, const char *reason)
{
	return net->state != NETWORK_FAILED || !streq(net->reason, reason);
}

static void finish(struct reconcile *rec, int result)
{
	struct network *net = rec->net;
	const struct link *l = actual_link_named(net->netd->actual, net->config->bridge);

	network_set_ifindex(net, l ? l->ifindex : 0);
	net->owns_bridge = l && (net->config->mode != MODE_BRIDGE || net->config->uplink);
	if (result == 0)
		result = dnsmasq_reconcile(net, &rec->err);
	network_set_state(net, result < 0 ? NETWORK_FAILED : NETWORK_UP,
			  result < 0 ? rec->err.message : NULL);
}

static int plan_all(struct netd *d, struct reconcile *recs, size_t n, struct routes *routes,
		    struct error *err)
{
	bool wants_routes = false;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		wants_routes |= plan_wants_routes(recs[i].net) ||
				recs[i].net->config->mode == MODE_BRIDGE;
	if (wants_routes)
		r = routes_dump(d->rtnl, routes, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct plan_input in = { recs[i].net, d->actual, routes };
		struct link *l = actual_link_named(d->actual, recs[i].net->config->bridge);

		if (l && recs[i].net->config->mode != MODE_BRIDGE)
			actual_read_sysctls(d->actual, l);
		plan_network(&in, &recs[i].plan);
	}
	return r;
}

static int run_all(struct netd *d, struct reconcile *recs, size_t n, struct error *err)
{
	struct apply_job *jobs = calloc(n + 1, sizeof(*jobs));
	struct routes routes = { 0 };
	size_t count = 0;
	int r = jobs ? plan_all(d, recs, n, &routes, err) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		jobs[count++] = (struct apply_job){ .plan = &recs[i].plan, .err = &recs[i].err };
	if (r == 0)
		r = apply_plans(d->actual, jobs, count, err);
	for (size_t i = 0; i < n; i++) {
		int result = r < 0 ? r : jobs[i].result;
		bool news;

		if (r < 0 && !recs[i].err.code)
			error_set(&recs[i].err, -r, "%s", err ? err->message : strerror(-r));
		news = result < 0 && is_news(recs[i].net, recs[i].err.message);
		finish(&recs[i], result);
		if (news && r == 0) {
			r = result;
			if (err)
				*err = recs[i].err;
			error_prefix(err, "network %s", recs[i].net->name);
		}
		plan_done(&recs[i].plan);
	}
	routes_done(&routes);
	free(jobs);
	return r;
}

int networks_reconcile(struct netd *d, struct network **nets, size_t n, struct error *err)
{
	struct reconcile *recs = calloc(n + 1, sizeof(*recs));
	struct network **able = calloc(n + 1, sizeof(*able));
	size_t count = 0;
	int r = 0, failed = 0;

	if (!recs || !able) {
		free(recs);
		free(able);
		return error_set(err, ENOMEM, "out of memory");
	}
	actual_drain(d->actual);
	for (size_t i = 0; i < n; i++) {
		struct error why = { 0 };

		network_refresh_addresses(nets[i]);
		r = network_check(nets[i], &why);
		nets[i]->blocked = r < 0;
		if (r == 0) {
			recs[count].net = nets[i];
			able[count++] = nets[i];
			continue;
		}
		if (!failed && is_news(nets[i], why.message)) {
			failed = r;
			if (err)
				*err = why;
			error_prefix(err, "network %s", nets[i]->name);
		}
		network_set_state(nets[i], NETWORK_FAILED, why.message);
	}
	r = count ? commit_rules_of_many(d, able, count, err) : 0;
	for (size_t i = 0; r < 0 && i < count; i++)
		network_set_state(able[i], NETWORK_FAILED, err ? err->message : "no rules");
	if (r == 0 && count)
		r = run_all(d, recs, count, err);
	free(recs);
	free(able);
	return r ?: failed;
}

int network_reconcile(struct network *net, struct error *err)
{
	return networks_reconcile(net->netd, &net, 1, err);
}
