/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joined ports: interfaces that others made and whose name matches a pattern
 * in `ports` of a network.
 */
#ifndef NETD_JOIN_H
#define NETD_JOIN_H

#include "actual.h"
#include "port.h"

/* The port's name: what the pattern's * stands for, else the interface's name; as a DNS label. */
void join_port_name(const char *pattern, const char *ifname, char ret[static PORT_NAME_MAX + 1]);
/* Does a pattern of the network fit the name? */
bool join_matches(const struct config_network *c, const char *ifname);
/* Joins the link where a network that is up has a pattern for it. False: none has. */
bool join_try(struct netd *d, const struct link *l);
/* Every link there is, against the patterns of this network (NULL: of all). */
void join_scan(struct netd *d, struct network *net);
/* The first frame of a waiting port was seen: its MAC is the port's from now on. */
void join_learned(struct port *p, const struct mac *mac);

#endif
