/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: the runtime object of each declared network, and the one way the
 * kernel is changed: network_reconcile().
 */
#ifndef NETD_NETWORK_H
#define NETD_NETWORK_H

#include "netd.h"

struct network *network_find(struct netd *d, const char *name);
/* An empty one, NEW, in the netd's table; its configuration is the caller's to set. */
struct network *network_new(struct netd *d, const char *name);
/* Its ports too; the kernel stays as it is. */
void network_free(struct network *net);
void network_set_state(struct network *net, enum network_state state, const char *reason);
const char *network_state_name(enum network_state s);
unsigned network_mtu(const struct network *net);
/* The bridge was made or found: keeps the table by index. */
void network_set_ifindex(struct network *net, int ifindex);

/* Desired (config + live ports) against actual → plan → apply, for this network alone. */
int network_reconcile(struct network *net, struct error *err);
/* The same for many: one transaction, one run of messages. A network that fails says why in its
 * state. Return: 0, or the first failure. */
int networks_reconcile(struct netd *d, struct network **nets, size_t n, struct error *err);
/*
 * What the network's addresses are: configured, then old ones on the bridge that a port's address
 * still belongs to. Did they change?
 */
bool network_refresh_addresses(struct network *net);
/* Why the network cannot come up on this host as it is now: 0, or -errno with the reason. */
int network_check(const struct network *net, struct error *err);
/* Rules, names and the rest follow a port that came or went. */
int network_commit_rules(struct network *net, struct error *err);
/* {"network": …}, the caller's */
json_t *network_event_json(const struct network *net);

/*
 * Loads the configuration and applies the difference to what runs.
 * @errors: filled on -EINVAL; the running state then stays.
 * @confirm_s: > 0: revert by itself unless netd_confirm() follows in time.
 * @ret_steps: NULL, or what was done: array of {"network","object","action","text","interrupts"}.
 */
int netd_apply(struct netd *d, unsigned confirm_s, json_t **ret_steps, struct config_errors *errors,
	       struct error *err);
int netd_confirm(struct netd *d, struct error *err); /* -ENOENT: nothing is pending */
/* What netd_apply() would do, in the same form, without doing it. */
int netd_plan(struct netd *d, json_t **ret_steps, struct config_errors *errors, struct error *err);
/* Everything that netd made goes: ports, bridges, rules, sysctls put back, state files. */
int netd_purge(struct netd *d, struct error *err);

#endif
