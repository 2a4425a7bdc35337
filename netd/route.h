/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and routes: messages that add and remove them, and a NIC's own
 * routes, kept so that they can be put on its bridge and back.
 */
#ifndef NETD_ROUTE_H
#define NETD_ROUTE_H

#include "addr.h"
#include "rtnl.h"

struct route {
	int oif;
	uint8_t protocol, type, scope; /* RTPROT_*, RTN_*, RT_SCOPE_* */
	uint32_t table;
	struct prefix dst; /* family always set; len 0: default */
	struct addr gateway;
	struct nlmsghdr *message; /* as the kernel gave it; owned */
};

struct routes {
	struct route *list;
	size_t n, size;
};

/* Pure: 0, -EBADMSG, or -EOPNOTSUPP (several next hops). The message is not copied. Fuzzed. */
int route_message_parse(const struct nlmsghdr *h, struct route *ret);
/* Unicast routes of all tables but `local`. */
int routes_dump(struct rtnl *r, struct routes *ret, struct error *err);
void routes_done(struct routes *routes);
/* A person (or a daemon) set it: it does not come by itself from an address or an RA. */
bool route_is_static(const struct route *route);
/* "default via 192.0.2.1" */
#define ROUTE_STRLEN 128
const char *route_format(const struct route *route, char buf[static ROUTE_STRLEN]);

/* The route, but out of @oif. */
void route_put_add(struct rtnl_batch *b, const struct route *route, int oif);
void route_put_delete(struct rtnl_batch *b, const struct route *route, int oif);

/* @flags: IFA_F_*; @broadcast: IPv4, with the subnet's broadcast address */
void addr_put_add(struct rtnl_batch *b, int ifindex, const struct prefix *p, uint32_t flags,
		  bool broadcast);
void addr_put_delete(struct rtnl_batch *b, int ifindex, const struct prefix *p);

#endif
