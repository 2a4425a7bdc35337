/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: from what should be (a network, its ports) and what is (actual.h)
 * to an ordered list of steps. Pure: no system call, so that unit tests and
 * `netctl plan` see exactly what apply.h will do.
 */
#ifndef NETD_PLAN_H
#define NETD_PLAN_H

#include "actual.h"
#include "network.h"
#include "route.h"

enum step_op {
	STEP_BRIDGE_ADD,
	STEP_LINK_SET,
	STEP_LINK_DEL,
	STEP_ADDR_ADD,
	STEP_ADDR_DEL,
	STEP_ROUTE_ADD,
	STEP_ROUTE_DEL,
	STEP_SYSCTL,
	STEP_NOPS
};

struct step {
	enum step_op op;
	char ifname[IFNAMSIZ];
	int ifindex;  /* 0: made by an earlier step, find it by name */
	unsigned set; /* LINK_* */
	struct link_values values, old;
	struct prefix prefix;
	uint32_t flags;		   /* STEP_ADDR_*: IFA_F_* */
	bool broadcast;		   /* likewise */
	const struct route *route; /* borrowed from the input's routes */
	enum link_sysctl sysctl;
	int value, old_value;
	bool interrupts; /* traffic of guests, or of the host */
	/* apply.h: */
	size_t first, last; /* its messages in the batch */
	bool done;
};

struct plan {
	struct step *steps;
	size_t n, size;
	bool failed; /* memory ran out */
	bool force_forwarding;
};

struct plan_input {
	const struct network *net;
	const struct actual *actual;
	const struct routes *routes; /* only for a bridge on a NIC; else NULL */
};

/* Steps that make the kernel match the network. */
void plan_network(const struct plan_input *in, struct plan *plan);
/* Steps that take it away: ports stay, down and without a master. */
void plan_removal(const struct plan_input *in, struct plan *plan);
/* Steps for one port alone: what plan_network() would do for it. */
void plan_port(const struct plan_input *in, const struct port *p, struct plan *plan);
void plan_done(struct plan *plan);
/* Does a plan of this network need the routes? */
bool plan_wants_routes(const struct network *net);

/* The step that undoes @s. False: nothing does. */
bool step_inverse(const struct step *s, struct step *ret);
const char *step_object(const struct step *s);
const char *step_action(const struct step *s); /* "add", "change", "remove" */
/* One line: "mtu 1500 → 1400". */
#define STEP_TEXT_MAX 512
const char *step_text(const struct step *s, const struct plan *plan,
		      char buf[static STEP_TEXT_MAX]);
/* {"network","object","action","text","interrupts"} */
json_t *step_json(const struct step *s, const struct plan *plan, const char *network);

#endif
