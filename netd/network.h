/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: the runtime object of each declared network, and the one way the
 * kernel is changed: network_reconcile().
 */
#ifndef NETD_NETWORK_H
#define NETD_NETWORK_H

#include "netd.h"

struct network *network_find(struct netd *d, const char *name);
void network_set_state(struct network *net, enum network_state state, const char *reason);
/* Desired (config + live ports) against actual → plan → apply, for this network alone. */
int network_reconcile(struct network *net, struct error *err);
const char *network_state_name(enum network_state s);
unsigned network_mtu(const struct network *net);

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
