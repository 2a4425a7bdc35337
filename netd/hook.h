/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs CONFIG/hooks.d/ * on events, each in turn by name, one event after
 * another, without ever blocking netd: time limit, output to the log, bounded
 * queue. The event is in the environment (NETD_EVENT, NETD_NETWORK, NETD_PORT,
 * NETD_MAC, NETD_ADDRESS…) and as JSON on stdin.
 */
#ifndef NETD_HOOK_H
#define NETD_HOOK_H

#include "netd.h"

struct hooks;
int hooks_new(struct loop *l, const char *dir, unsigned timeout_s, struct hooks **ret);
void hooks_free(struct hooks *h); /* ends running ones */
/* Borrows @object. */
void hooks_run(struct hooks *h, const char *event, const json_t *object);

#endif
