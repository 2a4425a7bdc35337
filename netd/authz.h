/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what: a pure decision on credentials, a network's allow { } and an action.
 */
#ifndef NETD_AUTHZ_H
#define NETD_AUTHZ_H

#include "config.h"
#include "varlink.h"

#define AUTHZ_RULE_MAX 512

enum authz_action {
	AUTHZ_USE,    /* attach, show, ports, leases, events of a network: its allow { } */
	AUTHZ_LOOK,   /* plan, check: root and group netd */
	AUTHZ_CHANGE, /* apply, confirm, purge: root */
};

/**
 * authz_allowed() - may this peer do that?
 * @net: the network, for AUTHZ_USE; else NULL
 * @netd_gid: group netd, or -1 where the host has none
 * @rule: what forbids it, for the error
 */
bool authz_allowed(const struct varlink_peer *peer, const struct config_network *net,
		   enum authz_action action, gid_t netd_gid, char rule[static AUTHZ_RULE_MAX]);
/* Detach and the like: the port's owner and root. */
bool authz_owner(const struct varlink_peer *peer, uid_t owner, char rule[static AUTHZ_RULE_MAX]);

#endif
