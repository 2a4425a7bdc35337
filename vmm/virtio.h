/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio 1.2 device without its transport: status, features, queues,
 * configuration space. virtio_pci.c carries it to the guest; a device model
 * (virtio_net.c, virtio_blk.c, …) is one struct virtio_ops.
 *
 * Threads: transport accesses come from vCPU threads, queue kicks from the
 * machine's loop thread. Both hold the machine's lock (vm_lock()), so a device
 * model never runs twice at once.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "loop.h"
#include "log.h"
#include "virtq.h"

#define VIRTIO_QUEUES_MAX 33 /* 16 net queue pairs and the control queue */
#define VIRTIO_QUEUE_SIZE 256
#define VIRTIO_MSI_NO_VECTOR 0xffff

struct vm;
struct virtio_device;

struct virtio_ops {
	const char *name; /* "net", for messages and vmm info */
	uint16_t id;	  /* VIRTIO_ID_* */
	/* Offered, besides VIRTIO_F_VERSION_1 and the ring features, which every device has. */
	uint64_t (*features)(struct virtio_device *dev);
	/* Device configuration; @offset + @len are inside config_size. Multi-byte fields are
	 * little endian. write may be NULL: read-only. */
	void (*read_config)(struct virtio_device *dev, uint32_t offset, void *buf, uint32_t len);
	void (*write_config)(struct virtio_device *dev, uint32_t offset, const void *buf,
			     uint32_t len);
	uint32_t config_size;
	/* DRIVER_OK: features are settled, enabled queues are set up. -errno: device needs reset. */
	int (*activate)(struct virtio_device *dev);
	/* Undo activate; the queues' memory must not be touched after it returns. */
	void (*reset)(struct virtio_device *dev);
	/* Loop thread: the driver kicked queue @q. NULL with own_queues. */
	void (*kick)(struct virtio_device *dev, unsigned q);
	/* The queue moves in the kernel or another process: no kick source of ours for it. */
	bool (*queue_is_external)(struct virtio_device *dev, unsigned q);
	/* The transport bound another eventfd or its vector state changed. May be NULL. */
	void (*call_changed)(struct virtio_device *dev, unsigned q);
	void (*free)(struct virtio_device *dev);
};

/* What the transport does for a device. */
struct virtio_transport {
	/* The configuration changed: VIRTIO 1.2 §4.1.4.5.4, interrupt for it. */
	void (*config_changed)(struct virtio_device *dev);
	/* An interrupt for @q without an irqfd (INTx, vector lost): may be a no-op. */
	void (*queue_interrupt)(struct virtio_device *dev, unsigned q);
};

struct virtio_queue {
	uint16_t max_size; /* 0: the queue does not exist */
	uint16_t size;
	bool enabled;
	uint64_t desc, avail, used; /* guest physical */
	int kick_fd;		    /* ioeventfd: the driver's notifications */
	int call_fd;		    /* irqfd of the queue's vector */
	struct source *kick_source;
	struct virtq vq;
	uint64_t kicks, calls; /* counted where they pass through us */
};

struct virtio_device {
	const struct virtio_ops *ops;
	const struct virtio_transport *transport;
	void *transport_data;
	struct vm *vm;
	struct loop *loop;
	struct guest_memory *memory;
	char name[32]; /* "net0" */

	uint64_t offered, negotiated; /* features */
	uint8_t status;
	uint8_t config_generation;
	bool active;
	unsigned resets_by_fault; /* a hostile or broken driver, counted */
	struct log_limit fault_limit;

	unsigned nqueues;
	struct virtio_queue queues[VIRTIO_QUEUES_MAX];
};

/**
 * virtio_init() - set up the embedded common part
 * @nqueues: how many queues, each of @queue_size entries at most
 *
 * Makes the eventfds. Return: 0 or -errno.
 */
int virtio_init(struct virtio_device *dev, const struct virtio_ops *ops, const char *name,
		struct vm *vm, struct loop *loop, struct guest_memory *memory, unsigned nqueues,
		uint16_t queue_size);
void virtio_done(struct virtio_device *dev);

static inline bool virtio_has(const struct virtio_device *dev, unsigned feature)
{
	return dev->negotiated & (1ULL << feature);
}

/* ---- what the transport calls, machine lock held ---- */

/* Only before FEATURES_OK; ignored later. */
void virtio_set_features(struct virtio_device *dev, uint64_t features);
/* The driver wrote device_status: negotiation, activation, reset (VIRTIO 1.2 §3.1). */
void virtio_set_status(struct virtio_device *dev, uint8_t status);
/* Are writes to the queue's registers allowed now (FEATURES_OK, not DRIVER_OK, not enabled)? */
bool virtio_queue_writable(const struct virtio_device *dev, unsigned q);
/* queue_enable = 1: checks the rings. -EINVAL: bad size or addresses; the device needs reset. */
int virtio_queue_enable(struct virtio_device *dev, unsigned q);
void virtio_reset(struct virtio_device *dev);

/* ---- what device models call ---- */

/* Tells the driver about used entries, if it wants to know. */
void virtio_queue_notify(struct virtio_device *dev, unsigned q);
/* The driver broke the rules: DEVICE_NEEDS_RESET, counted, logged at a limited rate. */
void virtio_fail(struct virtio_device *dev, const char *why);
/* virtq_pop() that turns a fault into virtio_fail(). 1, 0, or -EPROTO. */
int virtio_queue_pop(struct virtio_device *dev, unsigned q, struct virtq_chain *chain);
void virtio_config_changed(struct virtio_device *dev);

/* Copies between a chain's pieces and flat memory; bytes copied (at most @len). */
size_t virtio_chain_read(const struct virtq_chain *c, size_t offset, void *buf, size_t len);
size_t virtio_chain_write(const struct virtq_chain *c, size_t offset, const void *buf, size_t len);

#endif
