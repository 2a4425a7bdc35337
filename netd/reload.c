// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one configuration to another: start, apply, plan, revert, purge.
 *
 * What plan tells and what apply does come from the same functions: plan works
 * on shadows of the networks that carry the new configuration, apply on the
 * networks themselves. Daemon's thread only.
 */
#include "reload.h"

#include <malloc.h>
#include <dirent.h>
#include <sys/stat.h>

#include "address.h"
#include "apply.h"
#include "confirm.h"
#include "conntrack.h"
#include "dnsmasq.h"
#include "host.h"
#include "join.h"
#include "network.h"
#include "nft.h"
#include "port.h"
#include "recover.h"
#include "watch.h"

/* ---- loading ---- */

/* @write: also remembers what "auto" chose. Overlaps with the host are errors in @errors. */
static int load(struct netd *d, const char *dir, bool write, struct config **ret,
		struct config_errors *errors, struct error *err)
{
	_cleanup_(config_freep) struct config *c = NULL;
	struct host_prefixes host = { 0 };
	char file[1024];
	int r = config_load(dir, &c, errors);

	if (r < 0)
		return error_set(err, -r, "the configuration in %s is not valid", dir);
	actual_drain(d->actual);
	r = host_prefixes_collect(d->actual, c, d->rtnl, &host, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s/addresses", d->state_dir);
	r = address_auto_fill(c, &host, file, write, err);
	if (r == 0 && config_check_host(c, host.list, host.n, errors) < 0)
		r = error_set(err, EINVAL, "the configuration in %s does not fit this host", dir);
	host_prefixes_done(&host);
	if (r == 0)
		*ret = TAKE_PTR(c);
	return r;
}

/* At the start a network that overlaps the host is down; the others are not. */
static int load_at_start(struct netd *d, const char *dir, struct config **ret,
			 struct config_errors *errors, struct error *err)
{
	_cleanup_(config_freep) struct config *c = NULL;
	struct host_prefixes host = { 0 };
	char file[1024];
	int r = config_load(dir, &c, errors);

	if (r < 0)
		return error_set(err, -r, "the configuration in %s is not valid", dir);
	r = host_prefixes_collect(d->actual, c, d->rtnl, &host, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s/addresses", d->state_dir);
	if (address_auto_fill(c, &host, file, true, err) < 0)
		log_error("%s", err->message);
	for (size_t i = 0; i < c->nnetworks; i++) {
		struct config one = { .networks = &c->networks[i], .nnetworks = 1 };
		struct config_errors wrong = { 0 };
		struct network *net = network_new(d, c->networks[i].name);

		if (!net)
			r = -ENOMEM;
		else if (config_check_host(&one, host.list, host.n, &wrong) < 0)
			str_copy(net->overlap, sizeof(net->overlap), wrong.errors[0].message);
		config_errors_done(&wrong);
	}
	host_prefixes_done(&host);
	*ret = TAKE_PTR(c);
	return r;
}

/* ---- steps of a plan ---- */

struct steps {
	json_t *list;
	const char *network;
};

static void add_step(struct steps *s, const char *object, const char *action, const char *text,
		     bool interrupts)
{
	json_array_append_new(s->list, json_pack("{s:s, s:s, s:s, s:s, s:b}", "network", s->network,
						 "object", object, "action", action, "text", text,
						 "interrupts", (int)interrupts));
}

static void add_rule_step(void *data, bool add, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s rule %s", add ? "add" : "remove", what);
	add_step(data, "rule", add ? "add" : "remove", text, false);
}

static void add_plan(struct steps *s, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		json_array_append_new(s->list, step_json(&plan->steps[i], plan, s->network));
}

static void shadow_free(struct network *shadow)
{
	struct port *p, *next;

	if (!shadow)
		return;
	HASH_ITER(hh, shadow->ports, p, next) {
		HASH_DELETE(hh, shadow->ports, p);
		free(p);
	}
	free(shadow);
}

/* The network as it would be: with the new configuration, and ports of its own to change. */
static struct network *shadow_new(struct netd *d, const struct network *net,
				  const struct config_network *config)
{
	struct network *shadow = calloc(1, sizeof(*shadow));
	struct port *p, *next, *copy;

	if (!shadow)
		return NULL;
	if (net)
		*shadow = *net;
	shadow->netd = d;
	shadow->config = config;
	shadow->ports = NULL;
	shadow->overlap[0] = '\0';
	str_copy(shadow->name, sizeof(shadow->name), config->name);
	shadow->mac = network_mac(config->name);
	if (!net)
		return shadow;
	HASH_ITER(hh, net->ports, p, next) {
		copy = malloc(sizeof(*copy));
		if (!copy) {
			shadow_free(shadow);
			return NULL;
		}
		*copy = *p;
		copy->network = shadow;
		HASH_ADD_STR(shadow->ports, name, copy);
	}
	return shadow;
}

/* Ports take over what an edit means for them; returns whether a joined one has to leave. */
static bool port_stays(const struct network *net, const struct port *p)
{
	return p->kind != PORT_JOINED || join_matches(net->config, p->ifname);
}

static void shadow_take_config(struct network *shadow, struct steps *s)
{
	struct port *p, *next;

	HASH_ITER(hh, shadow->ports, p, next) {
		if (!port_stays(shadow, p)) {
			char text[128];

			snprintf(text, sizeof(text), "release %s: no pattern of ports fits it",
				 p->ifname);
			add_step(s, "port", "remove", text, true);
			HASH_DELETE(hh, shadow->ports, p);
			free(p);
			continue;
		}
		address_reassign(shadow, p);
	}
	network_refresh_addresses(shadow);
}

static int collect_network(struct netd *d, const struct config_network *config, json_t *list,
			   const struct routes *routes)
{
	struct network *shadow = shadow_new(d, network_find(d, config->name), config);
	struct plan_input in = { shadow, d->actual, routes };
	_cleanup_(nft_elements_freep) struct nft_elements *want = NULL;
	struct steps s = { list, config->name };
	struct plan plan = { 0 };
	struct link *l;
	int r = shadow ? nft_elements_new(&want) : -ENOMEM;

	if (r == 0) {
		shadow_take_config(shadow, &s);
		/* A network that cannot come up changes nothing; apply says why. */
		if (network_check(shadow, NULL) < 0)
			goto out;
		l = actual_link_named(d->actual, config->bridge);
		if (l && config->mode != MODE_BRIDGE)
			actual_read_sysctls(d->actual, l);
		r = nft_elements_build(shadow, want);
	}
	if (r == 0) {
		if (d->nft)
			nft_diff(d->nft, config->name, want, add_rule_step, &s);
		plan_network(&in, &plan);
		add_plan(&s, &plan);
		if (dnsmasq_would_restart(shadow))
			add_step(&s, "dnsmasq", "change",
				 "start dnsmasq anew: its configuration changed", false);
	}
out:
	plan_done(&plan);
	shadow_free(shadow);
	return r;
}

static void collect_removal(struct netd *d, const struct network *net, json_t *list,
			    const struct routes *routes)
{
	struct plan_input in = { net, d->actual, routes };
	struct steps s = { list, net->name };
	struct plan plan = { 0 };

	if (dnsmasq_pid(net))
		add_step(&s, "dnsmasq", "remove", "stop dnsmasq", net->ports);
	plan_removal(&in, &plan);
	add_plan(&s, &plan);
	nft_diff(d->nft, net->name, NULL, add_rule_step, &s);
	plan_done(&plan);
}

/* Everything that going to @c would do. */
static int collect(struct netd *d, const struct config *c, json_t **ret, struct error *err)
{
	json_t *list = json_array();
	struct network *net, *next;
	struct routes routes = { 0 };
	int r = list ? routes_dump(d->rtnl, &routes, err) : -ENOMEM;

	HASH_ITER(hh, d->networks, net, next)
		if (r == 0 && !config_find(c, net->name))
			collect_removal(d, net, list, &routes);
	for (size_t i = 0; r == 0 && i < c->nnetworks; i++)
		r = collect_network(d, &c->networks[i], list, &routes);
	if (r == 0)
		r = host_reconcile(d, c, list, err);
	routes_done(&routes);
	if (r < 0) {
		json_decref(list);
		return err && err->code ? r : error_set(err, -r, "%s", strerror(-r));
	}
	*ret = list;
	return 0;
}

/* ---- doing it ---- */

/* A notice of foreign changes of our tables, which nft.h has repaired already. */
static void rules_drifted(void *data, const char *what, pid_t pid, const char *comm)
{
	struct netd *d = data;

	if (pid)
		log_warn("nftables: %s, by pid %d (%s), repaired", what, (int)pid, comm);
	else
		log_warn("nftables: %s, repaired", what);
	netd_event(d, "drift",
		   json_pack("{s:s, s:s, s:i, s:s}", "network", "", "what", what, "pid", (int)pid,
			     "comm", comm ?: ""));
}

static enum nft_owner owner_wanted(const struct config *c)
{
	if (c->nft_owner && streq(c->nft_owner, "yes"))
		return NFT_OWNER_YES;
	return c->nft_owner && streq(c->nft_owner, "no") ? NFT_OWNER_NO : NFT_OWNER_AUTO;
}

int netd_open_rules(struct netd *d, struct error *err)
{
	return nft_open(d->loop, owner_wanted(d->config), rules_drifted, d, &d->nft, err);
}

static int remove_links(struct netd *d, struct network **nets, size_t n, struct error *err)
{
	struct apply_job *jobs = calloc(n + 1, sizeof(*jobs));
	struct plan *plans = calloc(n + 1, sizeof(*plans));
	struct routes routes = { 0 };
	int r = jobs && plans ? routes_dump(d->rtnl, &routes, err) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct plan_input in = { nets[i], d->actual, &routes };

		plan_removal(&in, &plans[i]);
		jobs[i] = (struct apply_job){ .plan = &plans[i], .err = err };
	}
	if (r == 0)
		r = apply_plans(d->actual, jobs, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = jobs[i].result;
	for (size_t i = 0; plans && i < n; i++)
		plan_done(&plans[i]);
	routes_done(&routes);
	free(plans);
	free(jobs);
	return r;
}

/* Links first, then rules; the objects are freed whatever comes. */
static int remove_networks(struct netd *d, struct network **nets, size_t n, struct error *err)
{
	struct nft_change *changes = calloc(n + 1, sizeof(*changes));
	int r;

	if (!n || !changes) {
		free(changes);
		return n ? -ENOMEM : 0;
	}
	for (size_t i = 0; i < n; i++)
		dnsmasq_stop(nets[i]);
	r = remove_links(d, nets, n, err);
	for (size_t i = 0; i < n; i++)
		changes[i].network = nets[i]->name;
	if (nft_commit(d->nft, changes, n, r == 0 ? err : NULL) < 0 && r == 0)
		r = -EIO;
	free(changes);
	for (size_t i = 0; i < n; i++) {
		network_set_state(nets[i], NETWORK_REMOVED, NULL);
		network_free(nets[i]);
	}
	return r;
}

static int remove_missing(struct netd *d, const struct config *c, struct error *err)
{
	struct network **gone = calloc(HASH_COUNT(d->networks) + 1, sizeof(*gone));
	struct network *net, *next;
	size_t n = 0;
	int r;

	if (!gone)
		return error_set(err, ENOMEM, "out of memory");
	HASH_ITER(hh, d->networks, net, next)
		if (!config_find(c, net->name))
			gone[n++] = net;
	r = remove_networks(d, gone, n, err);
	free(gone);
	return r;
}

/* Connections that a removed forward carried end with it. */
static void flush_forwards(struct netd *d, const struct network *net,
			   const struct config_network *new)
{
	for (size_t i = 0; i < net->config->nforwards; i++) {
		const struct config_forward *f = &net->config->forwards[i], *g = NULL;
		struct port *p = f->to_name ? port_find((struct network *)net, f->to_name) : NULL;
		const struct addr *to = f->to_name ? (p ? &p->addr4 : NULL) : &f->to_addr;

		for (size_t j = 0; j < new->nforwards && !g; j++)
			if (new->forwards[j].protocol == f->protocol &&new->forwards[j].first <=
								 f->first &&new->forwards[j].last >=
								 f->last)
				g = &new->forwards[j];
		if (!g && to && addr_is_set(to))
			conntrack_flush_forward(d->conntrack, f->protocol, f->first, f->last, to);
	}
}

static void take_config(struct network *net, const struct config_network *config)
{
	struct port *p, *next;

	net->config = config;
	net->overlap[0] = '\0';
	HASH_ITER(hh, net->ports, p, next) {
		if (!port_stays(net, p))
			port_release(p, NULL);
		else if (address_reassign(net, p))
			dnsmasq_port_add(net, p, NULL);
	}
}

/*
 * The running configuration becomes @c, which is taken. A network that fails keeps its rules and
 * links as they were and says why; the first such failure is returned.
 */
static int switch_to(struct netd *d, struct config *c, struct error *err)
{
	struct network **nets = calloc(c->nnetworks + 1, sizeof(*nets));
	struct config *old = d->config;
	int r, removed;
	size_t n = 0;

	if (!nets) {
		config_free(c);
		return error_set(err, ENOMEM, "out of memory");
	}
	/* Purged before: the tables are made anew. */
	if (!d->nft &&
	    (r = nft_open(d->loop, owner_wanted(c), rules_drifted, d, &d->nft, err)) < 0) {
		config_free(c);
		free(nets);
		return r;
	}
	removed = remove_missing(d, c, err);
	d->config = c;
	log_set_level(c->log_level);
	for (size_t i = 0; i < c->nnetworks; i++) {
		struct network *net = network_find(d, c->networks[i].name);

		if (net && net->config && old)
			flush_forwards(d, net, &c->networks[i]);
		if (net) {
			take_config(net, &c->networks[i]);
		} else if ((net = network_new(d, c->networks[i].name))) {
			net->config = &c->networks[i];
			recover_network(net);
		}
		if (net)
			nets[n++] = net;
	}
	config_free(old);
	r = host_reconcile(d, c, NULL, err);
	if (r == 0)
		r = networks_reconcile(d, nets, n, removed < 0 ? NULL : err);
	for (size_t i = 0; i < n; i++)
		join_scan(d, nets[i]);
	free(nets);
	return r ?: removed;
}

/* ---- the calls ---- */

int netd_plan(struct netd *d, json_t **ret_steps, struct config_errors *errors, struct error *err)
{
	_cleanup_(config_freep) struct config *c = NULL;
	int r = load(d, d->config_dir, false, &c, errors, err);

	if (r < 0)
		return r;
	return collect(d, c, ret_steps, err);
}

static void keep_text(struct netd *d, struct config_text *text)
{
	config_text_free(d->config_text);
	d->config_text = text;
}

int netd_apply(struct netd *d, unsigned confirm_s, json_t **ret_steps, struct config_errors *errors,
	       struct error *err)
{
	struct config_text *text = NULL;
	struct config *c = NULL;
	json_t *steps = NULL;
	int r = config_text_read(d->config_dir, &text);

	if (r < 0 && r != -ENOENT)
		return error_set(err, -r, "%s: %s", d->config_dir, strerror(-r));
	r = load(d, d->config_dir, true, &c, errors, err);
	if (r == 0 && ret_steps)
		r = collect(d, c, &steps, err);
	if (r == 0 && confirm_s && d->config_text)
		r = confirm_begin(d, d->config_text, confirm_s, err);
	else if (r == 0)
		confirm_end(d, NULL);
	if (r < 0) {
		config_free(c);
		config_text_free(text);
		json_decref(steps);
		return r;
	}
	r = switch_to(d, c, err);
	keep_text(d, text);
	malloc_trim(0);
	netd_event(d, "config", json_pack("{s:s}", "network", ""));
	if (ret_steps)
		*ret_steps = steps;
	return r;
}

void netd_revert(struct netd *d)
{
	struct config_errors errors = { 0 };
	struct config_text *text = NULL;
	struct config *c = NULL;
	struct error err = { 0 };
	char dir[1024];
	int r;

	snprintf(dir, sizeof(dir), "%s/confirm", d->state_dir);
	confirm_mark_reverted(d);
	r = load(d, dir, true, &c, &errors, &err);
	if (r == 0)
		r = switch_to(d, c, &err);
	if (r == 0 && config_text_read(dir, &text) == 0)
		keep_text(d, text);
	if (r < 0)
		log_error("apply: cannot go back: %s", err.message);
	for (size_t i = 0; i < errors.n; i++)
		log_error("%s:%d: %s", errors.errors[i].file, errors.errors[i].line,
			  errors.errors[i].message);
	config_errors_done(&errors);
	netd_event(d, "config", json_pack("{s:s, s:b}", "network", "", "reverted", 1));
}

int netd_confirm(struct netd *d, struct error *err)
{
	return confirm_end(d, err);
}

int netd_start(struct netd *d, struct config_errors *errors, struct error *err)
{
	_cleanup_free_ char *dir = NULL;
	struct config *c = NULL;
	int r = confirm_start(d, &dir, err);

	if (r == 0)
		r = load_at_start(d, dir, &c, errors, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->nnetworks; i++)
		network_find(d, c->networks[i].name)->config = &c->networks[i];
	d->config = c;
	log_set_level(c->log_level);
	config_text_read(dir, &d->config_text);
	recover(d);
	return 0;
}

int netd_bring_up(struct netd *d, struct error *err)
{
	struct network **nets = calloc(HASH_COUNT(d->networks) + 1, sizeof(*nets));
	struct network *net, *next;
	struct port *p, *next_port;
	size_t n = 0;
	int r;

	if (!nets)
		return error_set(err, ENOMEM, "out of memory");
	HASH_ITER(hh, d->networks, net, next)
		nets[n++] = net;
	r = host_reconcile(d, d->config, NULL, err);
	if (r < 0)
		log_error("host: %s", err->message);
	/* Those that fail have said so. */
	networks_reconcile(d, nets, n, NULL);
	free(nets);
	r = nft_sweep(d->nft, err);
	HASH_ITER(hh_ifindex, d->ports_by_ifindex, p, next_port)
		watch_note(d, p->ifindex);
	join_scan(d, NULL);
	malloc_trim(0); /* what reading and the first batch needed is not needed again */
	return r;
}

void netd_forget(struct netd *d)
{
	struct network *net, *next;

	HASH_ITER(hh, d->networks, net, next)
		network_free(net);
	config_free(d->config);
	d->config = NULL;
	config_text_free(d->config_text);
	d->config_text = NULL;
}

static void detach_all(struct network *net)
{
	struct port *p, *next;

	HASH_ITER(hh, net->ports, p, next)
		port_release(p, NULL);
}

static void remove_state_files(const struct netd *d)
{
	static const char *const files[] = { "addresses", "sysctl" };
	char path[1024];
	struct dirent *e;
	DIR *dir;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", d->state_dir, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/leases", d->state_dir);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

int netd_purge(struct netd *d, struct error *err)
{
	struct config *none = calloc(1, sizeof(*none));
	struct network *net, *next;
	int r;

	if (!none)
		return error_set(err, ENOMEM, "out of memory");
	confirm_end(d, NULL);
	HASH_ITER(hh, d->networks, net, next)
		detach_all(net);
	none->dnsmasq_idle_s = d->config->dnsmasq_idle_s;
	none->hook_timeout_s = d->config->hook_timeout_s;
	none->log_level = d->config->log_level;
	r = switch_to(d, none, err);
	recover_delete_orphans(d);
	/* Our IPv6 switch first: the drop between foreign interfaces covers it to the end. */
	if (host_restore(d) < 0 && r == 0)
		r = error_set(err, EIO, "cannot put every switch back, see %s/sysctl",
			      d->state_dir);
	if (nft_purge(d->nft, r == 0 ? err : NULL) < 0 && r == 0)
		r = -EIO;
	nft_close(d->nft);
	d->nft = NULL;
	remove_state_files(d);
	log_info("netd: purged");
	return r;
}
