// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may do what. Pure: credentials as the kernel gave them (SO_PEERCRED,
 * SO_PEERGROUPS) against numbers that were resolved when the configuration
 * was read.
 */
#include "authz.h"

static bool in_group(const struct varlink_peer *peer, gid_t gid)
{
	if (gid == (gid_t)-1)
		return false;
	if (peer->gid == gid)
		return true;
	for (size_t i = 0; i < peer->ngroups; i++)
		if (peer->groups[i] == gid)
			return true;
	return false;
}

/* "users alice, bob and groups kvm" */
static void allow_text(const struct config_network *net, char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < net->allow.nusers && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s", i ? ", " : "users ",
				net->allow.users[i]);
	for (size_t i = 0; i < net->allow.ngroups && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s",
				i		    ? ", "
				: net->allow.nusers ? " and groups "
						    : "groups ",
				net->allow.groups[i]);
	if (!len)
		snprintf(buf, size, "root and group netd");
}

static bool may_use(const struct varlink_peer *peer, const struct config_network *net,
		    char rule[static AUTHZ_RULE_MAX])
{
	char text[256];

	for (size_t i = 0; i < net->allow.nuids; i++)
		if (peer->uid == net->allow.uids[i])
			return true;
	for (size_t i = 0; i < net->allow.ngids; i++)
		if (in_group(peer, net->allow.gids[i]))
			return true;
	allow_text(net, text, sizeof(text));
	snprintf(rule, AUTHZ_RULE_MAX, "network %s is for %s (allow, %s:%d), not for uid %u",
		 net->name, text, net->file ? net->file : "its file", net->line, peer->uid);
	return false;
}

bool authz_allowed(const struct varlink_peer *peer, const struct config_network *net,
		   enum authz_action action, gid_t netd_gid, char rule[static AUTHZ_RULE_MAX])
{
	if (peer->uid == 0)
		return true;
	switch (action) {
	case AUTHZ_USE:
		return may_use(peer, net, rule);
	case AUTHZ_LOOK:
		if (in_group(peer, netd_gid))
			return true;
		snprintf(rule, AUTHZ_RULE_MAX, "this is for root and group netd, not for uid %u",
			 peer->uid);
		return false;
	case AUTHZ_CHANGE:
		snprintf(rule, AUTHZ_RULE_MAX, "this is for root, not for uid %u", peer->uid);
		return false;
	}
	return false;
}

bool authz_owner(const struct varlink_peer *peer, uid_t owner, char rule[static AUTHZ_RULE_MAX])
{
	if (peer->uid == 0 || peer->uid == owner)
		return true;
	snprintf(rule, AUTHZ_RULE_MAX,
		 "the port belongs to uid %u: it and root may do this, not uid %u", owner,
		 peer->uid);
	return false;
}
