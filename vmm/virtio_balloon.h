/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-balloon (VIRTIO 1.2 §5.5): the guest gives memory back to the host.
 */
#ifndef VMM_VIRTIO_BALLOON_H
#define VMM_VIRTIO_BALLOON_H

#include "virtio.h"

int virtio_balloon_new(const char *name, struct vm *vm, struct loop *loop,
		       struct guest_memory *memory, struct virtio_device **ret);
/* How much the guest should give up, in 4 KiB pages. Machine lock held. */
void virtio_balloon_set(struct virtio_device *dev, uint32_t pages);
/* What it has given up, by its own word. */
uint32_t virtio_balloon_actual(const struct virtio_device *dev);

#endif
