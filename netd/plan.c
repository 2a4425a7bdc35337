// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan: desired against actual, as ordered steps. Pure.
 *
 * Order of a network's steps: the bridge is made, ports and the NIC come to
 * it, addresses go and come, switches are set, a bridge of another name goes.
 * Steps name links by name and, where it is known, by index; a step that
 * follows the making of a link finds it by name when it is applied.
 */
#include "plan.h"

#include <linux/if_addr.h>

static struct step *plan_add(struct plan *plan, enum step_op op, const char *ifname, int ifindex)
{
	struct step *s;

	if (plan->n == plan->size) {
		size_t size = plan->size ? plan->size * 2 : 8;

		s = realloc(plan->steps, size * sizeof(*s));
		if (!s) {
			plan->failed = true;
			return NULL;
		}
		plan->steps = s;
		plan->size = size;
	}
	s = &plan->steps[plan->n++];
	*s = (struct step){ .op = op, .ifindex = ifindex };
	str_copy(s->ifname, sizeof(s->ifname), ifname);
	return s;
}

void plan_done(struct plan *plan)
{
	free(plan->steps);
	*plan = (struct plan){ 0 };
}

/* ---- what a network wants ---- */

static bool makes_bridge(const struct network *net)
{
	return net->config->mode != MODE_BRIDGE || net->config->uplink;
}

static const struct link *nic_of(const struct plan_input *in)
{
	const struct config_network *c = in->net->config;

	if (c->mode != MODE_BRIDGE || !c->uplink)
		return NULL;
	return actual_link_named(in->actual, c->uplink);
}

bool plan_wants_routes(const struct network *net)
{
	return net->config->mode == MODE_BRIDGE && net->config->uplink;
}

static bool is_own_bridge(const struct link *l, const struct network *net)
{
	struct mark m;

	return l && streq(l->kind, "bridge") && mark_parse(l->alias, &m) == 0 && !m.port[0] &&
	       streq(m.network, net->name);
}

static const char *master_name(const struct actual *a, int ifindex)
{
	const struct link *l = ifindex ? actual_link(a, ifindex) : NULL;

	return l ? l->name : "";
}

/* ---- links ---- */

static void values_of(const struct actual *a, const struct link *l, struct link_values *ret)
{
	*ret = (struct link_values){
		.mtu = l->mtu,
		.mac = l->mac,
		.up = l->flags & IFF_UP,
		.isolated = l->isolated,
	};
	str_copy(ret->master, sizeof(ret->master), master_name(a, l->master));
	str_copy(ret->alias, sizeof(ret->alias), l->alias ?: "");
}

static unsigned values_differ(const struct link_values *want, const struct link_values *have,
			      unsigned which)
{
	unsigned set = 0;

	if (!streq(want->master, have->master))
		set |= LINK_MASTER;
	if (want->mtu != have->mtu)
		set |= LINK_MTU;
	if (!mac_equal(&want->mac, &have->mac))
		set |= LINK_MAC;
	if (!streq(want->alias, have->alias))
		set |= LINK_ALIAS;
	if (want->up != have->up)
		set |= LINK_UP;
	if (want->isolated != have->isolated)
		set |= LINK_ISOLATED;
	return set & which;
}

/* A step for what differs, or none. */
static void plan_link(const struct plan_input *in, struct plan *plan, const struct link *l,
		      const struct link_values *want, unsigned which)
{
	struct link_values have;
	struct step *s;
	unsigned set;

	values_of(in->actual, l, &have);
	set = values_differ(want, &have, which);
	if (!set)
		return;
	/* A port that comes to a bridge gets the bridge's own settings with it. */
	if ((set & LINK_MASTER) && want->master[0])
		set |= which & (LINK_ISOLATED | LINK_QUIET);
	s = plan_add(plan, STEP_LINK_SET, l->name, l->ifindex);
	if (!s)
		return;
	s->set = set;
	s->values = *want;
	s->old = have;
	s->interrupts = ((set & LINK_MASTER) && have.master[0]) || ((set & LINK_UP) && !want->up);
}

static void plan_bridge(const struct plan_input *in, struct plan *plan)
{
	const struct network *net = in->net;
	const struct link *l = actual_link_named(in->actual, net->config->bridge);
	const struct link *nic = nic_of(in);
	struct link_values want = {
		.mtu = network_mtu(net),
		.mac = nic ? nic->mac : net->mac,
		.up = true,
	};
	struct mark mark;
	struct step *s;

	mark_of_network(net, &mark);
	mark_format(&mark, want.alias);
	if (l) {
		plan_link(in, plan, l, &want, LINK_MTU | LINK_MAC | LINK_ALIAS | LINK_UP);
		return;
	}
	s = plan_add(plan, STEP_BRIDGE_ADD, net->config->bridge, 0);
	if (!s)
		return;
	s->set = net->config->mode == MODE_BRIDGE ? 0 : LINK_QUIET;
	s->values = want;
}

void plan_port(const struct plan_input *in, const struct port *p, struct plan *plan)
{
	const struct link *l = actual_link(in->actual, p->ifindex);
	const struct network *net = in->net;
	unsigned which = LINK_MASTER | LINK_MTU | LINK_ALIAS | LINK_UP | LINK_ISOLATED | LINK_QUIET;
	struct link_values want = {
		.mtu = network_mtu(net),
		.mac = tap_mac(&p->mac),
		.up = true,
		.isolated = net->config->isolated,
	};
	struct mark mark;

	if (!l)
		return;
	mark_of_port(p, &mark);
	mark_format(&mark, want.alias);
	str_copy(want.master, sizeof(want.master), net->config->bridge);
	if (p->kind != PORT_JOINED)
		which |= LINK_MAC;
	plan_link(in, plan, l, &want, which);
}

/* ---- addresses ---- */

static void plan_addr(struct plan *plan, enum step_op op, const char *ifname, int ifindex,
		      const struct prefix *p, uint32_t flags, bool broadcast)
{
	struct step *s = plan_add(plan, op, ifname, ifindex);

	if (!s)
		return;
	s->prefix = *p;
	s->flags = flags;
	s->broadcast = broadcast;
	s->interrupts = op == STEP_ADDR_DEL;
}

static bool is_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

static bool wants_addr(const struct network *net, const struct prefix *p)
{
	for (size_t i = 0; i < net->naddresses; i++)
		if (is_prefix(&net->addresses[i], p))
			return true;
	return false;
}

static bool wants_ipv6(const struct network *net)
{
	for (size_t i = 0; i < net->naddresses; i++)
		if (net->addresses[i].addr.family == AF_INET6)
			return true;
	return false;
}

/* Old ones first: a new one in the same subnet is then no secondary of it. */
static void plan_addresses(const struct plan_input *in, struct plan *plan)
{
	const struct network *net = in->net;
	const struct link *l = actual_link_named(in->actual, net->config->bridge);
	const char *bridge = net->config->bridge;
	int ifindex = l ? l->ifindex : 0;
	struct prefix link_local = { addr_from_mac_link_local(&net->mac), 64 };

	bool ours = net->config->mode != MODE_BRIDGE;

	for (size_t i = 0; l && ours && i < l->naddrs; i++)
		if (!wants_addr(net, &l->addrs[i].prefix) &&
		    (l->addrs[i].scope == RT_SCOPE_UNIVERSE ||
		     (!wants_ipv6(net) && is_prefix(&l->addrs[i].prefix, &link_local))))
			plan_addr(plan, STEP_ADDR_DEL, bridge, ifindex, &l->addrs[i].prefix,
				  l->addrs[i].flags, l->addrs[i].broadcast);
	for (size_t i = 0; i < net->naddresses; i++)
		if (!l || !link_has_addr(l, &net->addresses[i]))
			plan_addr(plan, STEP_ADDR_ADD, bridge, ifindex, &net->addresses[i],
				  IFA_F_NODAD, true);
	if (ours && wants_ipv6(net) && (!l || !link_has_addr(l, &link_local)))
		plan_addr(plan, STEP_ADDR_ADD, bridge, ifindex, &link_local, IFA_F_NODAD, false);
}

/* ---- switches ---- */

static void plan_sysctls(const struct plan_input *in, struct plan *plan)
{
	const struct network *net = in->net;
	const struct link *l = actual_link_named(in->actual, net->config->bridge);
	bool forwards = net->config->mode == MODE_NAT || net->config->mode == MODE_ROUTE;
	const int want[] = {
		[LINK_SYSCTL_FORWARDING4] = forwards,
		[LINK_SYSCTL_ROUTE_LOCALNET] = 1,
		[LINK_SYSCTL_FORWARDING6] = forwards,
		[LINK_SYSCTL_ACCEPT_RA] = 0,
		[LINK_SYSCTL_PROMOTE] = 1,
	};
	static_assert(ARRAY_SIZE(want) == LINK_NSYSCTLS, "a value for each switch");

	if (net->config->mode == MODE_BRIDGE)
		return;
	for (size_t i = 0; i < LINK_NSYSCTLS; i++) {
		int have = l ? l->sysctls[i] : -1;
		struct step *s;

		/* -ENOENT: the kernel has no IPv6, or not this switch */
		if (have == want[i] || (l && have < -1))
			continue;
		s = plan_add(plan, STEP_SYSCTL, net->config->bridge, l ? l->ifindex : 0);
		if (!s)
			return;
		s->sysctl = i;
		s->value = want[i];
		s->old_value = have;
	}
}

/* ---- a NIC and its bridge ---- */

static void plan_routes(const struct plan_input *in, struct plan *plan, enum step_op op, int of,
			const char *ifname, int ifindex)
{
	for (size_t i = 0; in->routes && i < in->routes->n; i++) {
		const struct route *r = &in->routes->list[i];
		struct step *s;

		if (r->oif != of || !route_is_static(r))
			continue;
		s = plan_add(plan, op, ifname, ifindex);
		if (!s)
			return;
		s->route = r;
		s->interrupts = op == STEP_ROUTE_DEL;
	}
}

static bool addr_moves(const struct link_addr *a, const struct network *net)
{
	return (a->flags & IFA_F_PERMANENT) && a->scope != RT_SCOPE_LINK &&
	       !wants_addr(net, &a->prefix);
}

/* Addresses and routes of @from go to @to, whose master changes in between. */
static void plan_move(const struct plan_input *in, struct plan *plan, const struct link *from,
		      const char *to, int to_index, const struct link *nic,
		      const struct link_values *nic_want, unsigned which)
{
	plan_routes(in, plan, STEP_ROUTE_DEL, from->ifindex, from->name, from->ifindex);
	for (size_t i = 0; i < from->naddrs; i++)
		if (addr_moves(&from->addrs[i], in->net))
			plan_addr(plan, STEP_ADDR_DEL, from->name, from->ifindex,
				  &from->addrs[i].prefix, from->addrs[i].flags,
				  from->addrs[i].broadcast);
	plan_link(in, plan, nic, nic_want, which);
	for (size_t i = 0; i < from->naddrs; i++)
		if (addr_moves(&from->addrs[i], in->net))
			plan_addr(plan, STEP_ADDR_ADD, to, to_index, &from->addrs[i].prefix,
				  from->addrs[i].flags & ~IFA_F_PERMANENT,
				  from->addrs[i].broadcast);
	plan_routes(in, plan, STEP_ROUTE_ADD, from->ifindex, to, to_index);
}

static void plan_nic_joins(const struct plan_input *in, struct plan *plan)
{
	const struct link *nic = nic_of(in);
	const struct link *l = actual_link_named(in->actual, in->net->config->bridge);
	struct link_values want = { .up = true };

	if (!nic)
		return;
	str_copy(want.master, sizeof(want.master), in->net->config->bridge);
	plan_move(in, plan, nic, in->net->config->bridge, l ? l->ifindex : 0, nic, &want,
		  LINK_MASTER | LINK_UP);
}

/* Every link in the bridge that has no mark and is no port of ours: the NIC that was moved. */
static void plan_nic_leaves(const struct plan_input *in, struct plan *plan,
			    const struct link *bridge)
{
	const struct link *l, *next;
	struct link_values want = { .up = true };
	struct mark mark;

	HASH_ITER(hh, in->actual->by_index, l, next) {
		if (l->master != bridge->ifindex || mark_parse(l->alias, &mark) == 0)
			continue;
		plan_move(in, plan, bridge, l->name, l->ifindex, l, &want, LINK_MASTER);
		return;
	}
}

/* ---- whole networks ---- */

static void plan_link_delete(const struct plan_input *in, struct plan *plan, const struct link *l,
			     bool interrupts)
{
	struct step *s = plan_add(plan, STEP_LINK_DEL, l->name, l->ifindex);

	if (!s)
		return;
	values_of(in->actual, l, &s->old);
	s->set = streq(l->kind, "bridge") ? LINK_MASTER : 0;
	s->interrupts = interrupts;
}

void plan_network(const struct plan_input *in, struct plan *plan)
{
	const struct network *net = in->net;
	const struct link *current = actual_link(in->actual, net->ifindex);
	bool moves = current && is_own_bridge(current, net) &&
		     (!makes_bridge(net) || !streq(current->name, net->config->bridge));
	const struct port *p, *next;

	plan->force_forwarding = in->actual->force_forwarding;
	if (moves && plan_wants_routes(net))
		plan_nic_leaves(in, plan, current);
	if (makes_bridge(net)) {
		plan_bridge(in, plan);
		plan_nic_joins(in, plan);
		plan_addresses(in, plan);
		plan_sysctls(in, plan);
	}
	HASH_ITER(hh, net->ports, p, next)
		if (p->state == PORT_ATTACHED || p->state == PORT_WAITING)
			plan_port(in, p, plan);
	if (moves) {
		if (!plan_wants_routes(net))
			plan_nic_leaves(in, plan, current);
		plan_link_delete(in, plan, current, net->ports);
	}
}

void plan_removal(const struct plan_input *in, struct plan *plan)
{
	const struct network *net = in->net;
	const struct link *bridge = actual_link(in->actual, net->ifindex);
	const struct port *p, *next;
	struct link_values want = { 0 };

	plan->force_forwarding = in->actual->force_forwarding;
	HASH_ITER(hh, net->ports, p, next) {
		const struct link *l = actual_link(in->actual, p->ifindex);

		if (l)
			plan_link(in, plan, l, &want,
				  p->kind == PORT_JOINED ? LINK_MASTER | LINK_ALIAS
							 : LINK_MASTER | LINK_UP);
	}
	if (!is_own_bridge(bridge, net))
		return;
	plan_nic_leaves(in, plan, bridge);
	plan_link_delete(in, plan, bridge, net->ports);
}
