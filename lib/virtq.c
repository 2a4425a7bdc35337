// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device side of a split virtqueue: VIRTIO 1.2 §2.7.
 *
 * desc, avail and used lie in memory that the driver can change at any moment.
 * Each descriptor is copied once into the stack and only the copy is looked
 * at; indices are loaded and stored as atomic 16-bit values. One thread.
 */
#include "virtq.h"

static const char *const fault_names[] = {
	[VIRTQ_OK] = "no fault",
	[VIRTQ_BAD_INDEX] = "available index out of range",
	[VIRTQ_BAD_HEAD] = "descriptor index out of range",
	[VIRTQ_LOOP] = "descriptor chain longer than the queue",
	[VIRTQ_BAD_ADDRESS] = "descriptor outside guest memory",
	[VIRTQ_BAD_INDIRECT] = "malformed indirect table",
	[VIRTQ_BAD_ORDER] = "readable descriptor after a writable one",
	[VIRTQ_TOO_LONG] = "descriptor chain of too many pieces or bytes",
};
static_assert(ARRAY_SIZE(fault_names) == VIRTQ_NFAULTS, "a name for each fault");

const char *virtq_fault_name(enum virtq_fault f)
{
	return f < VIRTQ_NFAULTS ? fault_names[f] : "?";
}

static uint16_t load16(const void *p, int order)
{
	return order == __ATOMIC_ACQUIRE ? __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE)
					 : __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
}

static void store16(void *p, uint16_t v, int order)
{
	if (order == __ATOMIC_RELEASE)
		__atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint16_t *)p, v, __ATOMIC_RELAXED);
}

int virtq_init(struct virtq *q, struct guest_memory *m, uint16_t size, void *desc, void *avail,
	       void *used, uint16_t base, bool event_idx, bool indirect)
{
	if (!size || size > VIRTQ_SIZE_MAX || (size & (size - 1)) || !desc || !avail || !used)
		return -EINVAL;
	*q = (struct virtq){
		.memory = m,
		.size = size,
		.desc = desc,
		.avail = avail,
		.used = used,
		.last_avail = base,
		.next_used = base,
		.event_idx = event_idx,
		.indirect = indirect,
	};
	return 0;
}

static int virtq_break(struct virtq *q, enum virtq_fault fault)
{
	q->fault = fault;
	return -EPROTO;
}

unsigned virtq_pending(struct virtq *q)
{
	uint16_t n;

	if (q->fault || !q->size)
		return 0;
	n = load16(&q->avail->idx, __ATOMIC_ACQUIRE) - q->last_avail;
	if (n > q->size) {
		virtq_break(q, VIRTQ_BAD_INDEX);
		return 0;
	}
	return n;
}

/* Where the chain being read is: in the queue's own table or in an indirect one. */
struct walk {
	struct virtq *q;
	struct virtq_chain *chain;
	const struct vring_desc *table;
	uint32_t table_size;
	bool indirect;
	uint64_t bytes;
	unsigned count; /* descriptors seen */
};

static int walk_add(struct walk *w, const struct vring_desc *d)
{
	struct virtq_chain *c = w->chain;
	unsigned used = c->nout + c->nin;
	bool writable = d->flags & VRING_DESC_F_WRITE;
	int n;

	if (!writable && c->nin)
		return virtq_break(w->q, VIRTQ_BAD_ORDER);
	w->bytes += d->len;
	if (w->bytes > UINT32_MAX)
		return virtq_break(w->q, VIRTQ_TOO_LONG);
	n = guest_memory_iovec(w->q->memory, d->addr, d->len, c->iov + used,
			       VIRTQ_CHAIN_MAX - used);
	if (n == -E2BIG)
		return virtq_break(w->q, VIRTQ_TOO_LONG);
	if (n < 0)
		return virtq_break(w->q, VIRTQ_BAD_ADDRESS);
	if (writable) {
		c->nin += n;
		c->in_bytes += d->len;
	} else {
		c->nout += n;
		c->out_bytes += d->len;
	}
	return 0;
}

/* §2.7.5.3.1: one table, not empty, whole descriptors, not chained further, not nested. */
static int walk_enter_indirect(struct walk *w, const struct vring_desc *d)
{
	uint32_t entries = d->len / sizeof(struct vring_desc);

	if (!w->q->indirect || w->indirect ||
	    (d->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE)) || !entries ||
	    d->len % sizeof(struct vring_desc))
		return virtq_break(w->q, VIRTQ_BAD_INDIRECT);
	w->table = guest_memory_get(w->q->memory, d->addr, d->len);
	if (!w->table)
		return virtq_break(w->q, VIRTQ_BAD_ADDRESS);
	w->table_size = entries;
	w->indirect = true;
	w->count = 0;
	return 0;
}

static int walk_chain(struct walk *w, uint16_t head)
{
	uint32_t index = head;

	for (;;) {
		struct vring_desc d;
		int r;

		if (index >= w->table_size)
			return virtq_break(w->q, VIRTQ_BAD_HEAD);
		if (w->count++ >= MAX(w->q->size, 1u) && !w->indirect)
			return virtq_break(w->q, VIRTQ_LOOP);
		if (w->indirect && w->count > w->table_size)
			return virtq_break(w->q, VIRTQ_LOOP);
		/* The one look at it: the compiler may not read it again. */
		__builtin_memcpy(&d, (const void *)&w->table[index], sizeof(d));
		__asm__ volatile("" ::: "memory");
		if (d.flags & VRING_DESC_F_INDIRECT) {
			r = walk_enter_indirect(w, &d);
			if (r < 0)
				return r;
			index = 0;
			continue;
		}
		r = walk_add(w, &d);
		if (r < 0)
			return r;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		index = d.next;
	}
}

int virtq_pop(struct virtq *q, struct virtq_chain *ret)
{
	struct walk w = { .q = q, .chain = ret, .table = q->desc, .table_size = q->size };
	uint16_t head;
	int r;

	if (q->fault)
		return -EPROTO;
	if (!virtq_pending(q))
		return q->fault ? -EPROTO : 0;
	head = load16(&q->avail->ring[q->last_avail & (q->size - 1)], __ATOMIC_RELAXED);
	ret->head = head;
	ret->nout = ret->nin = 0;
	ret->out_bytes = ret->in_bytes = 0;
	if (head >= q->size)
		return virtq_break(q, VIRTQ_BAD_HEAD);
	r = walk_chain(&w, head);
	if (r < 0)
		return r;
	q->last_avail++;
	return 1;
}

void virtq_unpop(struct virtq *q)
{
	q->last_avail--;
}

void virtq_fill(struct virtq *q, uint16_t offset, uint16_t head, uint32_t written_bytes)
{
	struct vring_used_elem *e =
		&q->used->ring[(uint16_t)(q->next_used + offset) & (q->size - 1)];

	__atomic_store_n(&e->id, (uint32_t)head, __ATOMIC_RELAXED);
	__atomic_store_n(&e->len, written_bytes, __ATOMIC_RELAXED);
}

void virtq_publish(struct virtq *q, uint16_t n)
{
	q->next_used += n;
	store16(&q->used->idx, q->next_used, __ATOMIC_RELEASE);
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written_bytes)
{
	virtq_fill(q, 0, head, written_bytes);
	virtq_publish(q, 1);
}

/* The driver's used_event, §2.7.7: behind the available ring. */
static uint16_t used_event(const struct virtq *q)
{
	return load16(&q->avail->ring[q->size], __ATOMIC_RELAXED);
}

bool virtq_should_notify(struct virtq *q)
{
	uint16_t old = q->signalled_used, new = q->next_used;
	bool valid = q->signalled_valid;

	/* The index must be seen before the driver's wish is read: §2.7.7.2. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_idx) {
		if (valid && old == new)
			return false;
		q->signalled_used = new;
		q->signalled_valid = true;
		return !(load16(&q->avail->flags, __ATOMIC_RELAXED) & VRING_AVAIL_F_NO_INTERRUPT);
	}
	q->signalled_used = new;
	q->signalled_valid = true;
	return !valid || vring_need_event(used_event(q), new, old);
}

/* Our avail_event: behind the used ring. */
static void set_avail_event(struct virtq *q, uint16_t v)
{
	store16(&q->used->ring[q->size], v, __ATOMIC_RELAXED);
}

bool virtq_enable_kicks(struct virtq *q)
{
	if (q->fault || !q->size)
		return false;
	if (q->event_idx)
		set_avail_event(q, q->last_avail);
	else
		store16(&q->used->flags, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return virtq_pending(q) > 0;
}

void virtq_disable_kicks(struct virtq *q)
{
	/* With the event index nothing is to be done: it stays behind by itself. */
	if (!q->event_idx && q->size)
		store16(&q->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}
