/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Varlink (https://varlink.org): JSON objects, each ended by a NUL byte, over a
 * unix stream socket; fds go as SCM_RIGHTS with the first byte of their message
 * and are named in the JSON by their position among that message's fds.
 *
 * The server is hostile-proof: a message over VARLINK_MESSAGE_MAX, one that is
 * not a varlink call, a client that does not finish a message within 10 s or
 * does not read its replies costs that connection and nothing else.
 */
#ifndef LIB_VARLINK_H
#define LIB_VARLINK_H

#include <jansson.h>
#include <sys/socket.h>

#include "error.h"
#include "fdpass.h"
#include "loop.h"

#define VARLINK_MESSAGE_MAX (1024 * 1024) /* a call's bytes; replies may be larger */
#define VARLINK_CONNECTIONS_MAX 512	  /* all peers */
#define VARLINK_CONNECTIONS_PER_UID_MAX 128
#define VARLINK_OUTPUT_MAX (32 * 1024 * 1024) /* unread bytes of one connection */

/* ---- framing: pure, shared by both ends, fuzzed ---- */

/**
 * varlink_frame_find() - the first whole message in a buffer
 *
 * Return: its length without the NUL, -EAGAIN when incomplete, -EMSGSIZE over the maximum.
 */
ssize_t varlink_frame_find(const char *buf, size_t len);

/* ---- server ---- */

struct varlink_server;
struct varlink_call; /* one call under way; lives until its last reply or its disconnect */

typedef void (*varlink_method_fn)(struct varlink_call *call, void *data);

struct varlink_method {
	const char *name; /* "io.netd.Attach" */
	varlink_method_fn fn;
};

struct varlink_interface {
	const char *name;	 /* "io.netd" */
	const char *description; /* the .varlink text, for GetInterfaceDescription */
	const struct varlink_method *methods;
	size_t nmethods;
};

struct varlink_service {
	const char *vendor, *product, *version, *url; /* org.varlink.service.GetInfo */
	const struct varlink_interface *interfaces;
	size_t ninterfaces;
};

struct varlink_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	gid_t groups[256]; /* SO_PEERGROUPS, supplementary */
	size_t ngroups;
};

/* @service must outlive the server. Answers org.varlink.service by itself. */
int varlink_server_new(struct loop *l, const struct varlink_service *service, void *data,
		       struct varlink_server **ret);
void varlink_server_free(struct varlink_server *s); /* NULL is fine; drops all connections */
/* Adds a bound, listening, non-blocking socket; the server owns it from then on. */
int varlink_server_add_listener(struct varlink_server *s, int fd);
/* Adds a connected socket (a socketpair end); the server owns it from then on. */
int varlink_server_add_connection(struct varlink_server *s, int fd);
/* Binds and listens: unlinks a dead socket file first. Returns the fd or -errno. */
int varlink_listen(const char *path, mode_t mode, struct error *err);
size_t varlink_server_connections(const struct varlink_server *s);

const char *varlink_call_method(const struct varlink_call *call);
/* Borrowed; an object, never NULL. */
json_t *varlink_call_parameters(const struct varlink_call *call);
const struct varlink_peer *varlink_call_peer(const struct varlink_call *call);
bool varlink_call_wants_more(const struct varlink_call *call);
/* The @index-th fd of the message, or -EBADF; ownership goes to the caller. */
int varlink_call_take_fd(struct varlink_call *call, size_t index);

/*
 * Each ends the call; exactly one of them must follow a method call, at once
 * or later. @parameters is stolen (NULL: {}). @fds stay the caller's (dup'ed
 * when they cannot go at once).
 */
int varlink_reply(struct varlink_call *call, json_t *parameters);
int varlink_reply_fds(struct varlink_call *call, json_t *parameters, const int *fds, size_t nfds);
int varlink_error(struct varlink_call *call, const char *name, json_t *parameters);
/* org.varlink.service.InvalidParameter(parameter) */
int varlink_error_parameter(struct varlink_call *call, const char *parameter);
/* A streaming reply ("continues": true); -EINVAL without "more"; -ENOBUFS: the peer does not
 * read and was dropped. The call stays open. */
int varlink_notify(struct varlink_call *call, json_t *parameters);
/* Called once when the connection ends with the call still open; then the call is gone. */
void varlink_call_on_disconnect(struct varlink_call *call,
				void (*fn)(struct varlink_call *, void *), void *data);

/* ---- client: blocking, for the command line programs and vmm's supervisor ---- */

struct varlink_client;

struct varlink_result {
	char *error_name;   /* NULL: success */
	json_t *parameters; /* an object, never NULL */
	bool continues;
	int fds[FDPASS_MAX];
	size_t nfds;
};

int varlink_client_open(const char *path, struct varlink_client **ret, struct error *err);
int varlink_client_new_fd(int fd, struct varlink_client **ret); /* takes the fd */
void varlink_client_free(struct varlink_client *c);
static inline void varlink_client_freep(struct varlink_client **c)
{
	varlink_client_free(*c);
	*c = NULL;
}
int varlink_client_fd(const struct varlink_client *c);
/* Sends; @parameters is stolen; @fds stay the caller's. */
int varlink_client_send(struct varlink_client *c, const char *method, json_t *parameters, bool more,
			const int *fds, size_t nfds, struct error *err);
/* Blocks for one reply, at most @timeout_ms (-1: no limit; -ETIMEDOUT). */
int varlink_client_receive(struct varlink_client *c, int timeout_ms, struct varlink_result *ret,
			   struct error *err);
/* send + receive. A varlink error is a result, not a failure: look at error_name. */
int varlink_client_call(struct varlink_client *c, const char *method, json_t *parameters,
			const int *fds, size_t nfds, struct varlink_result *ret, struct error *err);
/* Closes the fds left in it. */
void varlink_result_done(struct varlink_result *r);

#endif
