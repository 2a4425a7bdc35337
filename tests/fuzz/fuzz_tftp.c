// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets of TFTP clients: a run of them, each with one byte that chooses the
 * client and the time that passes, and a length byte in front. The directory
 * is this repository's etc/, which is small.
 */
#include <fcntl.h>

#include "tftp.h"

static size_t payload_max;

static void on_send(void *data, const struct tftp_client *to, const uint8_t *p, size_t len)
{
	(void)data;
	(void)to;
	(void)p;
	assert(len <= MAX(payload_max, 64u));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tftp *t;
	uint64_t now = 0;
	int fd = open("etc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fd = open("/var/empty", O_PATH | O_DIRECTORY | O_CLOEXEC);
	payload_max = size && data[0] & 1 ? 1472 : 40;
	if (tftp_new(fd, payload_max, on_send, NULL, &t) < 0)
		return 0;
	while (size >= 2) {
		size_t len = MIN((size_t)data[1], size - 2);
		struct tftp_client c = { .port = 1000 + data[0] % 20 };
		uint8_t *copy = malloc(len);

		if (len)
			memcpy(copy, data + 2, len);
		tftp_packet(t, &c, copy, len, now);
		free(copy);
		now += (uint64_t)(data[0] / 20) * 100;
		tftp_tick(t, now);
		assert(tftp_sessions(t) <= TFTP_SESSIONS_MAX);
		data += 2 + len;
		size -= 2 + len;
	}
	tftp_free(t);
	return 0;
}
