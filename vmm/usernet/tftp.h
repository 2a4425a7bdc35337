/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only TFTP server for network boot: packets to port 69 in, packets
 * out through a callback. RFC 1350, 2347, 2348 (blksize), 2349 (timeout,
 * tsize), 7440 has no place here. Files come from below one directory and
 * nowhere else: openat2(2) with RESOLVE_BENEATH, regular files only.
 *
 * One thread, the loop's; the caller calls tftp_tick() for retransmissions.
 */
#ifndef USERNET_TFTP_H
#define USERNET_TFTP_H

#include "addr.h"
#include "bytes.h"

#define TFTP_PORT 69
#define TFTP_SESSIONS_MAX 16
#define TFTP_PATH_MAX 255
#define TFTP_BLOCK_MAX 65464 /* RFC 2348 */

struct tftp_client {
	struct addr addr;  /* the guest's */
	struct addr local; /* where it sent to: the answer's source */
	uint16_t port;	   /* host order */
};

/* @len bytes of UDP payload from port TFTP_PORT to @to; borrowed. */
typedef void (*tftp_send_fn)(void *data, const struct tftp_client *to, const uint8_t *payload,
			     size_t len);

struct tftp;

/**
 * tftp_new() - serve the files below a directory
 * @dir_fd: O_PATH or O_RDONLY directory; the server's from then on
 * @payload_max: the largest UDP payload that needs no fragment at the guest's MTU, from 516
 */
int tftp_new(int dir_fd, size_t payload_max, tftp_send_fn send, void *data, struct tftp **ret);
void tftp_free(struct tftp *t); /* NULL is fine */

/* 0, or -EBADMSG for a packet that is malformed or of no session of ours. */
int tftp_packet(struct tftp *t, const struct tftp_client *from, const uint8_t *p, size_t len,
		uint64_t now_ms);

/* Sends again what was not acknowledged in time and ends what is dead. Returns ms to the next
 * call that is wanted, or -1: none. */
int tftp_tick(struct tftp *t, uint64_t now_ms);

size_t tftp_sessions(const struct tftp *t);

#endif
