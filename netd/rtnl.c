// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtnetlink sockets: requests in pipelined runs, dumps, and the listener.
 *
 * Owns two libnl sockets. The request socket blocks: the kernel answers while
 * it works in our own system call, so nobody waits for anybody. The listening
 * socket has a large buffer; what still does not fit shows as ENOBUFS, which
 * callers treat as "dump everything and compare". Daemon's thread only.
 *
 * rtnetlink(7), netlink(7); linux/netlink.h for the extended acknowledgement.
 */
#include "rtnl.h"

#include <fcntl.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "log.h"

#define REQUEST_BUFFER_BYTES (4 * 1024 * 1024)
#define MONITOR_BUFFER_BYTES (16 * 1024 * 1024)
#define RECEIVE_BYTES (64 * 1024)
/* An acknowledgement takes about 1 KiB of the receive buffer: a part's always fit. */
#define PART_MESSAGES 512
#define DUMP_TRIES 20

struct rtnl {
	struct nl_sock *request, *monitor;
	uint32_t seq;
	uint32_t portid;
	uint8_t *buffer, *monitor_buffer; /* RECEIVE_BYTES each */
};

static const int monitor_groups[] = {
	RTNLGRP_LINK,	      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
	RTNLGRP_NEIGH,	      /* the first MAC address learned behind a joined link */
	RTNLGRP_IPV4_NETCONF, /* forwarding switched by someone else */
	RTNLGRP_IPV6_NETCONF,
};

static int socket_open(struct nl_sock **ret, int rcvbuf, struct error *err)
{
	struct nl_sock *s = nl_socket_alloc();
	int one = 1, fd, sndbuf = 1024 * 1024;

	if (!s)
		return error_set(err, ENOMEM, "out of memory");
	if (nl_connect(s, NETLINK_ROUTE) < 0) {
		int code = errno;

		nl_socket_free(s);
		return error_set(err, code ?: EIO, "cannot open a netlink socket: %s",
				 strerror(code ?: EIO));
	}
	fd = nl_socket_get_fd(s);
	/* Without CAP_NET_ADMIN the buffer stays at the system's maximum; then it is slower. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	*ret = s;
	return 0;
}

/* Without the listening socket. */
static int request_open(struct rtnl **ret, struct error *err)
{
	struct rtnl *r = calloc(1, sizeof(*r));
	int code;

	if (!r || !(r->buffer = malloc(RECEIVE_BYTES))) {
		rtnl_close(r);
		return error_set(err, ENOMEM, "out of memory");
	}
	code = socket_open(&r->request, REQUEST_BUFFER_BYTES, err);
	if (code < 0) {
		rtnl_close(r);
		return code;
	}
	r->portid = nl_socket_get_local_port(r->request);
	r->seq = 1;
	*ret = r;
	return 0;
}

int rtnl_open_namespace(int netns_fd, struct rtnl **ret, struct error *err)
{
	_cleanup_close_ int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (own < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
		return error_set(err, errno, "cannot enter the namespace: %s", strerror(errno));
	r = request_open(ret, err);
	if (setns(own, CLONE_NEWNET) < 0) {
		/* Everything after this would happen in the wrong place. */
		log_error("netd: cannot return to its own namespace: %s", strerror(errno));
		abort();
	}
	return r;
}

int rtnl_open(struct rtnl **ret, struct error *err)
{
	struct rtnl *r;
	int code = request_open(&r, err);

	if (code < 0)
		return code;
	r->monitor_buffer = malloc(RECEIVE_BYTES);
	code = r->monitor_buffer ? 0 : error_set(err, ENOMEM, "out of memory");
	if (code == 0)
		code = socket_open(&r->monitor, MONITOR_BUFFER_BYTES, err);
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(monitor_groups); i++)
		if (nl_socket_add_membership(r->monitor, monitor_groups[i]) < 0)
			code = error_set(err, errno ?: EIO, "cannot listen on netlink group %d",
					 monitor_groups[i]);
	if (code < 0) {
		rtnl_close(r);
		return code;
	}
	nl_socket_set_nonblocking(r->monitor);
	*ret = r;
	return 0;
}

void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	if (r->request)
		nl_socket_free(r->request);
	if (r->monitor)
		nl_socket_free(r->monitor);
	free(r->buffer);
	free(r->monitor_buffer);
	free(r);
}

/* ---- batches ---- */

static int batch_grow(struct rtnl_batch *b)
{
	size_t size = b->size ? b->size * 2 : 16;
	struct nl_msg **messages = realloc(b->messages, size * sizeof(*messages));
	struct rtnl_result *results;

	if (!messages)
		return -ENOMEM;
	b->messages = messages;
	results = realloc(b->results, size * sizeof(*results));
	if (!results)
		return -ENOMEM;
	b->results = results;
	b->size = size;
	return 0;
}

struct nl_msg *rtnl_batch_add(struct rtnl_batch *b, int type, int flags, const void *header,
			      size_t len)
{
	struct nl_msg *m = NULL;

	if (b->n < b->size || batch_grow(b) == 0)
		m = nlmsg_alloc_size(1024);
	if (m && (!nlmsg_put(m, 0, 0, type, 0, NLM_F_REQUEST | NLM_F_ACK | flags) ||
		  nlmsg_append(m, (void *)header, len, NLMSG_ALIGNTO) < 0)) {
		nlmsg_free(m);
		m = NULL;
	}
	if (m) {
		b->results[b->n].code = -ECANCELED;
		b->results[b->n].reason[0] = '\0';
		return b->messages[b->n++] = m;
	}
	b->failed = true;
	return NULL;
}

void rtnl_batch_done(struct rtnl_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		nlmsg_free(b->messages[i]);
	free(b->messages);
	free(b->results);
	*b = (struct rtnl_batch){ 0 };
}

int rtnl_ack_parse(const struct nlmsghdr *h, struct rtnl_result *ret)
{
	const struct nlmsgerr *e = nlmsg_data(h);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*e);

	if (nlmsg_datalen(h) < (int)sizeof(*e))
		return -EBADMSG;
	ret->code = e->error > 0 || e->error < -4095 ? -EPROTO : e->error;
	ret->reason[0] = '\0';
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	if (!(h->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN ||
		    e->msg.nlmsg_len > (uint32_t)nlmsg_datalen(h))
			return 0;
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if ((int)skip >= nlmsg_datalen(h))
		return 0;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)e + skip),
		      nlmsg_datalen(h) - skip, NULL) == 0 &&
	    tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(ret->reason, tb[NLMSGERR_ATTR_MSG], sizeof(ret->reason));
	return 0;
}

/* One datagram of the request socket. Bytes or -errno. */
static ssize_t receive(struct rtnl *r)
{
	ssize_t n;

	do
		n = recv(nl_socket_get_fd(r->request), r->buffer, RECEIVE_BYTES, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Waits for the answers to messages [first, last) whose first sequence number is @seq. */
static int collect(struct rtnl *r, struct rtnl_batch *b, size_t first, size_t last, uint32_t seq)
{
	size_t left = last - first;

	while (left > 0) {
		ssize_t n = receive(r);
		int len = n;

		if (n < 0)
			return n;
		for (struct nlmsghdr *h = (void *)r->buffer; nlmsg_ok(h, len);
		     h = nlmsg_next(h, &len)) {
			uint32_t i = h->nlmsg_seq - seq;

			if (h->nlmsg_type != NLMSG_ERROR || i >= last - first)
				continue;
			if (rtnl_ack_parse(h, &b->results[first + i]) < 0)
				return -EBADMSG;
			left--;
		}
	}
	return 0;
}

static int run_part(struct rtnl *r, struct rtnl_batch *b, size_t first, size_t last)
{
	struct iovec *iov = calloc(last - first, sizeof(*iov));
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = iov,
		.msg_iovlen = last - first,
	};
	uint32_t seq = r->seq;
	ssize_t n;

	if (!iov)
		return -ENOMEM;
	r->seq += last - first;
	for (size_t i = first; i < last; i++) {
		struct nlmsghdr *h = nlmsg_hdr(b->messages[i]);

		h->nlmsg_seq = seq + (i - first);
		h->nlmsg_pid = r->portid;
		iov[i - first] = (struct iovec){ h, NLMSG_ALIGN(h->nlmsg_len) };
	}
	do
		n = sendmsg(nl_socket_get_fd(r->request), &msg, 0);
	while (n < 0 && errno == EINTR);
	n = n < 0 ? -errno : 0;
	free(iov);
	return n < 0 ? (int)n : collect(r, b, first, last, seq);
}

int rtnl_run(struct rtnl *r, struct rtnl_batch *b, void (*between)(void *data), void *data,
	     struct error *err)
{
	size_t first = 0;

	if (b->failed)
		return error_set(err, ENOMEM, "out of memory");
	while (first < b->n) {
		size_t bytes = 0, last = first;
		int code;

		while (last < b->n && last - first < PART_MESSAGES) {
			bytes += NLMSG_ALIGN(nlmsg_hdr(b->messages[last])->nlmsg_len);
			if (bytes > RTNL_PART_BYTES && last > first)
				break;
			last++;
		}
		code = run_part(r, b, first, last);
		if (code < 0)
			return error_set(err, -code, "netlink: %s", strerror(-code));
		first = last;
		if (between)
			between(data);
	}
	return 0;
}

int rtnl_result_error(const struct rtnl_result *result, struct error *err)
{
	if (result->code == 0)
		return 0;
	if (result->reason[0])
		return error_set(err, -result->code, "%s (%s)", result->reason,
				 strerror(-result->code));
	return error_set(err, -result->code, "%s", strerror(-result->code));
}

int rtnl_run_one(struct rtnl *r, struct rtnl_batch *b, struct error *err)
{
	int code = rtnl_run(r, b, NULL, NULL, err);

	for (size_t i = 0; code == 0 && i < b->n; i++)
		code = rtnl_result_error(&b->results[i], err);
	return code;
}

/* ---- dumps ---- */

/* One try. 0, -EAGAIN (interrupted), or -errno. */
static int dump_once(struct rtnl *r, const struct rtnl_dump *dump)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr h;
		uint8_t payload[64];
	} request = { 0 };
	uint32_t seq = r->seq++;
	bool interrupted = false;

	if (dump->header_len > sizeof(request.payload))
		return -EINVAL;
	request.h = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(dump->header_len),
		.nlmsg_type = dump->type,
		.nlmsg_flags = NLM_F_REQUEST | (dump->single ? NLM_F_ACK : NLM_F_DUMP),
		.nlmsg_seq = seq,
		.nlmsg_pid = r->portid,
	};
	memcpy(request.payload, dump->header, dump->header_len);
	if (sendto(nl_socket_get_fd(r->request), &request, request.h.nlmsg_len, 0,
		   (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	for (;;) {
		ssize_t n = receive(r);
		int len = n;

		if (n < 0)
			return n;
		for (struct nlmsghdr *h = (void *)r->buffer; nlmsg_ok(h, len);
		     h = nlmsg_next(h, &len)) {
			struct rtnl_result result;

			if (h->nlmsg_seq != seq)
				continue;
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (h->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EAGAIN : 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return rtnl_ack_parse(h, &result) < 0 ? -EBADMSG : result.code;
			dump->message(h, dump->data);
		}
	}
}

int rtnl_dump(struct rtnl *r, const struct rtnl_dump *dump, struct error *err)
{
	int code = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && code == -EAGAIN; i++) {
		if (dump->reset)
			dump->reset(dump->data);
		code = dump_once(r, dump);
	}
	if (code < 0)
		return error_set(err, -code, "netlink dump %d: %s", dump->type, strerror(-code));
	return 0;
}

/* ---- listening ---- */

int rtnl_monitor_fd(const struct rtnl *r)
{
	return nl_socket_get_fd(r->monitor);
}

int rtnl_monitor_drain(struct rtnl *r, void (*message)(const struct nlmsghdr *h, void *data),
		       void *data)
{
	int count = 0;
	bool lost = false;

	for (;;) {
		ssize_t n = recv(nl_socket_get_fd(r->monitor), r->monitor_buffer, RECEIVE_BYTES,
				 MSG_DONTWAIT);
		int len = n;

		if (n < 0 && errno == ENOBUFS)
			lost = true;
		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n < 0)
			break;
		for (struct nlmsghdr *h = (void *)r->monitor_buffer; nlmsg_ok(h, len);
		     h = nlmsg_next(h, &len)) {
			message(h, data);
			count++;
		}
	}
	return lost ? -ENOBUFS : count;
}
