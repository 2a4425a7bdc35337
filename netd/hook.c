// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hooks: CONFIG/hooks.d/ * on events. One hook at a time, by name, one event
 * after another; the event in the environment and as JSON on stdin (a memfd,
 * so that no hook can block us by not reading). Each has a time limit, its
 * output goes to the log.
 *
 * Owns the queue of events and the running process. Runs in netd, on its loop.
 */
#include "hook.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "log.h"

#define QUEUE_MAX 256
#define OUTPUT_MAX 4096 /* bytes and lines of one hook that are logged */
#define OUTPUT_LINES_MAX 50
#define ENV_MAX 32

struct event {
	struct event *next;
	char *name;
	char *json;
	char *env[ENV_MAX + 1];
};

struct hooks {
	struct loop *loop;
	char *dir;
	unsigned timeout_s;
	struct event *queue, *tail;
	unsigned queued;
	char **names; /* of the event being run, in order */
	size_t nnames, next;
	pid_t pid;
	struct source *process, *timer, *output_source;
	int output;
	size_t output_bytes, output_lines;
	struct log_limit limit;
};

static void event_free(struct event *e)
{
	if (!e)
		return;
	for (char **env = e->env; *env; env++)
		free(*env);
	free(e->name);
	free(e->json);
	free(e);
}

static void names_free(struct hooks *h)
{
	for (size_t i = 0; i < h->nnames; i++)
		free(h->names[i]);
	free(h->names);
	h->names = NULL;
	h->nnames = h->next = 0;
}

/* As run-parts(8): no dots, so that editors' leavings and package managers' are not run. */
static int is_hook(const struct dirent *e)
{
	for (const char *p = e->d_name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9') || *p == '-' || *p == '_'))
			return 0;
	return 1;
}

static void names_read(struct hooks *h)
{
	struct dirent **entries;
	int n = scandir(h->dir, &entries, is_hook, alphasort);

	names_free(h);
	if (n <= 0) {
		if (n == 0)
			free(entries);
		return;
	}
	h->names = calloc(n, sizeof(*h->names));
	for (int i = 0; i < n; i++) {
		if (h->names &&
		    asprintf(&h->names[h->nnames], "%s/%s", h->dir, entries[i]->d_name) >= 0)
			h->nnames++;
		free(entries[i]);
	}
	free(entries);
}

/* Only what root alone can change is run as root. */
static bool hook_runnable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return false;
	if (st.st_uid != geteuid() || (st.st_mode & 0022)) {
		log_warn("hook %s: not owned by root or writable by others, not run", path);
		return false;
	}
	return true;
}

static int stdin_of(const struct event *e)
{
	int fd = memfd_create("netd-event", MFD_CLOEXEC);
	size_t len = strlen(e->json);

	if (fd < 0)
		return -errno;
	if (write(fd, e->json, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static void hook_exec(const char *path, const struct event *e, int in, int out)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execle(path, path, e->name, NULL, e->env);
	dprintf(STDERR_FILENO, "%s\n", strerror(errno));
	_exit(127);
}

static void hooks_next(struct hooks *h);

static void output_read(struct source *s _unused_, int fd, uint32_t events _unused_, void *data)
{
	struct hooks *h = data;
	char buf[1024], *save = NULL;
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	if (n <= 0) {
		source_freep(&h->output_source);
		return;
	}
	buf[n] = '\0';
	h->output_bytes += n;
	if (h->output_bytes > OUTPUT_MAX)
		return; /* read on, so that the hook does not block; but not into the log */
	for (char *line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (h->output_lines++ < OUTPUT_LINES_MAX)
			log_info("hook %s: %s", h->names[h->next - 1], line);
}

static void hook_ended(struct source *s _unused_, pid_t pid _unused_, int status, void *data)
{
	struct hooks *h = data;
	const char *path = h->names[h->next - 1];

	h->process = NULL;
	h->pid = 0;
	if (h->output_source)
		output_read(NULL, h->output, 0, h);
	source_freep(&h->output_source);
	close_fdp(&h->output);
	source_set_timer(h->timer, 0, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		log_warn("hook %s: exit status %d, ignoring", path, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		log_warn("hook %s: ended by signal %d", path, WTERMSIG(status));
	hooks_next(h);
}

static void hook_timeout(struct source *s _unused_, void *data)
{
	struct hooks *h = data;

	if (!h->pid)
		return;
	log_warn("hook %s: not done after %u s, killed", h->names[h->next - 1], h->timeout_s);
	kill(-h->pid, SIGKILL);
	kill(h->pid, SIGKILL);
}

/* 0: it runs; else the reason why not. */
static int hook_start(struct hooks *h, const char *path, const struct event *e)
{
	_cleanup_close_ int in = stdin_of(e);
	int out[2], r;

	if (in < 0)
		return in;
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	h->pid = fork();
	if (h->pid == 0)
		hook_exec(path, e, in, out[1]);
	r = h->pid < 0 ? -errno : 0;
	close(out[1]);
	h->output = out[0];
	h->output_bytes = h->output_lines = 0;
	if (r == 0 && fcntl(h->output, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (r == 0)
		r = loop_add_child(h->loop, h->pid, hook_ended, h, &h->process);
	if (r == 0)
		r = loop_add_io(h->loop, h->output, EPOLLIN, output_read, h, &h->output_source);
	if (r < 0) {
		close_fdp(&h->output);
		h->pid = 0;
		return r;
	}
	source_set_timer(h->timer, h->timeout_s * 1000ULL, 0);
	return 0;
}

/* The next hook of this event, else the first of the next event. */
static void hooks_next(struct hooks *h)
{
	while (h->queue && !h->pid) {
		struct event *e = h->queue;

		while (h->next < h->nnames && !h->pid) {
			const char *path = h->names[h->next++];
			int r = hook_runnable(path) ? hook_start(h, path, e) : 0;

			if (r < 0)
				log_warn("hook %s: %s, ignoring", path, strerror(-r));
		}
		if (h->pid)
			return;
		h->queue = e->next;
		if (!h->queue)
			h->tail = NULL;
		h->queued--;
		event_free(e);
		names_read(h);
	}
}

/* NETD_NETWORK=lab for every string or number of the object. */
static void event_env(struct event *e, const json_t *object)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	if (asprintf(&e->env[n], "NETD_EVENT=%s", e->name) >= 0)
		n++;
	e->env[n] = strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	n += e->env[n] != NULL;
	json_object_foreach((json_t *)object, key, value) {
		int r = -1;

		if (n == ENV_MAX)
			break;
		if (json_is_string(value))
			r = asprintf(&e->env[n], "NETD_%s=%s", key, json_string_value(value));
		else if (json_is_integer(value))
			r = asprintf(&e->env[n], "NETD_%s=%lld", key,
				     (long long)json_integer_value(value));
		if (r < 0)
			continue;
		for (char *p = e->env[n]; *p && *p != '='; p++)
			if (*p >= 'a' && *p <= 'z')
				*p -= 'a' - 'A';
		n++;
	}
	e->env[n] = NULL;
}

void hooks_run(struct hooks *h, const char *event, const json_t *object)
{
	struct event *e;

	if (!h->queue) {
		names_read(h);
		if (!h->nnames)
			return;
	}
	if (h->queued >= QUEUE_MAX) {
		if (log_allowed(&h->limit))
			log_warn("hooks: %u events are waiting, %s is dropped", QUEUE_MAX, event);
		return;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->name = strdup(event);
	e->json = json_dumps(object, JSON_COMPACT);
	if (!e->name || !e->json) {
		event_free(e);
		return;
	}
	event_env(e, object);
	if (h->tail)
		h->tail->next = e;
	else
		h->queue = e;
	h->tail = e;
	h->queued++;
	hooks_next(h);
}

int hooks_new(struct loop *l, const char *dir, unsigned timeout_s, struct hooks **ret)
{
	struct hooks *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->loop = l;
	h->timeout_s = timeout_s;
	h->output = -1;
	h->dir = strdup(dir);
	r = h->dir ? loop_add_timer(l, hook_timeout, h, &h->timer) : -ENOMEM;
	if (r < 0) {
		hooks_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	if (h->pid) {
		kill(-h->pid, SIGKILL);
		kill(h->pid, SIGKILL);
	}
	source_free(h->process);
	source_free(h->output_source);
	source_free(h->timer);
	close_fdp(&h->output);
	while (h->queue) {
		struct event *e = h->queue;

		h->queue = e->next;
		event_free(e);
	}
	names_free(h);
	free(h->dir);
	free(h);
}
