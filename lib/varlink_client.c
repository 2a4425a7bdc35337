// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The varlink client: blocking calls over one connection, for the command
 * line programs and vmm's supervisor. https://varlink.org/Method-Call
 *
 * Owns its socket and what it read ahead. One thread.
 */
#include <poll.h>
#include <sys/un.h>
#include <time.h>

#include "varlink.h"

#define REPLY_MAX (256u * 1024 * 1024) /* the server is trusted more than its clients */

struct varlink_client {
	int fd;
	char *in;
	size_t len, size;
	size_t scanned; /* no NUL before this */
	int fds[FDPASS_MAX];
	size_t nfds;
};

int varlink_client_new_fd(int fd, struct varlink_client **ret)
{
	struct varlink_client *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->fd = fd;
	*ret = c;
	return 0;
}

int varlink_client_open(const char *path, struct varlink_client **ret, struct error *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int r;

	if (fd < 0)
		return error_set(err, errno, "socket: %s", strerror(errno));
	if (str_copy(sun.sun_path, sizeof(sun.sun_path), path) < 0)
		return error_set(err, ENAMETOOLONG, "%s: longer than a socket's path can be", path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	r = varlink_client_new_fd(fd, ret);
	if (r < 0)
		return error_set(err, -r, "%s", strerror(-r));
	fd = -1;
	return 0;
}

void varlink_client_free(struct varlink_client *c)
{
	if (!c)
		return;
	while (c->nfds)
		close(c->fds[--c->nfds]);
	close_fdp(&c->fd);
	free(c->in);
	free(c);
}

int varlink_client_fd(const struct varlink_client *c)
{
	return c->fd;
}

int varlink_client_send(struct varlink_client *c, const char *method, json_t *parameters, bool more,
			const int *fds, size_t nfds, struct error *err)
{
	json_t *message = json_pack("{s:s, s:o}", "method", method, "parameters",
				    parameters ? parameters : json_object());
	_cleanup_free_ char *text = NULL;
	size_t len, sent = 0;

	if (message && more)
		json_object_set_new(message, "more", json_true());
	text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	if (!text)
		return error_set(err, ENOMEM, "out of memory");
	len = strlen(text) + 1;
	while (sent < len) {
		ssize_t n = fdpass_send(c->fd, text + sent, len - sent, fds, sent ? 0 : nfds, 0);

		if (n < 0)
			return error_set(err, -n, "sending to the service: %s", strerror(-n));
		sent += n;
	}
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Reads more; 0, or -errno (-ECONNRESET: the end). */
static int client_fill(struct varlink_client *c, int64_t deadline_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int fds[FDPASS_MAX];
	size_t nfds = 0;
	ssize_t n;

	if (c->size - c->len < 4096) {
		size_t size = c->size ? c->size * 2 : 16384;
		char *in;

		if (size > REPLY_MAX)
			return -EMSGSIZE;
		in = realloc(c->in, size);
		if (!in)
			return -ENOMEM;
		c->in = in;
		c->size = size;
	}
	for (;;) {
		int wait = deadline_ms < 0 ? -1 : (int)MAX(deadline_ms - now_ms(), (int64_t)0);
		int r = poll(&p, 1, wait);

		if (r > 0)
			break;
		if (r == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
	n = fdpass_recv(c->fd, c->in + c->len, c->size - c->len, fds, &nfds, 0);
	if (n <= 0)
		return n ? (int)n : -ECONNRESET;
	for (size_t i = 0; i < nfds; i++) {
		if (c->nfds < FDPASS_MAX)
			c->fds[c->nfds++] = fds[i];
		else
			close(fds[i]);
	}
	c->len += n;
	return 0;
}

/* The fds that came so far belong to the first message: they ride on its first byte, and a
 * client of ours never has two replies with fds under way. */
static int client_take(struct varlink_client *c, size_t len, struct varlink_result *ret)
{
	json_t *message = json_loadb(c->in, len, 0, NULL), *parameters;
	const char *error_name;

	memmove(c->in, c->in + len + 1, c->len - len - 1);
	c->len -= len + 1;
	c->scanned = 0;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->fds, c->fds, c->nfds * sizeof(int));
	ret->nfds = c->nfds;
	c->nfds = 0;
	if (!json_is_object(message)) {
		json_decref(message);
		varlink_result_done(ret);
		return -EBADMSG;
	}
	parameters = json_object_get(message, "parameters");
	ret->parameters = json_is_object(parameters) ? json_incref(parameters) : json_object();
	ret->continues = json_is_true(json_object_get(message, "continues"));
	error_name = json_string_value(json_object_get(message, "error"));
	if (error_name)
		ret->error_name = strdup(error_name);
	json_decref(message);
	return 0;
}

int varlink_client_receive(struct varlink_client *c, int timeout_ms, struct varlink_result *ret,
			   struct error *err)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	for (;;) {
		char *end = c->len > c->scanned
				    ? memchr(c->in + c->scanned, '\0', c->len - c->scanned)
				    : NULL;
		int r;

		if (end) {
			r = client_take(c, end - c->in, ret);
			if (r < 0)
				return error_set(err, -r, "the service's reply is not varlink");
			return 0;
		}
		c->scanned = c->len;
		r = client_fill(c, deadline);
		if (r == -ECONNRESET)
			return error_set(err, ECONNRESET, "the service closed the connection");
		if (r == -ETIMEDOUT)
			return error_set(err, ETIMEDOUT, "no answer from the service in %d ms",
					 timeout_ms);
		if (r < 0)
			return error_set(err, -r, "reading from the service: %s", strerror(-r));
	}
}

int varlink_client_call(struct varlink_client *c, const char *method, json_t *parameters,
			const int *fds, size_t nfds, struct varlink_result *ret, struct error *err)
{
	int r = varlink_client_send(c, method, parameters, false, fds, nfds, err);

	return r < 0 ? r : varlink_client_receive(c, -1, ret, err);
}

void varlink_result_done(struct varlink_result *r)
{
	while (r->nfds)
		close_fdp(&r->fds[--r->nfds]);
	free(r->error_name);
	r->error_name = NULL;
	json_decref(r->parameters);
	r->parameters = NULL;
}
