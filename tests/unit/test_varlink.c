// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/varlink: framing, calls, streams, fds, and clients that behave badly. */
#include <fcntl.h>
#include <sys/socket.h>

#include "unit.h"
#include "varlink.h"

struct world {
	struct loop *loop;
	struct varlink_server *server;
	struct varlink_client *client;
	int raw; /* the client's end of a second connection */
	struct varlink_call *held;
	int disconnects, calls;
};

static void echo(struct varlink_call *call, void *data)
{
	struct world *w = data;

	w->calls++;
	varlink_reply(call, json_incref(varlink_call_parameters(call)));
}

static void give_fd(struct varlink_call *call, void *data _unused_)
{
	int fd = varlink_call_take_fd(call, 0);

	varlink_reply_fds(call, json_pack("{s:i}", "fd", 0), &fd, 1);
	close(fd);
}

static void held_gone(struct varlink_call *call _unused_, void *data)
{
	struct world *w = data;

	w->disconnects++;
	w->held = NULL;
}

static void hold(struct varlink_call *call, void *data)
{
	struct world *w = data;

	w->held = call;
	varlink_call_on_disconnect(call, held_gone, w);
}

static const struct varlink_method methods[] = {
	{ "t.x.Echo", echo },
	{ "t.x.Fd", give_fd },
	{ "t.x.Hold", hold },
};
static const struct varlink_interface interfaces[] = {
	{ "t.x", "interface t.x\n", methods, ARRAY_SIZE(methods) },
};
static const struct varlink_service service = { "v", "p",	 "1",
						"u", interfaces, ARRAY_SIZE(interfaces) };

static void world_init(struct world *w)
{
	int a[2], b[2];

	memset(w, 0, sizeof(*w));
	CU_ASSERT_EQUAL_FATAL(loop_new(&w->loop), 0);
	CU_ASSERT_EQUAL_FATAL(varlink_server_new(w->loop, &service, w, &w->server), 0);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a), 0);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b), 0);
	CU_ASSERT_EQUAL_FATAL(varlink_server_add_connection(w->server, a[0]), 0);
	CU_ASSERT_EQUAL_FATAL(varlink_server_add_connection(w->server, b[0]), 0);
	CU_ASSERT_EQUAL_FATAL(varlink_client_new_fd(a[1], &w->client), 0);
	w->raw = b[1];
}

static void world_done(struct world *w)
{
	varlink_client_free(w->client);
	close_fdp(&w->raw);
	varlink_server_free(w->server);
	loop_free(w->loop);
}

static void turn(struct world *w)
{
	for (int i = 0; i < 20; i++)
		loop_run_once(w->loop, 0);
}

static void call(struct world *w, const char *method, json_t *parameters, const int *fds,
		 size_t nfds, struct varlink_result *res)
{
	CU_ASSERT_EQUAL(varlink_client_send(w->client, method, parameters, false, fds, nfds, NULL),
			0);
	turn(w);
	CU_ASSERT_EQUAL_FATAL(varlink_client_receive(w->client, 1000, res, NULL), 0);
}

static void frames_are_found(void)
{
	static char big[VARLINK_MESSAGE_MAX + 2];

	memset(big, 'x', sizeof(big));
	CU_ASSERT_EQUAL(varlink_frame_find("ab\0cd", 5), 2);
	CU_ASSERT_EQUAL(varlink_frame_find("ab", 2), -EAGAIN);
	CU_ASSERT_EQUAL(varlink_frame_find("", 0), -EAGAIN);
	CU_ASSERT_EQUAL(varlink_frame_find(big, sizeof(big)), -EMSGSIZE);
	big[VARLINK_MESSAGE_MAX] = '\0';
	CU_ASSERT_EQUAL(varlink_frame_find(big, sizeof(big)), VARLINK_MESSAGE_MAX);
}

static void a_call_gets_its_reply(void)
{
	struct varlink_result res;
	struct world w;

	world_init(&w);
	call(&w, "t.x.Echo", json_pack("{s:s}", "a", "b"), NULL, 0, &res);
	CU_ASSERT_PTR_NULL(res.error_name);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(res.parameters, "a")), "b");
	varlink_result_done(&res);
	world_done(&w);
}

static void unknown_methods_are_named(void)
{
	struct varlink_result res;
	struct world w;

	world_init(&w);
	call(&w, "t.x.Nope", NULL, NULL, 0, &res);
	CU_ASSERT_STRING_EQUAL(res.error_name, "org.varlink.service.MethodNotFound");
	varlink_result_done(&res);
	call(&w, "q.Nope", NULL, NULL, 0, &res);
	CU_ASSERT_STRING_EQUAL(res.error_name, "org.varlink.service.InterfaceNotFound");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(res.parameters, "interface")),
			       "q");
	varlink_result_done(&res);
	world_done(&w);
}

static void the_service_describes_itself(void)
{
	struct varlink_result res;
	struct world w;

	world_init(&w);
	call(&w, "org.varlink.service.GetInfo", NULL, NULL, 0, &res);
	CU_ASSERT_EQUAL(json_array_size(json_object_get(res.parameters, "interfaces")), 2);
	varlink_result_done(&res);
	call(&w, "org.varlink.service.GetInterfaceDescription",
	     json_pack("{s:s}", "interface", "t.x"), NULL, 0, &res);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(res.parameters, "description")),
			       "interface t.x\n");
	varlink_result_done(&res);
	world_done(&w);
}

static void fds_go_both_ways(void)
{
	struct varlink_result res;
	struct world w;
	int p[2];

	world_init(&w);
	CU_ASSERT_EQUAL_FATAL(pipe(p), 0);
	call(&w, "t.x.Fd", NULL, &p[1], 1, &res);
	CU_ASSERT_EQUAL_FATAL(res.nfds, 1);
	close(p[1]);
	CU_ASSERT_EQUAL(write(res.fds[0], "z", 1), 1);
	CU_ASSERT_EQUAL(read(p[0], &(char){ 0 }, 1), 1);
	close(p[0]);
	varlink_result_done(&res);
	world_done(&w);
}

static void pipelined_calls_are_answered_in_order(void)
{
	static const char two[] = "{\"method\":\"t.x.Hold\"}\0{\"method\":\"t.x.Echo\"}";
	struct world w;

	world_init(&w);
	CU_ASSERT_EQUAL(write(w.raw, two, sizeof(two)), sizeof(two));
	turn(&w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.held);
	CU_ASSERT_EQUAL(w.calls, 0);
	varlink_reply(w.held, NULL);
	turn(&w);
	CU_ASSERT_EQUAL(w.calls, 1);
	world_done(&w);
}

static void a_stream_continues_until_its_reply(void)
{
	struct varlink_result res;
	struct world w;

	world_init(&w);
	CU_ASSERT_EQUAL(varlink_client_send(w.client, "t.x.Hold", NULL, true, NULL, 0, NULL), 0);
	turn(&w);
	CU_ASSERT_EQUAL(varlink_notify(w.held, json_pack("{s:i}", "n", 1)), 0);
	CU_ASSERT_EQUAL(varlink_client_receive(w.client, 1000, &res, NULL), 0);
	CU_ASSERT_TRUE(res.continues);
	varlink_result_done(&res);
	varlink_reply(w.held, NULL);
	CU_ASSERT_EQUAL(varlink_client_receive(w.client, 1000, &res, NULL), 0);
	CU_ASSERT_FALSE(res.continues);
	varlink_result_done(&res);
	world_done(&w);
}

static void a_disconnect_ends_the_held_call_once(void)
{
	static const char hold_call[] = "{\"method\":\"t.x.Hold\"}";
	struct world w;

	world_init(&w);
	CU_ASSERT_EQUAL(write(w.raw, hold_call, sizeof(hold_call)), sizeof(hold_call));
	turn(&w);
	CU_ASSERT_PTR_NOT_NULL(w.held);
	close_fdp(&w.raw);
	turn(&w);
	CU_ASSERT_EQUAL(w.disconnects, 1);
	CU_ASSERT_EQUAL(varlink_server_connections(w.server), 1);
	world_done(&w);
}

static void nonsense_costs_only_its_connection(void)
{
	static const char *const bad[] = { "{", "[]", "{\"method\":1}", "\"x\"",
					   "{\"method\":\"t.x.Echo\",\"parameters\":7}" };
	struct varlink_result res;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct world w;

		world_init(&w);
		CU_ASSERT_EQUAL(write(w.raw, bad[i], strlen(bad[i]) + 1),
				(ssize_t)strlen(bad[i]) + 1);
		turn(&w);
		CU_ASSERT_EQUAL(varlink_server_connections(w.server), 1);
		call(&w, "t.x.Echo", NULL, NULL, 0, &res);
		varlink_result_done(&res);
		world_done(&w);
	}
}

static void an_oversized_message_costs_its_connection(void)
{
	static char big[65536];
	struct world w;

	world_init(&w);
	memset(big, ' ', sizeof(big));
	fcntl(w.raw, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2000 && varlink_server_connections(w.server) == 2; i++) {
		if (write(w.raw, big, sizeof(big)) < 0 && errno != EAGAIN)
			break;
		loop_run_once(w.loop, 0);
	}
	CU_ASSERT_EQUAL(varlink_server_connections(w.server), 1);
	world_done(&w);
}

static void a_reader_that_stops_is_dropped(void)
{
	static const char stream[] = "{\"method\":\"t.x.Hold\",\"more\":true}";
	static char text[1024 * 1024];
	struct world w;
	int r = 0;

	world_init(&w);
	memset(text, 'x', sizeof(text) - 1);
	CU_ASSERT_EQUAL(write(w.raw, stream, sizeof(stream)), sizeof(stream));
	turn(&w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.held);
	for (int i = 0; i < 64 && w.held; i++)
		r = varlink_notify(w.held, json_pack("{s:s}", "t", text));
	CU_ASSERT_EQUAL(r, -ENOBUFS);
	CU_ASSERT_EQUAL(w.disconnects, 1);
	CU_ASSERT_EQUAL(varlink_server_connections(w.server), 1);
	world_done(&w);
}

UNIT_MAIN("varlink", UNIT(frames_are_found), UNIT(a_call_gets_its_reply),
	  UNIT(unknown_methods_are_named), UNIT(the_service_describes_itself),
	  UNIT(fds_go_both_ways), UNIT(pipelined_calls_are_answered_in_order),
	  UNIT(a_stream_continues_until_its_reply), UNIT(a_disconnect_ends_the_held_call_once),
	  UNIT(nonsense_costs_only_its_connection), UNIT(an_oversized_message_costs_its_connection),
	  UNIT(a_reader_that_stops_is_dropped))
