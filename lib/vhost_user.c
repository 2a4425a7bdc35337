// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vhost-user messages: their form, as QEMU's docs/interop/vhost-user.rst has
 * it. What is received is hostile until vhost_user_check() has seen it.
 */
#include "vhost_user.h"

#include <poll.h>
#include <sys/socket.h>

/* What a request carries; fds < 0: as the payload says. */
struct form {
	const char *name;
	uint16_t size;
	int8_t fds;
};

#define F(request, size, fds) [VHOST_USER_##request] = { #request, size, fds }
#define VARIABLE 0xffff

static const struct form forms[VHOST_USER_REQUEST_MAX] = {
	F(GET_FEATURES, 0, 0),
	F(SET_FEATURES, 8, 0),
	F(SET_OWNER, 0, 0),
	F(RESET_OWNER, 0, 0),
	F(SET_MEM_TABLE, VARIABLE, -1),
	F(SET_LOG_BASE, VARIABLE, 1),
	F(SET_LOG_FD, VARIABLE, 1),
	F(SET_VRING_NUM, 8, 0),
	F(SET_VRING_ADDR, sizeof(struct vhost_user_vring_addr), 0),
	F(SET_VRING_BASE, 8, 0),
	F(GET_VRING_BASE, 8, 0),
	F(SET_VRING_KICK, 8, -1),
	F(SET_VRING_CALL, 8, -1),
	F(SET_VRING_ERR, 8, -1),
	F(GET_PROTOCOL_FEATURES, 0, 0),
	F(SET_PROTOCOL_FEATURES, 8, 0),
	F(GET_QUEUE_NUM, 0, 0),
	F(SET_VRING_ENABLE, 8, 0),
	F(SEND_RARP, 8, 0),
	F(NET_SET_MTU, 8, 0),
	F(SET_BACKEND_REQ_FD, 0, 1),
	F(SET_VRING_ENDIAN, 8, 0),
	F(GET_CONFIG, VARIABLE, 0),
	F(SET_CONFIG, VARIABLE, 0),
	F(GET_INFLIGHT_FD, VARIABLE, 0),
	F(SET_INFLIGHT_FD, VARIABLE, 1),
	F(RESET_DEVICE, 0, 0),
	F(GET_MAX_MEM_SLOTS, 0, 0),
	F(ADD_MEM_REG, sizeof(struct vhost_user_mem_reg), 1),
	F(REM_MEM_REG, sizeof(struct vhost_user_mem_reg), -1),
	F(SET_STATUS, 8, 0),
	F(GET_STATUS, 0, 0),
};

const char *vhost_user_request_name(uint32_t request)
{
	return request < VHOST_USER_REQUEST_MAX && forms[request].name ? forms[request].name : "?";
}

static int check_mem_table(const struct vhost_user_message *m)
{
	if (m->size < 8 || m->memory.nregions > VHOST_USER_MEM_REGIONS_MAX ||
	    m->size < 8 + m->memory.nregions * sizeof(struct vhost_user_region) ||
	    m->nfds != m->memory.nregions)
		return -EPROTO;
	return 0;
}

static int check_config(const struct vhost_user_message *m)
{
	if (m->size < 12 || m->config.size > sizeof(m->config.data) ||
	    m->size < 12 + m->config.size)
		return -EPROTO;
	return 0;
}

/* One fd, unless the payload says that there is none. */
static int check_vring_fd(const struct vhost_user_message *m)
{
	size_t want = m->u64 & VHOST_USER_VRING_NOFD ? 0 : 1;

	return m->nfds == want ? 0 : -EPROTO;
}

int vhost_user_check(const struct vhost_user_message *m)
{
	const struct form *f;

	if ((m->flags & 3) != VHOST_USER_VERSION || m->size > VHOST_USER_PAYLOAD_MAX)
		return -EPROTO;
	if (m->request >= VHOST_USER_REQUEST_MAX || !forms[m->request].name)
		return -EOPNOTSUPP;
	f = &forms[m->request];
	if (f->size != VARIABLE && m->size != f->size)
		return -EPROTO;
	if (f->fds >= 0 && m->nfds != (size_t)f->fds)
		return -EPROTO;
	switch (m->request) {
	case VHOST_USER_SET_MEM_TABLE:
		return check_mem_table(m);
	case VHOST_USER_GET_CONFIG:
	case VHOST_USER_SET_CONFIG:
		return check_config(m);
	case VHOST_USER_SET_VRING_KICK:
	case VHOST_USER_SET_VRING_CALL:
	case VHOST_USER_SET_VRING_ERR:
		return check_vring_fd(m);
	case VHOST_USER_REM_MEM_REG:
		return m->nfds <= 1 ? 0 : -EPROTO;
	}
	return 0;
}

/* Appends what came to the fds of the message. */
static int take_fds(struct vhost_user_message *m, int *fds, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (m->nfds < FDPASS_MAX) {
			m->fds[m->nfds++] = fds[i];
		} else {
			close(fds[i]);
			r = -EPROTO;
		}
	}
	return r;
}

int vhost_user_recv(int sock, struct vhost_user_message *m)
{
	for (;;) {
		size_t have = m->received, want;
		int fds[FDPASS_MAX];
		size_t nfds = 0;
		ssize_t n;

		if (have < VHOST_USER_HEADER_SIZE) {
			want = VHOST_USER_HEADER_SIZE;
		} else {
			if (m->size > VHOST_USER_PAYLOAD_MAX)
				return -EPROTO;
			want = VHOST_USER_HEADER_SIZE + m->size;
		}
		if (have == want) {
			m->received = 0;
			return 0;
		}
		n = fdpass_recv(sock, (char *)m + have, want - have, fds, &nfds, MSG_DONTWAIT);
		if (n == -EAGAIN || n == -EWOULDBLOCK)
			return -EAGAIN;
		if (n == 0)
			return -ECONNRESET;
		if (n < 0)
			return n;
		m->received += n;
		if (take_fds(m, fds, nfds) < 0)
			return -EPROTO;
	}
}

int vhost_user_send(int sock, const struct vhost_user_message *m)
{
	size_t len = VHOST_USER_HEADER_SIZE + m->size, sent = 0;

	while (sent < len) {
		ssize_t n = fdpass_send(sock, (const char *)m + sent, len - sent, m->fds,
					sent ? 0 : m->nfds, 0);

		if (n == -EAGAIN || n == -EWOULDBLOCK) {
			struct pollfd p = { .fd = sock, .events = POLLOUT };

			/* A front end that does not read for a second is no front end. */
			if (poll(&p, 1, 1000) <= 0)
				return -ETIMEDOUT;
			continue;
		}
		if (n < 0)
			return n;
		sent += n;
	}
	return 0;
}

void vhost_user_message_done(struct vhost_user_message *m)
{
	while (m->nfds)
		close_fdp(&m->fds[--m->nfds]);
}
