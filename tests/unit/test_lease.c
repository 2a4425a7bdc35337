// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/lease: dnsmasq's lease file and the datagrams of its script. */
#include "lease.h"
#include "unit.h"

static void lease_lines_are_read(void)
{
	struct lease l;

	CU_ASSERT_EQUAL(
		lease_parse("1700000000 52:54:00:12:34:56 10.77.0.10 web 01:52:54:00:12:34:56\n",
			    &l),
		0);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&l.addr), "10.77.0.10");
	CU_ASSERT_STRING_EQUAL(MAC_STR(&l.mac), "52:54:00:12:34:56");
	CU_ASSERT_STRING_EQUAL(l.hostname, "web");
	CU_ASSERT_STRING_EQUAL(l.client_id, "01:52:54:00:12:34:56");
	CU_ASSERT_EQUAL(l.expires_s, 1700000000);
	CU_ASSERT_EQUAL(lease_parse("0 123456 fd77::10 * 00:01:00:01\n", &l), 0);
	CU_ASSERT_STRING_EQUAL(l.hostname, "");
	CU_ASSERT_FALSE(mac_is_set(&l.mac));
}

static void what_is_no_lease_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"duid 00:01:00:01:2b",
		"x 52:54:00:12:34:56 10.0.0.1 a *",
		"1 52:54:00:12:34:5 10.0.0.1 a *",
		"1 52:54:00:12:34:56 10.0.0.256 a *",
		"1 52:54:00:12:34:56",
		"99999999999999999999999 52:54:00:12:34:56 10.0.0.1 a *",
	};
	struct lease l;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(lease_parse(bad[i], &l), -EINVAL);
}

static void a_hostile_hostname_is_left_out(void)
{
	struct lease l;

	CU_ASSERT_EQUAL(lease_parse("1 52:54:00:12:34:56 10.0.0.1 a\033[31m *\n", &l), 0);
	CU_ASSERT_STRING_EQUAL(l.hostname, "");
}

static void events_are_read(void)
{
	static const char good[] = "add 52:54:00:12:34:56 10.77.0.10 br-lab web";
	struct lease_event e;

	CU_ASSERT_EQUAL(lease_event_parse(good, strlen(good), &e), 0);
	CU_ASSERT_FALSE(e.del || e.old);
	CU_ASSERT_STRING_EQUAL(e.ifname, "br-lab");
	CU_ASSERT_EQUAL(lease_event_parse("del * fd77::1 br-lab *", 22, &e), 0);
	CU_ASSERT_TRUE(e.del);
}

static void hostile_events_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"add",
		"sub 52:54:00:12:34:56 10.77.0.10 br-lab web",
		"add 52:54:00:12:34:56 10.77.0.10 br-lab-with-a-long-name web",
		"add * 10.77.0.10 br-lab web",
		"add 52:54:00:12:34:56 10.77.0.10",
	};
	char big[2000];
	struct lease_event e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(lease_event_parse(bad[i], strlen(bad[i]), &e), -EINVAL);
	memset(big, 'a', sizeof(big));
	CU_ASSERT_EQUAL(lease_event_parse(big, sizeof(big), &e), -EINVAL);
	CU_ASSERT_EQUAL(lease_event_parse("add\0x", 5, &e), -EINVAL);
}

UNIT_MAIN("lease", UNIT(lease_lines_are_read), UNIT(what_is_no_lease_is_refused),
	  UNIT(a_hostile_hostname_is_left_out), UNIT(events_are_read),
	  UNIT(hostile_events_are_refused))
