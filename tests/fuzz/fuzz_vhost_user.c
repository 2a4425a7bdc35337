// SPDX-License-Identifier: GPL-2.0-or-later
/* vhost-user messages out of any bytes: what passes the check is within its bounds. */
#include <sys/socket.h>

#include "vhost_user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhost_user_message m = { 0 };
	int s[2];

	if (size > 16384 || socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		return 0;
	if (send(s[1], data, size, MSG_NOSIGNAL) >= 0) {
		while (vhost_user_recv(s[0], &m) == 0) {
			int r = vhost_user_check(&m);

			if (r == 0 && m.request == VHOST_USER_SET_MEM_TABLE && m.memory.nregions)
				abort(); /* without as many fds it cannot be right */
			if (r == 0 && m.request == VHOST_USER_GET_CONFIG &&
			    m.config.size > sizeof(m.config.data))
				abort();
			vhost_user_message_done(&m);
		}
	}
	vhost_user_message_done(&m);
	close(s[0]);
	close(s[1]);
	return 0;
}
