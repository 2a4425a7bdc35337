// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/guest_memory and lib/virtq: chains, every malformed one, notification. */
#include "unit.h"
#include "virtq.h"

#define SIZE 8
#define MEM 65536

struct world {
	uint8_t mem[MEM] __attribute__((aligned(4096)));
	uint8_t mem2[4096];
	struct guest_memory memory;
	struct virtq q;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct virtq_chain chain;
};

static struct world w;

static void world_init(bool event_idx)
{
	struct guest_memory_region a = {
		.guest_addr = 0x10000, .size = MEM, .user_addr = 0x7000000, .host = w.mem, .fd = -1
	};
	struct guest_memory_region b = { .guest_addr = 0x10000 + MEM,
					 .size = sizeof(w.mem2),
					 .user_addr = 0x9000000,
					 .host = w.mem2,
					 .fd = -1 };

	memset(&w, 0, sizeof(w));
	CU_ASSERT_EQUAL(guest_memory_add(&w.memory, &a), 0);
	CU_ASSERT_EQUAL(guest_memory_add(&w.memory, &b), 0);
	w.desc = (struct vring_desc *)w.mem;
	w.avail = (struct vring_avail *)(w.mem + 1024);
	w.used = (struct vring_used *)(w.mem + 2048);
	CU_ASSERT_EQUAL(
		virtq_init(&w.q, &w.memory, SIZE, w.desc, w.avail, w.used, 0, event_idx, true), 0);
}

static void desc_set(unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	w.desc[i] = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void offer(uint16_t head)
{
	w.avail->ring[w.avail->idx % SIZE] = head;
	w.avail->idx++;
}

static void spans_are_checked(void)
{
	struct guest_memory_region bad = { .guest_addr = 0x10000 + 10, .size = 10, .host = w.mem };

	world_init(false);
	CU_ASSERT_PTR_EQUAL(guest_memory_get(&w.memory, 0x10000, MEM), w.mem);
	CU_ASSERT_PTR_NULL(guest_memory_get(&w.memory, 0x10000, MEM + 1));
	CU_ASSERT_PTR_NULL(guest_memory_get(&w.memory, 0xffff, 1));
	CU_ASSERT_PTR_NULL(guest_memory_get(&w.memory, UINT64_MAX, 2));
	CU_ASSERT_PTR_NULL(guest_memory_get(&w.memory, 0x10010, UINT64_MAX));
	CU_ASSERT_PTR_EQUAL(guest_memory_get_user(&w.memory, 0x7000010, 1), w.mem + 16);
	CU_ASSERT_PTR_NULL(guest_memory_get_user(&w.memory, 0x7000000, MEM + 1));
	CU_ASSERT_EQUAL(guest_memory_add(&w.memory, &bad), -EEXIST);
	bad.size = 0;
	CU_ASSERT_EQUAL(guest_memory_add(&w.memory, &bad), -EINVAL);
	bad.guest_addr = UINT64_MAX - 3;
	bad.size = 10;
	CU_ASSERT_EQUAL(guest_memory_add(&w.memory, &bad), -EINVAL);
}

static void a_span_over_two_regions_is_two_pieces(void)
{
	struct iovec iov[2];

	world_init(false);
	CU_ASSERT_EQUAL(guest_memory_iovec(&w.memory, 0x10000 + MEM - 4, 8, iov, 2), 2);
	CU_ASSERT_PTR_EQUAL(iov[1].iov_base, w.mem2);
	CU_ASSERT_EQUAL(guest_memory_iovec(&w.memory, 0x10000 + MEM - 4, 8, iov, 1), -E2BIG);
	CU_ASSERT_EQUAL(guest_memory_iovec(&w.memory, 0x10000 + MEM, 4097, iov, 2), -EFAULT);
}

static void a_chain_is_read_once_and_pushed(void)
{
	world_init(false);
	desc_set(0, 0x14000, 16, VRING_DESC_F_NEXT, 3);
	desc_set(3, 0x15000, 32, VRING_DESC_F_WRITE, 0);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 0);
	offer(0);
	CU_ASSERT_EQUAL(virtq_pending(&w.q), 1);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 1);
	CU_ASSERT_EQUAL(w.chain.nout, 1);
	CU_ASSERT_EQUAL(w.chain.nin, 1);
	CU_ASSERT_EQUAL(w.chain.out_bytes, 16);
	CU_ASSERT_EQUAL(w.chain.in_bytes, 32);
	virtq_unpop(&w.q);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 1);
	virtq_push(&w.q, w.chain.head, 7);
	CU_ASSERT_EQUAL(w.used->idx, 1);
	CU_ASSERT_EQUAL(w.used->ring[0].len, 7);
}

static void an_indirect_table_is_followed(void)
{
	struct vring_desc *table = (struct vring_desc *)(w.mem + 0x3000);

	world_init(false);
	table[0] = (struct vring_desc){
		.addr = 0x14000, .len = 1, .flags = VRING_DESC_F_NEXT, .next = 1
	};
	table[1] = (struct vring_desc){ .addr = 0x14010, .len = 2, .flags = VRING_DESC_F_WRITE };
	desc_set(2, 0x13000, 32, VRING_DESC_F_INDIRECT, 0);
	offer(2);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 1);
	CU_ASSERT_EQUAL(w.chain.head, 2);
	CU_ASSERT_EQUAL(w.chain.out_bytes, 1);
	CU_ASSERT_EQUAL(w.chain.in_bytes, 2);
}

static void expect_fault(enum virtq_fault fault)
{
	offer(0);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), -EPROTO);
	CU_ASSERT_EQUAL(w.q.fault, fault);
	CU_ASSERT_EQUAL(virtq_pending(&w.q), 0);
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), -EPROTO);
}

static void every_malformed_chain_breaks_the_queue(void)
{
	struct vring_desc *table = (struct vring_desc *)(w.mem + 0x3000);

	world_init(false);
	desc_set(0, 0x14000, 16, VRING_DESC_F_NEXT, 0);
	expect_fault(VIRTQ_LOOP);
	world_init(false);
	desc_set(0, 0x14000, 16, VRING_DESC_F_NEXT, SIZE);
	expect_fault(VIRTQ_BAD_HEAD);
	world_init(false);
	desc_set(0, 0x0, 16, 0, 0);
	expect_fault(VIRTQ_BAD_ADDRESS);
	world_init(false);
	desc_set(0, UINT64_MAX - 4, 16, 0, 0);
	expect_fault(VIRTQ_BAD_ADDRESS);
	world_init(false);
	desc_set(0, 0x14000, 0xffffffff, 0, 0);
	expect_fault(VIRTQ_BAD_ADDRESS);
	world_init(false);
	desc_set(0, 0x14000, 16, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1);
	desc_set(1, 0x14000, 16, 0, 0);
	expect_fault(VIRTQ_BAD_ORDER);
	world_init(false);
	desc_set(0, 0x13000, 0, VRING_DESC_F_INDIRECT, 0);
	expect_fault(VIRTQ_BAD_INDIRECT);
	world_init(false);
	desc_set(0, 0x13000, 17, VRING_DESC_F_INDIRECT, 0);
	expect_fault(VIRTQ_BAD_INDIRECT);
	world_init(false);
	desc_set(0, 0x13000, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 0);
	expect_fault(VIRTQ_BAD_INDIRECT);
	world_init(false);
	table[0] =
		(struct vring_desc){ .addr = 0x13000, .len = 16, .flags = VRING_DESC_F_INDIRECT };
	desc_set(0, 0x13000, 16, VRING_DESC_F_INDIRECT, 0);
	expect_fault(VIRTQ_BAD_INDIRECT);
	world_init(false);
	table[0] = (struct vring_desc){
		.addr = 0x14000, .len = 16, .flags = VRING_DESC_F_NEXT, .next = 0
	};
	desc_set(0, 0x13000, 16, VRING_DESC_F_INDIRECT, 0);
	expect_fault(VIRTQ_LOOP);
	world_init(false);
	w.avail->idx = SIZE; /* and one more with expect_fault() */
	expect_fault(VIRTQ_BAD_INDEX);
	world_init(false);
	w.avail->ring[0] = SIZE;
	w.avail->idx = 1;
	CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), -EPROTO);
	CU_ASSERT_EQUAL(w.q.fault, VIRTQ_BAD_HEAD);
}

static void indices_wrap(void)
{
	world_init(false);
	desc_set(0, 0x14000, 1, 0, 0);
	w.q.last_avail = w.q.next_used = w.avail->idx = w.used->idx = 65535;
	for (int i = 0; i < 4; i++) {
		offer(0);
		CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 1);
		virtq_push(&w.q, 0, 0);
	}
	CU_ASSERT_EQUAL(w.used->idx, 3);
}

static void notification_follows_the_event_index(void)
{
	world_init(true);
	desc_set(0, 0x14000, 1, 0, 0);
	w.avail->ring[SIZE] = 2; /* used_event: tell me when the third is used */
	for (int i = 0; i < 4; i++) {
		offer(0);
		CU_ASSERT_EQUAL(virtq_pop(&w.q, &w.chain), 1);
		virtq_push(&w.q, 0, 0);
		if (i > 0)
			CU_ASSERT_EQUAL(virtq_should_notify(&w.q), i == 2);
		if (i == 0)
			CU_ASSERT_TRUE(virtq_should_notify(&w.q)); /* the first always */
	}
	CU_ASSERT_FALSE(virtq_enable_kicks(&w.q));
	CU_ASSERT_EQUAL(*(uint16_t *)&w.used->ring[SIZE], 4);
	offer(0);
	CU_ASSERT_TRUE(virtq_enable_kicks(&w.q));
}

static void notification_follows_the_flags(void)
{
	world_init(false);
	desc_set(0, 0x14000, 1, 0, 0);
	offer(0);
	virtq_pop(&w.q, &w.chain);
	virtq_push(&w.q, 0, 0);
	w.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	CU_ASSERT_FALSE(virtq_should_notify(&w.q));
	virtq_disable_kicks(&w.q);
	CU_ASSERT_EQUAL(w.used->flags, VRING_USED_F_NO_NOTIFY);
	virtq_enable_kicks(&w.q);
	CU_ASSERT_EQUAL(w.used->flags, 0);
}

UNIT_MAIN("virtq", UNIT(spans_are_checked), UNIT(a_span_over_two_regions_is_two_pieces),
	  UNIT(a_chain_is_read_once_and_pushed), UNIT(an_indirect_table_is_followed),
	  UNIT(every_malformed_chain_breaks_the_queue), UNIT(indices_wrap),
	  UNIT(notification_follows_the_event_index), UNIT(notification_follows_the_flags))
