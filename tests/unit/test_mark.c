// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/mark, join's port names and address' choices: pure functions of names. */
#include "mark.h"

#include "address.h"
#include "join.h"
#include "sysctl.h"
#include "unit.h"

static void a_mark_survives_the_kernel(void)
{
	struct mark m = { .uid = 4294967294u, .since_s = 1796119326 }, back;
	char text[MARK_LEN];

	memset(m.network, 'n', NETWORK_NAME_MAX);
	memset(m.port, 'p', PORT_NAME_MAX);
	mac_parse("52:54:00:12:34:56", &m.mac);
	addr_parse("255.255.255.255", &m.addr4);
	addr_parse("fd77:1111:2222:3333:4444:5555:6666:7777", &m.addr6);
	mark_format(&m, text);
	CU_ASSERT_TRUE(strlen(text) < MARK_LEN - 1);
	CU_ASSERT_EQUAL_FATAL(mark_parse(text, &back), 0);
	CU_ASSERT_STRING_EQUAL(back.port, m.port);
	CU_ASSERT_EQUAL(back.uid, m.uid);
	CU_ASSERT_EQUAL(back.since_s, m.since_s);
	CU_ASSERT_TRUE(mac_equal(&back.mac, &m.mac));
	CU_ASSERT_TRUE(addr_equal(&back.addr4, &m.addr4));
	CU_ASSERT_TRUE(addr_equal(&back.addr6, &m.addr6));
}

static void a_bridges_mark_is_its_network(void)
{
	struct mark m;

	CU_ASSERT_EQUAL_FATAL(mark_parse("netd:lab", &m), 0);
	CU_ASSERT_STRING_EQUAL(m.network, "lab");
	CU_ASSERT_STRING_EQUAL(m.port, "");
	CU_ASSERT_FALSE(m.joined);
	CU_ASSERT_EQUAL_FATAL(mark_parse("netd+:lab/web", &m), 0);
	CU_ASSERT_TRUE(m.joined);
	CU_ASSERT_EQUAL(mark_parse("netd:lab/web;later=1", &m), 0);
}

static void foreign_aliases_are_no_marks(void)
{
	static const char *const texts[] = { "",
					     "uplink",
					     "netd",
					     "netd:",
					     "netd:/web",
					     "netd:lab/",
					     "netd:LAB",
					     "netd:lab/web;uid",
					     "netd:lab/web;uid=-1",
					     "netd:lab/web;uid=4294967296",
					     "netd:lab/web;mac=1",
					     "netd:lab/web;addr=10.77.0" };
	struct mark m;

	CU_ASSERT_EQUAL(mark_parse(NULL, &m), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CU_ASSERT_EQUAL(mark_parse(texts[i], &m), -EINVAL);
}

static void interface_names_fit_and_differ(void)
{
	char a[IFNAMSIZ], b[IFNAMSIZ];

	port_ifname("lab", "web", false, a);
	CU_ASSERT_STRING_EQUAL(a, "lab-web");
	port_ifname("lab", "web", true, a);
	port_ifname("lab", "wec", true, b);
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	port_ifname("a-long-network", "guest", false, a);
	CU_ASSERT_TRUE(ifname_valid(a));
	CU_ASSERT_EQUAL(strlen(a), 14);
}

static void macs_are_local_unicast_and_stable(void)
{
	for (int i = 0; i < 1000; i++) {
		char name[16];
		struct mac m;

		snprintf(name, sizeof(name), "p%d", i);
		m = port_mac("lab", name);
		CU_ASSERT_EQUAL(m.bytes[0] & 3, 2);
		CU_ASSERT_NOT_EQUAL(m.bytes[0], 0xfe);
		CU_ASSERT_EQUAL(tap_mac(&m).bytes[0], 0xfe);
	}
}

static void a_joined_ports_name_is_what_the_star_stands_for(void)
{
	static const struct {
		const char *pattern, *ifname, *want;
	} cases[] = {
		{ "lab-*", "lab-web", "web" }, { "tap*", "tap0", "0" },
		{ "lab-?", "lab-1", "lab-1" }, { "lab-web", "lab-web", "lab-web" },
		{ "*", "vnet7", "vnet7" },     { "lab-*", "lab-Web.1_x", "web-1-x" },
		{ "lab-*", "lab-x-", "x" },
	};
	char name[PORT_NAME_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		join_port_name(cases[i].pattern, cases[i].ifname, name);
		CU_ASSERT_STRING_EQUAL(name, cases[i].want);
	}
	join_port_name("lab-*", "lab-___", name);
	CU_ASSERT_TRUE(name_valid(name));
}

static void auto_picks_a_subnet_that_nothing_overlaps(void)
{
	struct config_network net = { 0 };
	struct config c = { .networks = &net, .nnetworks = 1 };
	struct config_host_prefix used = { 0 };
	struct host_prefixes host = { .list = &used, .n = 1 };
	struct prefix p;

	prefix_parse("10.77.0.1/24", &net.addresses[0]);
	net.naddresses = 1;
	prefix_parse("10.77.1.0/24", &used.prefix);
	CU_ASSERT_TRUE_FATAL(address_auto_pick(&c, &host, &p));
	CU_ASSERT_STRING_EQUAL(PREFIX_STR(&p), "10.77.2.1/24");
	prefix_parse("10.0.0.0/8", &used.prefix);
	CU_ASSERT_TRUE_FATAL(address_auto_pick(&c, &host, &p));
	CU_ASSERT_STRING_EQUAL(PREFIX_STR(&p), "172.20.0.1/24");
	prefix_parse("0.0.0.0/1", &used.prefix);
	prefix_parse("172.16.0.0/12", &net.addresses[0]);
	CU_ASSERT_FALSE(address_auto_pick(&c, &host, &p));
}

static void assigned_addresses_are_unique_until_the_range_is_full(void)
{
	static struct port ports[8];
	struct config_network c = { .naddresses = 1 };
	struct network net = { .config = &c };
	struct error err = { 0 };
	int r = 0;
	size_t n;

	prefix_parse("10.77.0.1/24", &c.addresses[0]);
	addr_range_parse("10.77.0.10-10.77.0.14", &c.dhcp.range);
	str_copy(net.name, sizeof(net.name), "lab");
	for (n = 0; n < ARRAY_SIZE(ports) && r == 0; n++) {
		snprintf(ports[n].name, sizeof(ports[n].name), "p%zu", n);
		ports[n].network = &net;
		r = address_assign(&net, &ports[n], &err);
		for (size_t i = 0; r == 0 && i < n; i++)
			CU_ASSERT_FALSE(addr_equal(&ports[i].addr4, &ports[n].addr4));
		if (r == 0)
			HASH_ADD_STR(net.ports, name, &ports[n]);
	}
	CU_ASSERT_EQUAL(n, 6);
	CU_ASSERT_EQUAL(r, -EADDRNOTAVAIL);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.message, "no free address"));
	HASH_CLEAR(hh, net.ports);
}

static void a_reservation_wins_and_nobody_else_gets_it(void)
{
	struct config_host host = { .name = "web" };
	struct config_network c = { .naddresses = 1, .hosts = &host, .nhosts = 1 };
	struct network net = { .config = &c };
	struct port web = { .name = "web", .network = &net };
	struct port other = { .name = "other", .network = &net };

	prefix_parse("10.77.0.1/24", &c.addresses[0]);
	addr_range_parse("10.77.0.10-10.77.0.11", &c.dhcp.range);
	addr_parse("10.77.0.10", &host.addr4);
	mac_parse("52:54:00:12:34:56", &host.mac);
	CU_ASSERT_EQUAL(address_assign(&net, &other, NULL), 0);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&other.addr4), "10.77.0.11");
	CU_ASSERT_EQUAL(address_assign(&net, &web, NULL), 0);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&web.addr4), "10.77.0.10");
	CU_ASSERT_TRUE(mac_equal(&web.mac, &host.mac));
}

static void only_switches_under_net_are_remembered(void)
{
	struct sysctl_memory m;

	CU_ASSERT_EQUAL(sysctl_memory_parse("net/ipv4/ip_forward 0 1\n", &m), 0);
	CU_ASSERT_EQUAL(m.new, 1);
	CU_ASSERT_EQUAL(sysctl_memory_parse("kernel/panic 0 1\n", &m), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_memory_parse("net/../kernel/panic 0 1\n", &m), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_memory_parse("net/ipv4/ip_forward 0 1 x\n", &m), -EINVAL);
	CU_ASSERT_EQUAL(sysctl_memory_parse("", &m), -EINVAL);
}

UNIT_MAIN("mark", UNIT(a_mark_survives_the_kernel), UNIT(a_bridges_mark_is_its_network),
	  UNIT(foreign_aliases_are_no_marks), UNIT(interface_names_fit_and_differ),
	  UNIT(macs_are_local_unicast_and_stable),
	  UNIT(a_joined_ports_name_is_what_the_star_stands_for),
	  UNIT(auto_picks_a_subnet_that_nothing_overlaps),
	  UNIT(assigned_addresses_are_unique_until_the_range_is_full),
	  UNIT(a_reservation_wins_and_nobody_else_gets_it),
	  UNIT(only_switches_under_net_are_remembered))
