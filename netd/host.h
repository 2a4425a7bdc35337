/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host itself must do for networks that reach beyond it: forward
 * packets on its uplinks, without becoming a router for anybody else.
 */
#ifndef NETD_HOST_H
#define NETD_HOST_H

#include "actual.h"

/*
 * Switches forwarding on where nat and route networks need it (remembered in STATE/sysctl).
 * @steps: NULL: do it; else an array that gets what would be done.
 */
int host_reconcile(struct netd *d, const struct config *c, json_t *steps, struct error *err);
/* Puts back every switch. */
int host_restore(struct netd *d);

#endif
