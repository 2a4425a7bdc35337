// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event loop: epoll(7) with timerfd, signalfd and pidfd behind it.
 *
 * Owns the epoll fd, the signalfd and a table of sources. Each source has a
 * slot; epoll data is (generation << 32 | slot), so that an event for a source
 * freed earlier in the same batch finds another generation and is dropped.
 * Timers share one timerfd through a pairing by deadline: there are few of
 * them, a linear scan for the nearest is cheaper than a heap's code.
 * Single-threaded.
 */
#include "loop.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#define BATCH 256
#define REF_BIT (1ULL << 63)
#define SLOT_TIMER (UINT32_MAX - 1)
#define SLOT_SIGNAL (UINT32_MAX - 2)

enum source_kind {
	SOURCE_IO,
	SOURCE_TIMER,
	SOURCE_SIGNAL,
	SOURCE_CHILD,
	SOURCE_DEFER,
	SOURCE_PREPARE
};

struct source {
	struct loop *loop;
	enum source_kind kind;
	uint32_t slot;
	int fd; /* io: the caller's; child: our pidfd */
	union {
		loop_io_fn io;
		loop_timer_fn timer;
		loop_signal_fn signal;
		loop_child_fn child;
		loop_prepare_fn prepare;
	} fn;
	void *data;
	uint64_t deadline_ns; /* timer: 0 is disarmed */
	uint64_t interval_ns;
	int signo;
	pid_t pid;
	struct source *prev, *next; /* of its kind */
};

struct slot {
	struct source *source;
	uint32_t generation;
};

struct loop {
	int epoll_fd, timer_fd, signal_fd;
	sigset_t signals;
	struct slot *slots;
	uint32_t nslots, free_hint;
	struct source *timers, *signal_sources, *children, *deferred, *prepares;
	struct source *dispatching; /* set to NULL when it frees itself */
	uint64_t timer_set_ns;
	uint64_t now_ns;
	loop_ref_fn ref_fn;
	void *ref_data;
	bool stopped;
	int code;
};

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

static struct source **list_of(struct loop *l, enum source_kind kind)
{
	switch (kind) {
	case SOURCE_TIMER:
		return &l->timers;
	case SOURCE_SIGNAL:
		return &l->signal_sources;
	case SOURCE_CHILD:
		return &l->children;
	case SOURCE_DEFER:
		return &l->deferred;
	case SOURCE_PREPARE:
		return &l->prepares;
	case SOURCE_IO:
		break;
	}
	return NULL;
}

static int slot_take(struct loop *l, struct source *s)
{
	uint32_t i, n;
	struct slot *slots;

	for (i = l->free_hint; i < l->nslots; i++)
		if (!l->slots[i].source)
			goto found;
	n = l->nslots ? l->nslots * 2 : 32;
	slots = realloc(l->slots, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + l->nslots, 0, (n - l->nslots) * sizeof(*slots));
	i = l->nslots;
	l->slots = slots;
	l->nslots = n;
found:
	l->slots[i].source = s;
	l->free_hint = i + 1;
	s->slot = i;
	return 0;
}

static uint64_t source_ref(const struct source *s)
{
	/* The generation keeps bit 31 clear, so that REF_BIT stays clear. */
	return (uint64_t)(s->loop->slots[s->slot].generation & 0x7fffffff) << 32 | s->slot;
}

static int source_new(struct loop *l, enum source_kind kind, void *data, struct source **ret)
{
	struct source *s = calloc(1, sizeof(*s));
	struct source **list = list_of(l, kind);
	int r;

	if (!s)
		return -ENOMEM;
	s->loop = l;
	s->kind = kind;
	s->data = data;
	s->fd = -1;
	r = slot_take(l, s);
	if (r < 0) {
		free(s);
		return r;
	}
	if (list) {
		/* Appended: deferred and prepare callbacks run in order. */
		struct source *tail = *list;

		while (tail && tail->next)
			tail = tail->next;
		s->prev = tail;
		if (tail)
			tail->next = s;
		else
			*list = s;
	}
	*ret = s;
	return 0;
}

static int signals_update(struct loop *l)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = SLOT_SIGNAL };
	int fd = signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (l->signal_fd >= 0)
		return 0;
	l->signal_fd = fd;
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

void source_free(struct source *s)
{
	struct loop *l;
	struct source **list;

	if (!s)
		return;
	l = s->loop;
	list = list_of(l, s->kind);
	if (s->kind == SOURCE_IO)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	if (s->kind == SOURCE_CHILD && s->fd >= 0)
		close(s->fd);
	if (list) {
		if (s->prev)
			s->prev->next = s->next;
		else
			*list = s->next;
		if (s->next)
			s->next->prev = s->prev;
	}
	if (s->kind == SOURCE_SIGNAL) {
		sigdelset(&l->signals, s->signo);
		signals_update(l);
	}
	l->slots[s->slot].source = NULL;
	l->slots[s->slot].generation++;
	l->free_hint = MIN(l->free_hint, s->slot);
	if (l->dispatching == s)
		l->dispatching = NULL;
	free(s);
}

int loop_new(struct loop **ret)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = SLOT_TIMER };
	struct loop *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->signal_fd = -1;
	sigemptyset(&l->signals);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->epoll_fd < 0 || l->timer_fd < 0 ||
	    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev) < 0) {
		r = -errno;
		loop_free(l);
		return r;
	}
	l->now_ns = clock_ns();
	*ret = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->nslots; i++)
		source_free(l->slots[i].source);
	free(l->slots);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l);
}

static int source_done(int r, struct source *s, struct source **ret)
{
	if (r < 0) {
		source_free(s);
		return r;
	}
	if (ret)
		*ret = s;
	return 0;
}

int loop_add_io(struct loop *l, int fd, uint32_t events, loop_io_fn fn, void *data,
		struct source **ret)
{
	struct epoll_event ev = { .events = events };
	struct source *s;
	int r = source_new(l, SOURCE_IO, data, &s);

	if (r < 0)
		return r;
	s->fd = fd;
	s->fn.io = fn;
	ev.data.u64 = source_ref(s);
	r = epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
	return source_done(r, s, ret);
}

int source_set_events(struct source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = source_ref(s) };

	return epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

int loop_add_timer(struct loop *l, loop_timer_fn fn, void *data, struct source **ret)
{
	struct source *s;
	int r = source_new(l, SOURCE_TIMER, data, &s);

	if (r < 0)
		return r;
	s->fn.timer = fn;
	return source_done(0, s, ret);
}

int source_set_timer(struct source *s, uint64_t after_ms, uint64_t interval_ms)
{
	s->interval_ns = interval_ms * 1000000ULL;
	s->deadline_ns = after_ms ? clock_ns() + after_ms * 1000000ULL : 0;
	return 0;
}

int loop_add_signal(struct loop *l, int signo, loop_signal_fn fn, void *data, struct source **ret)
{
	struct source *s;
	sigset_t set;
	int r = source_new(l, SOURCE_SIGNAL, data, &s);

	if (r < 0)
		return r;
	s->fn.signal = fn;
	s->signo = signo;
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaddset(&l->signals, signo);
	return source_done(signals_update(l), s, ret);
}

int loop_add_child(struct loop *l, pid_t pid, loop_child_fn fn, void *data, struct source **ret)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct source *s;
	int r = source_new(l, SOURCE_CHILD, data, &s);

	if (r < 0)
		return r;
	s->fn.child = fn;
	s->pid = pid;
	s->fd = syscall(SYS_pidfd_open, pid, 0);
	ev.data.u64 = source_ref(s);
	if (s->fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		r = -errno;
	return source_done(r, s, ret);
}

int loop_defer(struct loop *l, loop_timer_fn fn, void *data, struct source **ret)
{
	struct source *s;
	int r = source_new(l, SOURCE_DEFER, data, &s);

	if (r < 0)
		return r;
	s->fn.timer = fn;
	return source_done(0, s, ret);
}

int loop_add_prepare(struct loop *l, loop_prepare_fn fn, void *data, struct source **ret)
{
	struct source *s;
	int r = source_new(l, SOURCE_PREPARE, data, &s);

	if (r < 0)
		return r;
	s->fn.prepare = fn;
	return source_done(0, s, ret);
}

void loop_set_ref_handler(struct loop *l, loop_ref_fn fn, void *data)
{
	l->ref_fn = fn;
	l->ref_data = data;
}

int loop_ref_add(struct loop *l, int fd, uint32_t events, uint64_t ref)
{
	struct epoll_event ev = { .events = events, .data.u64 = ref | REF_BIT };

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

int loop_ref_mod(struct loop *l, int fd, uint32_t events, uint64_t ref)
{
	struct epoll_event ev = { .events = events, .data.u64 = ref | REF_BIT };

	return epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

int loop_ref_del(struct loop *l, int fd)
{
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0;
}

static void timer_arm(struct loop *l)
{
	struct itimerspec its = { 0 };
	uint64_t nearest = 0;

	for (struct source *s = l->timers; s; s = s->next)
		if (s->deadline_ns && (!nearest || s->deadline_ns < nearest))
			nearest = s->deadline_ns;
	if (nearest == l->timer_set_ns)
		return;
	l->timer_set_ns = nearest;
	its.it_value.tv_sec = nearest / 1000000000ULL;
	its.it_value.tv_nsec = nearest % 1000000000ULL;
	timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
}

/* Runs the callbacks of due timers; each at most once a call. */
static void timers_dispatch(struct loop *l)
{
	uint64_t now = clock_ns(), expirations;
	struct source *s;

	if (read(l->timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return;
	l->timer_set_ns = 0;
	do {
		for (s = l->timers; s; s = s->next)
			if (s->deadline_ns && s->deadline_ns <= now)
				break;
		if (!s)
			break;
		/* An interval shorter than a dispatch must not starve the loop. */
		s->deadline_ns = s->interval_ns ? MAX(s->deadline_ns + s->interval_ns, now + 1) : 0;
		s->fn.timer(s, s->data);
	} while (!l->stopped);
}

static void signals_dispatch(struct loop *l)
{
	struct signalfd_siginfo si;
	struct source *s;

	while (read(l->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		for (s = l->signal_sources; s; s = s->next)
			if (s->signo == (int)si.ssi_signo)
				break;
		if (s)
			s->fn.signal(s, &si, s->data);
	}
}

static void child_dispatch(struct loop *l, struct source *s)
{
	int status = -1;

	if (waitpid(s->pid, &status, WNOHANG) == 0)
		return; /* traced, or not over yet */
	l->dispatching = s;
	s->fn.child(s, s->pid, status, s->data);
	if (l->dispatching == s)
		source_free(s);
	l->dispatching = NULL;
}

static void deferred_dispatch(struct loop *l)
{
	/* Only what stood there at the start, so that a callback may defer again. */
	struct source *last = l->deferred, *s;
	bool more;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	do {
		s = l->deferred;
		if (!s)
			return;
		more = s != last;
		l->dispatching = s;
		s->fn.timer(s, s->data);
		if (l->dispatching == s)
			source_free(s);
		l->dispatching = NULL;
	} while (more);
}

static void event_dispatch(struct loop *l, const struct epoll_event *ev)
{
	uint32_t slot = (uint32_t)ev->data.u64;
	struct source *s;

	if (ev->data.u64 & REF_BIT) {
		if (l->ref_fn)
			l->ref_fn(l->ref_data, ev->data.u64 & ~REF_BIT, ev->events);
		return;
	}
	if (ev->data.u64 == SLOT_TIMER) {
		timers_dispatch(l);
		return;
	}
	if (ev->data.u64 == SLOT_SIGNAL) {
		signals_dispatch(l);
		return;
	}
	if (slot >= l->nslots || !l->slots[slot].source)
		return;
	s = l->slots[slot].source;
	if (source_ref(s) != ev->data.u64)
		return;
	if (s->kind == SOURCE_CHILD)
		child_dispatch(l, s);
	else if (s->kind == SOURCE_IO)
		s->fn.io(s, s->fd, ev->events, s->data);
}

int loop_run_once(struct loop *l, int timeout_ms)
{
	struct epoll_event events[BATCH];
	struct source *s, *next;
	int n;

	deferred_dispatch(l);
	for (s = l->prepares; s; s = next) {
		next = s->next;
		s->fn.prepare(s->data);
	}
	if (l->stopped)
		return 0;
	timer_arm(l);
	n = epoll_wait(l->epoll_fd, events, BATCH, l->deferred ? 0 : timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	l->now_ns = clock_ns();
	for (int i = 0; i < n && !l->stopped; i++)
		event_dispatch(l, &events[i]);
	return 0;
}

int loop_run(struct loop *l)
{
	int r;

	while (!l->stopped) {
		r = loop_run_once(l, -1);
		if (r < 0)
			return r;
	}
	l->stopped = false;
	return l->code;
}

void loop_stop(struct loop *l, int code)
{
	l->stopped = true;
	l->code = code;
}
