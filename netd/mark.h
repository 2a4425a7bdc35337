/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Marks: what netd writes into the alias of every link that is its own, so
 * that the kernel remembers for it.
 *
 *	netd:NETWORK                                      a bridge
 *	netd:NETWORK/PORT;uid=N;mac=M;addr=A[,A];since=S  a port
 *	netd+:…                                           a link that others made and that joined
 *
 * And names: of interfaces and MAC addresses, derived from network and port.
 */
#ifndef NETD_MARK_H
#define NETD_MARK_H

#include "netd.h"

#define MARK_LEN 256 /* IFALIASZ, with the NUL */

struct mark {
	bool joined; /* netd+: never deleted */
	char network[NETWORK_NAME_MAX + 1];
	char port[PORT_NAME_MAX + 1]; /* empty: the bridge itself */
	uid_t uid;
	struct mac mac; /* not set: not known yet */
	struct addr addr4, addr6;
	uint64_t since_s;
};

/* 0, or -EINVAL: not a mark of ours. Unknown keys are passed over. */
int mark_parse(const char *alias, struct mark *ret);
/* Always fits. */
void mark_format(const struct mark *m, char ret[static MARK_LEN]);
void mark_of_port(const struct port *p, struct mark *ret);
void mark_of_network(const struct network *net, struct mark *ret);

/* The interface of a port: "NETWORK-PORT" where that fits, else @hashed. */
void port_ifname(const char *network, const char *port, bool hashed, char ret[static IFNAMSIZ]);
/* Locally administered, 46 bits of hash of (network, port). */
struct mac port_mac(const char *network, const char *port);
/* Of a bridge: likewise, of the network's name. */
struct mac network_mac(const char *network);
/* The tap's own MAC: the guest's with first byte fe. */
struct mac tap_mac(const struct mac *guest);

#endif
