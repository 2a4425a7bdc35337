/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes with file descriptors over a unix socket (unix(7), SCM_RIGHTS).
 */
#ifndef LIB_FDPASS_H
#define LIB_FDPASS_H

#include <sys/types.h>

#include "util.h"

/* The kernel's SCM_MAX_FD is 253; nobody here needs more than this. */
#define FDPASS_MAX 64

/**
 * fdpass_send() - one sendmsg(2) with descriptors at its first byte
 * @flags: as for sendmsg(2); MSG_NOSIGNAL is added
 *
 * Return: bytes sent (may be fewer than @len), or -errno. The fds stay the caller's.
 */
ssize_t fdpass_send(int sock, const void *buf, size_t len, const int *fds, size_t nfds, int flags);

/**
 * fdpass_recv() - one recvmsg(2); received fds are close-on-exec
 * @fds: room for FDPASS_MAX
 * @ret_nfds: how many came; they are the caller's to close
 *
 * More fds than fit, or a truncated control message, closes them all: -EMSGSIZE.
 *
 * Return: bytes received, 0 at the end, or -errno.
 */
ssize_t fdpass_recv(int sock, void *buf, size_t len, int fds[static FDPASS_MAX], size_t *ret_nfds,
		    int flags);

#endif
