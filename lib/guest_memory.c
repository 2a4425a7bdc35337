// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guest physical memory as a sorted table of mapped regions. The addresses and
 * lengths that are looked up are hostile; the table itself is filled by
 * trusted code (vmm) or checked before (vhost-user). One thread at a time.
 */
#include "guest_memory.h"

#include <sys/mman.h>

void guest_memory_init(struct guest_memory *m)
{
	memset(m, 0, sizeof(*m));
}

static void region_release(struct guest_memory_region *r)
{
	if (!r->mmap_size)
		return;
	munmap(r->mmap_base, r->mmap_size);
	close_fdp(&r->fd);
}

void guest_memory_done(struct guest_memory *m)
{
	for (size_t i = 0; i < m->nregions; i++)
		region_release(&m->regions[i]);
	guest_memory_init(m);
}

int guest_memory_add(struct guest_memory *m, const struct guest_memory_region *r)
{
	size_t at;

	if (!r->size || r->guest_addr + r->size < r->guest_addr ||
	    r->user_addr + r->size < r->user_addr)
		return -EINVAL;
	if (m->nregions == GUEST_MEMORY_REGIONS_MAX)
		return -ENOSPC;
	for (at = 0; at < m->nregions && m->regions[at].guest_addr < r->guest_addr; at++)
		;
	if (at > 0 && m->regions[at - 1].guest_addr + m->regions[at - 1].size > r->guest_addr)
		return -EEXIST;
	if (at < m->nregions && r->guest_addr + r->size > m->regions[at].guest_addr)
		return -EEXIST;
	memmove(&m->regions[at + 1], &m->regions[at], (m->nregions - at) * sizeof(*r));
	m->regions[at] = *r;
	m->nregions++;
	m->last = 0;
	return 0;
}

int guest_memory_del(struct guest_memory *m, uint64_t guest_addr, uint64_t size)
{
	for (size_t i = 0; i < m->nregions; i++) {
		if (m->regions[i].guest_addr != guest_addr || m->regions[i].size != size)
			continue;
		region_release(&m->regions[i]);
		memmove(&m->regions[i], &m->regions[i + 1],
			(m->nregions - i - 1) * sizeof(m->regions[0]));
		m->nregions--;
		m->last = 0;
		return 0;
	}
	return -ENOENT;
}

/* Is [addr, addr + len) inside [start, start + size)? Without overflow. */
static bool span_inside(uint64_t addr, uint64_t len, uint64_t start, uint64_t size)
{
	return addr >= start && addr - start <= size && len <= size - (addr - start);
}

static struct guest_memory_region *region_of(struct guest_memory *m, uint64_t addr)
{
	if (m->last < m->nregions &&
	    addr - m->regions[m->last].guest_addr < m->regions[m->last].size)
		return &m->regions[m->last];
	for (size_t i = 0; i < m->nregions; i++) {
		if (addr >= m->regions[i].guest_addr &&
		    addr - m->regions[i].guest_addr < m->regions[i].size) {
			m->last = i;
			return &m->regions[i];
		}
	}
	return NULL;
}

void *guest_memory_get(struct guest_memory *m, uint64_t guest_addr, uint64_t len)
{
	struct guest_memory_region *r = region_of(m, guest_addr);

	if (!r || !span_inside(guest_addr, len, r->guest_addr, r->size))
		return NULL;
	return (char *)r->host + (guest_addr - r->guest_addr);
}

void *guest_memory_get_user(struct guest_memory *m, uint64_t user_addr, uint64_t len)
{
	for (size_t i = 0; i < m->nregions; i++) {
		struct guest_memory_region *r = &m->regions[i];

		if (span_inside(user_addr, len, r->user_addr, r->size))
			return (char *)r->host + (user_addr - r->user_addr);
	}
	return NULL;
}

int guest_memory_iovec(struct guest_memory *m, uint64_t guest_addr, uint64_t len, struct iovec *iov,
		       size_t max)
{
	size_t n = 0;

	while (len) {
		struct guest_memory_region *r = region_of(m, guest_addr);
		uint64_t offset, piece;

		if (!r)
			return -EFAULT;
		if (n == max)
			return -E2BIG;
		offset = guest_addr - r->guest_addr;
		piece = MIN(len, r->size - offset);
		iov[n].iov_base = (char *)r->host + offset;
		iov[n++].iov_len = piece;
		len -= piece;
		guest_addr += piece;
	}
	return n;
}
