// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process of a network's dnsmasq and the files it watches.
 *
 * Owns RUNTIME/dnsmasq/NETWORK and what runs from it. dnsmasq daemonizes: its
 * first process ends with 0 when it serves, and the daemon, no child of ours,
 * survives netd and is found again by its pid file. Never blocks.
 *
 * States, legal changes:
 *	OFF → STARTING → UP → OFF (died, or stopped)
 *	STARTING → OFF (failed, or took too long)
 *	UP → STOPPING → OFF, and on to STARTING where another configuration waits
 */
#include "dnsmasq.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lease.h"
#include "log.h"

#define START_TIMEOUT_MS 5000
#define BACKOFF_MAX_MS 60000
#define STABLE_NS (60ULL * 1000000000) /* up this long: the next death is the first again */

enum dnsmasq_state { DNSMASQ_OFF, DNSMASQ_STARTING, DNSMASQ_UP, DNSMASQ_STOPPING };

struct waiter {
	struct waiter *next;
	void (*fn)(void *data, int r);
	void *data;
};

struct dnsmasq {
	struct network *net;
	enum dnsmasq_state state;
	char *directory, *leases, *script;
	pid_t pid;		/* of the daemon; STARTING: of the first process */
	struct source *process; /* its end */
	struct source *timer;	/* STARTING: too long; UP: idle; OFF: back-off */
	int output;		/* STARTING: what it complains about */
	bool wanted;		/* there are ports */
	unsigned deaths;	/* in a row */
	uint64_t up_since_ns;
	struct waiter *waiters;
	char problem[512];
};

static int dnsmasq_start(struct dnsmasq *m, struct error *err);

/* ---- files ------------------------------------------------------------------------ */

static int directory_make(const char *path, mode_t mode)
{
	return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static bool file_is(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = strlen(text);
	_cleanup_free_ char *have = malloc(len + 1);

	return fd >= 0 && have && read(fd, have, len + 1) == (ssize_t)len &&
	       memcmp(have, text, len) == 0;
}

/*
 * Writes DIRECTORY/SUB/NAME whole or not at all, and only when it differs. The new file is made
 * beside the watched directory and renamed into it, which dnsmasq sees as one event.
 * 1: changed, 0: it was so already, or -errno.
 */
static int file_put(const struct dnsmasq *m, const char *sub, const char *name, const char *text)
{
	_cleanup_free_ char *path = NULL, *temp = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = strlen(text);

	if (asprintf(&path, "%s/%s/%s", m->directory, sub, name) < 0 ||
	    asprintf(&temp, "%s/.%s.new", m->directory, name) < 0)
		return -ENOMEM;
	if (!len)
		return unlink(path) == 0 ? 1 : 0;
	if (file_is(path, text))
		return 0;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || rename(temp, path) < 0) {
		int r = -errno;

		unlink(temp);
		return r ? r : -EIO;
	}
	return 1;
}

/* Ports' files: 1 when something is gone or other than before and dnsmasq must look again. */
static int port_files_put(struct dnsmasq *m, const struct port *p, bool *ret_reread)
{
	_cleanup_free_ char *hosts = NULL, *names = NULL;
	_cleanup_free_ char *path = NULL;
	bool was_there;
	int r;

	if (asprintf(&path, "%s/hosts.d/%s", m->directory, p->name) < 0)
		return -ENOMEM;
	was_there = access(path, F_OK) == 0;
	r = dnsmasq_port_texts(p, &hosts, &names);
	if (r < 0)
		return r;
	r = file_put(m, "hosts.d", p->name, hosts);
	if (r > 0 && was_there)
		*ret_reread = true; /* dnsmasq adds by itself, it replaces only when told */
	if (r >= 0)
		r = file_put(m, "names.d", p->name, names);
	if (r > 0 && was_there)
		*ret_reread = true;
	return r < 0 ? r : 0;
}

static bool port_files_del(struct dnsmasq *m, const char *name)
{
	static const char *const subs[] = { "names.d", "hosts.d" };
	bool gone = false;

	for (size_t i = 0; i < ARRAY_SIZE(subs); i++)
		gone |= file_put(m, subs[i], name, "") > 0;
	return gone;
}

/* Files of ports that are no more, left by a netd that was killed among other things. */
static void stale_files_del(struct dnsmasq *m, bool *ret_reread)
{
	static const char *const subs[] = { "names.d", "hosts.d" };

	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		_cleanup_free_ char *path = NULL;
		struct dirent *e;
		DIR *dir;

		if (asprintf(&path, "%s/%s", m->directory, subs[i]) < 0)
			return;
		dir = opendir(path);
		while (dir && (e = readdir(dir))) {
			struct port *p = NULL;

			if (e->d_name[0] == '.')
				continue;
			HASH_FIND_STR(m->net->ports, e->d_name, p);
			if (p && p->state != PORT_LEAVING)
				continue;
			if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
				*ret_reread = true;
		}
		if (dir)
			closedir(dir);
	}
}

/* dnsmasq reads hosts again, and forgets what it cached. */
static void reread(struct dnsmasq *m)
{
	if (m->state == DNSMASQ_UP && kill(m->pid, SIGHUP) < 0)
		log_warn("network %s: dnsmasq pid %d: %s, ignoring", m->net->name, (int)m->pid,
			 strerror(errno));
}

static int directories_make(struct dnsmasq *m, struct error *err)
{
	static const char *const subs[] = { "", "/hosts.d", "/names.d" };
	struct netd *d = m->net->netd;
	_cleanup_free_ char *top = NULL, *leases = NULL;
	int r;

	if (asprintf(&top, "%s/dnsmasq", d->runtime_dir) < 0 ||
	    asprintf(&leases, "%s/leases", d->state_dir) < 0)
		return error_set(err, ENOMEM, "out of memory");
	r = directory_make(top, 0755);
	if (r == 0)
		r = directory_make(leases, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(subs) && r == 0; i++) {
		_cleanup_free_ char *path = NULL;

		r = asprintf(&path, "%s%s", m->directory, subs[i]) < 0 ? -ENOMEM
								       : directory_make(path, 0755);
	}
	return r < 0 ? error_set(err, -r, "%s: %s", m->directory, strerror(-r)) : 0;
}

static struct dnsmasq *dnsmasq_get(struct network *net, struct error *err)
{
	struct netd *d = net->netd;
	struct dnsmasq *m = net->dnsmasq;

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		goto fail;
	m->net = net;
	m->output = -1;
	if (asprintf(&m->directory, "%s/dnsmasq/%s", d->runtime_dir, net->name) < 0 ||
	    asprintf(&m->leases, "%s/leases/%s", d->state_dir, net->name) < 0 ||
	    asprintf(&m->script, "%s/" LEASE_EVENT_NAME, d->runtime_dir) < 0)
		goto fail;
	net->dnsmasq = m;
	if (directories_make(m, err) < 0) {
		dnsmasq_release(net);
		return NULL;
	}
	return m;
fail:
	if (m) {
		free(m->directory);
		free(m->leases);
		free(m->script);
		free(m);
	}
	error_set(err, ENOMEM, "out of memory");
	return NULL;
}

/* ---- who has our port ---------------------------------------------------------------- */

/* The process that has a socket of this inode open: "systemd-resolve (pid 123)". */
static bool inode_holder(unsigned long inode, char *buf, size_t size)
{
	DIR *proc = opendir("/proc");
	char want[64];
	struct dirent *e;
	bool found = false;

	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	while (proc && !found && (e = readdir(proc))) {
		char path[300], target[64], comm[32] = "?";
		struct dirent *f;
		DIR *fds;

		if (strspn(e->d_name, "0123456789") != strlen(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd", e->d_name);
		fds = opendir(path);
		while (fds && !found && (f = readdir(fds))) {
			ssize_t n = readlinkat(dirfd(fds), f->d_name, target, sizeof(target) - 1);

			if (n <= 0)
				continue;
			target[n] = '\0';
			found = streq(target, want);
		}
		if (fds)
			closedir(fds);
		if (found) {
			FILE *c;

			snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
			c = fopen(path, "re");
			if (c && fgets(comm, sizeof(comm), c))
				comm[strcspn(comm, "\n")] = '\0';
			if (c)
				fclose(c);
			snprintf(buf, size, "%.60s (pid %.10s)", comm, e->d_name);
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Who is bound to a UDP port here, proc(5) /proc/net/udp. */
static bool port_holder(unsigned port, char *buf, size_t size)
{
	static const char *const tables[] = { "/proc/net/udp", "/proc/net/udp6" };
	char line[512];

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		_cleanup_fclose_ FILE *f = fopen(tables[i], "re");

		while (f && fgets(line, sizeof(line), f)) {
			unsigned long inode;
			unsigned local;

			if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*s %*x %*s %*s %*s %*d %*d %lu",
				   &local, &inode) == 2 &&
			    local == port && inode_holder(inode, buf, size))
				return true;
		}
	}
	return false;
}

/* ---- the process ------------------------------------------------------------------------ */

static void waiters_call(struct dnsmasq *m, int r)
{
	while (m->waiters) {
		struct waiter *w = m->waiters;

		m->waiters = w->next;
		w->fn(w->data, r);
		free(w);
	}
}

static void problem_set(struct dnsmasq *m, const char *what)
{
	char holder[128];
	const char *port = strstr(what, "in use") ? (strstr(what, "DHCP") ? "67" : "53") : NULL;

	if (port && port_holder(atoi(port), holder, sizeof(holder)))
		snprintf(m->problem, sizeof(m->problem),
			 "dnsmasq: port %s is taken by %s, which listens on every address: let it "
			 "listen "
			 "on its own addresses only, or stop it",
			 port, holder);
	else
		snprintf(m->problem, sizeof(m->problem), "%.*s",
			 (int)MIN(strcspn(what, "\n"), sizeof(m->problem) - 1), what);
	log_error("network %s: %s", m->net->name, m->problem);
}

static void backoff_arm(struct dnsmasq *m)
{
	uint64_t ms = m->deaths < 2 ? 1
				    : MIN(500ULL << MIN(m->deaths, 16u), (uint64_t)BACKOFF_MAX_MS);

	m->deaths++;
	if (m->wanted)
		source_set_timer(m->timer, ms, 0);
}

static pid_t pid_file_read(const struct dnsmasq *m)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	int pid = 0;

	if (asprintf(&path, "%s/dnsmasq.pid", m->directory) < 0)
		return 0;
	f = fopen(path, "re");
	return f && fscanf(f, "%d", &pid) == 1 && pid > 1 ? pid : 0;
}

/* Is this process the dnsmasq that was started with our configuration file? */
static bool is_ours(const struct dnsmasq *m, pid_t pid)
{
	_cleanup_free_ char *want = NULL;
	char path[64], cmdline[4096];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || asprintf(&want, "--conf-file=%s/dnsmasq.conf", m->directory) < 0)
		return false;
	n = read(fd, cmdline, sizeof(cmdline));
	return n > 0 && memmem(cmdline, n, want, strlen(want) + 1);
}

static void daemon_ended(struct source *s _unused_, pid_t pid, int status _unused_, void *data)
{
	struct dnsmasq *m = data;
	bool asked = m->state == DNSMASQ_STOPPING;

	m->process = NULL;
	m->pid = 0;
	m->state = DNSMASQ_OFF;
	source_set_timer(m->timer, 0, 0);
	if (asked) {
		if (m->wanted && dnsmasq_start(m, NULL) < 0)
			backoff_arm(m);
		return;
	}
	log_warn("network %s: dnsmasq pid %d ended unasked, starting it again", m->net->name,
		 (int)pid);
	netd_event(m->net->netd, "drift",
		   json_pack("{s:s, s:s}", "network", m->net->name, "what", "dnsmasq ended"));
	if (loop_now_ns(m->net->netd->loop) - m->up_since_ns > STABLE_NS)
		m->deaths = 0;
	backoff_arm(m);
}

static int daemon_watch(struct dnsmasq *m, pid_t pid)
{
	int r = loop_add_child(m->net->netd->loop, pid, daemon_ended, m, &m->process);

	if (r < 0)
		return r;
	m->pid = pid;
	m->state = DNSMASQ_UP;
	m->up_since_ns = loop_now_ns(m->net->netd->loop);
	m->problem[0] = '\0';
	return 0;
}

static void idle_arm(struct dnsmasq *m)
{
	if (m->state == DNSMASQ_UP)
		source_set_timer(m->timer,
				 m->wanted ? 0 : m->net->netd->config->dnsmasq_idle_s * 1000ULL + 1,
				 0);
}

static void start_failed(struct dnsmasq *m, const char *why)
{
	m->state = DNSMASQ_OFF;
	m->pid = 0;
	problem_set(m, why);
	waiters_call(m, -EIO);
	m->deaths = MAX(m->deaths, 2u); /* the same again at once would not help */
	backoff_arm(m);
}

/* The first process ended: with 0 the daemon serves. */
static void first_ended(struct source *s _unused_, pid_t pid _unused_, int status, void *data)
{
	struct dnsmasq *m = data;
	char text[512] = "dnsmasq did not start";
	pid_t daemon;
	ssize_t n = read(m->output, text, sizeof(text) - 1);

	if (n > 0)
		text[n] = '\0';
	close_fdp(&m->output);
	m->process = NULL;
	source_set_timer(m->timer, 0, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		start_failed(m, text + (str_has_prefix(text, "\n") ? 1 : 0));
		return;
	}
	daemon = pid_file_read(m);
	if (!daemon || daemon_watch(m, daemon) < 0) {
		start_failed(m, "dnsmasq ended right after its start");
		return;
	}
	log_info("network %s: dnsmasq is up, pid %d", m->net->name, (int)daemon);
	idle_arm(m);
	waiters_call(m, 0);
}

static void timer_fired(struct source *s _unused_, void *data)
{
	struct dnsmasq *m = data;
	struct error err = { 0 };

	switch (m->state) {
	case DNSMASQ_STARTING:
		kill(m->pid, SIGKILL);
		source_freep(&m->process);
		waitpid(m->pid, NULL, 0);
		close_fdp(&m->output);
		start_failed(m, "dnsmasq was not ready in 5 s");
		break;
	case DNSMASQ_UP:
		log_info("network %s: dnsmasq stopped, no ports for %u s", m->net->name,
			 m->net->netd->config->dnsmasq_idle_s);
		m->state = DNSMASQ_STOPPING;
		kill(m->pid, SIGTERM);
		break;
	case DNSMASQ_OFF:
		if (m->wanted && dnsmasq_start(m, &err) < 0)
			start_failed(m, err.message);
		break;
	case DNSMASQ_STOPPING:
		break;
	}
}

static void child_exec(const char *conf, int output)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(output, STDERR_FILENO);
	execlp("dnsmasq", "dnsmasq", conf, NULL);
	dprintf(STDERR_FILENO, "cannot run dnsmasq: %s%s\n", strerror(errno),
		errno == ENOENT ? " (Debian has it in the package dnsmasq-base)" : "");
	_exit(127);
}

static int dnsmasq_start(struct dnsmasq *m, struct error *err)
{
	_cleanup_free_ char *conf = NULL;
	int p[2], r;

	if (asprintf(&conf, "--conf-file=%s/dnsmasq.conf", m->directory) < 0)
		return error_set(err, ENOMEM, "out of memory");
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(err, errno, "pipe: %s", strerror(errno));
	m->pid = fork();
	if (m->pid == 0)
		child_exec(conf, p[1]);
	close(p[1]);
	if (m->pid < 0) {
		close(p[0]);
		return error_set(err, errno, "fork: %s", strerror(errno));
	}
	m->output = p[0];
	m->state = DNSMASQ_STARTING;
	r = loop_add_child(m->net->netd->loop, m->pid, first_ended, m, &m->process);
	if (r < 0)
		return error_set(err, -r, "watching dnsmasq: %s", strerror(-r));
	source_set_timer(m->timer, START_TIMEOUT_MS, 0);
	return 0;
}

/* ---- reconcile ---------------------------------------------------------------------------- */

static bool has_ports(const struct network *net)
{
	for (const struct port *p = net->ports; p; p = p->hh.next)
		if (p->state != PORT_LEAVING)
			return true;
	return false;
}

static int config_put(struct dnsmasq *m)
{
	const struct dnsmasq_paths paths = { m->directory, m->leases, m->script, lease_user() };
	_cleanup_free_ char *text = dnsmasq_config_text(m->net, &paths);

	return text ? file_put(m, ".", "dnsmasq.conf", text) : -ENOMEM;
}

bool dnsmasq_would_restart(const struct network *net)
{
	const struct dnsmasq *m = net->dnsmasq;
	_cleanup_free_ char *text = NULL, *path = NULL;
	struct dnsmasq_paths paths;

	if (!m || m->state == DNSMASQ_OFF)
		return false;
	if (!dnsmasq_wanted(net))
		return true;
	paths = (struct dnsmasq_paths){ m->directory, m->leases, m->script, lease_user() };
	text = dnsmasq_config_text(net, &paths);
	return text && asprintf(&path, "%s/dnsmasq.conf", m->directory) >= 0 &&
	       !file_is(path, text);
}

static void adopt(struct dnsmasq *m)
{
	pid_t pid = pid_file_read(m);

	if (pid && is_ours(m, pid) && daemon_watch(m, pid) == 0)
		log_debug("network %s: dnsmasq pid %d still runs", m->net->name, (int)pid);
}

static int process_reconcile(struct dnsmasq *m, bool changed, struct error *err)
{
	m->wanted = has_ports(m->net);
	if (m->state == DNSMASQ_UP && changed) {
		log_info("network %s: dnsmasq has another configuration, starting it anew",
			 m->net->name);
		m->state = DNSMASQ_STOPPING;
		source_set_timer(m->timer, 0, 0);
		kill(m->pid, SIGTERM);
		return 0;
	}
	if (m->state == DNSMASQ_OFF && m->wanted && (changed || !m->problem[0]))
		return dnsmasq_start(m, err);
	idle_arm(m);
	return 0;
}

int dnsmasq_reconcile(struct network *net, struct error *err)
{
	bool look_again = false, first = !net->dnsmasq;
	struct dnsmasq *m;
	int r, changed;

	if (!dnsmasq_wanted(net)) {
		dnsmasq_stop(net);
		return 0;
	}
	if (first && !has_ports(net)) {
		/* Nothing to do, unless one runs from before: its pid file tells. */
		char path[512];

		snprintf(path, sizeof(path), "%s/dnsmasq/%s/dnsmasq.pid", net->netd->runtime_dir,
			 net->name);
		if (access(path, F_OK) < 0)
			return 0;
	}
	m = dnsmasq_get(net, err);
	if (!m)
		return err ? -err->code : -ENOMEM;
	if (!m->timer) {
		r = loop_add_timer(net->netd->loop, timer_fired, m, &m->timer);
		if (r < 0)
			return error_set(err, -r, "%s", strerror(-r));
	}
	if (first)
		adopt(m);
	changed = config_put(m);
	r = changed < 0 ? changed : 0;
	for (struct port *p = net->ports; p && r == 0; p = p->hh.next)
		if (p->state != PORT_LEAVING)
			r = port_files_put(m, p, &look_again);
	if (r < 0)
		return error_set(err, -r, "%s: %s", m->directory, strerror(-r));
	stale_files_del(m, &look_again);
	if (look_again && !changed)
		reread(m);
	return process_reconcile(m, changed > 0, err);
}

int dnsmasq_port_add(struct network *net, const struct port *p, struct error *err)
{
	struct dnsmasq *m = net->dnsmasq;
	bool look_again = false;
	int r;

	if (!dnsmasq_wanted(net))
		return 0;
	if (m && m->state == DNSMASQ_OFF)
		m->problem[0] = '\0'; /* a new port is a reason to try again at once */
	if (!m || m->state == DNSMASQ_OFF || !m->wanted)
		return dnsmasq_reconcile(net, err);
	r = port_files_put(m, p, &look_again);
	if (r < 0)
		return error_set(err, -r, "%s: %s", m->directory, strerror(-r));
	if (look_again)
		reread(m);
	return 0;
}

int dnsmasq_port_del(struct network *net, const struct port *p)
{
	struct dnsmasq *m = net->dnsmasq;

	if (!m)
		return 0;
	if (port_files_del(m, p->name))
		reread(m);
	m->wanted = false;
	for (const struct port *q = net->ports; q && !m->wanted; q = q->hh.next)
		m->wanted = q != p && q->state != PORT_LEAVING;
	idle_arm(m);
	return 0;
}

int dnsmasq_when_ready(struct network *net, void (*fn)(void *data, int r), void *data)
{
	struct dnsmasq *m = net->dnsmasq;
	struct waiter *w;

	if (!m || m->state == DNSMASQ_UP) {
		fn(data, 0);
		return 0;
	}
	if (m->state == DNSMASQ_OFF) {
		fn(data, -EIO);
		return 0;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->fn = fn;
	w->data = data;
	w->next = m->waiters;
	m->waiters = w;
	return 0;
}

void dnsmasq_forget(struct network *net, void *data)
{
	struct waiter **at = net->dnsmasq ? &net->dnsmasq->waiters : NULL;

	while (at && *at) {
		struct waiter *w = *at;

		if (w->data != data) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
}

static void runtime_files_del(struct dnsmasq *m)
{
	static const char *const subs[] = { "names.d", "hosts.d" };
	bool ignored = false;
	char path[512];

	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		struct dirent *e;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/%s", m->directory, subs[i]);
		dir = opendir(path);
		while (dir && (e = readdir(dir)))
			if (e->d_name[0] != '.')
				unlinkat(dirfd(dir), e->d_name, 0);
		if (dir)
			closedir(dir);
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/dnsmasq.conf", m->directory);
	ignored = unlink(path) < 0;
	snprintf(path, sizeof(path), "%s/dnsmasq.pid", m->directory);
	ignored |= unlink(path) < 0;
	if (rmdir(m->directory) < 0 && !ignored)
		log_warn("%s: %s, ignoring", m->directory, strerror(errno));
}

void dnsmasq_stop(struct network *net)
{
	struct dnsmasq *m = net->dnsmasq;

	if (!m)
		return;
	if (m->pid) {
		kill(m->pid, m->state == DNSMASQ_STARTING ? SIGKILL : SIGTERM);
		source_freep(&m->process);
		if (m->state == DNSMASQ_STARTING)
			waitpid(m->pid, NULL, 0);
	}
	waiters_call(m, -ECANCELED);
	runtime_files_del(m);
	dnsmasq_release(net);
}

void dnsmasq_release(struct network *net)
{
	struct dnsmasq *m = net->dnsmasq;

	if (!m)
		return;
	source_free(m->process);
	source_free(m->timer);
	close_fdp(&m->output);
	while (m->waiters) {
		struct waiter *w = m->waiters;

		m->waiters = w->next;
		free(w);
	}
	free(m->directory);
	free(m->leases);
	free(m->script);
	free(m);
	net->dnsmasq = NULL;
}

pid_t dnsmasq_pid(const struct network *net)
{
	return net->dnsmasq && net->dnsmasq->state == DNSMASQ_UP ? net->dnsmasq->pid : 0;
}

const char *dnsmasq_problem(const struct network *net)
{
	return net->dnsmasq && net->dnsmasq->problem[0] ? net->dnsmasq->problem : NULL;
}
