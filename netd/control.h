/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The varlink service io.netd: calls in, events out. Looks up, asks authz,
 * calls network/port, forms the reply; decides nothing itself.
 */
#ifndef NETD_CONTROL_H
#define NETD_CONTROL_H

#include "netd.h"

/* @listen_fd: from LISTEN_FDS, or -1 to bind RUNTIME/netd.sock (0666). */
int control_open(struct netd *d, int listen_fd, struct control **ret, struct error *err);
void control_close(struct control *c);
/* To every Monitor stream that may see the network. Borrows @object. */
void control_event(struct control *c, const char *event, const json_t *object);

#endif
