// SPDX-License-Identifier: GPL-2.0-or-later
/* lib/addr: parsing, formatting, arithmetic of addresses and prefixes. */
#include "addr.h"
#include "unit.h"

static struct addr A(const char *s) {
	struct addr a = { 0 };

	CU_ASSERT_EQUAL_FATAL(addr_parse(s, &a), 0);
	return a;
}

static struct prefix
P(const char *s) {
	struct prefix p = { 0 };

	CU_ASSERT_EQUAL_FATAL(prefix_parse(s, &p), 0);
	return p;
}

static void
parses_and_formats_both_families(void)
{
	static const char *const same[] = { "10.77.0.1", "0.0.0.0", "fd77::1",
					    "::",	 "::1",	    "fe80::1" };
	struct addr a;

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		a = A(same[i]);
		CU_ASSERT_STRING_EQUAL(ADDR_STR(&a), same[i]);
	}
	a = A("FD77:0:0:1::1");
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&a), "fd77:0:0:1::1");
}

static void refuses_what_is_no_address(void)
{
	static const char *const bad[] = { "",	  "10.0.0",   "10.0.0.256", "fe80::1%eth0",
					   "web", " 10.0.0.1" };
	struct addr a;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(addr_parse(bad[i], &a), -EINVAL);
}

static void prefixes_keep_host_bits(void)
{
	struct prefix p = P("10.77.0.1/24");
	struct addr n = prefix_network(&p), l = prefix_last(&p);

	CU_ASSERT_STRING_EQUAL(PREFIX_STR(&p), "10.77.0.1/24");
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&n), "10.77.0.0");
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&l), "10.77.0.255");
	p = P("fd77::1/63");
	l = prefix_last(&p);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&l), "fd77::1:ffff:ffff:ffff:ffff");
}

static void refuses_bad_prefix_lengths(void)
{
	static const char *const bad[] = { "10.0.0.0",	   "10.0.0.0/",	  "10.0.0.0/33",
					   "10.0.0.0/-1",  "10.0.0.0/08", "fd00::/129",
					   "10.0.0.0/24 ", "/24" };
	struct prefix p;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(prefix_parse(bad[i], &p), -EINVAL);
}

static void containment_and_overlap(void)
{
	struct prefix a = P("10.77.0.1/24"), b = P("10.77.0.128/25"), c = P("10.78.0.0/24"),
		      all = P("0.0.0.0/0"), six = P("::/0");
	struct addr in = A("10.77.0.9"), out = A("10.77.1.9");

	CU_ASSERT_TRUE(prefix_contains(&a, &in));
	CU_ASSERT_FALSE(prefix_contains(&a, &out));
	CU_ASSERT_TRUE(prefix_overlaps(&a, &b));
	CU_ASSERT_TRUE(prefix_overlaps(&b, &a));
	CU_ASSERT_FALSE(prefix_overlaps(&a, &c));
	CU_ASSERT_TRUE(prefix_overlaps(&all, &c));
	CU_ASSERT_FALSE(prefix_overlaps(&all, &six));
}

static void ranges_are_checked(void)
{
	struct addr_range r;
	struct addr mid = A("10.0.0.5"), out = A("10.0.0.11");

	CU_ASSERT_EQUAL(addr_range_parse("10.0.0.1-10.0.0.10", &r), 0);
	CU_ASSERT_TRUE(addr_range_contains(&r, &mid));
	CU_ASSERT_FALSE(addr_range_contains(&r, &out));
	CU_ASSERT_EQUAL(addr_range_parse("10.0.0.10-10.0.0.1", &r), -ERANGE);
	CU_ASSERT_EQUAL(addr_range_parse("10.0.0.1-fd00::1", &r), -EINVAL);
	CU_ASSERT_EQUAL(addr_range_parse("10.0.0.1-", &r), -EINVAL);
	CU_ASSERT_EQUAL(addr_range_parse("10.0.0.1", &r), 0);
	CU_ASSERT_TRUE(addr_equal(&r.first, &r.last));
}

static void arithmetic_carries(void)
{
	struct addr a = addr_add(A("10.0.0.255"), 1), b = addr_add(A("10.0.1.0"), -1),
		    c = addr_add(A("fd00::ffff:ffff:ffff:ffff"), 1), first = A("10.0.0.0"),
		    last = A("10.0.1.0"), far = A("fe00::");

	CU_ASSERT_STRING_EQUAL(ADDR_STR(&a), "10.0.1.0");
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&b), "10.0.0.255");
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&c), "fd00:0:0:1::");
	CU_ASSERT_EQUAL(addr_distance(&first, &last), 256);
	first = A("fd00::");
	CU_ASSERT_EQUAL(addr_distance(&first, &far), UINT64_MAX);
}

static void macs_parse_and_format(void)
{
	static const char *const bad[] = { "", "52:54:00:12:34", "52:54:00:12:34:5g",
					   "52-54-00-12-34-56", "52:54:00:12:34:567" };
	struct mac m;
	struct addr ll;

	CU_ASSERT_EQUAL(mac_parse("52:54:00:12:34:AB", &m), 0);
	CU_ASSERT_STRING_EQUAL(MAC_STR(&m), "52:54:00:12:34:ab");
	ll = addr_from_mac_link_local(&m);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&ll), "fe80::5054:ff:fe12:34ab");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(mac_parse(bad[i], &m), -EINVAL);
}

static void kinds_are_told_apart(void)
{
	struct addr lo4 = A("127.1.2.3"), lo6 = A("::1"), mapped = A("::ffff:127.0.0.1"),
		    ll = A("169.254.169.254"), ula = A("fd00::1"), multi = A("ff02::1");

	CU_ASSERT_TRUE(addr_is_loopback(&lo4));
	CU_ASSERT_TRUE(addr_is_loopback(&lo6));
	CU_ASSERT_TRUE(addr_is_loopback(&mapped));
	CU_ASSERT_TRUE(addr_is_link_local(&ll));
	CU_ASSERT_TRUE(addr_is_ula(&ula));
	CU_ASSERT_TRUE(addr_is_multicast(&multi));
	CU_ASSERT_FALSE(addr_is_ula(&multi));
}

static void sockaddrs_go_both_ways(void)
{
	struct addr a = A("fd00::7"), b;
	struct sockaddr_storage ss;
	uint16_t port;

	CU_ASSERT_EQUAL(addr_to_sockaddr(&a, 8080, &ss), sizeof(struct sockaddr_in6));
	CU_ASSERT_EQUAL(addr_from_sockaddr((struct sockaddr *)&ss, &b, &port), 0);
	CU_ASSERT_TRUE(addr_equal(&a, &b));
	CU_ASSERT_EQUAL(port, 8080);
}

UNIT_MAIN("addr", UNIT(parses_and_formats_both_families), UNIT(refuses_what_is_no_address),
	  UNIT(prefixes_keep_host_bits), UNIT(refuses_bad_prefix_lengths),
	  UNIT(containment_and_overlap), UNIT(ranges_are_checked), UNIT(arithmetic_carries),
	  UNIT(macs_parse_and_format), UNIT(kinds_are_told_apart), UNIT(sockaddrs_go_both_ways))
