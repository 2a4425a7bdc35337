/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest physical memory: a small sorted table of regions mapped into this
 * process. With lib/virtq the only code that touches guest memory.
 *
 * Hostile input: addresses and lengths come from the guest. Every look-up
 * checks overflow and that the whole span lies inside regions.
 */
#ifndef LIB_GUEST_MEMORY_H
#define LIB_GUEST_MEMORY_H

#include <sys/uio.h>

#include "util.h"

#define GUEST_MEMORY_REGIONS_MAX 64

struct guest_memory_region {
	uint64_t guest_addr; /* guest physical */
	uint64_t size;	     /* bytes */
	uint64_t user_addr;  /* the front end's virtual address (vhost-user), else same as host */
	void *host;	     /* our mapping */
	uint64_t mmap_size;  /* what to munmap from mmap_base; 0: not ours to unmap */
	void *mmap_base;
	int fd; /* the memory's file, or -1; owned when mmap_size != 0 */
	uint64_t fd_offset;
};

struct guest_memory {
	struct guest_memory_region regions[GUEST_MEMORY_REGIONS_MAX]; /* by guest_addr */
	size_t nregions;
	unsigned last; /* the region of the last hit, a hint */
};

void guest_memory_init(struct guest_memory *m);
void guest_memory_done(struct guest_memory *m); /* unmaps and closes; idempotent */
/* -EINVAL: empty or wraps; -EEXIST: overlaps; -ENOSPC: table full. Takes the mapping over on 0. */
int guest_memory_add(struct guest_memory *m, const struct guest_memory_region *r);
int guest_memory_del(struct guest_memory *m, uint64_t guest_addr, uint64_t size);

/**
 * guest_memory_get() - host pointer of a span inside one region
 *
 * Return: the pointer, or NULL when any byte is outside or the span wraps.
 */
void *guest_memory_get(struct guest_memory *m, uint64_t guest_addr, uint64_t len);
/* The same by the front end's virtual address. */
void *guest_memory_get_user(struct guest_memory *m, uint64_t user_addr, uint64_t len);

/**
 * guest_memory_iovec() - a span, possibly over adjacent regions, as iovecs
 * @max: room in @iov
 *
 * Return: entries written, -EFAULT outside memory, -E2BIG over @max.
 */
int guest_memory_iovec(struct guest_memory *m, uint64_t guest_addr, uint64_t len, struct iovec *iov,
		       size_t max);

#endif
