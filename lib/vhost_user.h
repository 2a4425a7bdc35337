/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user protocol's messages (QEMU's docs/interop/vhost-user.rst):
 * types, parsing and checking, sending and receiving with fds. Both ends use
 * it: usernet as a back end, vmm as a front end. What a message means is
 * theirs; this file knows its form only.
 */
#ifndef LIB_VHOST_USER_H
#define LIB_VHOST_USER_H

#include "fdpass.h"

#define VHOST_USER_PAYLOAD_MAX 4096
#define VHOST_USER_MEM_REGIONS_MAX 8 /* SET_MEM_TABLE */
#define VHOST_USER_VERSION 1
#define VHOST_USER_FLAG_REPLY (1u << 2)
#define VHOST_USER_FLAG_NEED_REPLY (1u << 3)

/* Front end → back end, numbers as in the specification. */
enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_LOG_BASE = 6,
	VHOST_USER_SET_LOG_FD = 7,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SEND_RARP = 19,
	VHOST_USER_NET_SET_MTU = 20,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_SET_VRING_ENDIAN = 23,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
	VHOST_USER_REQUEST_MAX
};

enum vhost_user_protocol_feature {
	VHOST_USER_PROTOCOL_F_MQ = 0,
	VHOST_USER_PROTOCOL_F_LOG_SHMFD = 1,
	VHOST_USER_PROTOCOL_F_RARP = 2,
	VHOST_USER_PROTOCOL_F_REPLY_ACK = 3,
	VHOST_USER_PROTOCOL_F_MTU = 4,
	VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5,
	VHOST_USER_PROTOCOL_F_CONFIG = 9,
	VHOST_USER_PROTOCOL_F_RESET_DEVICE = 13,
	VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS = 14,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15,
	VHOST_USER_PROTOCOL_F_STATUS = 16,
};
#define VHOST_USER_F_PROTOCOL_FEATURES 30 /* a virtio feature bit */

struct vhost_user_vring_state {
	uint32_t index, num;
};

struct vhost_user_vring_addr {
	uint32_t index, flags;
	uint64_t desc, used, avail, log; /* front end's virtual addresses */
};

struct vhost_user_region {
	uint64_t guest_addr, size, user_addr, mmap_offset;
};

struct vhost_user_memory {
	uint32_t nregions, padding;
	struct vhost_user_region regions[VHOST_USER_MEM_REGIONS_MAX];
};

struct vhost_user_mem_reg { /* ADD_MEM_REG, REM_MEM_REG */
	uint64_t padding;
	struct vhost_user_region region;
};

struct vhost_user_config {
	uint32_t offset, size, flags;
	uint8_t data[256];
};

/* Native byte order, as the protocol says. */
struct vhost_user_message {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* payload bytes */
	union {
		uint64_t u64;
		struct vhost_user_vring_state state;
		struct vhost_user_vring_addr addr;
		struct vhost_user_memory memory;
		struct vhost_user_mem_reg mem_reg;
		struct vhost_user_config config;
		uint8_t bytes[VHOST_USER_PAYLOAD_MAX];
	};
	int fds[FDPASS_MAX];
	size_t nfds;
	size_t received; /* bytes of a message that is not whole yet */
};
#define VHOST_USER_HEADER_SIZE 12
/* VRING_KICK, _CALL, _ERR payload */
#define VHOST_USER_VRING_INDEX_MASK 0xff
#define VHOST_USER_VRING_NOFD (1u << 8)

const char *vhost_user_request_name(uint32_t request); /* "SET_MEM_TABLE", or "?" */

/**
 * vhost_user_check() - is a received message well-formed for its request?
 *
 * Version, payload size, number of fds (SET_MEM_TABLE: one a region). Pure.
 *
 * Return: 0, -EPROTO (malformed), -EOPNOTSUPP (a request we do not know).
 */
int vhost_user_check(const struct vhost_user_message *m);

/* 0, -EAGAIN (no or partial message: call again), -ECONNRESET (end), or -errno.
 * A partial message is kept in @m, which must be the same and zeroed before the first call. */
int vhost_user_recv(int sock, struct vhost_user_message *m);
/* Sends header + m->size bytes + m->fds. Blocks while the socket is full. 0 or -errno. */
int vhost_user_send(int sock, const struct vhost_user_message *m);
void vhost_user_message_done(struct vhost_user_message *m); /* closes the fds left */

#endif
