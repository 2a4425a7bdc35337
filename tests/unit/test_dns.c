// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DNS relay: resolv.conf, messages, and queries to a resolver on loopback.
 */
#include <arpa/inet.h>
#include <fcntl.h>

#include "dns.h"
#include "unit.h"

static const uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1";
#define QUERY_LEN (sizeof(query) - 1)

static struct loop *loop;
static uint8_t got[65536];
static size_t got_len, replies;
static struct dns_client got_to;

static void on_reply(void *data, const struct dns_client *to, const uint8_t *msg, size_t len)
{
	(void)data;
	memcpy(got, msg, len);
	got_len = len;
	got_to = *to;
	replies++;
}

/* A resolver: the socket. */
static int resolver(const char *address)
{
	struct sockaddr_storage sa;
	struct addr a;
	socklen_t len;
	int fd, on = 1;

	addr_parse(address, &a);
	len = addr_to_sockaddr(&a, 53, &sa);
	fd = socket(a.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0)
		close_fdp(&fd);
	return fd;
}

static bool run_until(size_t want)
{
	for (int i = 0; i < 600 && replies < want; i++)
		loop_run_once(loop, 10);
	return replies == want;
}

static void resolv_conf_is_read(void)
{
	char text[] = "# comment\n nameserver 192.0.2.53\nnameserver fd00::53 ; x\n"
		      "nameserver bad\noptions ndots:2\nsearch a.example b..c lab.internal.\n"
		      "nameserver 127.0.0.53\nnameserver 192.0.2.99\n";
	struct dns_resolv v;

	dns_resolv_parse(text, &v);
	CU_ASSERT(v.nservers == 3);
	CU_ASSERT(v.servers[1].sa.ss_family == AF_INET6);
	CU_ASSERT(v.search.n == 2);
	CU_ASSERT_STRING_EQUAL(v.search.names[0], "a.example");
	CU_ASSERT_STRING_EQUAL(v.search.names[1], "lab.internal.");
}

static void only_one_question_is_taken(void)
{
	uint8_t m[QUERY_LEN];

	CU_ASSERT(dns_question_end(query, QUERY_LEN) == QUERY_LEN);
	for (size_t n = 0; n < QUERY_LEN; n++)
		CU_ASSERT(dns_question_end(query, n) == -EBADMSG);
	memcpy(m, query, QUERY_LEN);
	m[5] = 2;
	CU_ASSERT(dns_question_end(m, QUERY_LEN) == -EBADMSG);
	m[5] = 1;
	m[12] = 0x80;
	CU_ASSERT(dns_question_end(m, QUERY_LEN) == -EBADMSG);
}

static void answer_must_repeat_the_question(void)
{
	uint8_t m[QUERY_LEN];

	memcpy(m, query, QUERY_LEN);
	CU_ASSERT(!dns_answers(query, QUERY_LEN, 0x1234, m, QUERY_LEN));
	m[2] |= 0x80;
	CU_ASSERT(dns_answers(query, QUERY_LEN, 0x1234, m, QUERY_LEN));
	CU_ASSERT(!dns_answers(query, QUERY_LEN, 0x1235, m, QUERY_LEN));
	m[13] = 'E';
	CU_ASSERT(dns_answers(query, QUERY_LEN, 0x1234, m, QUERY_LEN));
	m[13] = 'f';
	CU_ASSERT(!dns_answers(query, QUERY_LEN, 0x1234, m, QUERY_LEN));
}

/* Takes a query at @fd and sends it back as an answer of @len bytes. */
static bool answer_one(int fd, size_t len, uint16_t *ret_id)
{
	uint8_t m[65536] = { 0 };
	struct sockaddr_storage from;
	socklen_t fromlen = sizeof(from);
	ssize_t n = -1;

	for (int i = 0; i < 500 && n < 0; i++) {
		loop_run_once(loop, 2);
		n = recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)&from, &fromlen);
	}
	if (n < 0)
		return false;
	if (ret_id)
		*ret_id = get_be16(m);
	m[2] |= 0x80;
	return sendto(fd, m, MAX((size_t)n, len), 0, (struct sockaddr *)&from, fromlen) > 0;
}

static void query_goes_to_the_resolver_and_back(void)
{
	struct dns_config c = { .payload_max = 1000 };
	struct dns_client from = { .port = 5555 };
	struct dns *d = NULL;
	uint16_t id = 0;
	int fd = resolver("127.0.0.1");

	if (fd < 0) /* port 53 is another's, or we may not */
		return;
	CU_ASSERT_FATAL(loop_new(&loop) == 0);
	addr_parse("127.0.0.1", &c.server);
	CU_ASSERT_FATAL(dns_new(loop, &c, on_reply, NULL, &d) == 0);
	replies = 0;
	CU_ASSERT(dns_query(d, &from, query, QUERY_LEN) == 0);
	CU_ASSERT(dns_query(d, &from, query, QUERY_LEN) == 0); /* repeated */
	CU_ASSERT(dns_inflight(d) == 1);
	CU_ASSERT(answer_one(fd, 0, &id));
	CU_ASSERT(run_until(1));
	CU_ASSERT(get_be16(got) == 0x1234 && got_to.port == 5555 && dns_inflight(d) == 0);
	/* an answer that does not fit comes truncated */
	CU_ASSERT(dns_query(d, &from, query, QUERY_LEN) == 0);
	CU_ASSERT(answer_one(fd, 5000, NULL));
	CU_ASSERT(run_until(2));
	CU_ASSERT(got_len == QUERY_LEN && got[2] & 2);
	dns_free(d);
	loop_free(loop);
	close(fd);
}

static void refusing_resolver_is_servfail_and_the_next_is_asked(void)
{
	struct dns_config c = { .payload_max = 1000 };
	struct dns_client from = { .port = 5555 };
	char path[] = "/tmp/test-dns.XXXXXX";
	int file = mkstemp(path), fd;
	struct dns *d = NULL;

	CU_ASSERT_FATAL(loop_new(&loop) == 0);
	c.resolv_conf = path;
	CU_ASSERT(write(file, "nameserver 127.0.0.77\nnameserver 127.0.0.78\n", 44) == 44);
	CU_ASSERT_FATAL(dns_new(loop, &c, on_reply, NULL, &d) == 0);
	replies = 0;
	CU_ASSERT(dns_query(d, &from, query, QUERY_LEN) == 0);
	CU_ASSERT(run_until(1));
	CU_ASSERT((got[3] & 0xf) == 2);
	fd = resolver("127.0.0.78");
	if (fd >= 0) {
		CU_ASSERT(dns_query(d, &from, query, QUERY_LEN) == 0);
		CU_ASSERT(answer_one(fd, 0, NULL));
		CU_ASSERT(run_until(2));
		CU_ASSERT((got[3] & 0xf) == 0);
		close(fd);
	}
	dns_free(d);
	loop_free(loop);
	close(file);
	unlink(path);
}

static void table_of_queries_is_bounded(void)
{
	struct dns_config c = { .payload_max = 1000 };
	struct dns_client from = { 0 };
	struct dns *d = NULL;
	int fd = resolver("127.0.0.79");

	if (fd < 0)
		return;
	CU_ASSERT_FATAL(loop_new(&loop) == 0);
	addr_parse("127.0.0.79", &c.server);
	CU_ASSERT_FATAL(dns_new(loop, &c, on_reply, NULL, &d) == 0);
	replies = 0;
	for (int i = 0; i < DNS_INFLIGHT_MAX + 10; i++) {
		from.port = (uint16_t)(1000 + i);
		dns_query(d, &from, query, QUERY_LEN);
	}
	CU_ASSERT(dns_inflight(d) == DNS_INFLIGHT_MAX);
	CU_ASSERT(replies == 10 && (got[3] & 0xf) == 2 && dns_stats(d)->refused_full == 10);
	dns_free(d);
	loop_free(loop);
	close(fd);
}

UNIT_MAIN("dns", UNIT(resolv_conf_is_read), UNIT(only_one_question_is_taken),
	  UNIT(answer_must_repeat_the_question), UNIT(query_goes_to_the_resolver_and_back),
	  UNIT(refusing_resolver_is_servfail_and_the_next_is_asked),
	  UNIT(table_of_queries_is_bounded))
