// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of a client into a varlink server with one method. */
#include <sys/socket.h>

#include "log.h"
#include "varlink.h"

static void echo(struct varlink_call *call, void *data _unused_)
{
	if (varlink_call_wants_more(call))
		varlink_notify(call, NULL);
	varlink_reply(call, json_incref(varlink_call_parameters(call)));
}

static const struct varlink_method methods[] = { { "a.b.C", echo } };
static const struct varlink_interface interfaces[] = { { "a.b", "interface a.b\n", methods, 1 } };
static const struct varlink_service service = { "v", "p", "1", "u", interfaces, 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct varlink_server *server;
	struct loop *loop;
	int sock[2];

	log_set_level(LOG_LEVEL_ERROR);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sock) < 0 || loop_new(&loop) < 0 ||
	    varlink_server_new(loop, &service, NULL, &server) < 0)
		abort();
	varlink_server_add_connection(server, sock[0]);
	/* In two pieces, cut where the first byte says. */
	if (size > 1) {
		size_t cut = 1 + data[0] % (size - 1);

		if (send(sock[1], data + 1, cut - 1, MSG_NOSIGNAL) >= 0)
			loop_run_once(loop, 0);
		if (send(sock[1], data + cut, size - cut, MSG_NOSIGNAL) >= 0)
			loop_run_once(loop, 0);
		for (int i = 0; i < 4; i++)
			loop_run_once(loop, 0);
	}
	close(sock[1]);
	loop_run_once(loop, 0);
	varlink_server_free(server);
	loop_free(loop);
	return 0;
}
