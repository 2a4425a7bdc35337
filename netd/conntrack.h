/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deletes conntrack entries of what left: a port's addresses, a removed forward. Queued, done
 * together some milliseconds later.
 */
#ifndef NETD_CONNTRACK_H
#define NETD_CONNTRACK_H

#include "netd.h"

struct conntrack;
int conntrack_open(struct loop *l, struct conntrack **ret, struct error *err);
void conntrack_close(struct conntrack *c); /* does what is queued; NULL is fine */
/* Every entry with @a at either end. */
void conntrack_flush_addr(struct conntrack *c, const struct addr *a);
/* Entries of a forward that is gone: protocol, original destination port, reply source. */
void conntrack_flush_forward(struct conntrack *c, uint8_t protocol, uint16_t first, uint16_t last,
			     const struct addr *to);
/* Does what is queued now, if it concerns @a (NULL: anything): before the address is used anew. */
void conntrack_settle(struct conntrack *c, const struct addr *a);

#endif
