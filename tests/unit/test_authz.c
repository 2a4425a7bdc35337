// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/authz: who may do what, and what the refusal says. */
#include "authz.h"
#include "unit.h"

static uid_t uids[] = { 1000 };
static gid_t gids[] = { 104 };
static char *users[] = { (char *)"alice" }, *groups[] = { (char *)"kvm" };

static struct config_network lab = {
	.name = "lab",
	.file = (char *)"/etc/netd/networks/lab.conf",
	.line = 3,
	.allow = { .users = users,
		   .nusers = 1,
		   .groups = groups,
		   .ngroups = 1,
		   .uids = uids,
		   .nuids = 1,
		   .gids = gids,
		   .ngids = 1 },
};

static bool may(uid_t uid, gid_t gid, gid_t extra, enum authz_action action, char *rule)
{
	struct varlink_peer peer = { .uid = uid, .gid = gid, .groups = { extra }, .ngroups = 1 };

	return authz_allowed(&peer, action == AUTHZ_USE ? &lab : NULL, action, 200, rule);
}

static void root_may_do_everything(void)
{
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_TRUE(may(0, 0, 0, AUTHZ_USE, rule));
	CU_ASSERT_TRUE(may(0, 0, 0, AUTHZ_LOOK, rule));
	CU_ASSERT_TRUE(may(0, 0, 0, AUTHZ_CHANGE, rule));
}

static void users_and_groups_of_a_network_may_use_it(void)
{
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_TRUE(may(1000, 1000, 1000, AUTHZ_USE, rule));
	CU_ASSERT_TRUE(may(1001, 104, 1001, AUTHZ_USE, rule));
	CU_ASSERT_TRUE(may(1001, 1001, 104, AUTHZ_USE, rule));
	CU_ASSERT_FALSE(may(1001, 1001, 1001, AUTHZ_USE, rule));
}

static void a_refusal_names_the_rule(void)
{
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_FALSE(may(1001, 1001, 200, AUTHZ_USE, rule));
	CU_ASSERT_STRING_EQUAL(rule, "network lab is for users alice and groups kvm (allow, "
				     "/etc/netd/networks/lab.conf:3), not for uid 1001");
	CU_ASSERT_FALSE(may(1000, 1000, 104, AUTHZ_CHANGE, rule));
	CU_ASSERT_PTR_NOT_NULL(strstr(rule, "for root"));
}

static void group_netd_may_look_but_not_change(void)
{
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_TRUE(may(1001, 1001, 200, AUTHZ_LOOK, rule));
	CU_ASSERT_FALSE(may(1001, 1001, 200, AUTHZ_CHANGE, rule));
	CU_ASSERT_FALSE(may(1000, 1000, 104, AUTHZ_LOOK, rule));
}

static void without_a_group_netd_nobody_is_in_it(void)
{
	struct varlink_peer peer = { .uid = 5, .gid = (gid_t)-1 };
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_FALSE(authz_allowed(&peer, NULL, AUTHZ_LOOK, (gid_t)-1, rule));
}

static void a_port_is_its_owners(void)
{
	struct varlink_peer owner = { .uid = 7 }, other = { .uid = 8 }, root = { .uid = 0 };
	char rule[AUTHZ_RULE_MAX];

	CU_ASSERT_TRUE(authz_owner(&owner, 7, rule));
	CU_ASSERT_TRUE(authz_owner(&root, 7, rule));
	CU_ASSERT_FALSE(authz_owner(&other, 7, rule));
	CU_ASSERT_PTR_NOT_NULL(strstr(rule, "uid 7"));
}

UNIT_MAIN("authz", UNIT(root_may_do_everything), UNIT(users_and_groups_of_a_network_may_use_it),
	  UNIT(a_refusal_names_the_rule), UNIT(group_netd_may_look_but_not_change),
	  UNIT(without_a_group_netd_nobody_is_in_it), UNIT(a_port_is_its_owners))
