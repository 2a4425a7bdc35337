/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio-console with one port (VIRTIO 1.2 §5.3): hvc0 of the guest.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "virtio.h"

/* The guest wrote: at most 64 KiB a call. Loop thread, machine lock held. */
typedef void (*virtio_console_output_fn)(void *data, const void *buf, size_t len);

int virtio_console_new(const char *name, virtio_console_output_fn output, void *data, struct vm *vm,
		       struct loop *loop, struct guest_memory *memory, struct virtio_device **ret);
/* Input for the guest; what it has no buffers for is kept up to 4 KiB, the rest is refused:
 * returns the bytes taken. Machine lock held. */
size_t virtio_console_input(struct virtio_device *dev, const void *buf, size_t len);
void virtio_console_resize(struct virtio_device *dev, uint16_t cols, uint16_t rows);

#endif
