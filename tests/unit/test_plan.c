// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/plan: golden cases. The kernel is a table filled by hand. */
#include "plan.h"

#include "port.h"
#include "unit.h"

/* One network "lab" with a port "web" and the kernel they meet. */
struct world {
	struct netd netd;
	struct actual actual;
	struct config_network config;
	struct network net;
	struct port web;
	struct routes routes;
};

static struct link *add_link(struct world *w, int ifindex, const char *name, const char *kind)
{
	struct link *l = calloc(1, sizeof(*l));

	l->ifindex = ifindex;
	str_copy(l->name, sizeof(l->name), name);
	str_copy(l->kind, sizeof(l->kind), kind);
	l->mtu = 1500;
	l->flags = IFF_UP;
	HASH_ADD_INT(w->actual.by_index, ifindex, l);
	HASH_ADD(hh_name, w->actual.by_name, name, strlen(l->name), l);
	return l;
}

static void add_addr(struct link *l, const char *text, uint32_t flags)
{
	l->addrs = realloc(l->addrs, (l->naddrs + 1) * sizeof(*l->addrs));
	l->addrs[l->naddrs] = (struct link_addr){ .flags = flags };
	prefix_parse(text, &l->addrs[l->naddrs++].prefix);
}

static void world_init(struct world *w)
{
	*w = (struct world){ 0 };
	w->netd.actual = &w->actual;
	str_copy(w->config.name, sizeof(w->config.name), "lab");
	str_copy(w->config.bridge, sizeof(w->config.bridge), "br-lab");
	w->config.mode = MODE_NAT;
	w->net.netd = &w->netd;
	w->net.config = &w->config;
	str_copy(w->net.name, sizeof(w->net.name), "lab");
	mac_parse("02:00:00:00:00:01", &w->net.mac);
	prefix_parse("10.77.0.1/24", &w->net.addresses[0]);
	w->net.naddresses = 1;
}

static void add_port(struct world *w, int ifindex, enum port_kind kind)
{
	w->web = (struct port){ .network = &w->net, .kind = kind, .ifindex = ifindex, .uid = 1000 };
	w->web.state = PORT_ATTACHED;
	str_copy(w->web.name, sizeof(w->web.name), "web");
	mac_parse("52:54:00:12:34:56", &w->web.mac);
	HASH_ADD_STR(w->net.ports, name, &w->web);
}

/* The bridge as a plan would leave it. */
static struct link *add_bridge(struct world *w)
{
	struct link *l = add_link(w, 3, "br-lab", "bridge");

	l->mac = w->net.mac;
	l->alias = strdup("netd:lab");
	add_addr(l, "10.77.0.1/24", IFA_F_PERMANENT);
	l->sysctls[LINK_SYSCTL_FORWARDING4] = 1;
	l->sysctls[LINK_SYSCTL_ROUTE_LOCALNET] = 1;
	l->sysctls[LINK_SYSCTL_FORWARDING6] = 1;
	l->sysctls[LINK_SYSCTL_ACCEPT_RA] = 0;
	l->sysctls[LINK_SYSCTL_PROMOTE] = 1;
	w->net.ifindex = 3;
	return l;
}

/* The port's tap, as it should be on the bridge. */
static struct link *add_tap(struct world *w)
{
	struct link *l = add_link(w, 5, "lab-web", "tun");

	l->master = 3;
	mac_parse("fe:54:00:12:34:56", &l->mac);
	l->alias = strdup("netd:lab/web;uid=1000;mac=52:54:00:12:34:56");
	return l;
}

static void world_done(struct world *w)
{
	HASH_CLEAR(hh, w->net.ports);
	actual_done(&w->actual);
}

/* The plan's lines, joined by newlines; "!" before those that interrupt. */
static const char *plan_lines(struct world *w, bool removal)
{
	static char buf[8192];
	struct plan_input in = { &w->net, &w->actual, &w->routes };
	struct plan plan = { 0 };
	char text[STEP_TEXT_MAX];
	size_t n = 0;

	buf[0] = '\0';
	if (removal)
		plan_removal(&in, &plan);
	else
		plan_network(&in, &plan);
	for (size_t i = 0; i < plan.n; i++)
		n += snprintf(buf + n, sizeof(buf) - n, "%s%s\n",
			      plan.steps[i].interrupts ? "!" : "",
			      step_text(&plan.steps[i], &plan, text));
	plan_done(&plan);
	return buf;
}

static void check_lines(const char *got, const char *want)
{
	if (!streq(got, want))
		fprintf(stderr, "got:\n%swant:\n%s", got, want);
	CU_ASSERT_STRING_EQUAL(got, want);
}

static void plan_makes_a_network_from_nothing(void)
{
	struct world w;

	world_init(&w);
	check_lines(plan_lines(&w, false), "add bridge br-lab, mtu 1500, mac 02:00:00:00:00:01\n"
					   "add address 10.77.0.1/24 to br-lab\n"
					   "set forwarding of br-lab to 1\n"
					   "set route_localnet of br-lab to 1\n"
					   "set forwarding of br-lab to 1\n"
					   "set accept_ra of br-lab to 0\n"
					   "set promote_secondaries of br-lab to 1\n");
	world_done(&w);
}

static void plan_is_empty_when_everything_is_right(void)
{
	struct world w;

	world_init(&w);
	add_bridge(&w);
	add_tap(&w);
	add_port(&w, 5, PORT_TAP);
	check_lines(plan_lines(&w, false), "");
	world_done(&w);
}

static void plan_puts_back_what_drifted(void)
{
	struct world w;
	struct link *bridge, *tap;

	world_init(&w);
	bridge = add_bridge(&w);
	tap = add_tap(&w);
	add_port(&w, 5, PORT_TAP);
	bridge->mtu = 1400;
	bridge->flags = 0;
	add_addr(bridge, "10.77.9.1/24", IFA_F_PERMANENT);
	bridge->sysctls[LINK_SYSCTL_FORWARDING4] = 0;
	tap->master = 0;
	tap->mtu = 1280;
	mac_parse("52:54:00:12:34:57", &tap->mac);
	check_lines(
		plan_lines(&w, false),
		"change br-lab: mtu 1400 → 1500, down → up\n"
		"!remove address 10.77.9.1/24 from br-lab\n"
		"set forwarding of br-lab to 1\n"
		"change lab-web: master none → br-lab, mtu 1280 → 1500, mac 52:54:00:12:34:57 → "
		"fe:54:00:12:34:56\n");
	world_done(&w);
}

static void plan_leaves_a_joined_links_mac_alone(void)
{
	struct world w;
	struct link *tap;

	world_init(&w);
	add_bridge(&w);
	tap = add_tap(&w);
	add_port(&w, 5, PORT_JOINED);
	mac_parse("0a:00:00:00:00:09", &tap->mac);
	check_lines(plan_lines(&w, false),
		    "change lab-web: mark netd:lab/web;uid=1000;mac=52:54:00:12:34:56 → "
		    "netd+:lab/web;uid=1000;mac=52:54:00:12:34:56\n");
	world_done(&w);
}

static void plan_never_touches_foreign_links(void)
{
	struct world w;
	struct link *foreign;

	world_init(&w);
	add_bridge(&w);
	foreign = add_link(&w, 9, "eth9", "");
	foreign->master = 3;
	add_addr(foreign, "203.0.113.1/24", IFA_F_PERMANENT);
	check_lines(plan_lines(&w, false), "");
	world_done(&w);
}

static void plan_moves_ports_to_a_renamed_bridge(void)
{
	struct world w;

	world_init(&w);
	add_bridge(&w);
	add_tap(&w);
	add_port(&w, 5, PORT_TAP);
	str_copy(w.config.bridge, sizeof(w.config.bridge), "br-new");
	check_lines(plan_lines(&w, false), "add bridge br-new, mtu 1500, mac 02:00:00:00:00:01\n"
					   "add address 10.77.0.1/24 to br-new\n"
					   "set forwarding of br-new to 1\n"
					   "set route_localnet of br-new to 1\n"
					   "set forwarding of br-new to 1\n"
					   "set accept_ra of br-new to 0\n"
					   "set promote_secondaries of br-new to 1\n"
					   "!change lab-web: master br-lab → br-new\n"
					   "!remove bridge br-lab\n");
	world_done(&w);
}

static void plan_of_a_bridge_mode_only_takes_ports_to_it(void)
{
	struct world w;
	struct link *tap;

	world_init(&w);
	w.config.mode = MODE_BRIDGE;
	w.net.naddresses = 0;
	add_link(&w, 3, "br-lab", "bridge");
	tap = add_tap(&w);
	add_port(&w, 5, PORT_TAP);
	tap->master = 0;
	tap->flags = 0;
	check_lines(plan_lines(&w, false), "change lab-web: master none → br-lab, down → up\n");
	check_lines(plan_lines(&w, true), "");
	world_done(&w);
}

/* "eth0" with an address and a default route. */
static void add_nic(struct world *w)
{
	struct link *nic = add_link(w, 2, "eth0", "");

	mac_parse("52:54:00:00:00:02", &nic->mac);
	add_addr(nic, "192.0.2.5/24", IFA_F_PERMANENT);
	w->config.mode = MODE_BRIDGE;
	w->config.uplink = "eth0";
	w->net.naddresses = 0;
	w->routes.list = calloc(1, sizeof(*w->routes.list));
	w->routes.list[0] = (struct route){ .oif = 2, .protocol = 3, .dst.addr.family = AF_INET };
	addr_parse("192.0.2.1", &w->routes.list[0].gateway);
	w->routes.n = 1;
}

static void plan_moves_a_nics_addresses_and_routes(void)
{
	struct world w;

	world_init(&w);
	add_nic(&w);
	check_lines(plan_lines(&w, false), "add bridge br-lab, mtu 1500, mac 52:54:00:00:00:02\n"
					   "!remove route default via 192.0.2.1 from eth0\n"
					   "!remove address 192.0.2.5/24 from eth0\n"
					   "change eth0: master none → br-lab\n"
					   "add address 192.0.2.5/24 to br-lab\n"
					   "add route default via 192.0.2.1 to br-lab\n");
	free(w.routes.list);
	world_done(&w);
}

static void removal_moves_them_back_and_keeps_ports_down(void)
{
	struct world w;
	struct link *bridge;

	world_init(&w);
	add_nic(&w);
	bridge = add_bridge(&w);
	bridge->addrs[0].prefix.addr.bytes[0] = 192;
	actual_link(&w.actual, 2)->master = 3;
	actual_link(&w.actual, 2)->naddrs = 0;
	w.routes.list[0].oif = 3;
	add_tap(&w);
	add_port(&w, 5, PORT_TAP);
	check_lines(plan_lines(&w, true), "!change lab-web: master br-lab → none, up → down\n"
					  "!remove route default via 192.0.2.1 from br-lab\n"
					  "!remove address 192.77.0.1/24 from br-lab\n"
					  "!change eth0: master br-lab → none\n"
					  "add address 192.77.0.1/24 to eth0\n"
					  "add route default via 192.0.2.1 to eth0\n"
					  "!remove bridge br-lab\n");
	free(w.routes.list);
	world_done(&w);
}

static void every_step_but_a_taps_end_has_an_inverse(void)
{
	struct step set = {
		.op = STEP_LINK_SET, .set = LINK_MTU, .values.mtu = 9000, .old.mtu = 1500
	};
	struct step tap = { .op = STEP_LINK_DEL }, back;

	for (enum step_op op = 0; op < STEP_NOPS; op++) {
		struct step s = { .op = op, .set = LINK_MASTER }, again;

		CU_ASSERT_TRUE_FATAL(step_inverse(&s, &back));
		CU_ASSERT_TRUE_FATAL(step_inverse(&back, &again));
		CU_ASSERT_EQUAL(again.op, op);
	}
	CU_ASSERT_TRUE(step_inverse(&set, &back));
	CU_ASSERT_EQUAL(back.values.mtu, 1500);
	CU_ASSERT_EQUAL(back.old.mtu, 9000);
	CU_ASSERT_FALSE(step_inverse(&tap, &back));
}

UNIT_MAIN("plan", UNIT(plan_makes_a_network_from_nothing),
	  UNIT(plan_is_empty_when_everything_is_right), UNIT(plan_puts_back_what_drifted),
	  UNIT(plan_leaves_a_joined_links_mac_alone), UNIT(plan_never_touches_foreign_links),
	  UNIT(plan_moves_ports_to_a_renamed_bridge),
	  UNIT(plan_of_a_bridge_mode_only_takes_ports_to_it),
	  UNIT(plan_moves_a_nics_addresses_and_routes),
	  UNIT(removal_moves_them_back_and_keeps_ports_down),
	  UNIT(every_step_but_a_taps_end_has_an_inverse))
