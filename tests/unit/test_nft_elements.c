// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/nft_elements: what a network of each mode adds to our sets and maps. */
#include "nft_internal.h"
#include "unit.h"

struct world {
	struct config_network config;
	struct network net;
	struct port ports[3];
	struct config_forward forwards[3];
};

static void world_init(struct world *w, enum net_mode mode, enum guard_mode guard)
{
	memset(w, 0, sizeof(*w));
	w->config.mode = mode;
	w->config.guard = guard;
	w->config.host_access = true;
	str_copy(w->config.bridge, IFNAMSIZ, "br-a");
	w->net.config = &w->config;
	mac_parse("02:00:00:00:00:01", &w->net.mac);
	prefix_parse("10.1.0.1/24", &w->net.addresses[0]);
	w->net.naddresses = 1;
}

static struct port *port_put(struct world *w, int i, const char *name, const char *mac,
			     const char *addr4, const char *addr6)
{
	struct port *p = &w->ports[i];

	str_copy(p->name, sizeof(p->name), name);
	snprintf(p->ifname, IFNAMSIZ, "a-%.12s", name);
	p->state = PORT_ATTACHED;
	p->network = &w->net;
	mac_parse(mac, &p->mac);
	addr_parse(addr4, &p->addr4);
	addr_parse(addr6, &p->addr6);
	HASH_ADD_STR(w->net.ports, name, p);
	return p;
}

static void expect(struct world *w, const char *text)
{
	struct nft_elements *e;
	char *got;

	CU_ASSERT_EQUAL_FATAL(nft_elements_new(&e), 0);
	CU_ASSERT_EQUAL(nft_elements_build(&w->net, e), 0);
	got = nft_elements_text(e);
	if (!streq(got, text))
		printf("--- expected\n%s--- got\n%s", text, got);
	CU_ASSERT_STRING_EQUAL(got, text);
	free(got);
	nft_elements_free(e);
	HASH_CLEAR(hh, w->net.ports);
}

static void a_nat_network_masquerades_and_is_not_entered(void)
{
	struct world w;

	world_init(&w, MODE_NAT, GUARD_FULL);
	prefix_parse("fd01::1/64", &w.net.addresses[w.net.naddresses++]);
	expect(&w, "bridges br-a\nsame br-a br-a\ninward br-a\nnat4 10.1.0.0 24\nnat6 fd01:: 64\n"
		   "pinned 02:00:00:00:00:01\ntaken6 fd01::1\n");
}

static void global_ipv6_is_not_translated(void)
{
	struct world w;

	world_init(&w, MODE_NAT, GUARD_FULL);
	prefix_parse("2001:db8::1/64", &w.net.addresses[0]);
	expect(&w, "bridges br-a\nsame br-a br-a\ninward br-a\npinned 02:00:00:00:00:01\n"
		   "taken6 2001:db8::1\n");
}

static void an_isolated_network_is_closed_and_restricted(void)
{
	struct world w;

	world_init(&w, MODE_ISOLATED, GUARD_FULL);
	w.config.host_access = false;
	expect(&w, "bridges br-a\nsame br-a br-a\nclosed br-a\nrestricted br-a\n"
		   "pinned 02:00:00:00:00:01\n");
}

static void a_routed_network_keeps_to_its_uplink(void)
{
	struct world w;

	world_init(&w, MODE_ROUTE, GUARD_FULL);
	w.config.uplink = "eth7";
	expect(&w, "bridges br-a\nsame br-a br-a\nuplinked br-a\nuplinks br-a eth7\n"
		   "pinned 02:00:00:00:00:01\n");
}

static void guard_full_pins_mac_and_addresses(void)
{
	struct world w;

	world_init(&w, MODE_NAT, GUARD_FULL);
	prefix_parse("fd01::1/64", &w.net.addresses[w.net.naddresses++]);
	port_put(&w, 0, "web", "52:54:00:00:00:01", "10.1.0.9", "fd01::9");
	expect(&w, "bridges br-a\nsame br-a br-a\ninward br-a\nnat4 10.1.0.0 24\nnat6 fd01:: 64\n"
		   "hairpin4 10.1.0.9 br-a\nhairpin6 fd01::9 br-a\nguarded a-web\nfull a-web\n"
		   "macs a-web 52:54:00:00:00:01\npinned 02:00:00:00:00:01\n"
		   "pinned 52:54:00:00:00:01\naddr4 a-web 10.1.0.9\naddr6 a-web fd01::9\n"
		   "prefix6 a-web fd01::\ntaken6 fd01::1\ntaken6 fd01::9\n");
}

static void guard_mac_knows_no_addresses(void)
{
	struct world w;

	world_init(&w, MODE_BRIDGE, GUARD_MAC);
	w.net.naddresses = 0;
	port_put(&w, 0, "web", "52:54:00:00:00:01", "10.1.0.9", "fd01::9");
	expect(&w, "same br-a br-a\nguarded a-web\nmacs a-web 52:54:00:00:00:01\n"
		   "pinned 02:00:00:00:00:01\npinned 52:54:00:00:00:01\n");
}

static void a_waiting_port_may_be_nobody_known(void)
{
	struct world w;

	world_init(&w, MODE_BRIDGE, GUARD_MAC);
	w.net.naddresses = 0;
	port_put(&w, 0, "web", "00:00:00:00:00:00", "", "")->state = PORT_WAITING;
	expect(&w, "same br-a br-a\nwaiting a-web\npinned 02:00:00:00:00:01\n");
}

static void forwards_follow_their_port_in_both_families(void)
{
	struct world w;

	world_init(&w, MODE_NAT, GUARD_OFF);
	w.config.forwards = w.forwards;
	w.config.nforwards = 3;
	w.forwards[0] = (struct config_forward){
		.protocol = IPPROTO_TCP, .first = 80, .last = 81, .to_name = "web", .to_port = 8080
	};
	w.forwards[1] = (struct config_forward){
		.protocol = IPPROTO_UDP, .first = 53, .last = 53, .to_name = "gone", .to_port = 53
	};
	w.forwards[2] = (struct config_forward){
		.protocol = IPPROTO_UDP, .first = 99, .last = 99, .to_port = 9
	};
	addr_parse("10.1.0.9", &w.forwards[2].to_addr);
	addr_parse("192.0.2.1", &w.forwards[2].listen);
	port_put(&w, 0, "web", "52:54:00:00:00:01", "10.1.0.9", "fd01::9");
	expect(&w, "bridges br-a\nsame br-a br-a\ninward br-a\nnat4 10.1.0.0 24\n"
		   "hairpin4 10.1.0.9 br-a\nhairpin6 fd01::9 br-a\n"
		   "forward tcp/80 to 10.1.0.9:8080\nforward tcp/81 to 10.1.0.9:8081\n"
		   "forward udp/99 on 192.0.2.1 to 10.1.0.9:9\n"
		   "forward tcp/80 to [fd01::9]:8080\nforward tcp/81 to [fd01::9]:8081\n"
		   "pinned 02:00:00:00:00:01\npinned 52:54:00:00:00:01\n");
}

UNIT_MAIN("nft_elements", UNIT(a_nat_network_masquerades_and_is_not_entered),
	  UNIT(global_ipv6_is_not_translated), UNIT(an_isolated_network_is_closed_and_restricted),
	  UNIT(a_routed_network_keeps_to_its_uplink), UNIT(guard_full_pins_mac_and_addresses),
	  UNIT(guard_mac_knows_no_addresses), UNIT(a_waiting_port_may_be_nobody_known),
	  UNIT(forwards_follow_their_port_in_both_families))
