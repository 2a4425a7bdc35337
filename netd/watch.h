/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells by itself: drift, which is repaired; ports that end;
 * foreign interfaces that join by their names.
 */
#ifndef NETD_WATCH_H
#define NETD_WATCH_H

#include "actual.h"

/* Listens from now on. @d->rtnl and @d->actual are open. */
int watch_start(struct netd *d, struct error *err);
void watch_stop(struct netd *d);
/* While true, a new link is one that we are making: it joins nothing by its name. */
void watch_expect(struct netd *d, bool making);
/* A joined link that was detached by command does not join again while it exists. */
void watch_leave_alone(struct netd *d, int ifindex);
bool watch_is_left_alone(const struct netd *d, int ifindex);
/* Look at that link again. */
void watch_note(struct netd *d, int ifindex);
/* Works off what was noticed; the loop does this before each wait. */
void watch_work(struct netd *d);

#endif
