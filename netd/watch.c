// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Notices from the kernel, and what follows of them.
 *
 * A notice only marks what to look at again; the work is done before the loop
 * waits, link by link: a port whose link is gone ends, one that differs from
 * what it should be is put right, a bridge likewise, and a new foreign link is
 * compared with the patterns. Our own changes are noticed as well and found to
 * be right. Daemon's thread only.
 */
#include "watch.h"

#include <linux/if.h>

#include "apply.h"
#include "host.h"
#include "join.h"
#include "network.h"
#include "port.h"

#define ROUNDS_MAX 8 /* of work before the loop may wait again */
#define LEFT_ALONE_MAX 1024

struct notice {
	int ifindex;
	uint32_t portid;
	bool isnew; /* or renamed */
	struct mac mac;
};

struct watch {
	struct source *io, *prepare, *again;
	struct notice *notices;
	size_t n, size;
	bool making, host_changed, recheck;
	int left_alone[LEFT_ALONE_MAX];
	size_t nleft_alone;
};

void watch_expect(struct netd *d, bool making)
{
	if (d->watch)
		d->watch->making = making;
}

void watch_leave_alone(struct netd *d, int ifindex)
{
	struct watch *w = d->watch;

	if (w && w->nleft_alone < LEFT_ALONE_MAX)
		w->left_alone[w->nleft_alone++] = ifindex;
}

bool watch_is_left_alone(const struct netd *d, int ifindex)
{
	for (size_t i = 0; d->watch && i < d->watch->nleft_alone; i++)
		if (d->watch->left_alone[i] == ifindex)
			return true;
	return false;
}

static void forget_left_alone(struct watch *w, int ifindex)
{
	for (size_t i = 0; i < w->nleft_alone; i++)
		if (w->left_alone[i] == ifindex)
			w->left_alone[i] = w->left_alone[--w->nleft_alone];
}

static void note(struct watch *w, const struct actual_change *c)
{
	struct notice *list;

	if (w->n == w->size) {
		list = realloc(w->notices, (w->size * 2 + 32) * sizeof(*list));
		if (!list) {
			/* Everything is looked at again instead. */
			w->recheck = true;
			return;
		}
		w->notices = list;
		w->size = w->size * 2 + 32;
	}
	w->notices[w->n++] = (struct notice){
		.ifindex = c->ifindex,
		.portid = c->portid,
		.isnew = c->kind == ACTUAL_LINK_NEW || c->renamed,
		.mac = c->mac,
	};
}

void watch_note(struct netd *d, int ifindex)
{
	struct actual_change c = { .kind = ACTUAL_LINK_CHANGED, .ifindex = ifindex };

	if (d->watch)
		note(d->watch, &c);
}

static bool is_known(const struct netd *d, int ifindex)
{
	struct network *net;
	struct port *p;

	HASH_FIND(hh_ifindex, d->ports_by_ifindex, &ifindex, sizeof(int), p);
	if (p)
		return true;
	HASH_FIND(hh_ifindex, d->networks_by_ifindex, &ifindex, sizeof(int), net);
	return net;
}

/* What never sent a frame has left nothing behind to be looked for. */
static void note_silence(struct netd *d, const struct actual_change *c)
{
	struct port *p;

	HASH_FIND(hh_ifindex, d->ports_by_ifindex, &c->ifindex, sizeof(int), p);
	if (p && c->gone)
		p->silent = c->gone->silent;
}

static void changed(void *data, const struct actual_change *c)
{
	struct netd *d = data;
	struct watch *w = d->watch;
	bool known = is_known(d, c->ifindex);

	switch (c->kind) {
	case ACTUAL_LINK_NEW:
		if (w->making)
			return;
		w->recheck = w->host_changed = true;
		note(w, c);
		return;
	case ACTUAL_LINK_GONE:
		forget_left_alone(w, c->ifindex);
		note_silence(d, c);
		if (!known)
			w->recheck = true;
		break;
	case ACTUAL_LINK_CHANGED:
		if (c->renamed && !known) {
			w->recheck = true;
			note(w, c);
		}
		break;
	case ACTUAL_ADDR_NEW:
	case ACTUAL_ADDR_GONE:
		if (!known)
			w->host_changed = w->recheck = true;
		break;
	case ACTUAL_NETCONF:
		/* A new link's first notice comes before the link's own; that one is enough. */
		if (!known && (c->link || c->ifindex < 0))
			w->host_changed = true;
		break;
	case ACTUAL_NEIGH_LEARNED:
		break;
	}
	if (known)
		note(w, c);
}

/* ---- work ---- */

/* " by pid 77 (ip)": netlink's port id is the process's, for a program's first socket. */
static const char *who(uint32_t portid, char buf[static 64])
{
	char path[64], comm[32] = "";
	FILE *f;

	buf[0] = '\0';
	if (!portid || portid == (uint32_t)getpid() || portid > 4194304)
		return buf;
	snprintf(path, sizeof(path), "/proc/%u/comm", portid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(comm, sizeof(comm), f))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(f);
	}
	snprintf(buf, 64, comm[0] ? " by pid %u (%s)" : " by pid %u", portid, comm);
	return buf;
}

#define DRIFT_STEPS_TOLD 4

/* One line however much has changed: the first steps, and how many more there are. */
static void tell_drift(struct network *net, const struct plan *plan, uint32_t portid,
		       struct log_limit *limit)
{
	char text[STEP_TEXT_MAX], all[DRIFT_STEPS_TOLD * STEP_TEXT_MAX], by[64];
	size_t n = 0, told = MIN(plan->n, (size_t)DRIFT_STEPS_TOLD);

	who(portid, by);
	for (size_t i = 0; i < told; i++)
		n += snprintf(all + n, sizeof(all) - n, "%s%s", i ? "; " : "",
			      step_text(&plan->steps[i], plan, text));
	if (!limit || log_allowed(limit)) {
		if (plan->n > told)
			log_warn("network %s: changed%s, repairing: %s; and %zu more", net->name,
				 by, all, plan->n - told);
		else
			log_warn("network %s: changed%s, repairing: %s", net->name, by, all);
	}
	netd_event(net->netd, "drift",
		   json_pack("{s:s, s:s, s:s, s:s}", "network", net->name, "interface",
			     plan->steps[0].ifname, "repair", all, "by", by[0] ? by + 4 : ""));
}

static void repair(struct port *p, struct plan *plan, uint32_t portid)
{
	struct network *net = p->network;
	struct error err = { 0 };

	if (!plan->n)
		return;
	tell_drift(net, plan, portid, &p->drift_limit);
	if (apply_plan(net->netd->actual, plan, &err) < 0)
		log_error("network %s: cannot repair: %s", net->name, err.message);
}

/* The holder of the fds may have made it persistent; without a holder nobody wants it. */
static bool is_abandoned(const struct link *l)
{
	return l->tap_persistent && (l->flags & IFF_UP) && !(l->flags & IFF_LOWER_UP);
}

static void work_port(struct port *p, const struct notice *n)
{
	struct network *net = p->network;
	const struct link *l = actual_link(net->netd->actual, p->ifindex);
	struct plan_input in = { net, net->netd->actual, NULL };
	struct plan plan = { 0 };

	if (!l) {
		port_gone(p, p->kind == PORT_TAP ? "its last descriptor was closed"
						 : "its interface is gone");
		return;
	}
	if (p->kind == PORT_TAP && is_abandoned(l)) {
		log_warn("port %s/%s: its tap was made persistent and left, removing it", net->name,
			 p->name);
		port_detach(p, NULL);
		return;
	}
	if (!streq(p->ifname, l->name)) {
		log_warn("port %s/%s: its interface %s is %s now", net->name, p->name, p->ifname,
			 l->name);
		str_copy(p->ifname, sizeof(p->ifname), l->name);
		network_commit_rules(net, NULL);
	}
	if (net->state != NETWORK_UP)
		return;
	if (p->state == PORT_WAITING && mac_is_set(&n->mac)) {
		join_learned(p, &n->mac);
		return;
	}
	/* Who makes a tap names its owner after the tap is there. */
	if (p->kind == PORT_JOINED && streq(l->kind, "tun") && l->tap_owner != (uid_t)-1 &&
	    p->uid != l->tap_owner) {
		p->uid = l->tap_owner;
		plan_port(&in, p, &plan);
		apply_plan(net->netd->actual, &plan, NULL);
		plan_done(&plan);
		return;
	}
	plan_port(&in, p, &plan);
	/* Down and off its bridge is also what the last notices but one of a dying link say. */
	if (plan.n && link_exists(net->netd->rtnl, p->ifindex) &&
	    link_exists(net->netd->rtnl, net->ifindex))
		repair(p, &plan, n->portid);
	plan_done(&plan);
}

static void work_network(struct network *net, const struct notice *n)
{
	struct netd *d = net->netd;
	struct plan_input in = { net, d->actual, NULL };
	struct routes routes = { 0 };
	struct plan plan = { 0 };
	struct error err = { 0 };
	struct link *l;

	if (net->state != NETWORK_UP)
		return;
	network_refresh_addresses(net);
	if (network_check(net, &err) < 0) {
		network_set_state(net, NETWORK_FAILED, err.message);
		net->blocked = true;
		return;
	}
	if (plan_wants_routes(net) && routes_dump(d->rtnl, &routes, NULL) == 0)
		in.routes = &routes;
	l = actual_link_named(d->actual, net->config->bridge);
	if (l)
		actual_read_sysctls(d->actual, l);
	plan_network(&in, &plan);
	if (plan.n && (!l || link_exists(d->rtnl, l->ifindex))) {
		tell_drift(net, &plan, n->portid, NULL);
		network_reconcile(net, NULL);
	}
	plan_done(&plan);
	routes_done(&routes);
}

static void work_notice(struct netd *d, const struct notice *n)
{
	const struct link *l = actual_link(d->actual, n->ifindex);
	struct network *net;
	struct port *p;

	HASH_FIND(hh_ifindex, d->ports_by_ifindex, &n->ifindex, sizeof(int), p);
	HASH_FIND(hh_ifindex, d->networks_by_ifindex, &n->ifindex, sizeof(int), net);
	if (p)
		work_port(p, n);
	else if (net)
		work_network(net, n);
	else if (l && n->isnew)
		join_try(d, l);
}

/* Networks wait for an uplink or a bridge that was missing, or lose theirs. */
static void work_recheck(struct netd *d)
{
	struct network *net, *next;

	HASH_ITER(hh, d->networks, net, next) {
		struct error err = { 0 };
		int r;

		if (net->state == NETWORK_FAILED
			    ? !net->blocked
			    : !net->config->uplink && net->config->mode != MODE_BRIDGE)
			continue;
		r = network_check(net, &err);
		if (r < 0 && net->state == NETWORK_UP) {
			network_set_state(net, NETWORK_FAILED, err.message);
			net->blocked = true;
		} else if (r == 0 && net->state == NETWORK_FAILED) {
			network_reconcile(net, NULL);
			join_scan(d, net);
		} else if (r == 0 && net->config->mode == MODE_BRIDGE) {
			/* Its NIC may have got an address that belongs on the bridge. */
			network_reconcile(net, NULL);
		}
	}
}

static int notice_cmp(const void *a, const void *b)
{
	const struct notice *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static void work_notices(struct netd *d)
{
	struct watch *w = d->watch;
	struct notice *list = TAKE_PTR(w->notices);
	size_t n = w->n;

	w->n = w->size = 0;
	qsort(list, n, sizeof(*list), notice_cmp);
	for (size_t i = 0; i < n;) {
		struct notice all = list[i];

		for (i++; i < n && list[i].ifindex == all.ifindex; i++) {
			all.isnew |= list[i].isnew;
			all.portid = list[i].portid ?: all.portid;
			if (mac_is_set(&list[i].mac))
				all.mac = list[i].mac;
		}
		work_notice(d, &all);
	}
	free(list);
}

void watch_work(struct netd *d)
{
	struct watch *w = d->watch;
	struct error err = { 0 };
	int rounds = 0;

	while (w && (w->n || w->recheck || w->host_changed) && rounds++ < ROUNDS_MAX) {
		if (w->n)
			work_notices(d);
		if (w->recheck) {
			w->recheck = false;
			work_recheck(d);
		}
		if (w->host_changed) {
			w->host_changed = false;
			if (host_reconcile(d, d->config, NULL, &err) < 0)
				log_error("host: %s", err.message);
		}
	}
	/* Somebody changes things as fast as we repair them: let others have a turn. */
	if (w && w->n)
		source_set_timer(w->again, 100, 0);
}

static void on_readable(struct source *s, int fd, uint32_t events, void *data)
{
	struct netd *d = data;

	(void)s;
	(void)fd;
	(void)events;
	actual_drain(d->actual);
}

static void on_prepare(void *data)
{
	watch_work(data);
}

static void on_again(struct source *s, void *data)
{
	(void)s;
	(void)data;
}

int watch_start(struct netd *d, struct error *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	int r = w ? 0 : -ENOMEM;

	if (r == 0)
		r = loop_add_io(d->loop, rtnl_monitor_fd(d->rtnl), EPOLLIN, on_readable, d, &w->io);
	if (r == 0)
		r = loop_add_prepare(d->loop, on_prepare, d, &w->prepare);
	if (r == 0)
		r = loop_add_timer(d->loop, on_again, d, &w->again);
	d->watch = w;
	if (r < 0) {
		watch_stop(d);
		return error_set(err, -r, "cannot watch netlink: %s", strerror(-r));
	}
	d->actual->changed = changed;
	d->actual->data = d;
	return 0;
}

void watch_stop(struct netd *d)
{
	struct watch *w = d->watch;

	if (!w)
		return;
	d->actual->changed = NULL;
	source_free(w->io);
	source_free(w->prepare);
	source_free(w->again);
	free(w->notices);
	free(w);
	d->watch = NULL;
}
