// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DHCPv6 server.
 */
#include "dhcpv6.h"
#include "unit.h"

static const struct mac guest = { { 0x52, 0x54, 0, 0x12, 0x34, 0x56 } };
static struct dhcpv6_config conf;
static uint8_t reply[DHCPV6_MESSAGE_MAX];

static void start(void)
{
	static struct dns_search search = { .names = { "lab.internal" }, .n = 1 };

	conf = (struct dhcpv6_config){ .mac = { { 0x52, 0x55, 10, 0, 2, 2 } },
				       .search = &search,
				       .bootfile_url = "tftp://[fd00::2]/boot.efi",
				       .lease_s = 3600 };
	prefix_parse("fd00::/64", &conf.prefix);
	addr_parse("fd00::3", &conf.dns);
}

struct req {
	uint8_t bytes[2048];
	struct out o;
};

static void make(struct req *r, uint8_t type)
{
	memset(r, 0, sizeof(*r));
	r->o = out_init(r->bytes, sizeof(r->bytes));
	out_put(&r->o, (uint8_t[]){ type, 'x', 'i', 'd' }, 4);
}

static void add(struct req *r, uint16_t code, const void *v, size_t len)
{
	out_be16(&r->o, code);
	out_be16(&r->o, (uint16_t)len);
	out_put(&r->o, v, len);
}

static void add_client(struct req *r)
{
	add(r, 1, "\0\3\0\1\x52\x54\0\x12\x34\x56", 10);
}

static void add_server(struct req *r)
{
	add(r, 2, "\0\3\0\1\x52\x55\x0a\0\2\2", 10);
}

static void add_ia(struct req *r, const char *address)
{
	uint8_t ia[40] = { 'i', 'a', 'i', 'd' };
	struct addr a;

	if (address) {
		addr_parse(address, &a);
		memcpy(ia + 12, (uint8_t[]){ 0, 5, 0, 24 }, 4);
		memcpy(ia + 16, a.bytes, 16);
	}
	add(r, 3, ia, address ? 40 : 12);
}

static ssize_t ask(const struct req *r)
{
	return dhcpv6_answer(&conf, &guest, true, r->bytes, r->o.len, reply, sizeof(reply));
}

static int option(ssize_t len, uint16_t code, const uint8_t **ret)
{
	for (ssize_t at = 4; at + 4 <= len; at += 4 + get_be16(reply + at + 2)) {
		if (get_be16(reply + at) == code) {
			*ret = reply + at + 4;
			return get_be16(reply + at + 2);
		}
	}
	return -1;
}

static bool gives_slaac_address(ssize_t len)
{
	const uint8_t *v;
	struct addr a;

	addr_parse("fd00::5054:ff:fe12:3456", &a);
	return option(len, 3, &v) == 40 && memcmp(v, "iaid", 4) == 0 &&
	       memcmp(v + 16, a.bytes, 16) == 0;
}

static void solicit_request_gives_the_slaac_address(void)
{
	struct req r;
	const uint8_t *v;
	ssize_t n;

	start();
	make(&r, 1);
	add_client(&r);
	add_ia(&r, NULL);
	n = ask(&r);
	CU_ASSERT(n > 0 && reply[0] == 2 && memcmp(reply + 1, "xid", 3) == 0);
	CU_ASSERT(gives_slaac_address(n));
	CU_ASSERT(option(n, 1, &v) == 10 && option(n, 2, &v) == 10);
	CU_ASSERT(option(n, 23, &v) == 16);
	CU_ASSERT(option(n, 24, &v) == 14);
	CU_ASSERT(option(n, 59, &v) == 25);
	make(&r, 3);
	add_client(&r);
	add_server(&r);
	add_ia(&r, "fd00::5054:ff:fe12:3456");
	n = ask(&r);
	CU_ASSERT(n > 0 && reply[0] == 7);
	CU_ASSERT(gives_slaac_address(n));
}

static void rapid_commit_is_one_round(void)
{
	struct req r;
	const uint8_t *v;
	ssize_t n;

	start();
	make(&r, 1);
	add_client(&r);
	add(&r, 14, "", 0);
	add_ia(&r, NULL);
	n = ask(&r);
	CU_ASSERT(reply[0] == 7 && option(n, 14, &v) == 0);
}

static void confirm_of_a_wrong_address_is_not_on_link(void)
{
	struct req r;
	const uint8_t *v;
	ssize_t n;

	start();
	make(&r, 4);
	add_client(&r);
	add_ia(&r, "fd99::1");
	n = ask(&r);
	CU_ASSERT(n > 0 && option(n, 13, &v) == 2 && v[1] == 4);
	make(&r, 4);
	add_client(&r);
	add_ia(&r, "fd00::5054:ff:fe12:3456");
	n = ask(&r);
	CU_ASSERT(n > 0 && option(n, 13, &v) == 2 && v[1] == 0);
}

static void information_has_no_address(void)
{
	struct req r;
	const uint8_t *v;
	ssize_t n;

	start();
	make(&r, 11);
	n = ask(&r);
	CU_ASSERT(n > 0 && reply[0] == 7 && option(n, 23, &v) == 16 && option(n, 3, &v) < 0);
}

static void release_and_decline_succeed(void)
{
	static const uint8_t types[] = { 8, 9 };
	const uint8_t *v;
	struct req r;
	ssize_t n;

	start();
	for (size_t i = 0; i < 2; i++) {
		make(&r, types[i]);
		add_client(&r);
		add_server(&r);
		add_ia(&r, NULL);
		n = ask(&r);
		CU_ASSERT(n > 0 && option(n, 13, &v) == 2 && v[1] == 0);
	}
}

static void other_server_and_unicast_get_silence(void)
{
	struct req r;

	start();
	make(&r, 3);
	add_client(&r);
	add(&r, 2, "\0\3\0\1zzzzzz", 10);
	CU_ASSERT(ask(&r) == 0);
	make(&r, 11);
	CU_ASSERT(dhcpv6_answer(&conf, &guest, false, r.bytes, r.o.len, reply, sizeof(reply)) == 0);
}

static void missing_and_unwanted_ids_are_refused(void)
{
	struct req r;

	start();
	make(&r, 1);
	CU_ASSERT(ask(&r) == -EBADMSG);
	make(&r, 3);
	add_client(&r);
	CU_ASSERT(ask(&r) == -EBADMSG);
	make(&r, 1);
	add_client(&r);
	add_server(&r);
	CU_ASSERT(ask(&r) == -EBADMSG);
	make(&r, 12); /* a relay's */
	CU_ASSERT(ask(&r) == -EPROTONOSUPPORT);
	make(&r, 7);
	CU_ASSERT(ask(&r) == -EPROTONOSUPPORT);
}

static void long_client_id_is_refused(void)
{
	uint8_t id[1400] = { 0 };
	struct req r;

	start();
	make(&r, 1);
	add(&r, 1, id, 131);
	CU_ASSERT(ask(&r) == -EBADMSG);
	make(&r, 1);
	add(&r, 1, id, 1400);
	CU_ASSERT(ask(&r) == -EBADMSG);
	make(&r, 1);
	add(&r, 1, id, 130);
	CU_ASSERT(ask(&r) > 0);
}

static void lengths_that_lie_are_refused(void)
{
	struct req r;

	start();
	make(&r, 1);
	add_client(&r);
	add_ia(&r, "fd00::1");
	for (size_t n = 0; n < r.o.len; n++)
		dhcpv6_answer(&conf, &guest, true, r.bytes, n, reply, sizeof(reply));
	r.bytes[r.o.len - 26] = 0xff; /* the inner option's length */
	CU_ASSERT(ask(&r) == -EBADMSG);
	CU_ASSERT(dhcpv6_answer(&conf, &guest, true, r.bytes, 3, reply, sizeof(reply)) == -EBADMSG);
}

UNIT_MAIN("dhcpv6", UNIT(solicit_request_gives_the_slaac_address), UNIT(rapid_commit_is_one_round),
	  UNIT(confirm_of_a_wrong_address_is_not_on_link), UNIT(information_has_no_address),
	  UNIT(release_and_decline_succeed), UNIT(other_server_and_unicast_get_silence),
	  UNIT(missing_and_unwanted_ids_are_refused), UNIT(long_client_id_is_refused),
	  UNIT(lengths_that_lie_are_refused))
