/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deletes conntrack entries of what left: a port's addresses, a removed forward.
 */
#ifndef NETD_CONNTRACK_H
#define NETD_CONNTRACK_H

#include "netd.h"

struct conntrack;
int conntrack_open(struct conntrack **ret, struct error *err);
void conntrack_close(struct conntrack *c);
/* Every entry with @a as original or reply source. Number deleted or -errno. */
int conntrack_flush_addr(struct conntrack *c, const struct addr *a);
/* Entries DNATed by a forward that is gone: protocol, original destination port, reply source. */
int conntrack_flush_forward(struct conntrack *c, uint8_t protocol, uint16_t port,
			    const struct addr *to);

#endif
