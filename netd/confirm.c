// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Confirm or revert.
 *
 * Owns STATE/confirm/ and its timer. The deadline is wall-clock time in
 * seconds, because it must mean the same after a restart; 0 is "reverted".
 * It is the last file written and the first removed: without it the
 * directory says nothing. Daemon's thread only.
 */
#include "confirm.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "reload.h"

#define FILE_BYTES_MAX (16 * 1024 * 1024)

struct confirm {
	struct source *timer;
	bool reverted;
};

/* ---- texts ---- */

static int append_file(const char *path, FILE *to)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char buf[16384];
	size_t n, total = 0;

	if (!f)
		return -errno;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		total += n;
		if (total > FILE_BYTES_MAX || fwrite(buf, 1, n, to) != n)
			return -EFBIG;
	}
	fputc('\n', to);
	return ferror(f) ? -EIO : 0;
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && streq(e->d_name + n - 5, ".conf");
}

static int read_networks(const char *dir, FILE *to)
{
	struct dirent **list = NULL;
	char path[1024];
	int n, r = 0;

	snprintf(path, sizeof(path), "%s/networks", dir);
	n = scandir(path, &list, is_conf, alphasort);
	for (int i = 0; i < n; i++) {
		if (r == 0 && snprintf(path, sizeof(path), "%s/networks/%s", dir, list[i]->d_name) <
				      (int)sizeof(path))
			r = append_file(path, to);
		free(list[i]);
	}
	free(list);
	return r;
}

int config_text_read(const char *dir, struct config_text **ret)
{
	struct config_text *t = calloc(1, sizeof(*t));
	char path[1024];
	size_t size;
	FILE *f;
	int r = t ? 0 : -ENOMEM;

	snprintf(path, sizeof(path), "%s/netd.conf", dir);
	if (r == 0 && (f = open_memstream(&t->daemon, &size))) {
		r = append_file(path, f);
		fclose(f);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0 && (f = open_memstream(&t->networks, &size))) {
		r = read_networks(dir, f);
		fclose(f);
	}
	if (r == 0 && (!t->daemon || !t->networks))
		r = -ENOMEM;
	if (r < 0) {
		config_text_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void config_text_free(struct config_text *t)
{
	if (!t)
		return;
	free(t->daemon);
	free(t->networks);
	free(t);
}

bool config_text_equal(const struct config_text *a, const struct config_text *b)
{
	return streq(a->daemon, b->daemon) && streq(a->networks, b->networks);
}

/* ---- the kept configuration ---- */

static const char *kept_path(const struct netd *d, const char *file, char buf[static 1024])
{
	snprintf(buf, 1024, "%s/confirm%s", d->state_dir, file);
	return buf;
}

static int write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t left = strlen(text);

	if (fd < 0)
		return -errno;
	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return -errno;
		text += n;
		left -= n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_deadline(const struct netd *d, uint64_t deadline_s)
{
	char path[1024], temporary[1024], text[32];
	int r;

	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)deadline_s);
	r = write_file(kept_path(d, "/deadline.new", temporary), text);
	if (r == 0 && rename(temporary, kept_path(d, "/deadline", path)) < 0)
		r = -errno;
	return r;
}

static int read_deadline(const struct netd *d, uint64_t *ret)
{
	char path[1024];
	_cleanup_fclose_ FILE *f = fopen(kept_path(d, "/deadline", path), "re");
	unsigned long long v;

	if (!f)
		return -errno;
	if (fscanf(f, "%llu", &v) != 1)
		return -EINVAL;
	*ret = v;
	return 0;
}

static void remove_kept(const struct netd *d)
{
	static const char *const files[] = { "/deadline", "/deadline.new", "/networks/all.conf",
					     "/netd.conf" };
	char path[1024];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(kept_path(d, files[i], path));
	rmdir(kept_path(d, "/networks", path));
	rmdir(kept_path(d, "", path));
}

static uint64_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

static void on_timeout(struct source *s, void *data)
{
	struct netd *d = data;

	(void)s;
	log_warn("apply: not confirmed in time, going back to the configuration before it");
	netd_revert(d);
}

static int arm(struct netd *d, uint64_t seconds, bool reverted, struct error *err)
{
	int r = 0;

	if (!d->confirm)
		d->confirm = calloc(1, sizeof(*d->confirm));
	if (!d->confirm)
		r = -ENOMEM;
	if (r == 0 && !d->confirm->timer)
		r = loop_add_timer(d->loop, on_timeout, d, &d->confirm->timer);
	if (r < 0)
		return error_set(err, -r, "cannot wait for a confirmation: %s", strerror(-r));
	d->confirm->reverted = reverted;
	source_set_timer(d->confirm->timer, reverted ? 0 : MAX(seconds, (uint64_t)1) * 1000, 0);
	return 0;
}

int confirm_begin(struct netd *d, const struct config_text *before, unsigned seconds,
		  struct error *err)
{
	char path[1024];
	int r = 0;

	/* A second apply before the confirmation: what is confirmed stays what it was. */
	if (!d->confirm) {
		if (mkdir(kept_path(d, "", path), 0700) < 0 && errno != EEXIST)
			r = -errno;
		if (r == 0 && mkdir(kept_path(d, "/networks", path), 0700) < 0 && errno != EEXIST)
			r = -errno;
		if (r == 0)
			r = write_file(kept_path(d, "/netd.conf", path), before->daemon);
		if (r == 0)
			r = write_file(kept_path(d, "/networks/all.conf", path), before->networks);
	}
	if (r == 0)
		r = write_deadline(d, now_s() + seconds);
	if (r < 0)
		return error_set(err, -r, "%s: %s", kept_path(d, "", path), strerror(-r));
	return arm(d, seconds, false, err);
}

int confirm_end(struct netd *d, struct error *err)
{
	if (!d->confirm)
		return error_set(err, ENOENT, "no apply waits for a confirmation");
	remove_kept(d);
	confirm_free(d);
	return 0;
}

bool confirm_is_pending(const struct netd *d)
{
	return d->confirm;
}

void confirm_mark_reverted(struct netd *d)
{
	write_deadline(d, 0);
	arm(d, 0, true, NULL);
}

int confirm_start(struct netd *d, char **ret_dir, struct error *err)
{
	char path[1024];
	uint64_t deadline = 0, now = now_s();
	int r = read_deadline(d, &deadline);
	bool revert = r == 0 && deadline <= now;

	if (r == 0 && revert)
		log_warn("apply: the last one was not confirmed, running the configuration before "
			 "it; `netctl apply` tries again");
	if (r == 0)
		r = arm(d, revert ? 0 : deadline - now, revert, err);
	else
		r = 0;
	if (r == 0 && revert)
		write_deadline(d, 0);
	*ret_dir = strdup(revert ? kept_path(d, "", path) : d->config_dir);
	return *ret_dir ? r : error_set(err, ENOMEM, "out of memory");
}

void confirm_free(struct netd *d)
{
	if (!d->confirm)
		return;
	source_free(d->confirm->timer);
	free(d->confirm);
	d->confirm = NULL;
}
