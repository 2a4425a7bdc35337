// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports: the object, attach and detach.
 *
 * A port's life in the kernel: attach makes the link (a tap whose fds go to
 * the client, or a veth into a namespace), puts the rules in force and only
 * then lets the link onto the bridge; detach takes the link away first and the
 * rules after it. Daemon's thread only.
 */
#include "port.h"

#include <time.h>

#include "address.h"
#include "apply.h"
#include "conntrack.h"
#include "dnsmasq.h"
#include "network.h"
#include "sysctl.h"
#include "tap.h"
#include "watch.h"

static_assert(PORT_QUEUES_MAX == TAP_QUEUES_MAX, "one maximum");

static const char *const state_names[] = {
	[PORT_NEW] = "new",
	[PORT_WAITING] = "waiting",
	[PORT_ATTACHED] = "attached",
	[PORT_LEAVING] = "leaving",
};
static_assert(ARRAY_SIZE(state_names) == PORT_NSTATES, "a name for each state");

static const char *const kind_names[] = {
	[PORT_TAP] = "tap",
	[PORT_VETH] = "veth",
	[PORT_JOINED] = "joined",
};
static_assert(ARRAY_SIZE(kind_names) == PORT_NKINDS, "a name for each kind");

const char *port_state_name(enum port_state s)
{
	return s < PORT_NSTATES ? state_names[s] : "?";
}

const char *port_kind_name(enum port_kind k)
{
	return k < PORT_NKINDS ? kind_names[k] : "?";
}

struct port *port_find(struct network *net, const char *name)
{
	struct port *p;

	HASH_FIND_STR(net->ports, name, p);
	return p;
}

struct port *port_new(struct network *net, const char *name, enum port_kind kind,
		      const char *ifname, int ifindex)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->network = net;
	p->kind = kind;
	p->queues = 1;
	p->ifindex = ifindex;
	str_copy(p->name, sizeof(p->name), name);
	str_copy(p->ifname, sizeof(p->ifname), ifname);
	HASH_ADD_STR(net->ports, name, p);
	HASH_ADD(hh_ifindex, net->netd->ports_by_ifindex, ifindex, sizeof(int), p);
	return p;
}

void port_free(struct port *p)
{
	HASH_DELETE(hh, p->network->ports, p);
	HASH_DELETE(hh_ifindex, p->network->netd->ports_by_ifindex, p);
	free(p);
}

static void announce(const struct port *p, const char *event)
{
	json_t *o = port_json(p);

	if (o)
		json_object_set_new(o, "port", json_string(p->name));
	netd_event(p->network->netd, event, o);
}

void port_set_state(struct port *p, enum port_state state)
{
	bool was_up = p->state == PORT_ATTACHED;

	if (p->state == state)
		return;
	p->state = state;
	if (state == PORT_ATTACHED) {
		log_info("port %s/%s: attached, %s, ifindex %d, mac %s", p->network->name, p->name,
			 p->ifname, p->ifindex, MAC_STR(&p->mac));
		announce(p, "port-up");
	} else if (state == PORT_WAITING) {
		log_info("port %s/%s: joined, %s, waiting for its first frame", p->network->name,
			 p->name, p->ifname);
	} else if (was_up) {
		announce(p, "port-down");
	}
}

void port_restore_state(struct port *p, enum port_state state)
{
	p->state = state;
}

json_t *port_json(const struct port *p)
{
	const struct addr *addrs[] = { &p->addr4, &p->addr6 };
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		if (addr_is_set(addrs[i]))
			json_array_append_new(list, json_string(ADDR_STR(addrs[i])));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s*, s:o, s:I, s:I, s:i, s:I}", "network",
			 p->network->name, "name", p->name, "kind", port_kind_name(p->kind),
			 "state", port_state_name(p->state), "ifname", p->ifname, "ifindex",
			 p->ifindex, "mac", mac_is_set(&p->mac) ? MAC_STR(&p->mac) : NULL,
			 "addresses", list, "uid", (json_int_t)p->uid, "pid", (json_int_t)p->pid,
			 "queues", (int)p->queues, "since", (json_int_t)p->since_s);
}

/* The host's end receives what the guest sends. */
int port_stats(const struct port *p, struct port_stats *ret)
{
	struct link_stats s;
	int r = link_stats(p->network->netd->rtnl, p->ifindex, &s);

	if (r == 0)
		*ret = (struct port_stats){ s.tx_bytes, s.tx_packets, s.rx_bytes, s.rx_packets,
					    s.drops };
	return r;
}

/* ---- leaving ---- */

/* Everything but the link. Frees the port. */
static void leave(struct port *p, const char *why)
{
	struct network *net = p->network;
	struct addr addrs[] = { p->addr4, p->addr6 };
	bool silent = p->silent;
	struct error err = { 0 };

	if (p->state != PORT_LEAVING)
		port_set_state(p, PORT_LEAVING);
	log_info("port %s/%s: %s", net->name, p->name, why);
	dnsmasq_port_del(net, p);
	port_free(p);
	if (network_commit_rules(net, &err) < 0)
		log_error("network %s: %s", net->name, err.message);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		if (!silent && addr_is_set(&addrs[i]) && net->netd->conntrack)
			conntrack_flush_addr(net->netd->conntrack, &addrs[i]);
	if (net->state != NETWORK_UP)
		return;
	/* Maybe the last one that used an old gateway. */
	if (network_refresh_addresses(net))
		network_reconcile(net, NULL);
}

void port_gone(struct port *p, const char *why)
{
	leave(p, why);
}

int port_release(struct port *p, struct error *err)
{
	struct netd *d = p->network->netd;
	const struct link *l = actual_link(d->actual, p->ifindex);
	struct rtnl_batch batch = { 0 };
	struct link_values none = { 0 };
	int r = 0;

	port_set_state(p, PORT_LEAVING);
	if (l && p->kind == PORT_JOINED)
		link_put_values(&batch, p->ifindex, LINK_MASTER | LINK_ALIAS, &none, 0);
	else if (l)
		link_put_delete(&batch, p->ifindex);
	if (l)
		r = rtnl_run_one(d->rtnl, &batch, err);
	rtnl_batch_done(&batch);
	leave(p, "detached");
	actual_drain(d->actual);
	return r == -ENODEV ? 0 : r;
}

int port_detach(struct port *p, struct error *err)
{
	if (p->kind == PORT_JOINED)
		watch_leave_alone(p->network->netd, p->ifindex);
	return port_release(p, err);
}

/* ---- attach ---- */

/* One attach under way: what its parts share. */
struct attach {
	struct netd *d;
	const struct port_request *req;
	struct network *net;
	struct port *port;
	struct port_fds fds;
	enum port_refusal refusal;
	char *detail; /* 256 bytes */
	struct error *err;
};

static int refuse(struct attach *a, enum port_refusal why, int code, const char *fmt, ...)
	_printf_(4, 5);
static int refuse(struct attach *a, enum port_refusal why, int code, const char *fmt, ...)
{
	va_list ap;

	a->refusal = why;
	va_start(ap, fmt);
	vsnprintf(a->detail, 256, fmt, ap);
	va_end(ap);
	return error_set(a->err, code, "%s", a->detail);
}

static int check_request(struct attach *a)
{
	const struct port_request *req = a->req;

	if (!name_valid(req->name))
		return refuse(a, PORT_INVALID, EINVAL, "name");
	if (req->netns_fd < 0 && (req->queues < 1 || req->queues > PORT_QUEUES_MAX))
		return refuse(a, PORT_INVALID, EINVAL, "queues");
	/* fe is the first byte of the host's end. */
	if (mac_is_set(&req->mac) && (mac_is_multicast(&req->mac) || req->mac.bytes[0] == 0xfe))
		return refuse(a, PORT_INVALID, EINVAL, "mac");
	if (req->ifname && !ifname_valid(req->ifname))
		return refuse(a, PORT_INVALID, EINVAL, "ifname");
	return 0;
}

static int check_place(struct attach *a)
{
	const struct config_network *c = a->net->config;
	const struct port *p = port_find(a->net, a->req->name), *next;
	unsigned count = 0;

	if (p && p->kind == PORT_JOINED)
		return refuse(a, PORT_NAME_TAKEN, EEXIST, "interface %s", p->ifname);
	if (p && p->pid)
		return refuse(a, PORT_NAME_TAKEN, EEXIST, "uid %u (pid %d)", p->uid, p->pid);
	if (p)
		return refuse(a, PORT_NAME_TAKEN, EEXIST, "uid %u", p->uid);
	HASH_ITER(hh, a->net->ports, p, next)
		count += p->uid == a->req->uid && p->kind != PORT_JOINED;
	if (a->req->uid != 0 && c->allow.max_ports && count >= c->allow.max_ports)
		return refuse(a, PORT_TOO_MANY, EDQUOT, "%u", c->allow.max_ports);
	return 0;
}

/* Two guests with one MAC on a bridge take each other's frames. */
static int check_mac(struct attach *a)
{
	const struct config_network *c = a->net->config;
	const struct port *p, *next;

	HASH_ITER(hh, a->net->ports, p, next)
		if (p != a->port && mac_equal(&p->mac, &a->port->mac))
			return refuse(a, PORT_DUPLICATE_MAC, EADDRINUSE, "%s", p->name);
	for (size_t i = 0; i < c->nhosts; i++)
		if (mac_equal(&c->hosts[i].mac, &a->port->mac) &&
		    !streq(c->hosts[i].name, a->port->name))
			return refuse(a, PORT_DUPLICATE_MAC, EADDRINUSE, "%s", c->hosts[i].name);
	return 0;
}

static int make_tap(struct attach *a, char ifname[static IFNAMSIZ])
{
	const struct port_request *req = a->req;
	bool hashed = false;
	int r;

	do {
		port_ifname(a->net->name, req->name, hashed, ifname);
		if (actual_link_named(a->d->actual, ifname))
			r = error_set(a->err, EEXIST, "an interface %s exists", ifname);
		else
			r = tap_open(ifname, req->queues, req->vnet_header, req->uid, a->fds.tap,
				     a->err);
		hashed = !hashed;
	} while (r == -EEXIST && hashed);
	if (r < 0)
		return r;
	a->fds.ntap = req->queues;
	if (!req->vhost)
		return 0;
	r = vhost_net_open(req->queues, a->fds.vhost, a->err);
	if (r >= 0)
		a->fds.nvhost = r;
	return MIN(r, 0);
}

static int make_veth(struct attach *a, const struct mac *mac, char ifname[static IFNAMSIZ])
{
	struct link_veth v = {
		.ifname = ifname,
		.peer = a->req->ifname ?: "eth0",
		.netns_fd = a->req->netns_fd,
		.mac = tap_mac(mac),
		.peer_mac = *mac,
		.mtu = network_mtu(a->net),
	};
	struct rtnl_batch batch = { 0 };
	int r;

	port_ifname(a->net->name, a->req->name, false, ifname);
	if (actual_link_named(a->d->actual, ifname))
		port_ifname(a->net->name, a->req->name, true, ifname);
	link_put_veth(&batch, &v);
	r = rtnl_run_one(a->d->rtnl, &batch, a->err);
	rtnl_batch_done(&batch);
	return r < 0 ? error_prefix(a->err, "cannot make %s in the namespace", v.peer) : 0;
}

/*
 * A port carries frames and has no addresses. Without this its coming up walks all IPv6 routes of
 * the host and tells every dnsmasq of a new one.
 */
static void no_ipv6(const char *ifname)
{
	char path[SYSCTL_PATH_MAX];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", ifname);
	sysctl_set(path, 1);
}

/* The link exists, and is not on the bridge yet. */
static int make_link(struct attach *a, struct port *p)
{
	const struct link *l;
	int r;

	watch_expect(a->d, true);
	r = a->req->netns_fd >= 0 ? make_veth(a, &p->mac, p->ifname) : make_tap(a, p->ifname);
	if (r == 0)
		actual_drain(a->d->actual);
	watch_expect(a->d, false);
	if (r < 0)
		return r;
	l = actual_link_named(a->d->actual, p->ifname);
	if (!l)
		return error_set(a->err, ENODEV, "the new interface %s vanished", p->ifname);
	p->ifindex = l->ifindex;
	no_ipv6(p->ifname);
	return 0;
}

/* Longer names than an interface can have are there as an alternative name. */
static void put_altname(struct rtnl_batch *batch, const struct port *p)
{
	char text[NETWORK_NAME_MAX + PORT_NAME_MAX + 2];

	snprintf(text, sizeof(text), "%s-%s", p->network->name, p->name);
	if (!streq(text, p->ifname))
		link_put_altname(batch, p->ifindex, text);
}

/* The namespace's end; a veth cannot be made up. */
static int peer_up(struct attach *a)
{
	struct rtnl_batch batch = { 0 };
	struct rtnl *there;
	int r = rtnl_open_namespace(a->req->netns_fd, &there, a->err);

	if (r < 0)
		return r;
	link_put_up(&batch, a->req->ifname ?: "eth0");
	r = rtnl_run_one(there, &batch, a->err);
	rtnl_batch_done(&batch);
	rtnl_close(there);
	return r;
}

static int join_bridge(struct attach *a)
{
	struct plan_input in = { a->net, a->d->actual, NULL };
	struct rtnl_batch batch = { 0 };
	struct plan plan = { 0 };
	int r;

	plan_port(&in, a->port, &plan);
	r = apply_plan(a->d->actual, &plan, a->err);
	plan_done(&plan);
	put_altname(&batch, a->port);
	/* The alternative name is a convenience: a foreign link may have it. */
	if (r == 0 && batch.n)
		rtnl_run_one(a->d->rtnl, &batch, NULL);
	rtnl_batch_done(&batch);
	return r;
}

static void attach_undo(struct attach *a, struct port *draft)
{
	struct rtnl_batch batch = { 0 };

	for (unsigned i = 0; i < a->fds.ntap; i++)
		close(a->fds.tap[i]);
	for (unsigned i = 0; i < a->fds.nvhost; i++)
		close(a->fds.vhost[i]);
	if (a->req->netns_fd >= 0 && draft->ifindex) {
		link_put_delete(&batch, draft->ifindex);
		rtnl_run_one(a->d->rtnl, &batch, NULL);
		rtnl_batch_done(&batch);
	}
	if (a->port) {
		dnsmasq_port_del(a->net, a->port);
		port_free(a->port);
		network_commit_rules(a->net, NULL);
	}
	actual_drain(a->d->actual);
}

static int attach_steps(struct attach *a, struct port *draft)
{
	struct timespec now;
	int r;

	r = address_assign(a->net, draft, a->err);
	if (r == 0) {
		a->port = draft;
		r = check_mac(a);
		a->port = NULL;
	}
	if (r == 0)
		r = make_link(a, draft);
	if (r < 0)
		return r;
	conntrack_settle(a->d->conntrack, &draft->addr4);
	conntrack_settle(a->d->conntrack, &draft->addr6);
	a->port = port_new(a->net, draft->name, draft->kind, draft->ifname, draft->ifindex);
	if (!a->port)
		return error_set(a->err, ENOMEM, "out of memory");
	clock_gettime(CLOCK_REALTIME, &now);
	a->port->mac = draft->mac;
	a->port->addr4 = draft->addr4;
	a->port->addr6 = draft->addr6;
	a->port->uid = a->req->uid;
	a->port->pid = a->req->pid;
	a->port->queues = draft->kind == PORT_TAP ? a->req->queues : 1;
	a->port->since_s = now.tv_sec;
	r = network_commit_rules(a->net, a->err);
	if (r == 0)
		r = dnsmasq_port_add(a->net, a->port, a->err);
	if (r == 0)
		r = join_bridge(a);
	if (r == 0 && draft->kind == PORT_VETH)
		r = peer_up(a);
	return r;
}

int port_attach(struct netd *d, const struct port_request *req, struct port **ret,
		struct port_fds *ret_fds, enum port_refusal *ret_refusal, char detail[static 256],
		struct error *err)
{
	struct attach a = { .d = d, .req = req, .detail = detail, .err = err };
	struct port draft = { .kind = req->netns_fd >= 0 ? PORT_VETH : PORT_TAP, .mac = req->mac };
	int r;

	detail[0] = '\0';
	a.net = network_find(d, req->network);
	draft.network = a.net;
	if (!a.net)
		r = refuse(&a, PORT_NO_SUCH_NETWORK, ENOENT, "%s", req->network);
	else if (a.net->state != NETWORK_UP)
		r = refuse(&a, PORT_NETWORK_DOWN, ENETDOWN, "%.200s", a.net->reason);
	else
		r = check_request(&a);
	if (r == 0)
		r = check_place(&a);
	if (r == 0) {
		str_copy(draft.name, sizeof(draft.name), req->name);
		r = attach_steps(&a, &draft);
		if (r < 0)
			attach_undo(&a, &draft);
	}
	if (r < 0) {
		*ret_refusal = a.refusal ?: PORT_FAILED;
		return r;
	}
	port_set_state(a.port, PORT_ATTACHED);
	*ret = a.port;
	*ret_fds = a.fds;
	return 0;
}
