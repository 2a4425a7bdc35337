// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP packets as fast as one thread can send them; over veth and bridge the
 * whole way to the receiver is paid for in the sender's time.
 *
 *	udp_blast ADDRESS PORT BYTES SECONDS
 *
 * Prints packets per second.
 */
#include <sys/socket.h>
#include <time.h>

#include "addr.h"
#include "log.h"

#define BATCH 64

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct mmsghdr msgs[BATCH] = { 0 };
	struct sockaddr_storage to;
	char data[2048] = { 0 };
	struct addr a;
	struct iovec iov;
	double start, seconds;
	socklen_t len;
	long sent = 0;
	int sock;

	if (argc != 5 || addr_parse(argv[1], &a) < 0)
		die("usage: udp_blast ADDRESS PORT BYTES SECONDS");
	len = addr_to_sockaddr(&a, atoi(argv[2]), &to);
	iov = (struct iovec){ data, MIN((size_t)atoi(argv[3]), sizeof(data)) };
	seconds = atof(argv[4]);
	sock = socket(a.family, SOCK_DGRAM, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&to, len) < 0)
		die("%s: %s", argv[1], strerror(errno));
	for (int i = 0; i < BATCH; i++) {
		msgs[i].msg_hdr.msg_iov = &iov;
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	start = now_s();
	while (now_s() - start < seconds) {
		int n = sendmmsg(sock, msgs, BATCH, 0);

		if (n > 0)
			sent += n;
	}
	printf("%.0f\n", sent / (now_s() - start));
	return 0;
}
