/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-blk on a raw file or block device (VIRTIO 1.2 §5.2).
 */
#ifndef VMM_VIRTIO_BLK_H
#define VMM_VIRTIO_BLK_H

#include "error.h"
#include "virtio.h"

struct virtio_blk_options {
	int fd;		    /* open for what is asked; the device owns it from then on */
	bool readonly;	    /* VIRTIO_BLK_F_RO */
	bool direct;	    /* the fd has O_DIRECT */
	unsigned queues;    /* 1–16 */
	const char *serial; /* VIRTIO_BLK_T_GET_ID: 20 bytes; NULL: none */
};

struct virtio_blk_stats {
	uint64_t reads, writes, flushes, discards, errors;
	uint64_t read_bytes, written_bytes;
};

int virtio_blk_new(const char *name, const struct virtio_blk_options *options, struct vm *vm,
		   struct loop *loop, struct guest_memory *memory, struct virtio_device **ret,
		   struct error *err);
void virtio_blk_stats(const struct virtio_device *dev, struct virtio_blk_stats *ret);

#endif
