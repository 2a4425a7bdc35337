/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that netd chooses: subnets for "auto", and each port's own.
 */
#ifndef NETD_ADDRESS_H
#define NETD_ADDRESS_H

#include "actual.h"
#include "route.h"

struct host_prefixes {
	struct config_host_prefix *list;
	size_t n, size;
};

/* What the host uses besides netd's own networks: addresses and routes. */
int host_prefixes_collect(const struct actual *a, const struct config *c, struct rtnl *r,
			  struct host_prefixes *ret, struct error *err);
void host_prefixes_done(struct host_prefixes *h);

/**
 * address_auto_fill() - give a subnet to each network whose address is "auto"
 * @file: where the choices are remembered, a line a network
 * @write: also remember new choices there
 *
 * A remembered choice stays unless the host uses it by now. Return: 0, -EADDRNOTAVAIL: no free
 * subnet is left, or -errno.
 */
int address_auto_fill(struct config *c, const struct host_prefixes *host, const char *file,
		      bool write, struct error *err);
/* Pure: the first of netd's candidate /24 that overlaps nothing; false: none. */
bool address_auto_pick(const struct config *c, const struct host_prefixes *host,
		       struct prefix *ret);

/**
 * address_assign() - a port's MAC, IPv4 and IPv6 address
 * @p: name and network are set, the MAC where the client gave one; not yet in the network
 *
 * A reservation's, else derived from the names: a hash into the range, else the next free.
 * Return: 0, -EADDRNOTAVAIL with the reason.
 */
int address_assign(const struct network *net, struct port *p, struct error *err);
/* The reservation for the port, by name or by MAC; NULL: none. */
const struct config_host *address_reservation(const struct config_network *c, const char *name,
					      const struct mac *mac);
/* Takes over what an edited reservation says; did anything change? */
bool address_reassign(const struct network *net, struct port *p);

#endif
