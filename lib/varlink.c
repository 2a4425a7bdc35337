// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The varlink server: connections, calls, replies, streams, and the
 * org.varlink.service interface. https://varlink.org/Method-Call
 *
 * Owns listeners, connections and the calls under way; a service's methods get
 * a struct varlink_call that lives until its last reply or its disconnect.
 * Single-threaded, on a lib/loop. In: bytes of hostile clients. What a client
 * does wrong costs its connection.
 */
#include "varlink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "log.h"

#define READ_CHUNK 65536
#define SLOW_CALL_MS 10000 /* a message, once begun, must be whole by then */
#define PENDING_FDS_MAX FDPASS_MAX

struct output {
	struct output *next;
	char *data;
	size_t len, sent;
	int fds[FDPASS_MAX];
	size_t nfds;
};

struct connection {
	struct varlink_server *server;
	struct connection *prev, *next;
	int fd;
	uint32_t events;
	struct source *source, *slow_timer;
	struct varlink_peer peer;
	char *in;
	size_t in_len, in_size;
	int fds[PENDING_FDS_MAX]; /* came with the message being read */
	size_t nfds;
	struct output *out, *out_tail;
	size_t out_bytes;
	struct varlink_call *call; /* the one under way: varlink answers in order */
	bool reading;		   /* the parser is on the stack */
	bool dead;		   /* freed when it no longer is */
	bool resume;		   /* look at the buffer again: its call ended elsewhere */
};

struct varlink_call {
	struct connection *conn;
	const char *method;
	json_t *message;
	json_t *parameters;
	bool more, oneway;
	int fds[FDPASS_MAX];
	size_t nfds;
	void (*on_disconnect)(struct varlink_call *, void *);
	void *on_disconnect_data;
};

struct listener {
	struct listener *next;
	int fd;
	struct source *source;
};

struct varlink_server {
	struct loop *loop;
	const struct varlink_service *service;
	void *data;
	struct listener *listeners;
	struct connection *connections;
	size_t nconnections;
	struct source *resume; /* deferred look at buffered messages, or NULL */
	struct log_limit limit;
};

ssize_t varlink_frame_find(const char *buf, size_t len)
{
	const char *end = memchr(buf, '\0', MIN(len, (size_t)VARLINK_MESSAGE_MAX + 1));

	if (end)
		return end - buf;
	return len > VARLINK_MESSAGE_MAX ? -EMSGSIZE : -EAGAIN;
}

/* ---- connections -------------------------------------------------------- */

static void fds_close(int *fds, size_t *nfds)
{
	while (*nfds)
		close_fdp(&fds[--*nfds]);
}

static void output_free(struct output *o)
{
	fds_close(o->fds, &o->nfds);
	free(o->data);
	free(o);
}

static void call_free(struct varlink_call *call)
{
	fds_close(call->fds, &call->nfds);
	json_decref(call->message);
	json_decref(call->parameters);
	free(call);
}

static void connection_release(struct connection *c)
{
	while (c->out) {
		struct output *o = c->out;

		c->out = o->next;
		output_free(o);
	}
	free(c->in);
	free(c);
}

/* The connection ends now; its memory when nobody on the stack holds it. */
static void connection_close(struct connection *c)
{
	struct varlink_server *s = c->server;
	struct varlink_call *call = c->call;

	if (c->dead)
		return;
	c->dead = true;
	source_freep(&c->source);
	source_freep(&c->slow_timer);
	close_fdp(&c->fd);
	fds_close(c->fds, &c->nfds);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->nconnections--;
	c->call = NULL;
	if (call) {
		if (call->on_disconnect)
			call->on_disconnect(call, call->on_disconnect_data);
		call_free(call);
	}
	if (!c->reading)
		connection_release(c);
}

static void connection_drop(struct connection *c, const char *why)
{
	if (log_allowed(&c->server->limit))
		log_debug("client pid %d uid %u: %s, closing its connection", (int)c->peer.pid,
			  c->peer.uid, why);
	connection_close(c);
}

static void connection_want(struct connection *c)
{
	/* One call at a time: further ones wait in the socket until this one is answered. */
	uint32_t events = (c->out ? EPOLLOUT : 0) | (c->call ? EPOLLRDHUP : EPOLLIN);

	if (events != c->events && source_set_events(c->source, events) == 0)
		c->events = events;
}

/* Sends what the socket takes. False: the connection is gone. */
static bool connection_flush(struct connection *c)
{
	while (c->out) {
		struct output *o = c->out;
		ssize_t n = fdpass_send(c->fd, o->data + o->sent, o->len - o->sent, o->fds, o->nfds,
					MSG_DONTWAIT);

		if (n == -EAGAIN || n == -EWOULDBLOCK)
			break;
		if (n < 0) {
			connection_close(c);
			return false;
		}
		fds_close(o->fds, &o->nfds);
		o->sent += n;
		c->out_bytes -= n;
		if (o->sent < o->len)
			break;
		c->out = o->next;
		if (!c->out)
			c->out_tail = NULL;
		output_free(o);
	}
	connection_want(c);
	return true;
}

static int connection_send(struct connection *c, json_t *message, const int *fds, size_t nfds)
{
	struct output *o = calloc(1, sizeof(*o));
	int r = 0;

	if (o)
		o->data = json_dumps(message, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(message);
	if (!o || !o->data || nfds > FDPASS_MAX) {
		r = nfds > FDPASS_MAX ? -E2BIG : -ENOMEM;
		goto fail;
	}
	o->len = strlen(o->data) + 1;
	if (c->out_bytes + o->len > VARLINK_OUTPUT_MAX) {
		r = -ENOBUFS;
		goto fail;
	}
	for (size_t i = 0; i < nfds; i++) {
		o->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (o->fds[i] < 0) {
			r = -errno;
			goto fail;
		}
		o->nfds++;
	}
	c->out_bytes += o->len;
	if (c->out_tail)
		c->out_tail->next = o;
	else
		c->out = o;
	c->out_tail = o;
	return 0;
fail:
	if (o)
		output_free(o);
	return r;
}

/* ---- org.varlink.service -------------------------------------------------- */

static void service_get_info(struct varlink_call *call, const struct varlink_service *service)
{
	json_t *interfaces = json_array();

	json_array_append_new(interfaces, json_string("org.varlink.service"));
	for (size_t i = 0; i < service->ninterfaces; i++)
		json_array_append_new(interfaces, json_string(service->interfaces[i].name));
	varlink_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", service->vendor,
				      "product", service->product, "version", service->version,
				      "url", service->url, "interfaces", interfaces));
}

static const char service_description[] =
	"# The varlink service interface, https://varlink.org/Service\n"
	"interface org.varlink.service\n\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string,\n"
	"  interfaces: []string)\n\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static void service_get_description(struct varlink_call *call,
				    const struct varlink_service *service)
{
	const char *name = json_string_value(json_object_get(call->parameters, "interface"));
	const char *text = NULL;

	if (!name) {
		varlink_error_parameter(call, "interface");
		return;
	}
	if (streq(name, "org.varlink.service"))
		text = service_description;
	for (size_t i = 0; i < service->ninterfaces; i++)
		if (streq(name, service->interfaces[i].name))
			text = service->interfaces[i].description;
	if (text)
		varlink_reply(call, json_pack("{s:s}", "description", text));
	else
		varlink_error(call, "org.varlink.service.InterfaceNotFound",
			      json_pack("{s:s}", "interface", name));
}

static void call_dispatch(struct varlink_call *call)
{
	struct varlink_server *s = call->conn->server;
	const struct varlink_service *service = s->service;
	const char *dot = strrchr(call->method, '.');
	bool interface_known = false;

	if (streq(call->method, "org.varlink.service.GetInfo")) {
		service_get_info(call, service);
		return;
	}
	if (streq(call->method, "org.varlink.service.GetInterfaceDescription")) {
		service_get_description(call, service);
		return;
	}
	for (size_t i = 0; dot && i < service->ninterfaces; i++) {
		const struct varlink_interface *in = &service->interfaces[i];

		if (strlen(in->name) != (size_t)(dot - call->method) ||
		    strncmp(in->name, call->method, dot - call->method) != 0)
			continue;
		interface_known = true;
		for (size_t m = 0; m < in->nmethods; m++) {
			if (!streq(in->methods[m].name, call->method))
				continue;
			in->methods[m].fn(call, s->data);
			return;
		}
	}
	if (interface_known)
		varlink_error(call, "org.varlink.service.MethodNotFound",
			      json_pack("{s:s}", "method", call->method));
	else
		varlink_error(call, "org.varlink.service.InterfaceNotFound",
			      json_pack("{s:s#}", "interface", call->method,
					dot ? (int)(dot - call->method)
					    : (int)strlen(call->method)));
}

/* ---- reading --------------------------------------------------------------- */

/* Makes a call of one message; NULL: not a varlink call. */
static struct varlink_call *call_parse(struct connection *c, const char *text, size_t len)
{
	struct varlink_call *call = calloc(1, sizeof(*call));
	json_t *parameters;
	json_error_t error;

	if (!call)
		return NULL;
	call->conn = c;
	call->message = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	call->method = json_string_value(json_object_get(call->message, "method"));
	call->more = json_is_true(json_object_get(call->message, "more"));
	call->oneway = json_is_true(json_object_get(call->message, "oneway"));
	parameters = json_object_get(call->message, "parameters");
	if (!call->method ||
	    (parameters && !json_is_object(parameters) && !json_is_null(parameters))) {
		call_free(call);
		return NULL;
	}
	call->parameters = json_is_object(parameters) ? json_incref(parameters) : json_object();
	memcpy(call->fds, c->fds, c->nfds * sizeof(int));
	call->nfds = c->nfds;
	c->nfds = 0;
	return call;
}

/* Handles the whole messages in the buffer, one call at a time. */
static void connection_parse(struct connection *c)
{
	size_t done = 0;

	c->reading = true;
	while (!c->dead && !c->call) {
		ssize_t len = varlink_frame_find(c->in + done, c->in_len - done);
		struct varlink_call *call;

		if (len == -EAGAIN)
			break;
		if (len < 0) {
			connection_drop(c, "message too large");
			break;
		}
		call = call_parse(c, c->in + done, len);
		done += len + 1;
		if (!call) {
			connection_drop(c, "not a varlink call");
			break;
		}
		c->call = call;
		call_dispatch(call);
	}
	c->reading = false;
	if (c->dead) {
		connection_release(c);
		return;
	}
	memmove(c->in, c->in + done, c->in_len - done);
	c->in_len -= done;
	if (!c->in_len) {
		free(c->in);
		c->in = NULL;
		c->in_size = 0;
	}
	source_set_timer(c->slow_timer, c->in_len && !c->call ? SLOW_CALL_MS : 0, 0);
	connection_flush(c);
}

static bool connection_reserve(struct connection *c)
{
	size_t size = MAX(c->in_size * 2, (size_t)4096);
	char *in;

	if (c->in_size - c->in_len >= 4096)
		return true;
	in = realloc(c->in, size + 4096);
	if (!in)
		return false;
	c->in = in;
	c->in_size = size + 4096;
	return true;
}

static void connection_read(struct connection *c)
{
	int fds[FDPASS_MAX];
	size_t nfds = 0;
	ssize_t n;

	if (!connection_reserve(c)) {
		connection_drop(c, "out of memory");
		return;
	}
	n = fdpass_recv(c->fd, c->in + c->in_len, MIN(c->in_size - c->in_len, (size_t)READ_CHUNK),
			fds, &nfds, MSG_DONTWAIT);
	if (n == -EAGAIN || n == -EWOULDBLOCK)
		return;
	if (n <= 0) {
		connection_close(c);
		return;
	}
	if (c->nfds + nfds > PENDING_FDS_MAX) {
		fds_close(fds, &nfds);
		connection_drop(c, "too many file descriptors");
		return;
	}
	memcpy(c->fds + c->nfds, fds, nfds * sizeof(int));
	c->nfds += nfds;
	c->in_len += n;
	connection_parse(c);
}

static void connection_event(struct source *s _unused_, int fd _unused_, uint32_t events,
			     void *data)
{
	struct connection *c = data;

	if ((events & EPOLLOUT) && !connection_flush(c))
		return;
	if (events & EPOLLIN)
		connection_read(c);
	else if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
		connection_close(c);
}

static void connection_slow(struct source *s _unused_, void *data)
{
	connection_drop(data, "message not finished in time");
}

static int peer_read(int fd, struct varlink_peer *ret)
{
	socklen_t len = sizeof(ret->groups);
	struct ucred cred;
	socklen_t cred_len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) < 0)
		return -errno;
	ret->pid = cred.pid;
	ret->uid = cred.uid;
	ret->gid = cred.gid;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret->groups, &len) == 0)
		ret->ngroups = len / sizeof(gid_t);
	return 0;
}

static size_t connections_of(const struct varlink_server *s, uid_t uid)
{
	size_t n = 0;

	for (const struct connection *c = s->connections; c; c = c->next)
		n += c->peer.uid == uid;
	return n;
}

static void connection_free_half(struct connection *c)
{
	source_free(c->source);
	source_free(c->slow_timer);
	free(c);
}

int varlink_server_add_connection(struct varlink_server *s, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->server = s;
	c->fd = fd;
	c->events = EPOLLIN;
	r = peer_read(fd, &c->peer);
	if (r == 0 && (s->nconnections >= VARLINK_CONNECTIONS_MAX ||
		       connections_of(s, c->peer.uid) >= VARLINK_CONNECTIONS_PER_UID_MAX)) {
		if (log_allowed(&s->limit))
			log_warn("client pid %d uid %u: too many connections, refused",
				 (int)c->peer.pid, c->peer.uid);
		r = -EMFILE;
	}
	if (r == 0)
		r = loop_add_timer(s->loop, connection_slow, c, &c->slow_timer);
	if (r == 0)
		r = loop_add_io(s->loop, fd, EPOLLIN, connection_event, c, &c->source);
	if (r < 0) {
		connection_free_half(c);
		close(fd);
		return r;
	}
	c->next = s->connections;
	if (c->next)
		c->next->prev = c;
	s->connections = c;
	s->nconnections++;
	return 0;
}

/* ---- listeners ------------------------------------------------------------- */

static void listener_event(struct source *src _unused_, int fd, uint32_t events _unused_,
			   void *data)
{
	struct varlink_server *s = data;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client >= 0)
		varlink_server_add_connection(s, client);
	else if (errno == EMFILE || errno == ENFILE)
		log_warn("control socket: out of file descriptors, a client waits");
}

int varlink_server_add_listener(struct varlink_server *s, int fd)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->fd = fd;
	r = loop_add_io(s->loop, fd, EPOLLIN, listener_event, s, &l->source);
	if (r < 0) {
		free(l);
		return r;
	}
	l->next = s->listeners;
	s->listeners = l;
	return 0;
}

/* A socket file nobody listens on is in the way of bind(2). */
static bool socket_is_dead(const struct sockaddr_un *sun, socklen_t len)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)sun, len) < 0 &&
	       errno == ECONNREFUSED;
}

int varlink_listen(const char *path, mode_t mode, struct error *err)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (str_copy(sun.sun_path, sizeof(sun.sun_path), path) < 0)
		return error_set(err, ENAMETOOLONG, "%s: longer than a socket's path can be (%zu)",
				 path, sizeof(sun.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, errno, "socket: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		if (errno != EADDRINUSE || !socket_is_dead(&sun, sizeof(sun)))
			return error_set(err, errno, "%s: %s%s", path, strerror(errno),
					 errno == EADDRINUSE ? " (another one serves it)" : "");
		unlink(path);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			return error_set(err, errno, "%s: %s", path, strerror(errno));
	}
	if (chmod(path, mode) < 0 || listen(fd, 128) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	return TAKE_FD(fd);
}

int varlink_server_new(struct loop *l, const struct varlink_service *service, void *data,
		       struct varlink_server **ret)
{
	struct varlink_server *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->loop = l;
	s->service = service;
	s->data = data;
	*ret = s;
	return 0;
}

void varlink_server_free(struct varlink_server *s)
{
	if (!s)
		return;
	source_free(s->resume);
	while (s->connections)
		connection_close(s->connections);
	while (s->listeners) {
		struct listener *l = s->listeners;

		s->listeners = l->next;
		source_free(l->source);
		close(l->fd);
		free(l);
	}
	free(s);
}

size_t varlink_server_connections(const struct varlink_server *s)
{
	return s->nconnections;
}

/* ---- calls ------------------------------------------------------------------- */

const char *varlink_call_method(const struct varlink_call *call)
{
	return call->method;
}

json_t *varlink_call_parameters(const struct varlink_call *call)
{
	return call->parameters;
}

const struct varlink_peer *varlink_call_peer(const struct varlink_call *call)
{
	return &call->conn->peer;
}

bool varlink_call_wants_more(const struct varlink_call *call)
{
	return call->more;
}

int varlink_call_take_fd(struct varlink_call *call, size_t index)
{
	if (index >= call->nfds || call->fds[index] < 0)
		return -EBADF;
	return TAKE_FD(call->fds[index]);
}

void varlink_call_on_disconnect(struct varlink_call *call,
				void (*fn)(struct varlink_call *, void *), void *data)
{
	call->on_disconnect = fn;
	call->on_disconnect_data = data;
}

/* Ends the call; what waits behind it in the buffer is looked at from the loop. */
static void call_resume(struct source *src _unused_, void *data);

static int call_finish(struct varlink_call *call, json_t *message, const int *fds, size_t nfds)
{
	struct connection *c = call->conn;
	int r = 0;

	c->call = NULL;
	if (call->oneway)
		json_decref(message);
	else
		r = connection_send(c, message, fds, nfds);
	call_free(call);
	if (r < 0) {
		connection_drop(c, "it does not read its replies");
		return r;
	}
	if (c->reading || !connection_flush(c) || !c->in_len)
		return 0;
	c->resume = true;
	if (c->server->resume)
		return 0;
	return loop_defer(c->server->loop, call_resume, c->server, &c->server->resume);
}

/* Connections whose call ended outside the parser may hold a whole next message. */
static void call_resume(struct source *src _unused_, void *data)
{
	struct varlink_server *s = data;
	struct connection *c;

	s->resume = NULL;
	for (;;) {
		/* From the start each time: a method may have dropped any of them. */
		for (c = s->connections; c && !c->resume; c = c->next)
			;
		if (!c)
			return;
		c->resume = false;
		if (!c->call && !c->reading)
			connection_parse(c);
	}
}

int varlink_reply_fds(struct varlink_call *call, json_t *parameters, const int *fds, size_t nfds)
{
	return call_finish(
		call, json_pack("{s:o}", "parameters", parameters ? parameters : json_object()),
		fds, nfds);
}

int varlink_reply(struct varlink_call *call, json_t *parameters)
{
	return varlink_reply_fds(call, parameters, NULL, 0);
}

int varlink_error(struct varlink_call *call, const char *name, json_t *parameters)
{
	return call_finish(call,
			   json_pack("{s:s, s:o}", "error", name, "parameters",
				     parameters ? parameters : json_object()),
			   NULL, 0);
}

int varlink_error_parameter(struct varlink_call *call, const char *parameter)
{
	return varlink_error(call, "org.varlink.service.InvalidParameter",
			     json_pack("{s:s}", "parameter", parameter));
}

int varlink_notify(struct varlink_call *call, json_t *parameters)
{
	struct connection *c = call->conn;
	int r;

	if (!call->more) {
		json_decref(parameters);
		return -EINVAL;
	}
	r = connection_send(c,
			    json_pack("{s:o, s:b}", "parameters",
				      parameters ? parameters : json_object(), "continues", 1),
			    NULL, 0);
	if (r < 0) {
		connection_drop(c, "it does not read its stream");
		return -ENOBUFS;
	}
	if (!c->reading && !connection_flush(c))
		return -ENOBUFS;
	return 0;
}
