/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries plans out: netlink messages in pipelined runs, and undone in reverse
 * order when a step fails. Takes no decision.
 */
#ifndef NETD_APPLY_H
#define NETD_APPLY_H

#include "plan.h"

struct apply_job {
	struct plan *plan;
	struct error *err; /* why it failed; filled when result < 0 */
	int result;
};

/**
 * apply_plans() - carry out the plans of several networks together
 *
 * First every bridge is made, then follows everything else, each in one run of
 * messages for all jobs; then switches. A job that fails is undone and the
 * others go on. Drains @a before it returns.
 *
 * Return: 0, or -errno when the kernel could not be talked to at all (every job failed then).
 */
int apply_plans(struct actual *a, struct apply_job *jobs, size_t n, struct error *err);
/* One plan. */
int apply_plan(struct actual *a, struct plan *plan, struct error *err);

#endif
