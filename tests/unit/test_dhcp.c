// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DHCPv4 server: conversations, options, and messages that lie.
 */
#include <arpa/inet.h>

#include "dhcp.h"
#include "unit.h"

static struct dhcp_server server;
static struct dhcp_destination to;
static uint8_t reply[DHCP_MESSAGE_MAX];

static struct in_addr ip(const char *s)
{
	struct in_addr a;

	inet_pton(AF_INET, s, &a);
	return a;
}

static void start(void)
{
	static struct dns_search search = { .names = { "lab.internal", "example.org" }, .n = 2 };
	struct dhcp_config c = {
		.server = ip("10.0.2.2"),
		.router = ip("10.0.2.2"),
		.first = ip("10.0.2.15"),
		.dns = { ip("10.0.2.3") },
		.ndns = 1,
		.prefix_len = 24,
		.mtu = 1500,
		.lease_s = 86400,
		.hostname = "guest",
		.domain = "lab.internal",
		.bootfile = "boot/pxe.0",
		.tftp_name = "10.0.2.2",
		.search = &search,
	};
	dhcp_init(&server, &c);
}

struct req {
	uint8_t bytes[600];
	size_t len;
};

static struct req make(uint8_t type, uint8_t mac)
{
	struct req r = { .len = 240 };

	r.bytes[0] = 1;
	r.bytes[1] = 1;
	r.bytes[2] = 6;
	memcpy(r.bytes + 4, "XID!", 4);
	memcpy(r.bytes + 28, (uint8_t[]){ 0x52, 0x54, 0, 0, 0, mac }, 6);
	memcpy(r.bytes + 236, (uint8_t[]){ 0x63, 0x82, 0x53, 0x63 }, 4);
	if (type) {
		memcpy(r.bytes + r.len, (uint8_t[]){ 53, 1, type }, 3);
		r.len += 3;
	}
	return r;
}

static void add(struct req *r, uint8_t code, const void *v, size_t len)
{
	r->bytes[r->len++] = code;
	r->bytes[r->len++] = (uint8_t)len;
	memcpy(r->bytes + r->len, v, len);
	r->len += len;
}

static void add_addr(struct req *r, uint8_t code, const char *a)
{
	struct in_addr v = ip(a);

	add(r, code, &v, 4);
}

static ssize_t ask(const struct req *r)
{
	memset(reply, 0xee, sizeof(reply));
	return dhcp_answer(&server, r->bytes, r->len, reply, sizeof(reply), &to);
}

/* The option's length, or -1. */
static int option(uint8_t code, const uint8_t **ret)
{
	for (size_t at = 240; reply[at] != 255; at += 2 + reply[at + 1]) {
		if (reply[at] == code) {
			*ret = reply + at + 2;
			return reply[at + 1];
		}
	}
	return -1;
}

static bool yiaddr_is(const char *a)
{
	struct in_addr v = ip(a);

	return memcmp(reply + 16, &v, 4) == 0;
}

static int type_of_reply(void)
{
	const uint8_t *v = reply;

	return option(53, &v) == 1 ? v[0] : -1;
}

static void discover_request_gives_the_first_address(void)
{
	struct req r = make(1, 1);
	const uint8_t *v = reply;

	start();
	CU_ASSERT(ask(&r) >= 300);
	CU_ASSERT(type_of_reply() == 2);
	CU_ASSERT(yiaddr_is("10.0.2.15"));
	CU_ASSERT(memcmp(reply + 4, "XID!", 4) == 0);
	CU_ASSERT(to.addr.s_addr == ip("10.0.2.15").s_addr && to.port == 68);
	r = make(3, 1);
	add_addr(&r, 54, "10.0.2.2");
	add_addr(&r, 50, "10.0.2.15");
	CU_ASSERT(ask(&r) >= 300);
	CU_ASSERT(type_of_reply() == 5);
	CU_ASSERT(option(51, &v) == 4 && v[1] == 1 && v[2] == 0x51 && v[3] == 0x80);
	CU_ASSERT(option(1, &v) == 4 && memcmp(v, "\377\377\377\0", 4) == 0);
	CU_ASSERT(option(3, &v) == 4 && v[3] == 2);
	CU_ASSERT(option(6, &v) == 4 && v[3] == 3);
	CU_ASSERT(option(26, &v) == 2 && v[0] == 5 && v[1] == 0xdc);
	CU_ASSERT(option(12, &v) == 5 && memcmp(v, "guest", 5) == 0);
	CU_ASSERT(option(15, &v) == 12);
	CU_ASSERT(option(66, &v) == 8);
	CU_ASSERT(option(67, &v) == 10 && memcmp(v, "boot/pxe.0", 10) == 0);
	CU_ASSERT(strcmp((char *)reply + 108, "boot/pxe.0") == 0);
	CU_ASSERT(reply[20] == 10 && reply[23] == 2);
}

static void parameter_list_chooses_options(void)
{
	struct req r = make(1, 1);
	const uint8_t *v = reply;

	start();
	add(&r, 55, (uint8_t[]){ 1, 3, 6, 119, 121 }, 5);
	CU_ASSERT(ask(&r) > 0);
	CU_ASSERT(option(12, &v) < 0 && option(26, &v) < 0 && option(67, &v) < 0);
	CU_ASSERT_FATAL(option(119, &v) == 27);
	CU_ASSERT(memcmp(v, "\3lab\10internal\0\7example\3org\0", 27) == 0);
	CU_ASSERT(option(121, &v) == 5 && memcmp(v, "\0\12\0\2\2", 5) == 0);
}

static void each_client_has_its_address(void)
{
	struct req a = make(1, 1), b = make(1, 2);

	start();
	ask(&a);
	CU_ASSERT(yiaddr_is("10.0.2.15"));
	ask(&b);
	CU_ASSERT(yiaddr_is("10.0.2.16"));
	ask(&a);
	CU_ASSERT(yiaddr_is("10.0.2.15"));
}

static void full_table_takes_offers_nobody_took(void)
{
	struct req r;

	start();
	for (uint8_t i = 0; i < 40; i++) {
		r = make(1, i);
		CU_ASSERT(ask(&r) > 0);
	}
	for (uint8_t i = 0; i < DHCP_CLIENTS_MAX; i++)
		server.bindings[i].state = DHCP_BOUND;
	r = make(1, 99);
	CU_ASSERT(ask(&r) == 0);
}

static void wrong_address_is_refused(void)
{
	struct req r = make(3, 1);

	start();
	add_addr(&r, 50, "192.168.1.5");
	CU_ASSERT(ask(&r) > 0);
	CU_ASSERT(type_of_reply() == 6);
	CU_ASSERT(yiaddr_is("0.0.0.0"));
	CU_ASSERT(to.addr.s_addr == INADDR_BROADCAST && to.mac.bytes[0] == 0xff);
}

static void renewal_goes_to_the_client_address(void)
{
	struct req r = make(1, 1);
	struct in_addr a = ip("10.0.2.15");

	start();
	ask(&r);
	r = make(3, 1);
	memcpy(r.bytes + 12, &a, 4);
	CU_ASSERT(ask(&r) > 0);
	CU_ASSERT(type_of_reply() == 5);
	CU_ASSERT(to.addr.s_addr == a.s_addr);
	CU_ASSERT(memcmp(reply + 12, &a, 4) == 0);
}

static void other_servers_client_gets_silence(void)
{
	struct req r = make(3, 1);

	start();
	add_addr(&r, 54, "10.0.2.9");
	add_addr(&r, 50, "10.0.2.15");
	CU_ASSERT(ask(&r) == 0);
}

static void inform_has_no_lease(void)
{
	struct req r = make(8, 1);
	struct in_addr a = ip("10.0.2.77");
	const uint8_t *v = reply;

	start();
	CU_ASSERT(ask(&r) == -EBADMSG);
	memcpy(r.bytes + 12, &a, 4);
	CU_ASSERT(ask(&r) > 0);
	CU_ASSERT(type_of_reply() == 5 && yiaddr_is("0.0.0.0") && option(51, &v) < 0);
	CU_ASSERT(option(6, &v) == 4);
	CU_ASSERT(to.addr.s_addr == a.s_addr);
}

static void decline_is_not_offered_again(void)
{
	struct req r = make(1, 1);

	start();
	ask(&r);
	r = make(4, 1);
	add_addr(&r, 50, "10.0.2.15");
	CU_ASSERT(ask(&r) == 0);
	r = make(1, 1);
	ask(&r);
	CU_ASSERT(yiaddr_is("10.0.2.16"));
}

static void release_frees_the_address(void)
{
	struct req r = make(1, 1);
	struct in_addr a = ip("10.0.2.15");

	start();
	ask(&r);
	r = make(7, 1);
	memcpy(r.bytes + 12, &a, 4);
	CU_ASSERT(ask(&r) == 0);
	r = make(1, 2);
	ask(&r);
	CU_ASSERT(yiaddr_is("10.0.2.15"));
}

static void bootp_client_is_answered(void)
{
	struct req r = make(0, 1);

	start();
	CU_ASSERT(ask(&r) >= 300);
	CU_ASSERT(type_of_reply() == -1 && yiaddr_is("10.0.2.15"));
	r.len = 236; /* no cookie at all */
	CU_ASSERT(ask(&r) >= 300);
}

static void short_and_lying_messages_are_refused(void)
{
	struct req r = make(1, 1);

	start();
	for (size_t n = 0; n < 236; n++)
		CU_ASSERT(dhcp_answer(&server, r.bytes, n, reply, sizeof(reply), &to) < 0);
	add(&r, 61, "abc", 3);
	r.bytes[r.len - 4] = 200; /* longer than the message */
	CU_ASSERT(ask(&r) == -EBADMSG);
	r = make(1, 1);
	r.bytes[2] = 16;
	CU_ASSERT(ask(&r) == -EPROTONOSUPPORT);
	r = make(1, 1);
	r.bytes[24] = 10; /* a relay */
	CU_ASSERT(ask(&r) == -EPROTONOSUPPORT);
	r = make(1, 1);
	r.bytes[28] = 0xff;
	CU_ASSERT(ask(&r) == -EBADMSG);
}

static void reply_fits_the_size_the_client_takes(void)
{
	static char longest[256];
	struct req r = make(1, 1);

	start();
	memset(longest, 'b', 255);
	server.config.bootfile = longest;
	server.config.domain = longest;
	server.config.hostname = longest;
	CU_ASSERT(ask(&r) > 0 && ask(&r) <= 548);
	add(&r, 57, (uint8_t[]){ 0xff, 0xff }, 2);
	CU_ASSERT(ask(&r) > 548 && ask(&r) <= 1472);
}

UNIT_MAIN("dhcp", UNIT(discover_request_gives_the_first_address),
	  UNIT(parameter_list_chooses_options), UNIT(each_client_has_its_address),
	  UNIT(full_table_takes_offers_nobody_took), UNIT(wrong_address_is_refused),
	  UNIT(renewal_goes_to_the_client_address), UNIT(other_servers_client_gets_silence),
	  UNIT(inform_has_no_lease), UNIT(decline_is_not_offered_again),
	  UNIT(release_frees_the_address), UNIT(bootp_client_is_answered),
	  UNIT(short_and_lying_messages_are_refused), UNIT(reply_fits_the_size_the_client_takes))
