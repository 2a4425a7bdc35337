// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recovery: the kernel's marks become objects again.
 *
 * Runs at the start, over everything, and for a network that returns, over the
 * links that still carry its mark. Changes the kernel only where a link
 * belongs to no network any more. Daemon's thread only.
 */
#include "recover.h"

#include "apply.h"
#include "network.h"
#include "port.h"

static enum port_kind kind_of(const struct link *l, const struct mark *m)
{
	if (m->joined)
		return PORT_JOINED;
	return streq(l->kind, "veth") ? PORT_VETH : PORT_TAP;
}

static void recover_port(struct network *net, const struct link *l, const struct mark *m)
{
	struct port *p;

	if (!m->joined && !link_is_port_kind(l))
		return;
	p = port_find(net, m->port);
	if (p) {
		if (p->ifindex != l->ifindex)
			log_warn("port %s/%s: %s carries the mark of %s too, ignoring", net->name,
				 m->port, l->name, p->ifname);
		return;
	}
	p = port_new(net, m->port, kind_of(l, m), l->name, l->ifindex);
	if (!p)
		return;
	p->mac = m->mac;
	p->addr4 = m->addr4;
	p->addr6 = m->addr6;
	p->uid = m->uid;
	p->since_s = m->since_s;
	p->queues = MAX(l->tap_queues, 1U);
	/* Found, not attached: no event is due. */
	port_restore_state(p, mac_is_set(&p->mac) ? PORT_ATTACHED : PORT_WAITING);
	log_debug("port %s/%s: found again, %s", net->name, p->name, l->name);
}

/* The network's own bridge: the configured one, where an edit was cut short and two are there. */
static void recover_bridge(struct network *net, const struct link *l)
{
	const struct link *old = actual_link(net->netd->actual, net->ifindex);

	if (old && !streq(l->name, net->config->bridge))
		return;
	network_set_ifindex(net, l->ifindex);
	net->owns_bridge = true;
}

/* With the NIC's addresses back on the NIC, where it had one. */
static void delete_bridge(struct netd *d, const struct link *l, const char *network)
{
	struct network gone = { .netd = d, .ifindex = l->ifindex };
	struct routes routes = { 0 };
	struct plan_input in = { &gone, d->actual, &routes };
	struct plan plan = { 0 };
	struct error err = { 0 };

	str_copy(gone.name, sizeof(gone.name), network);
	if (routes_dump(d->rtnl, &routes, &err) == 0) {
		plan_removal(&in, &plan);
		apply_plan(d->actual, &plan, &err);
	}
	if (err.code)
		log_warn("bridge of network %s: %s", network, err.message);
	plan_done(&plan);
	routes_done(&routes);
}

/* Its network is gone: it stays with its holder, down and without a bridge. */
static void release(struct netd *d, const struct link *l, const struct mark *m)
{
	struct link_values none = { 0 };
	struct rtnl_batch batch = { 0 };

	if (!l->master && !m->joined)
		return;
	link_put_values(&batch, l->ifindex, LINK_MASTER | (m->joined ? LINK_ALIAS : LINK_UP), &none,
			0);
	rtnl_run_one(d->rtnl, &batch, NULL);
	rtnl_batch_done(&batch);
}

void recover_network(struct network *net)
{
	struct link *l, *next;
	struct mark m;

	HASH_ITER(hh, net->netd->actual->by_index, l, next)
		if (mark_parse(l->alias, &m) == 0 && streq(m.network, net->name)) {
			if (m.port[0])
				recover_port(net, l, &m);
			else if (streq(l->kind, "bridge"))
				recover_bridge(net, l);
		}
}

/* One at a time, each followed by a new look: removing one changes the table. */
static void delete_stray_bridges(struct netd *d)
{
	struct link *l, *next, *stray;
	struct mark m;
	size_t left = HASH_COUNT(d->actual->by_index);

	do {
		stray = NULL;
		HASH_ITER(hh, d->actual->by_index, l, next) {
			struct network *net;

			if (mark_parse(l->alias, &m) < 0 || m.port[0] || !streq(l->kind, "bridge"))
				continue;
			net = network_find(d, m.network);
			if (!net || net->ifindex != l->ifindex) {
				stray = l;
				break;
			}
		}
		if (stray) {
			log_info("bridge %s: network %s does not have it any more, removing it",
				 stray->name, m.network);
			delete_bridge(d, stray, m.network);
		}
	} while (stray && left-- > 0);
}

void recover(struct netd *d)
{
	struct link *l, *next;
	struct mark m;

	HASH_ITER(hh, d->actual->by_index, l, next) {
		struct network *net;

		if (mark_parse(l->alias, &m) < 0)
			continue;
		net = network_find(d, m.network);
		if (net && m.port[0])
			recover_port(net, l, &m);
		else if (net && streq(l->kind, "bridge"))
			recover_bridge(net, l);
		else if (!net && m.port[0])
			release(d, l, &m);
	}
	actual_drain(d->actual);
	delete_stray_bridges(d);
}

void recover_delete_orphans(struct netd *d)
{
	struct rtnl_batch batch = { 0 };
	struct link *l, *next;
	struct mark m;

	HASH_ITER(hh, d->actual->by_index, l, next)
		if (mark_parse(l->alias, &m) == 0 && m.port[0] && !network_find(d, m.network) &&
		    !m.joined && link_is_port_kind(l))
			link_put_delete(&batch, l->ifindex);
	if (batch.n && rtnl_run(d->rtnl, &batch, NULL, NULL, NULL) < 0)
		log_warn("netlink: cannot remove what networks of before left");
	rtnl_batch_done(&batch);
	actual_drain(d->actual);
}
