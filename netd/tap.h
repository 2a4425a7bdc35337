/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tap devices: made by opening queues, gone with the last one.
 */
#ifndef NETD_TAP_H
#define NETD_TAP_H

#include <net/if.h>
#include <sys/types.h>

#include "error.h"

#define TAP_QUEUES_MAX 16
#define TAP_VNET_HEADER_BYTES 12 /* virtio 1.x: struct virtio_net_hdr_v1 */

/**
 * tap_open() - make a tap with its queues
 * @ifname: its name; -EEXIST when a link of that name is there
 * @vnet_header: frames carry a 12-byte virtio-net header, little-endian
 * @owner: who may attach to it besides us
 * @ret: @queues fds, close-on-exec, non-blocking; the caller's to close
 */
int tap_open(const char *ifname, unsigned queues, bool vnet_header, uid_t owner,
	     int ret[static TAP_QUEUES_MAX], struct error *err);
/* /dev/vhost-net, an fd a queue pair. Return: @n; 0 where the host has none; or -errno. */
int vhost_net_open(unsigned n, int ret[static TAP_QUEUES_MAX], struct error *err);

#endif
