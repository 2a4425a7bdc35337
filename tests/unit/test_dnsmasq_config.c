// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/dnsmasq_config: what a network of each mode says to its dnsmasq. */
#include "dnsmasq.h"
#include "unit.h"

static const struct dnsmasq_paths paths = { "/run/d", "/var/l", "/run/s", "nobody" };

struct world {
	struct config_network config;
	struct network net;
	struct port port;
};

static void world_init(struct world *w, enum net_mode mode)
{
	memset(w, 0, sizeof(*w));
	w->config.mode = mode;
	w->config.dhcp.enabled = w->config.dns.enabled = true;
	w->config.dhcp.lease_s = 3600;
	w->config.dns.domain = (char *)"a.internal";
	str_copy(w->config.bridge, IFNAMSIZ, "br-a");
	str_copy(w->net.name, sizeof(w->net.name), "a");
	w->net.config = &w->config;
	prefix_parse("10.1.0.1/24", &w->net.addresses[0]);
	prefix_parse("fd01::1/64", &w->net.addresses[1]);
	w->net.naddresses = 2;
}

static void has(const struct world *w, const char *line, bool want)
{
	char *text = dnsmasq_config_text(&w->net, &paths), *at;
	bool found = false;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (at = strstr(text, line); at && !found; at = strstr(at + 1, line))
		found = (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
	if (found != want)
		printf("%s: %s\n%s", want ? "missing" : "unexpected", line, text);
	CU_ASSERT_EQUAL(found, want);
	free(text);
}

static void a_nat_network_routes_and_resolves(void)
{
	struct world w;

	world_init(&w, MODE_NAT);
	has(&w, "interface=br-a", true);
	has(&w, "bind-dynamic", true);
	has(&w, "except-interface=lo", true);
	has(&w, "dhcp-ignore-names", true);
	has(&w, "dhcp-range=10.1.0.1,10.1.0.254,255.255.255.0,3600", true);
	has(&w, "dhcp-option=option:mtu,1500", true);
	has(&w, "ra-param=br-a,mtu:1500,60", true);
	has(&w, "local=/a.internal/", true);
	has(&w, "no-resolv", false);
	/* with it names outlive their ports, see put_dhcp() */
	has(&w, "domain=a.internal", false);
}

static void an_isolated_network_has_no_way_out(void)
{
	struct world w;

	world_init(&w, MODE_ISOLATED);
	has(&w, "dhcp-option=option:router", true);
	has(&w, "ra-param=br-a,mtu:1500,0,0", true);
	has(&w, "no-resolv", true);
}

static void only_guarded_networks_ignore_strangers(void)
{
	struct world w;

	world_init(&w, MODE_NAT);
	has(&w, "dhcp-ignore=tag:!known", true);
	w.config.guard = GUARD_OFF;
	has(&w, "dhcp-ignore=tag:!known", false);
}

static void options_and_network_boot(void)
{
	struct config_option options[] = { { 42, (char *)"10.1.0.1", false, 1 },
					   { 31, (char *)"[fd01::1]", true, 1 } };
	struct world w;

	world_init(&w, MODE_NAT);
	w.config.dhcp.options = options;
	w.config.dhcp.noptions = 2;
	w.config.dhcp.bootfile = (char *)"pxe.0";
	w.config.dhcp.tftp_root = (char *)"/srv/tftp";
	addr_parse("10.1.0.9", &w.config.dhcp.next_server);
	w.config.dhcp.lease_s = 0;
	has(&w, "dhcp-option=42,10.1.0.1", true);
	has(&w, "dhcp-option=option6:31,[fd01::1]", true);
	has(&w, "dhcp-boot=pxe.0,,10.1.0.9", true);
	has(&w, "tftp-root=/srv/tftp", true);
	has(&w, "dhcp-range=10.1.0.1,10.1.0.254,255.255.255.0,infinite", true);
}

static void records_are_completed_with_the_domain(void)
{
	struct config_record records[] = {
		{ .kind = RECORD_ADDRESS, .name = (char *)"ntp", .naddresses = 1 },
		{ .kind = RECORD_SRV,
		  .name = (char *)"_x._tcp",
		  .target = (char *)"web",
		  .port = 5 },
		{ .kind = RECORD_TXT, .name = (char *)"t.a.internal", .text = (char *)"hi" },
	};
	struct world w;

	world_init(&w, MODE_NAT);
	addr_parse("10.1.0.7", &records[0].addresses[0]);
	w.config.dns.records = records;
	w.config.dns.nrecords = 3;
	has(&w, "host-record=ntp.a.internal,10.1.0.7", true);
	has(&w, "srv-host=_x._tcp.a.internal,web.a.internal,5,0,0", true);
	has(&w, "txt-record=t.a.internal,\"hi\"", true);
}

static void without_dns_there_is_no_port_53(void)
{
	struct world w;

	world_init(&w, MODE_NAT);
	w.config.dns.enabled = false;
	has(&w, "port=0", true);
	has(&w, "local=/a.internal/", false);
}

static void a_ports_files(void)
{
	char *hosts, *names;
	struct world w;

	world_init(&w, MODE_NAT);
	w.port.network = &w.net;
	str_copy(w.port.name, sizeof(w.port.name), "web");
	CU_ASSERT_EQUAL(dnsmasq_port_texts(&w.port, &hosts, &names), 0);
	CU_ASSERT_STRING_EQUAL(hosts, "");
	CU_ASSERT_STRING_EQUAL(names, "");
	free(hosts);
	free(names);
	mac_parse("52:54:00:00:00:01", &w.port.mac);
	addr_parse("10.1.0.9", &w.port.addr4);
	addr_parse("fd01::9", &w.port.addr6);
	CU_ASSERT_EQUAL(dnsmasq_port_texts(&w.port, &hosts, &names), 0);
	CU_ASSERT_STRING_EQUAL(hosts, "52:54:00:00:00:01,10.1.0.9,[fd01::9]\n");
	CU_ASSERT_STRING_EQUAL(names, "10.1.0.9 web.a.internal\nfd01::9 web.a.internal\n");
	free(hosts);
	free(names);
}

UNIT_MAIN("dnsmasq_config", UNIT(a_nat_network_routes_and_resolves),
	  UNIT(an_isolated_network_has_no_way_out), UNIT(only_guarded_networks_ignore_strangers),
	  UNIT(options_and_network_boot), UNIT(records_are_completed_with_the_domain),
	  UNIT(without_dns_there_is_no_port_53), UNIT(a_ports_files))
