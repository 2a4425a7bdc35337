/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one configuration to another: start, apply, revert, purge.
 */
#ifndef NETD_RELOAD_H
#define NETD_RELOAD_H

#include "netd.h"

/*
 * At the start, with @d->rtnl and @d->actual open: loads the configuration and finds in the kernel
 * what an earlier netd left. A configuration that is not valid is an error (@errors).
 */
int netd_start(struct netd *d, struct config_errors *errors, struct error *err);
/* Opens the tables of nft.h for the running configuration. */
int netd_open_rules(struct netd *d, struct error *err);
/* Then, with everything open: makes the kernel match. Networks that fail say so in their state. */
int netd_bring_up(struct netd *d, struct error *err);
/* To the configuration that confirm.h kept. */
void netd_revert(struct netd *d);
/* Frees every network and port; the kernel stays as it is. */
void netd_forget(struct netd *d);

#endif
