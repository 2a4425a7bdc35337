// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long until netd has put a link back that somebody took out of its bridge?
 *
 *	rejoin_bench BRIDGE LINK COUNT
 *
 * Prints the median in microseconds.
 */
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <netlink/route/link.h>
#include <time.h>

#include "log.h"

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Not from sysfs: a mount of it shows the namespace that it was made in. */
static bool has_master(struct nl_sock *sk, int ifindex)
{
	struct rtnl_link *link;
	bool has;

	if (rtnl_link_get_kernel(sk, ifindex, NULL, &link) < 0)
		return false;
	has = rtnl_link_get_master(link) != 0;
	rtnl_link_put(link);
	return has;
}

int main(int argc, char **argv)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0), n;
	struct nl_sock *sk = nl_socket_alloc();
	struct ifreq ifr = { 0 };
	double *times;

	if (argc != 4 || (n = atoi(argv[3])) < 1)
		die("usage: rejoin_bench BRIDGE LINK COUNT");
	times = calloc(n, sizeof(*times));
	if (!times || !sk || nl_connect(sk, NETLINK_ROUTE) < 0)
		die("netlink: no socket");
	for (int i = 0; i < n; i++) {
		double start;

		str_copy(ifr.ifr_name, IFNAMSIZ, argv[1]);
		ifr.ifr_ifindex = if_nametoindex(argv[2]);
		start = now_us();
		if (ioctl(sock, SIOCBRDELIF, &ifr) < 0)
			die("%s out of %s: %s", argv[2], argv[1], strerror(errno));
		while (!has_master(sk, ifr.ifr_ifindex) && now_us() - start < 1e6)
			;
		times[i] = now_us() - start;
		usleep(20000);
	}
	qsort(times, n, sizeof(*times), by_value);
	printf("%.0f\n", times[n / 2]);
	free(times);
	nl_socket_free(sk);
	return 0;
}
