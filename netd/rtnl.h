/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rtnetlink sockets: one for requests, one that listens. Requests go out
 * as a pipelined run of acknowledged messages, each with its own result.
 */
#ifndef NETD_RTNL_H
#define NETD_RTNL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "error.h"
#include "loop.h"

struct rtnl;

struct rtnl_result {
	int code;	  /* 0 or -errno */
	char reason[128]; /* the kernel's extended acknowledgement; may be empty */
};

/* Messages to be sent together. Zero-initialised; ended by rtnl_batch_done(). */
struct rtnl_batch {
	struct nl_msg **messages;
	struct rtnl_result *results; /* by message, after rtnl_run() */
	size_t n, size;
	bool failed; /* memory ran out while building */
};

int rtnl_open(struct rtnl **ret, struct error *err);
/* A request socket in another network namespace; it does not listen. */
int rtnl_open_namespace(int netns_fd, struct rtnl **ret, struct error *err);
void rtnl_close(struct rtnl *r); /* NULL is fine */

/**
 * rtnl_batch_add() - begin one more message of a batch
 * @type: RTM_NEWLINK…
 * @flags: besides NLM_F_REQUEST | NLM_F_ACK
 * @header: the family header (struct ifinfomsg…), @len bytes
 *
 * Return: the message, for the nla_put family; NULL when memory ran out, which the batch
 * remembers and then refuses to run.
 */
struct nl_msg *rtnl_batch_add(struct rtnl_batch *b, int type, int flags, const void *header,
			      size_t len);
void rtnl_batch_done(struct rtnl_batch *b);

/**
 * rtnl_run() - send a batch and collect every result
 * @between: called after each part of the batch (or NULL): time to drain the listening socket
 *
 * Messages of at most RTNL_PART_BYTES go in one sendmsg(2), which the kernel works off before it
 * returns: a process that is killed leaves such a part done or not begun.
 *
 * Return: 0 when all messages were answered (look at their results), or -errno.
 */
#define RTNL_PART_BYTES (192 * 1024)
int rtnl_run(struct rtnl *r, struct rtnl_batch *b, void (*between)(void *data), void *data,
	     struct error *err);
/* One message, run at once; its reason in @err. */
int rtnl_run_one(struct rtnl *r, struct rtnl_batch *b, struct error *err);
/* The result as an error: "REASON (strerror)". Returns its code. */
int rtnl_result_error(const struct rtnl_result *result, struct error *err);

struct rtnl_dump {
	int type; /* RTM_GETLINK… */
	const void *header;
	size_t header_len;
	bool single; /* not a dump: one object is asked for */
	/* Before the first message, and again when the kernel says the dump was interrupted. */
	void (*reset)(void *data);
	void (*message)(const struct nlmsghdr *h, void *data);
	void *data;
};
/* 0, -EAGAIN when it was interrupted again and again, or -errno. */
int rtnl_dump(struct rtnl *r, const struct rtnl_dump *dump, struct error *err);

/* The listening socket, non-blocking. */
int rtnl_monitor_fd(const struct rtnl *r);
/*
 * Everything that waits there, message by message. Return: how many, or -ENOBUFS: the kernel
 * dropped some, dump and compare.
 */
int rtnl_monitor_drain(struct rtnl *r, void (*message)(const struct nlmsghdr *h, void *data),
		       void *data);

/* The acknowledgement in a NLMSG_ERROR message; -EBADMSG when it is too short. Pure, fuzzed. */
int rtnl_ack_parse(const struct nlmsghdr *h, struct rtnl_result *ret);

#endif
