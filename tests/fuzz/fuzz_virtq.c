// SPDX-License-Identifier: GPL-2.0-or-later
/* A split ring in memory of any content; what is popped lies in guest memory. */
#include "virtq.h"

#define SIZE 16
#define MEM 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtq_chain chain;
	static uint8_t mem[MEM] __attribute__((aligned(4096)));
	struct guest_memory memory;
	struct guest_memory_region r = { .guest_addr = 0, .size = MEM, .host = mem, .fd = -1 };
	struct virtq q;

	if (size < 2)
		return 0;
	memset(mem, 0, sizeof(mem));
	memcpy(mem, data + 2, size - 2 < MEM ? size - 2 : MEM);
	guest_memory_init(&memory);
	guest_memory_add(&memory, &r);
	virtq_init(&q, &memory, SIZE, mem, mem + 512, mem + 1024, data[0], data[1] & 1,
		   data[1] & 2);
	for (int i = 0; i < 64; i++) {
		if (virtq_pop(&q, &chain) <= 0)
			break;
		for (int k = 0; k < chain.nout + chain.nin; k++) {
			uint8_t *p = chain.iov[k].iov_base;

			if (chain.iov[k].iov_len &&
			    (p < mem || p + chain.iov[k].iov_len > mem + MEM))
				abort();
			if (chain.iov[k].iov_len && k >= chain.nout)
				p[chain.iov[k].iov_len - 1] ^=
					data[1]; /* and the ring with it, perhaps */
		}
		virtq_push(&q, chain.head, chain.in_bytes);
		virtq_should_notify(&q);
	}
	virtq_enable_kicks(&q);
	return 0;
}
