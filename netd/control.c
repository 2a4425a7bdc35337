// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The varlink service io.netd, docs/io.netd.varlink. Each call looks up what
 * it names, asks authz, calls network or port, and forms the reply.
 *
 * Owns the varlink server, the Monitor streams and the attach calls whose
 * reply waits for dnsmasq. Runs in netd, on its loop. In: calls of hostile
 * clients, checked here for their form.
 */
#include "control.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <linux/nsfs.h>

#include "authz.h"
#include "dnsmasq.h"
#include "io.netd.varlink.h"
#include "lease.h"
#include "metrics.h"
#include "network.h"
#include "port.h"
#include "varlink.h"

#define MONITORS_MAX 64
#define NEAR_MAX 3

struct monitor {
	struct monitor *next;
	struct control *control;
	struct varlink_call *call;
};

/* An attach whose port is there and whose dnsmasq is only just starting. */
struct pending {
	struct pending *prev, *next;
	struct control *control;
	struct varlink_call *call; /* NULL: the client went away */
	char network[NETWORK_NAME_MAX + 1], port[PORT_NAME_MAX + 1];
	struct port_fds fds;
	bool tap;
};

struct control {
	struct netd *netd;
	struct varlink_server *server;
	gid_t netd_gid;
	struct monitor *monitors;
	size_t nmonitors;
	struct pending *pending;
	uint64_t drifts, attaches, refusals;
};

/* ---- parameters ------------------------------------------------------------------ */

static const char *string_of(struct varlink_call *call, const char *key)
{
	return json_string_value(json_object_get(varlink_call_parameters(call), key));
}

/* False: the parameter is there and of another type; the call is answered. */
static bool optional_int(struct varlink_call *call, const char *key, json_int_t *ret)
{
	json_t *v = json_object_get(varlink_call_parameters(call), key);

	if (!v || json_is_null(v))
		return true;
	if (!json_is_integer(v)) {
		varlink_error_parameter(call, key);
		return false;
	}
	*ret = json_integer_value(v);
	return true;
}

static bool optional_bool(struct varlink_call *call, const char *key, bool *ret)
{
	json_t *v = json_object_get(varlink_call_parameters(call), key);

	if (!v || json_is_null(v))
		return true;
	if (!json_is_boolean(v)) {
		varlink_error_parameter(call, key);
		return false;
	}
	*ret = json_is_true(v);
	return true;
}

/* ---- errors ------------------------------------------------------------------------ */

static void reply_failed(struct varlink_call *call, const struct error *err, int r)
{
	varlink_error(call, "io.netd.Failed",
		      json_pack("{s:s}", "reason", err->code ? err->message : strerror(-r)));
}

static void reply_invalid_config(struct varlink_call *call, struct config_errors *errors)
{
	varlink_error(call, "io.netd.InvalidConfig",
		      json_pack("{s:o}", "errors", config_errors_json(errors)));
	config_errors_done(errors);
}

static bool allowed(struct control *c, struct varlink_call *call, const struct network *net,
		    enum authz_action action)
{
	char rule[AUTHZ_RULE_MAX];

	if (authz_allowed(varlink_call_peer(call), net ? net->config : NULL, action, c->netd_gid,
			  rule))
		return true;
	c->refusals++;
	varlink_error(call, "io.netd.NotAllowed", json_pack("{s:s}", "rule", rule));
	return false;
}

static bool visible(struct control *c, struct varlink_call *call, const struct network *net)
{
	char rule[AUTHZ_RULE_MAX];

	return authz_allowed(varlink_call_peer(call), net->config, AUTHZ_USE, c->netd_gid, rule);
}

static void reply_no_such_network(struct control *c, struct varlink_call *call, const char *name)
{
	const char **names = calloc(HASH_COUNT(c->netd->networks) + 1, sizeof(*names));
	const char *near[NEAR_MAX];
	json_t *array = json_array();
	size_t n = 0;

	for (struct network *net = c->netd->networks; names && net; net = net->hh.next)
		if (visible(c, call, net))
			names[n++] = net->name;
	n = names ? name_near(name, names, n, near, NEAR_MAX) : 0;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(near[i]));
	free(names);
	varlink_error(call, "io.netd.NoSuchNetwork",
		      json_pack("{s:s, s:o}", "network", name, "near", array));
}

/* The network of the call's parameter, which the peer may use; NULL: answered. */
static struct network *call_network(struct control *c, struct varlink_call *call)
{
	const char *name = string_of(call, "network");
	struct network *net;

	if (!name) {
		varlink_error_parameter(call, "network");
		return NULL;
	}
	net = network_find(c->netd, name);
	if (!net) {
		reply_no_such_network(c, call, name);
		return NULL;
	}
	return allowed(c, call, net, AUTHZ_USE) ? net : NULL;
}

/* ---- attach -------------------------------------------------------------------------- */

static void fds_close(struct port_fds *fds)
{
	while (fds->ntap)
		close(fds->tap[--fds->ntap]);
	while (fds->nvhost)
		close(fds->vhost[--fds->nvhost]);
}

static json_t *port_addresses(const struct port *p)
{
	json_t *a = json_array();

	if (addr_is_set(&p->addr4))
		json_array_append_new(a, json_string(ADDR_STR(&p->addr4)));
	if (addr_is_set(&p->addr6))
		json_array_append_new(a, json_string(ADDR_STR(&p->addr6)));
	return a;
}

static void reply_attached(struct varlink_call *call, const struct port *p, struct port_fds *fds,
			   bool tap)
{
	json_t *reply = json_pack("{s:s, s:s, s:s, s:i, s:o, s:s}", "port", p->name, "ifname",
				  p->ifname, "mac", MAC_STR(&p->mac), "mtu",
				  (int)network_mtu(p->network), "addresses", port_addresses(p),
				  "domain", p->network->config->dns.domain);
	json_t *taps = json_array(), *vhosts = json_array();
	int all[2 * PORT_QUEUES_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < fds->ntap; i++, n++) {
		json_array_append_new(taps, json_integer(n));
		all[n] = fds->tap[i];
	}
	for (unsigned i = 0; i < fds->nvhost; i++, n++) {
		json_array_append_new(vhosts, json_integer(n));
		all[n] = fds->vhost[i];
	}
	if (tap) {
		json_object_set(reply, "tap_fds", taps);
		json_object_set(reply, "vhost_fds", vhosts);
	}
	json_decref(taps);
	json_decref(vhosts);
	varlink_reply_fds(call, reply, all, n);
	fds_close(fds);
}

static void pending_free(struct pending *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		w->control->pending = w->next;
	if (w->next)
		w->next->prev = w->prev;
	fds_close(&w->fds);
	free(w);
}

static struct port *pending_port(const struct pending *w)
{
	struct network *net = network_find(w->control->netd, w->network);

	return net ? port_find(net, w->port) : NULL;
}

/* dnsmasq serves, or will not: the port's client hears of it now. */
static void pending_ready(void *data, int r)
{
	struct pending *w = data;
	struct port *p = pending_port(w);
	struct varlink_call *call = w->call;
	struct error err = { 0 };

	if (call && p && r == 0) {
		reply_attached(call, p, &w->fds, w->tap);
	} else if (call) {
		const char *problem = p ? dnsmasq_problem(p->network) : "the port is gone";

		varlink_error(call, "io.netd.NetworkDown",
			      json_pack("{s:s}", "reason",
					problem ? problem : "dnsmasq is not ready"));
	}
	if (p && (!call || r < 0))
		port_detach(p, &err);
	pending_free(w);
}

static void pending_client_gone(struct varlink_call *call _unused_, void *data)
{
	struct pending *w = data;

	/* The port goes when dnsmasq has answered: it may be adding its name just now. */
	w->call = NULL;
}

static void attach_finish(struct control *c, struct varlink_call *call, struct port *p,
			  struct port_fds *fds, bool tap)
{
	struct pending *w = calloc(1, sizeof(*w));
	struct error err = { 0 };
	int r;

	if (!w) {
		fds_close(fds);
		port_detach(p, &err);
		varlink_error(call, "io.netd.Failed",
			      json_pack("{s:s}", "reason", "out of memory"));
		return;
	}
	w->control = c;
	w->call = call;
	w->fds = *fds;
	w->tap = tap;
	str_copy(w->network, sizeof(w->network), p->network->name);
	str_copy(w->port, sizeof(w->port), p->name);
	w->next = c->pending;
	if (w->next)
		w->next->prev = w;
	c->pending = w;
	c->attaches++;
	varlink_call_on_disconnect(call, pending_client_gone, w);
	r = dnsmasq_when_ready(p->network, pending_ready, w);
	if (r < 0)
		pending_ready(w, r);
}

static void reply_refusal(struct control *c, struct varlink_call *call,
			  const struct port_request *req, enum port_refusal refusal,
			  const char *detail, const struct error *err)
{
	c->refusals++;
	switch (refusal) {
	case PORT_NO_SUCH_NETWORK:
		reply_no_such_network(c, call, req->network);
		break;
	case PORT_NAME_TAKEN:
		varlink_error(call, "io.netd.NameTaken",
			      json_pack("{s:s, s:s}", "name", req->name, "owner", detail));
		break;
	case PORT_NOT_ALLOWED:
		varlink_error(call, "io.netd.NotAllowed", json_pack("{s:s}", "rule", detail));
		break;
	case PORT_TOO_MANY:
		varlink_error(call, "io.netd.TooManyPorts",
			      json_pack("{s:i}", "limit", atoi(detail)));
		break;
	case PORT_DUPLICATE_MAC:
		varlink_error(call, "io.netd.DuplicateMac",
			      json_pack("{s:s, s:s}", "mac", MAC_STR(&req->mac), "port", detail));
		break;
	case PORT_NETWORK_DOWN:
		varlink_error(call, "io.netd.NetworkDown", json_pack("{s:s}", "reason", detail));
		break;
	case PORT_INVALID:
		varlink_error_parameter(call, detail);
		break;
	case PORT_OK:
	case PORT_FAILED:
		reply_failed(call, err, -EIO);
		break;
	}
}

static void attach(struct control *c, struct varlink_call *call, struct port_request *req)
{
	const struct varlink_peer *peer = varlink_call_peer(call);
	const char *mac = string_of(call, "mac");
	enum port_refusal refusal = PORT_FAILED;
	struct port_fds fds = { 0 };
	struct error err = { 0 };
	char detail[256] = "";
	struct port *p;

	req->name = string_of(call, "name");
	if (!req->name || !name_valid(req->name)) {
		varlink_error_parameter(call, "name");
		return;
	}
	if (mac && (mac_parse(mac, &req->mac) < 0 || mac_is_multicast(&req->mac) ||
		    !mac_is_set(&req->mac))) {
		varlink_error_parameter(call, "mac");
		return;
	}
	req->uid = peer->uid;
	req->pid = peer->pid;
	if (port_attach(c->netd, req, &p, &fds, &refusal, detail, &err) < 0)
		reply_refusal(c, call, req, refusal, detail, &err);
	else
		attach_finish(c, call, p, &fds, req->netns_fd < 0);
}

static void method_attach(struct varlink_call *call, void *data)
{
	struct port_request req = { .netns_fd = -1, .vnet_header = true, .vhost = true };
	struct network *net = call_network(data, call);
	json_int_t queues = 1;

	if (!net || !optional_int(call, "queues", &queues) ||
	    !optional_bool(call, "vnet_header", &req.vnet_header) ||
	    !optional_bool(call, "vhost", &req.vhost))
		return;
	if (queues < 1 || queues > PORT_QUEUES_MAX) {
		varlink_error_parameter(call, "queues");
		return;
	}
	req.network = net->name;
	req.queues = queues;
	attach(data, call, &req);
}

/* May the peer put an interface into this namespace: root, or the owner of the user namespace
 * that owns it (ioctl_ns(2)). */
static bool namespace_owned(int fd, uid_t uid)
{
	_cleanup_close_ int user = -1;
	uid_t owner;

	if (uid == 0)
		return true;
	user = ioctl(fd, NS_GET_USERNS);
	return user >= 0 && ioctl(user, NS_GET_OWNER_UID, &owner) == 0 && owner == uid;
}

static void method_attach_namespace(struct varlink_call *call, void *data)
{
	struct port_request req = { .queues = 1 };
	struct network *net = call_network(data, call);
	json_int_t index = -1;
	_cleanup_close_ int fd = -1;

	if (!net || !optional_int(call, "namespace_fd", &index))
		return;
	fd = index < 0 ? -1 : varlink_call_take_fd(call, index);
	if (fd < 0 || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		varlink_error_parameter(call, "namespace_fd");
		return;
	}
	if (!namespace_owned(fd, varlink_call_peer(call)->uid)) {
		varlink_error(
			call, "io.netd.NotAllowed",
			json_pack("{s:s}", "rule",
				  "the namespace belongs to another user: only its owner and root "
				  "may put an interface into it"));
		return;
	}
	req.ifname = string_of(call, "ifname");
	if (req.ifname && !ifname_valid(req.ifname)) {
		varlink_error_parameter(call, "ifname");
		return;
	}
	req.network = net->name;
	req.netns_fd = fd;
	attach(data, call, &req);
}

static void reply_no_such_port(struct varlink_call *call, struct network *net, const char *name)
{
	const char **names = calloc(HASH_COUNT(net->ports) + 1, sizeof(*names)), *near[NEAR_MAX];
	json_t *array = json_array();
	size_t n = 0;

	for (struct port *p = net->ports; names && p; p = p->hh.next)
		names[n++] = p->name;
	n = names ? name_near(name, names, n, near, NEAR_MAX) : 0;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(near[i]));
	free(names);
	varlink_error(call, "io.netd.NoSuchPort",
		      json_pack("{s:s, s:s, s:o}", "network", net->name, "name", name, "near",
				array));
}

static void method_detach(struct varlink_call *call, void *data)
{
	struct control *c = data;
	const char *name = string_of(call, "name");
	struct network *net = call_network(c, call);
	char rule[AUTHZ_RULE_MAX];
	struct error err = { 0 };
	struct port *p;
	int r;

	if (!net)
		return;
	if (!name) {
		varlink_error_parameter(call, "name");
		return;
	}
	p = port_find(net, name);
	if (!p) {
		reply_no_such_port(call, net, name);
		return;
	}
	if (!authz_owner(varlink_call_peer(call), p->uid, rule)) {
		varlink_error(call, "io.netd.NotAllowed", json_pack("{s:s}", "rule", rule));
		return;
	}
	r = port_detach(p, &err);
	if (r < 0)
		reply_failed(call, &err, r);
	else
		varlink_reply(call, NULL);
}

/* ---- looking --------------------------------------------------------------------------- */

static json_t *network_json(const struct network *net)
{
	const struct config_network *config = net->config;
	const char *problem = dnsmasq_problem(net);
	json_t *addresses = json_array();

	for (size_t i = 0; i < net->naddresses; i++)
		json_array_append_new(addresses, json_string(PREFIX_STR(&net->addresses[i])));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s?, s:i, s:s, s:b, s:s?, s:i, s:i}",
			 "name", net->name, "mode", net_mode_name(config->mode), "state",
			 network_state_name(net->state), "reason",
			 net->reason[0] ? net->reason
			 : problem	? problem
					: "",
			 "bridge", config->bridge, "mac", MAC_STR(&net->mac), "addresses",
			 addresses, "uplink", config->uplink, "mtu", (int)network_mtu(net), "guard",
			 guard_mode_name(config->guard), "isolated", config->isolated, "domain",
			 config->dns.enabled ? config->dns.domain : "", "ports",
			 (int)HASH_COUNT(net->ports), "dnsmasq", (int)dnsmasq_pid(net));
}

static int by_name(struct network *a, struct network *b)
{
	return strcmp(a->name, b->name);
}

static void method_list(struct varlink_call *call, void *data)
{
	struct control *c = data;
	json_t *array = json_array();

	HASH_SORT(c->netd->networks, by_name);
	for (struct network *net = c->netd->networks; net; net = net->hh.next)
		if (net->config && visible(c, call, net))
			json_array_append_new(array, network_json(net));
	varlink_reply(call, json_pack("{s:o}", "networks", array));
}

static void method_show(struct varlink_call *call, void *data)
{
	struct network *net = call_network(data, call);
	json_t *object;

	if (!net)
		return;
	object = network_json(net);
	json_object_set_new(object, "config", config_network_json(net->config));
	varlink_reply(call, json_pack("{s:o}", "network", object));
}

static json_t *port_full_json(const struct port *p)
{
	json_t *object = port_json(p);
	struct port_stats s;

	if (port_stats(p, &s) == 0)
		json_object_set_new(
			object, "stats",
			json_pack("{s:I, s:I, s:I, s:I, s:I}", "rx_bytes", (json_int_t)s.rx_bytes,
				  "rx_packets", (json_int_t)s.rx_packets, "tx_bytes",
				  (json_int_t)s.tx_bytes, "tx_packets", (json_int_t)s.tx_packets,
				  "drops", (json_int_t)s.drops));
	return object;
}

static void ports_append(json_t *array, const struct network *net)
{
	for (const struct port *p = net->ports; p; p = p->hh.next)
		json_array_append_new(array, port_full_json(p));
}

static void leases_append(json_t *array, const struct network *net)
{
	struct lease *list;
	size_t n;

	if (lease_list(net, &list, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct port *owner = NULL;

		for (const struct port *p = net->ports; p && !owner; p = p->hh.next)
			if (addr_equal(&p->addr4, &list[i].addr) ||
			    addr_equal(&p->addr6, &list[i].addr))
				owner = p;
		json_array_append_new(
			array,
			json_pack("{s:s, s:s?, s:s?, s:s, s:s, s:I}", "network", net->name, "port",
				  owner ? owner->name : NULL, "mac",
				  mac_is_set(&list[i].mac) ? MAC_STR(&list[i].mac) : NULL,
				  "address", ADDR_STR(&list[i].addr), "hostname", list[i].hostname,
				  "expires", (json_int_t)list[i].expires_s));
	}
	free(list);
}

/* One network of the parameter, or all that the peer may see. */
static void reply_of_networks(struct control *c, struct varlink_call *call, const char *key,
			      void (*append)(json_t *, const struct network *))
{
	json_t *array;

	if (string_of(call, "network")) {
		struct network *net = call_network(c, call);

		if (!net)
			return;
		array = json_array();
		append(array, net);
	} else {
		array = json_array();
		HASH_SORT(c->netd->networks, by_name);
		for (struct network *net = c->netd->networks; net; net = net->hh.next)
			if (net->config && visible(c, call, net))
				append(array, net);
	}
	varlink_reply(call, json_pack("{s:o}", key, array));
}

static void method_ports(struct varlink_call *call, void *data)
{
	reply_of_networks(data, call, "ports", ports_append);
}

static void method_leases(struct varlink_call *call, void *data)
{
	reply_of_networks(data, call, "leases", leases_append);
}

/* ---- monitors ---------------------------------------------------------------------------- */

static void monitor_gone(struct varlink_call *call, void *data)
{
	struct control *c = data;

	for (struct monitor **at = &c->monitors; *at; at = &(*at)->next) {
		struct monitor *m = *at;

		if (m->call != call)
			continue;
		*at = m->next;
		free(m);
		c->nmonitors--;
		return;
	}
}

static void method_monitor(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct monitor *m;

	if (!varlink_call_wants_more(call)) {
		varlink_error(call, "org.varlink.service.ExpectedMore", NULL);
		return;
	}
	m = c->nmonitors < MONITORS_MAX ? calloc(1, sizeof(*m)) : NULL;
	if (!m) {
		varlink_error(call, "io.netd.Failed",
			      json_pack("{s:s}", "reason", "too many monitors"));
		return;
	}
	m->control = c;
	m->call = call;
	m->next = c->monitors;
	c->monitors = m;
	c->nmonitors++;
	varlink_call_on_disconnect(call, monitor_gone, c);
	varlink_notify(call, json_pack("{s:s, s:{}}", "event", "monitor", "object"));
}

void control_event(struct control *c, const char *event, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "network"));
	struct network *net = name ? network_find(c->netd, name) : NULL;
	struct monitor *m, *next;

	c->drifts += streq(event, "drift");
	for (m = c->monitors; m; m = next) {
		next = m->next;
		if (net && net->config ? !visible(c, m->call, net)
				       : varlink_call_peer(m->call)->uid != 0)
			continue;
		/* A failing one is dropped inside, which frees it through monitor_gone(). */
		varlink_notify(m->call, json_pack("{s:s, s:O}", "event", event, "object", object));
	}
}

/* ---- metrics ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *help;
	size_t offset;
} port_counters[] = {
	{ "netd_port_receive_bytes_total", "Bytes that the guest received",
	  offsetof(struct port_stats, rx_bytes) },
	{ "netd_port_transmit_bytes_total", "Bytes that the guest sent",
	  offsetof(struct port_stats, tx_bytes) },
	{ "netd_port_receive_packets_total", "Packets that the guest received",
	  offsetof(struct port_stats, rx_packets) },
	{ "netd_port_transmit_packets_total", "Packets that the guest sent",
	  offsetof(struct port_stats, tx_packets) },
	{ "netd_port_drops_total", "Packets dropped at the port",
	  offsetof(struct port_stats, drops) },
};

static void metrics_ports(struct control *c, struct varlink_call *call, struct metrics *m)
{
	for (size_t i = 0; i < ARRAY_SIZE(port_counters); i++) {
		metrics_family(m, port_counters[i].name, METRICS_COUNTER, port_counters[i].help);
		for (struct network *net = c->netd->networks; net; net = net->hh.next) {
			if (!net->config || !visible(c, call, net))
				continue;
			for (struct port *p = net->ports; p; p = p->hh.next) {
				const char *labels[] = { "network", net->name, "port", p->name,
							 NULL };
				struct port_stats s;

				if (port_stats(p, &s) == 0)
					metrics_sample_u64(m, port_counters[i].name, labels,
							   *(uint64_t *)((char *)&s +
									 port_counters[i].offset));
			}
		}
	}
}

static void metrics_networks(struct control *c, struct varlink_call *call, struct metrics *m)
{
	static const struct {
		const char *name, *help;
	} gauges[] = {
		{ "netd_network_up", "1: the network is up" },
		{ "netd_network_ports", "Ports of the network" },
		{ "netd_network_dnsmasq_up", "1: its dnsmasq runs" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(gauges); i++) {
		metrics_family(m, gauges[i].name, METRICS_GAUGE, gauges[i].help);
		for (struct network *net = c->netd->networks; net; net = net->hh.next) {
			const char *labels[] = { "network", net->name, NULL };
			const uint64_t values[] = { net->state == NETWORK_UP,
						    HASH_COUNT(net->ports), dnsmasq_pid(net) != 0 };

			if (net->config && visible(c, call, net))
				metrics_sample_u64(m, gauges[i].name, labels, values[i]);
		}
	}
}

static void method_metrics(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct metrics m;
	char *text;

	metrics_init(&m);
	metrics_networks(c, call, &m);
	metrics_ports(c, call, &m);
	metrics_family(&m, "netd_attaches_total", METRICS_COUNTER, "Ports attached by clients");
	metrics_sample_u64(&m, "netd_attaches_total", NULL, c->attaches);
	metrics_family(&m, "netd_refusals_total", METRICS_COUNTER, "Calls refused");
	metrics_sample_u64(&m, "netd_refusals_total", NULL, c->refusals);
	metrics_family(&m, "netd_repairs_total", METRICS_COUNTER, "Drift found and repaired");
	metrics_sample_u64(&m, "netd_repairs_total", NULL, c->drifts);
	metrics_family(&m, "netd_connections", METRICS_GAUGE, "Connections to the control socket");
	metrics_sample_u64(&m, "netd_connections", NULL, varlink_server_connections(c->server));
	text = metrics_take(&m);
	varlink_reply(call, json_pack("{s:s}", "text", text ? text : ""));
	free(text);
}

/* ---- configuration --------------------------------------------------------------------------- */

static void method_check(struct varlink_call *call, void *data)
{
	struct control *c = data;
	const char *dir = string_of(call, "directory");
	struct config_errors errors = { 0 };
	struct config *config = NULL;
	int r;

	/* Another directory would let a caller read files with our eyes. */
	if (!allowed(c, call, NULL, dir ? AUTHZ_CHANGE : AUTHZ_LOOK))
		return;
	r = config_load(dir ? dir : c->netd->config_dir, &config, &errors);
	if (r < 0) {
		reply_invalid_config(call, &errors);
		return;
	}
	config_free(config);
	varlink_reply(call, NULL);
}

static void reply_steps(struct varlink_call *call, int r, json_t *steps,
			struct config_errors *errors, const struct error *err)
{
	if (errors->n) {
		json_decref(steps);
		reply_invalid_config(call, errors);
	} else if (r < 0) {
		json_decref(steps);
		reply_failed(call, err, r);
	} else {
		varlink_reply(call, json_pack("{s:o}", "steps", steps ? steps : json_array()));
	}
}

static void method_plan(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct config_errors errors = { 0 };
	struct error err = { 0 };
	json_t *steps = NULL;
	int r;

	if (!allowed(c, call, NULL, AUTHZ_LOOK))
		return;
	r = netd_plan(c->netd, &steps, &errors, &err);
	reply_steps(call, r, steps, &errors, &err);
}

static void method_apply(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct config_errors errors = { 0 };
	struct error err = { 0 };
	json_int_t confirm_s = 0;
	json_t *steps = NULL;
	int r;

	if (!allowed(c, call, NULL, AUTHZ_CHANGE) ||
	    !optional_int(call, "confirm_seconds", &confirm_s))
		return;
	if (confirm_s < 0 || confirm_s > 86400) {
		varlink_error_parameter(call, "confirm_seconds");
		return;
	}
	r = netd_apply(c->netd, confirm_s, &steps, &errors, &err);
	reply_steps(call, r, steps, &errors, &err);
}

static void method_confirm(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct error err = { 0 };
	int r;

	if (!allowed(c, call, NULL, AUTHZ_CHANGE))
		return;
	r = netd_confirm(c->netd, &err);
	if (r == -ENOENT)
		varlink_error(call, "io.netd.NothingToConfirm", NULL);
	else if (r < 0)
		reply_failed(call, &err, r);
	else
		varlink_reply(call, NULL);
}

static void method_purge(struct varlink_call *call, void *data)
{
	struct control *c = data;
	struct error err = { 0 };
	int r;

	if (!allowed(c, call, NULL, AUTHZ_CHANGE))
		return;
	r = netd_purge(c->netd, &err);
	if (r < 0)
		reply_failed(call, &err, r);
	else
		varlink_reply(call, NULL);
}

/* ---- the service --------------------------------------------------------------------------------
 */

static const struct varlink_method methods[] = {
	{ "io.netd.Attach", method_attach },
	{ "io.netd.AttachNamespace", method_attach_namespace },
	{ "io.netd.Detach", method_detach },
	{ "io.netd.List", method_list },
	{ "io.netd.Show", method_show },
	{ "io.netd.Ports", method_ports },
	{ "io.netd.Leases", method_leases },
	{ "io.netd.Monitor", method_monitor },
	{ "io.netd.Metrics", method_metrics },
	{ "io.netd.Check", method_check },
	{ "io.netd.Plan", method_plan },
	{ "io.netd.Apply", method_apply },
	{ "io.netd.Confirm", method_confirm },
	{ "io.netd.Purge", method_purge },
};

static const struct varlink_interface interfaces[] = {
	{ "io.netd", io_netd_varlink, methods, ARRAY_SIZE(methods) },
};

static const struct varlink_service service = {
	.vendor = "netd",
	.product = "netd",
	.version = VERSION,
	.url = "https://varlink.org",
	.interfaces = interfaces,
	.ninterfaces = ARRAY_SIZE(interfaces),
};

int control_open(struct netd *d, int listen_fd, struct control **ret, struct error *err)
{
	_cleanup_free_ char *path = NULL;
	struct control *c = calloc(1, sizeof(*c));
	const struct group *gr = getgrnam("netd");
	int r;

	if (!c || asprintf(&path, "%s/netd.sock", d->runtime_dir) < 0) {
		free(c);
		return error_set(err, ENOMEM, "out of memory");
	}
	c->netd = d;
	c->netd_gid = gr ? gr->gr_gid : (gid_t)-1;
	r = varlink_server_new(d->loop, &service, c, &c->server);
	if (r == 0 && listen_fd < 0) {
		listen_fd = varlink_listen(path, 0666, err);
		r = listen_fd < 0 ? listen_fd : 0;
	}
	if (r == 0)
		r = varlink_server_add_listener(c->server, listen_fd);
	if (r < 0) {
		control_close(c);
		return err && err->code ? r : error_set(err, -r, "%s: %s", path, strerror(-r));
	}
	*ret = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	varlink_server_free(c->server);
	while (c->pending) {
		struct network *net = network_find(c->netd, c->pending->network);

		if (net)
			dnsmasq_forget(net, c->pending);
		pending_free(c->pending);
	}
	free(c);
}
