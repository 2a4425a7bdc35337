// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/loop: sources of each kind, and freeing them at awkward moments. */
#include <signal.h>
#include <sys/wait.h>

#include "loop.h"
#include "unit.h"

struct world {
	struct loop *loop;
	struct source *a, *b;
	int hits, order[8];
	int status;
};

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	CU_ASSERT_EQUAL_FATAL(loop_new(&w->loop), 0);
}

static void io_frees_both(struct source *s _unused_, int fd _unused_, uint32_t ev _unused_,
			  void *data)
{
	struct world *w = data;

	w->hits++;
	source_freep(&w->a);
	source_freep(&w->b);
}

static void a_source_freed_in_a_batch_is_not_called(void)
{
	int p[2], q[2];
	struct world w;

	world_init(&w);
	CU_ASSERT_EQUAL_FATAL(pipe(p), 0);
	CU_ASSERT_EQUAL_FATAL(pipe(q), 0);
	loop_add_io(w.loop, p[0], EPOLLIN, io_frees_both, &w, &w.a);
	loop_add_io(w.loop, q[0], EPOLLIN, io_frees_both, &w, &w.b);
	CU_ASSERT_EQUAL(write(p[1], "x", 1), 1);
	CU_ASSERT_EQUAL(write(q[1], "x", 1), 1);
	loop_run_once(w.loop, 100);
	loop_run_once(w.loop, 0);
	CU_ASSERT_EQUAL(w.hits, 1);
	loop_free(w.loop);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
}

static void timer_counts(struct source *s, void *data)
{
	struct world *w = data;

	if (++w->hits == 3) {
		source_free(s);
		loop_stop(w->loop, 7);
	}
}

static void an_interval_timer_repeats_and_frees_itself(void)
{
	struct world w;

	world_init(&w);
	loop_add_timer(w.loop, timer_counts, &w, &w.a);
	source_set_timer(w.a, 1, 1);
	CU_ASSERT_EQUAL(loop_run(w.loop), 7);
	CU_ASSERT_EQUAL(w.hits, 3);
	loop_free(w.loop);
}

static void a_timer_set_to_zero_is_disarmed(void)
{
	struct world w;

	world_init(&w);
	loop_add_timer(w.loop, timer_counts, &w, &w.a);
	source_set_timer(w.a, 1, 0);
	source_set_timer(w.a, 0, 0);
	loop_run_once(w.loop, 20);
	CU_ASSERT_EQUAL(w.hits, 0);
	loop_free(w.loop);
}

static void signal_counts(struct source *s _unused_, const struct signalfd_siginfo *si, void *data)
{
	struct world *w = data;

	w->hits += si->ssi_signo == SIGUSR1;
}

static void signals_arrive(void)
{
	struct world w;

	world_init(&w);
	CU_ASSERT_EQUAL(loop_add_signal(w.loop, SIGUSR1, signal_counts, &w, NULL), 0);
	raise(SIGUSR1);
	loop_run_once(w.loop, 1000);
	CU_ASSERT_EQUAL(w.hits, 1);
	loop_free(w.loop);
}

static void child_ends(struct source *s _unused_, pid_t pid _unused_, int status, void *data)
{
	struct world *w = data;

	w->status = status;
	loop_stop(w->loop, 0);
}

static void a_child_is_reaped_with_its_status(void)
{
	struct world w;
	pid_t pid;

	world_init(&w);
	pid = fork();
	if (pid == 0)
		_exit(42);
	CU_ASSERT_EQUAL(loop_add_child(w.loop, pid, child_ends, &w, NULL), 0);
	loop_run(w.loop);
	CU_ASSERT_TRUE(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 42);
	CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), -1);
	loop_free(w.loop);
}

static void deferred_b(struct source *s _unused_, void *data)
{
	struct world *w = data;

	w->order[w->hits++] = 2;
}

static void deferred_a(struct source *s, void *data)
{
	struct world *w = data;

	w->order[w->hits++] = 1;
	loop_defer(w->loop, deferred_b, w, NULL);
	source_free(s);
}

static void deferred_calls_run_in_order_and_may_defer_again(void)
{
	struct world w;

	world_init(&w);
	loop_defer(w.loop, deferred_a, &w, NULL);
	loop_run_once(w.loop, 0);
	CU_ASSERT_EQUAL(w.hits, 1);
	loop_run_once(w.loop, 0);
	CU_ASSERT_EQUAL(w.hits, 2);
	CU_ASSERT_EQUAL(w.order[1], 2);
	loop_free(w.loop);
}

static void ref_hit(void *data, uint64_t ref, uint32_t events _unused_)
{
	struct world *w = data;

	w->hits += ref == 0x123456789abcdefULL;
}

static void references_come_back_whole(void)
{
	struct world w;
	int p[2];

	world_init(&w);
	CU_ASSERT_EQUAL_FATAL(pipe(p), 0);
	loop_set_ref_handler(w.loop, ref_hit, &w);
	CU_ASSERT_EQUAL(loop_ref_add(w.loop, p[0], EPOLLIN, 0x123456789abcdefULL), 0);
	CU_ASSERT_EQUAL(write(p[1], "x", 1), 1);
	loop_run_once(w.loop, 100);
	CU_ASSERT_EQUAL(w.hits, 1);
	CU_ASSERT_EQUAL(loop_ref_del(w.loop, p[0]), 0);
	loop_run_once(w.loop, 0);
	CU_ASSERT_EQUAL(w.hits, 1);
	loop_free(w.loop);
	close(p[0]);
	close(p[1]);
}

UNIT_MAIN("loop", UNIT(a_source_freed_in_a_batch_is_not_called),
	  UNIT(an_interval_timer_repeats_and_frees_itself), UNIT(a_timer_set_to_zero_is_disarmed),
	  UNIT(signals_arrive), UNIT(a_child_is_reaped_with_its_status),
	  UNIT(deferred_calls_run_in_order_and_may_defer_again), UNIT(references_come_back_whole))
