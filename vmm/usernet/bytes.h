/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big-endian bytes of packets: a bounded writer and unaligned reads. Header
 * only, no state of its own, any thread.
 */
#ifndef USERNET_BYTES_H
#define USERNET_BYTES_H

#include "util.h"

/* Writes stop at the end of the buffer and are remembered as full: check once, at the end. */
struct out {
	uint8_t *p;
	size_t len, size;
	bool full;
};

static inline struct out out_init(void *p, size_t size)
{
	return (struct out){ .p = p, .size = size };
}

static inline void out_put(struct out *o, const void *data, size_t len)
{
	if (o->size - o->len < len) {
		o->full = true;
		return;
	}
	if (len)
		memcpy(o->p + o->len, data, len);
	o->len += len;
}

static inline void out_zero(struct out *o, size_t len)
{
	if (o->size - o->len < len) {
		o->full = true;
		return;
	}
	memset(o->p + o->len, 0, len);
	o->len += len;
}

static inline void out_u8(struct out *o, uint8_t v)
{
	out_put(o, &v, 1);
}

static inline void out_be16(struct out *o, uint16_t v)
{
	out_put(o, (uint8_t[]){ v >> 8, v & 0xff }, 2);
}

static inline void out_be32(struct out *o, uint32_t v)
{
	out_put(o, (uint8_t[]){ v >> 24, v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff }, 4);
}

static inline uint16_t get_be16(const void *at)
{
	const uint8_t *p = at;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const void *at)
{
	const uint8_t *p = at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
