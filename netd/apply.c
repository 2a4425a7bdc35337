// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carries plans out.
 *
 * rtnetlink has no transactions: what a step did is undone by its inverse, in
 * reverse order, when a later step of the same plan fails. Messages of one run
 * are all sent before the first answer is read, so steps after a failed one
 * may have been done, and are undone too. Daemon's thread only.
 */
#include "apply.h"

#include "sysctl.h"

struct run {
	struct actual *actual;
	struct rtnl_batch batch;
	unsigned group; /* not 0: bridges to delete gather in it */
};

/* A group that no link is in: deleting one takes all its members. */
static unsigned fresh_group(const struct actual *a)
{
	unsigned group = 0x6e000000;
	struct link *l, *next;

	HASH_ITER(hh, a->by_index, l, next)
		if (l->group >= group)
			group = l->group + 1;
	return group ?: 0x6d000000;
}

static unsigned group_for(const struct actual *a, const struct apply_job *jobs, size_t n)
{
	size_t bridges = 0;

	for (size_t j = 0; j < n; j++)
		for (size_t i = 0; i < jobs[j].plan->n; i++)
			bridges += jobs[j].plan->steps[i].op == STEP_LINK_DEL &&
				   (jobs[j].plan->steps[i].set & LINK_MASTER);
	return bridges > 1 ? fresh_group(a) : 0;
}

static void drain(void *data)
{
	actual_drain(data);
}

/* What a message may answer without being a failure: it is as it should be. */
static bool is_fine(enum step_op op, int code)
{
	switch (op) {
	case STEP_ADDR_DEL:
		return code == -EADDRNOTAVAIL || code == -ENODEV;
	case STEP_ROUTE_DEL:
		return code == -ESRCH || code == -ENODEV;
	case STEP_ROUTE_ADD:
		return code == -EEXIST;
	case STEP_LINK_DEL:
		return code == -ENODEV;
	case STEP_BRIDGE_ADD:
	case STEP_LINK_SET:
	case STEP_ADDR_ADD:
	case STEP_SYSCTL:
	case STEP_NOPS:
		break;
	}
	return false;
}

static int index_of(const struct actual *a, const struct step *s)
{
	const struct link *l = actual_link_named(a, s->ifname);

	if (s->ifindex)
		return s->ifindex;
	return l ? l->ifindex : 0;
}

/* The step's messages go into the batch; none when its link is not there. */
static void put_step(struct run *run, struct step *s)
{
	const struct link *master = actual_link_named(run->actual, s->values.master);
	int ifindex = index_of(run->actual, s);

	s->first = run->batch.n;
	if (s->op == STEP_BRIDGE_ADD) {
		link_put_bridge(&run->batch, s->ifname, &s->values, s->set & LINK_QUIET);
	} else if (ifindex) {
		switch (s->op) {
		case STEP_LINK_SET:
			if (!s->values.master[0] || master)
				link_put_values(&run->batch, ifindex, s->set, &s->values,
						master ? master->ifindex : 0);
			break;
		case STEP_LINK_DEL:
			if (run->group && (s->set & LINK_MASTER))
				link_put_group(&run->batch, ifindex, run->group);
			else
				link_put_delete(&run->batch, ifindex);
			break;
		case STEP_ADDR_ADD:
			addr_put_add(&run->batch, ifindex, &s->prefix, s->flags, s->broadcast);
			break;
		case STEP_ADDR_DEL:
			addr_put_delete(&run->batch, ifindex, &s->prefix);
			break;
		case STEP_ROUTE_ADD:
			route_put_add(&run->batch, s->route, ifindex);
			break;
		case STEP_ROUTE_DEL:
			route_put_delete(&run->batch, s->route, ifindex);
			break;
		case STEP_BRIDGE_ADD:
		case STEP_SYSCTL:
		case STEP_NOPS:
			break;
		}
	}
	s->last = run->batch.n;
}

static int step_failed(const struct step *s, const struct plan *plan, struct error *err)
{
	char text[STEP_TEXT_MAX];

	return error_prefix(err, "cannot %s", step_text(s, plan, text));
}

/* The first failure of a step's messages; a link that is not there is one too. A step of which
 * anything was done is one to undo. */
static int step_result(const struct run *run, struct step *s, const struct plan *plan,
		       struct error *err)
{
	if (s->first == s->last) {
		if (is_fine(s->op, -ENODEV))
			return 0;
		error_set(err, ENODEV, "no such interface");
		return step_failed(s, plan, err);
	}
	for (size_t i = s->first; i < s->last; i++)
		s->done |= run->batch.results[i].code == 0;
	for (size_t i = s->first; i < s->last; i++) {
		const struct rtnl_result *r = &run->batch.results[i];

		if (r->code == 0 || is_fine(s->op, r->code))
			continue;
		rtnl_result_error(r, err);
		return step_failed(s, plan, err);
	}
	if (s->op == STEP_ADDR_ADD)
		actual_addr_added(run->actual, index_of(run->actual, s), &s->prefix, s->flags);
	return 0;
}

/* One run of the steps of all jobs that belong to the pass. */
static int run_pass(struct actual *a, struct apply_job *jobs, size_t n, bool bridges,
		    struct error *err)
{
	struct run run = { .actual = a, .group = bridges ? 0 : group_for(a, jobs, n) };
	int r;

	for (size_t j = 0; j < n; j++)
		for (size_t i = 0; jobs[j].result == 0 && i < jobs[j].plan->n; i++) {
			struct step *s = &jobs[j].plan->steps[i];

			if (s->op != STEP_SYSCTL && (s->op == STEP_BRIDGE_ADD) == bridges)
				put_step(&run, s);
		}
	if (run.group)
		link_put_delete_group(&run.batch, run.group);
	r = run.batch.n || run.batch.failed ? rtnl_run(a->rtnl, &run.batch, drain, a, err) : 0;
	for (size_t j = 0; r == 0 && j < n; j++)
		for (size_t i = 0; i < jobs[j].plan->n; i++) {
			struct step *s = &jobs[j].plan->steps[i];
			struct error step_err = { 0 };
			int step;

			if (s->op == STEP_SYSCTL || (s->op == STEP_BRIDGE_ADD) != bridges ||
			    (bridges == false && jobs[j].result < 0 && s->first == s->last))
				continue;
			step = step_result(&run, s, jobs[j].plan, &step_err);
			if (step < 0 && jobs[j].result == 0) {
				jobs[j].result = step;
				if (jobs[j].err)
					*jobs[j].err = step_err;
			}
		}
	rtnl_batch_done(&run.batch);
	return r;
}

static void run_sysctl(struct actual *a, struct apply_job *job, struct step *s)
{
	struct link *l = actual_link_named(a, s->ifname);
	char path[SYSCTL_PATH_MAX], text[STEP_TEXT_MAX];
	int r;

	sysctl_link_path(s->ifname, s->sysctl, a->force_forwarding, path);
	r = sysctl_set(path, s->value);
	/* A kernel without IPv6 has nothing to switch. */
	if (r < 0 && r != -ENOENT) {
		job->result = error_set(job->err, -r, "cannot %s: %s",
					step_text(s, job->plan, text), strerror(-r));
		return;
	}
	if (l)
		l->sysctls[s->sysctl] = r == 0 ? s->value : r;
	s->done = r == 0;
}

static void run_sysctls(struct actual *a, struct apply_job *job)
{
	for (size_t i = 0; job->result == 0 && i < job->plan->n; i++)
		if (job->plan->steps[i].op == STEP_SYSCTL)
			run_sysctl(a, job, &job->plan->steps[i]);
}

/* Step by step: an inverse may need the link that the one before made. */
static void undo(struct actual *a, struct apply_job *job)
{
	for (size_t i = job->plan->n; i-- > 0;) {
		struct step *s = &job->plan->steps[i], inverse;
		struct run run = { .actual = a };

		if (!s->done || !step_inverse(s, &inverse))
			continue;
		s->done = false;
		if (inverse.op == STEP_SYSCTL) {
			run_sysctl(a, &(struct apply_job){ .plan = job->plan }, &inverse);
			continue;
		}
		put_step(&run, &inverse);
		if (run.batch.n && rtnl_run(a->rtnl, &run.batch, drain, a, NULL) < 0)
			log_error("netlink: cannot undo a change that failed half-way");
		rtnl_batch_done(&run.batch);
		actual_drain(a);
	}
}

int apply_plans(struct actual *a, struct apply_job *jobs, size_t n, struct error *err)
{
	int r;

	for (size_t j = 0; j < n; j++)
		if (jobs[j].plan->failed)
			jobs[j].result = error_set(jobs[j].err, ENOMEM, "out of memory");
	r = run_pass(a, jobs, n, true, err);
	if (r == 0)
		r = run_pass(a, jobs, n, false, err);
	for (size_t j = 0; j < n; j++) {
		if (r < 0 && jobs[j].result == 0) {
			jobs[j].result = r;
			if (jobs[j].err && err)
				*jobs[j].err = *err;
		}
		if (jobs[j].result == 0)
			run_sysctls(a, &jobs[j]);
		if (jobs[j].result < 0)
			undo(a, &jobs[j]);
	}
	actual_drain(a);
	return r;
}

int apply_plan(struct actual *a, struct plan *plan, struct error *err)
{
	struct apply_job job = { .plan = plan, .err = err };
	int r;

	if (plan->n == 0 && !plan->failed)
		return 0;
	r = apply_plans(a, &job, 1, err);
	return r < 0 ? r : job.result;
}
