/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-rng (VIRTIO 1.2 §5.4): getrandom(2) for the guest.
 */
#ifndef VMM_VIRTIO_RNG_H
#define VMM_VIRTIO_RNG_H

#include "virtio.h"

int virtio_rng_new(const char *name, struct vm *vm, struct loop *loop, struct guest_memory *memory,
		   struct virtio_device **ret);

#endif
