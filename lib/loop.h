/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop of all programs: epoll with timers, signals and child
 * processes as sources. Single-threaded; every call from the loop's thread.
 *
 * epoll data is a 64-bit reference (index + generation), never a pointer, so
 * a source may be freed at any moment, also while it or another source of the
 * same batch is being dispatched.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "util.h"

struct loop;
struct source;

typedef void (*loop_io_fn)(struct source *s, int fd, uint32_t events, void *data);
typedef void (*loop_timer_fn)(struct source *s, void *data);
typedef void (*loop_signal_fn)(struct source *s, const struct signalfd_siginfo *si, void *data);
/* @status: as waitpid(2) gives it; -1 for a process that is not our child. */
typedef void (*loop_child_fn)(struct source *s, pid_t pid, int status, void *data);
typedef void (*loop_ref_fn)(void *data, uint64_t ref, uint32_t events);
typedef void (*loop_prepare_fn)(void *data);

int loop_new(struct loop **ret);
void loop_free(struct loop *l); /* NULL is fine; frees all sources left */
static inline void loop_freep(struct loop **l)
{
	loop_free(*l);
	*l = NULL;
}

/**
 * loop_run() - dispatch until loop_stop()
 *
 * Return: the code given to loop_stop(), or -errno.
 */
int loop_run(struct loop *l);
/* One wait of at most @timeout_ms (-1: no limit) and one dispatch. 0 or -errno. */
int loop_run_once(struct loop *l, int timeout_ms);
void loop_stop(struct loop *l, int code);

/* CLOCK_MONOTONIC in nanoseconds, read once per wake-up. */
uint64_t loop_now_ns(const struct loop *l);

/*
 * Sources. @ret may be NULL: the loop then owns the source to the end.
 * The fd stays the caller's: free the source before closing it.
 */
int loop_add_io(struct loop *l, int fd, uint32_t events, loop_io_fn fn, void *data,
		struct source **ret);
int source_set_events(struct source *s, uint32_t events);

/* A timer starts disarmed. Set with 0 to disarm. One shot, or again every @interval_ms. */
int loop_add_timer(struct loop *l, loop_timer_fn fn, void *data, struct source **ret);
int source_set_timer(struct source *s, uint64_t after_ms, uint64_t interval_ms);

/* Blocks @signo in the calling thread and reads it from a signalfd. */
int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *data, struct source **ret);

/*
 * Tells once when @pid ends, through a pidfd; reaps it when it is our child.
 * The source is freed after the callback.
 */
int loop_add_child(struct loop *l, pid_t pid, loop_child_fn fn, void *data, struct source **ret);

/* Runs once, before the next wait; freed after the callback. */
int loop_defer(struct loop *l, loop_timer_fn fn, void *data, struct source **ret);

/* Runs before every wait: the place to flush what a batch of events queued. */
int loop_add_prepare(struct loop *l, loop_prepare_fn fn, void *data, struct source **ret);

/* Idempotent through source_freep(); NULL is fine; safe while dispatching. */
void source_free(struct source *s);
static inline void source_freep(struct source **s)
{
	source_free(*s);
	*s = NULL;
}

/*
 * The light path for tables of their own (usernet's flows): no source object,
 * a caller-made 63-bit reference comes back to one handler. Bit 63 is ours.
 */
void loop_set_ref_handler(struct loop *l, loop_ref_fn fn, void *data);
int loop_ref_add(struct loop *l, int fd, uint32_t events, uint64_t ref);
int loop_ref_mod(struct loop *l, int fd, uint32_t events, uint64_t ref);
int loop_ref_del(struct loop *l, int fd);

#endif
