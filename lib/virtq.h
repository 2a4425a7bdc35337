/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device side of a split virtqueue, VIRTIO 1.2 §2.7: chains out of the
 * available ring, used entries back, notifications suppressed by event index
 * (§2.7.10) or flags. Indirect descriptors (§2.7.5.3).
 *
 * The rings are hostile shared memory: each descriptor is copied once and
 * only the copy is checked and used. A violation puts the queue into
 * `broken` with a reason; it then yields nothing until it is set up again.
 */
#ifndef LIB_VIRTQ_H
#define LIB_VIRTQ_H

#include <linux/virtio_ring.h>

#include "guest_memory.h"

#define VIRTQ_SIZE_MAX 32768 /* §2.7: powers of two up to this */
#define VIRTQ_CHAIN_MAX 1024 /* iovecs of one chain, ours */

enum virtq_fault {
	VIRTQ_OK,
	VIRTQ_BAD_INDEX,    /* avail index moved further than the queue's size */
	VIRTQ_BAD_HEAD,	    /* head or next out of range */
	VIRTQ_LOOP,	    /* chain longer than the queue */
	VIRTQ_BAD_ADDRESS,  /* outside guest memory, or wraps */
	VIRTQ_BAD_INDIRECT, /* nested, empty, unaligned length, with NEXT */
	VIRTQ_BAD_ORDER,    /* readable after writable */
	VIRTQ_TOO_LONG,	    /* more than VIRTQ_CHAIN_MAX pieces or 4 GiB */
	VIRTQ_NFAULTS,
};
const char *virtq_fault_name(enum virtq_fault f);

struct virtq {
	struct guest_memory *memory;
	uint16_t size; /* entries */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t last_avail;	 /* next to take */
	uint16_t next_used;	 /* next to publish */
	uint16_t signalled_used; /* next_used at the last notification */
	bool signalled_valid;
	bool event_idx; /* VIRTIO_RING_F_EVENT_IDX negotiated */
	bool indirect;	/* VIRTIO_RING_F_INDIRECT_DESC negotiated */
	enum virtq_fault fault;
};

/* One chain, taken: the readable pieces first, then the writable. */
struct virtq_chain {
	uint16_t head;
	uint16_t nout, nin; /* iovecs: out = device reads, in = device writes */
	uint32_t out_bytes, in_bytes;
	struct iovec iov[VIRTQ_CHAIN_MAX];
};

/**
 * virtq_init() - set a queue up on host pointers that are already checked
 * @size: entries, a power of two
 *
 * The three pointers must have come from guest_memory_get*() for their full
 * length. last_avail and next_used start at @base.
 */
int virtq_init(struct virtq *q, struct guest_memory *m, uint16_t size, void *desc, void *avail,
	       void *used, uint16_t base, bool event_idx, bool indirect);

/* Chains waiting; 0 when none or broken. Never more than the size. */
unsigned virtq_pending(struct virtq *q);
/* 1: @ret filled and taken; 0: none; -EPROTO: broken, see q->fault. */
int virtq_pop(struct virtq *q, struct virtq_chain *ret);
/* Gives the last popped chain back unread, as if virtq_pop() had not happened (only the last). */
void virtq_unpop(struct virtq *q);
/* Writes a used entry at next_used + @offset without publishing it. */
void virtq_fill(struct virtq *q, uint16_t offset, uint16_t head, uint32_t written_bytes);
/* Publishes @n filled entries with one release store. */
void virtq_publish(struct virtq *q, uint16_t n);
/* fill + publish of one */
void virtq_push(struct virtq *q, uint16_t head, uint32_t written_bytes);
/* Must the driver be told about what was published since the last time? Updates signalled_used. */
bool virtq_should_notify(struct virtq *q);
/* Ask for (or suppress) the driver's kicks. virtq_enable_kicks() returns true when chains arrived
 * meanwhile: look again. */
bool virtq_enable_kicks(struct virtq *q);
void virtq_disable_kicks(struct virtq *q);

#endif
