// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tap devices and vhost-net descriptors.
 *
 * Owns nothing: the fds go to the client that asked, and the tap lives as long
 * as one of them is open. Daemon's thread only. Linux:
 * Documentation/networking/tuntap.rst, linux/if_tun.h.
 */
#include "tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

static int queue_open(const char *ifname, unsigned short flags, struct error *err)
{
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq ifr = { .ifr_flags = flags };

	if (fd < 0)
		return error_set(err, errno,
				 "cannot open /dev/net/tun: %s (is the tun module loaded?)",
				 strerror(errno));
	str_copy(ifr.ifr_name, sizeof(ifr.ifr_name), ifname);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return error_set(err, errno == EINVAL || errno == EBUSY ? EEXIST : errno,
				 "cannot make the tap %s: %s", ifname, strerror(errno));
	return TAKE_FD(fd);
}

/* A tap that was there before (someone's persistent one) is not ours to take. */
static int is_foreign(int fd)
{
	struct ifreq ifr = { 0 };

	if (ioctl(fd, TUNGETIFF, &ifr) < 0)
		return -errno;
	return !!(ifr.ifr_flags & IFF_PERSIST);
}

static int queue_setup(int fd, bool vnet_header, struct error *err)
{
	int size = TAP_VNET_HEADER_BYTES, little = 1;

	if (!vnet_header)
		return 0;
	if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 || ioctl(fd, TUNSETVNETLE, &little) < 0)
		return error_set(err, errno, "cannot set up a tap's header: %s", strerror(errno));
	return 0;
}

int tap_open(const char *ifname, unsigned queues, bool vnet_header, uid_t owner,
	     int ret[static TAP_QUEUES_MAX], struct error *err)
{
	unsigned short flags = IFF_TAP | IFF_NO_PI | (vnet_header ? IFF_VNET_HDR : 0) |
			       (queues > 1 ? IFF_MULTI_QUEUE : 0);
	int fds[TAP_QUEUES_MAX], r = 0;
	unsigned n = 0;

	if (queues < 1 || queues > TAP_QUEUES_MAX)
		return error_set(err, EINVAL, "a tap has 1 to %d queues", TAP_QUEUES_MAX);
	while (r == 0 && n < queues) {
		r = queue_open(ifname, flags, err);
		if (r < 0)
			break;
		fds[n++] = r;
		r = n == 1 ? is_foreign(fds[0]) : 0;
		if (r > 0)
			r = error_set(err, EEXIST, "the tap %s is someone else's", ifname);
		if (r == 0)
			r = queue_setup(fds[n - 1], vnet_header, err);
	}
	if (r == 0 && ioctl(fds[0], TUNSETOWNER, (unsigned long)owner) < 0)
		r = error_set(err, errno, "cannot give away the tap: %s", strerror(errno));
	if (r < 0) {
		while (n > 0)
			close(fds[--n]);
		return r;
	}
	memcpy(ret, fds, n * sizeof(*ret));
	return 0;
}

int vhost_net_open(unsigned n, int ret[static TAP_QUEUES_MAX], struct error *err)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		ret[i] = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
		if (ret[i] < 0)
			break;
	}
	if (i == n)
		return n;
	if (i == 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return 0;
	error_set(err, errno, "cannot open /dev/vhost-net: %s", strerror(errno));
	n = errno;
	while (i > 0)
		close(ret[--i]);
	return -(int)n;
}
