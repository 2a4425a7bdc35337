// SPDX-License-Identifier: GPL-2.0-or-later
/* netd/config: what a file means, and each error with its line. */
#include <sys/stat.h>

#include "config_internal.h"
#include "unit.h"

static char dir[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

static void fresh_dir(void)
{
	char path[128];

	str_copy(dir, sizeof(dir), "/tmp/netd-config.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/networks", dir);
	CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
}

static void remove_dir(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CU_ASSERT_EQUAL(system(command), 0);
}

static struct config *load(const char *text, struct config_errors *errors)
{
	struct config *c = NULL;

	fresh_dir();
	write_file("networks/a.conf", text);
	memset(errors, 0, sizeof(*errors));
	config_load(dir, &c, errors);
	remove_dir();
	return c;
}

static void good(const char *text, struct config **ret)
{
	struct config_errors errors;

	*ret = load(text, &errors);
	for (size_t i = 0; i < errors.n; i++)
		printf("unexpected: %s:%d: %s\n", errors.errors[i].file, errors.errors[i].line,
		       errors.errors[i].message);
	CU_ASSERT_EQUAL(errors.n, 0);
	config_errors_done(&errors);
	CU_ASSERT_PTR_NOT_NULL_FATAL(*ret);
}

/* One error, in this line, with these words. */
static void bad(const char *text, int line, const char *words)
{
	struct config_errors errors;
	struct config *c = load(text, &errors);

	CU_ASSERT_PTR_NULL(c);
	if (errors.n != 1 || errors.errors[0].line != line ||
	    !strstr(errors.errors[0].message, words)) {
		printf("expected line %d: %s\n", line, words);
		for (size_t i = 0; i < errors.n; i++)
			printf("     got line %d: %s\n", errors.errors[i].line,
			       errors.errors[i].message);
		CU_FAIL("not the error expected");
	}
	config_errors_done(&errors);
	config_free(c);
}

static void the_whole_form_is_read(void)
{
	const struct config_network *n;
	struct config *c;

	good("network \"lab\" {\n"
	     "	mode = \"nat\"\n"
	     "	address = { \"10.77.0.1/24\", \"fd77:0:0:1::1/64\" }\n"
	     "	uplink = \"auto\"  bridge = \"br-lab\"  mtu = 1400  guard = \"mac\"  isolated = "
	     "true\n"
	     "	ports = { \"lab-*\", \"vnet?\" }\n"
	     "	dhcp { range = \"10.77.0.100-10.77.0.199\"  lease = \"12h\"\n"
	     "		option \"42\" { value = \"10.77.0.1\" }\n"
	     "		bootfile = \"pxe.0\"  next-server = \"10.77.0.1\"  tftp-root = \"/srv\" }\n"
	     "	dns { domain = \"lab.internal\"  forwarders = { \"192.0.2.53\" }\n"
	     "		record \"ntp\" { address = \"10.77.0.1\" }\n"
	     "		srv \"_ldap._tcp\" { target = \"dc\"  port = 389 }\n"
	     "		txt \"info\" { text = \"hello\" } }\n"
	     "	host \"web\" { mac = \"52:54:00:12:34:56\"  address = \"10.77.0.10\" }\n"
	     "	forward \"tcp/2222\" { to = \"web:22\" }\n"
	     "	forward \"udp/8000-8010\" { to = \"10.77.0.10:9000\"  listen = \"192.0.2.1\" }\n"
	     "	allow { users = { \"alice\" }  groups = { \"kvm\" }  max-ports = 3 }\n"
	     "}\n",
	     &c);
	n = config_find(c, "lab");
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	CU_ASSERT_EQUAL(n->naddresses, 2);
	CU_ASSERT_EQUAL(n->mtu, 1400);
	CU_ASSERT_EQUAL(n->guard, GUARD_MAC);
	CU_ASSERT_TRUE(n->isolated);
	CU_ASSERT_EQUAL(n->nports, 2);
	CU_ASSERT_STRING_EQUAL(ADDR_STR(&n->dhcp.range.first), "10.77.0.100");
	CU_ASSERT_EQUAL(n->dhcp.lease_s, 43200);
	CU_ASSERT_EQUAL(n->dhcp.options[0].number, 42);
	CU_ASSERT_EQUAL(n->dns.nrecords, 3);
	CU_ASSERT_EQUAL(n->dns.nforwarders, 1);
	CU_ASSERT_STRING_EQUAL(n->hosts[0].name, "web");
	CU_ASSERT_EQUAL(n->forwards[0].to_port, 22);
	CU_ASSERT_EQUAL(n->forwards[1].last, 8010);
	CU_ASSERT_EQUAL(n->allow.max_ports, 3);
	config_free(c);
}

static void defaults_follow_the_mode(void)
{
	const struct config_network *n;
	struct config *c;

	good("network \"a\" { address = \"10.1.0.1/24\" }\n"
	     "network \"b\" { mode = \"isolated\" address = \"auto\" }\n"
	     "network \"c\" { mode = \"bridge\" uplink = \"eth0\" }\n"
	     "network \"a-rather-long-network-name\" { address = \"auto\" }\n",
	     &c);
	n = config_find(c, "a");
	CU_ASSERT_EQUAL(n->mode, MODE_NAT);
	CU_ASSERT_EQUAL(n->guard, GUARD_FULL);
	CU_ASSERT_TRUE(n->host_access);
	CU_ASSERT_TRUE(n->dhcp.enabled);
	CU_ASSERT_STRING_EQUAL(n->bridge, "br-a");
	CU_ASSERT_STRING_EQUAL(n->dns.domain, "a.internal");
	CU_ASSERT_FALSE(config_find(c, "b")->host_access);
	CU_ASSERT_EQUAL(config_find(c, "c")->guard, GUARD_MAC);
	CU_ASSERT_FALSE(config_find(c, "c")->dhcp.enabled);
	CU_ASSERT_EQUAL(strlen(config_find(c, "a-rather-long-network-name")->bridge), 15);
	config_free(c);
}

static void each_error_has_its_line(void)
{
	bad("network \"a\" {\n\tadress = \"10.1.0.1/24\"\n}\n", 2, "did you mean 'address'");
	bad("network \"a\" {\n\tmode = \"nta\"\n\taddress = \"auto\"\n}\n", 2,
	    "nat, route, isolated or bridge");
	bad("network \"a\" {\n\n\taddress = \"10.1.0.1\"\n}\n", 3, "prefix length");
	bad("network \"a\" {\n\taddress = \"10.1.0.0/24\"\n}\n", 2, "\"10.1.0.1/24\"");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/31\"\n}\n", 2, "8 to 30");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tmtu = 100\n}\n", 3, "576");
	bad("network \"A_b\" {\n\taddress = \"auto\"\n}\n", 2, "a-z");
	bad("network \"a\" {\n\tmode = \"isolated\"\n\taddress = \"auto\"\n\tuplink = "
	    "\"eth0\"\n}\n",
	    4, "no uplink");
	bad("network \"a\" {\n\tmode = \"bridge\"\n}\n", 2, "uplink = \"NIC\"");
	bad("network \"a\" {\n\tmode = \"bridge\"\n\tuplink = \"e\"\n\taddress = \"auto\"\n}\n", 4,
	    "drop address");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tports = { \"*\" }\n}\n", 3,
	    "every interface");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n\tdhcp { range = \"10.2.0.5-10.2.0.9\" "
	    "}\n}\n",
	    2, "outside");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tdhcp {\n\t\tlease = \"1x\"\n\t}\n}\n", 4,
	    "12h");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tforward \"tcp/0\" { to = \"b:1\" }\n}\n", 3,
	    "tcp/PORT");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tforward \"tcp/9-99\" { to = \"b:65500\" "
	    "}\n}\n",
	    3, "65535");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n\thost \"h\" { address = \"10.1.0.1\" "
	    "}\n}\n",
	    3, "gateway");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n\thost \"h\" { mac = \"52:54:00\" "
	    "}\n}\n",
	    3, "mac");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tallow { max-ports = 5000 }\n}\n", 3, "1023");
	bad("network \"a\" {\n\taddress = \"auto\"\n", 1, "never closed");
}

static void networks_must_not_collide(void)
{
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n}\nnetwork \"b\" {\n\taddress = "
	    "\"10.1.0.129/25\"\n}\n",
	    5, "overlaps \"10.1.0.1/24\" of network \"a\"");
	bad("network \"a\" {\n\taddress = \"auto\"\n}\nnetwork \"b\" {\n\taddress = "
	    "\"auto\"\n\tbridge = \"br-a\"\n}\n",
	    6, "network \"a\"'s already");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tforward \"tcp/80-90\" { to = \"x\" }\n}\n"
	    "network \"b\" {\n\taddress = \"auto\"\n\tforward \"tcp/85\" { to = \"y\" }\n}\n",
	    7, "taken by network \"a\"");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n\thost \"x\" { mac = "
	    "\"52:54:00:00:00:01\" }\n"
	    "\thost \"y\" { mac = \"52:54:00:00:00:01\" }\n}\n",
	    4, "host \"x\"'s already");
	bad("network \"a\" {\n\taddress = \"10.1.0.1/24\"\n\thost \"x\" { address = \"10.1.0.9\" "
	    "}\n"
	    "\thost \"y\" { address = \"10.1.0.9\" }\n}\n",
	    4, "host \"x\"'s already");
	bad("network \"a\" {\n\taddress = \"auto\"\n\tports = { \"v-*\" }\n}\n"
	    "network \"b\" {\n\taddress = \"auto\"\n\tports = { \"v-*\" }\n}\n",
	    7, "network \"a\"'s already");
}

static void forwards_with_their_own_listen_addresses_coexist(void)
{
	struct config *c;

	good("network \"a\" { address = \"auto\" forward \"tcp/80\" { to = \"x\" listen = "
	     "\"192.0.2.1\" }\n"
	     "	forward \"udp/80\" { to = \"x\" } }\n"
	     "network \"b\" { address = \"auto\" forward \"tcp/80\" { to = \"y\" listen = "
	     "\"192.0.2.2\" } }\n",
	     &c);
	config_free(c);
}

static void all_errors_of_all_files_are_told_at_once(void)
{
	struct config_errors errors = { 0 };
	struct config *c = NULL;

	fresh_dir();
	write_file("networks/a.conf", "network \"a\" {\n\taddress = \"x\"\n\tmtu = 1\n}\n");
	write_file("networks/b.conf", "network \"b\" {\n\tnonsense = 1\n}\n");
	write_file("networks/c.conf",
		   "network \"c\" {\n\tmode = \"no\"\n\taddress = \"auto\"\n}\n");
	write_file("networks/d.conf.bak", "nonsense");
	write_file("netd.conf", "dnsmasq-idle = -1\n");
	CU_ASSERT_EQUAL(config_load(dir, &c, &errors), -EINVAL);
	CU_ASSERT_PTR_NULL(c);
	/* netd.conf; a: address, mtu; b: key; c: mode */
	CU_ASSERT_EQUAL(errors.n, 5);
	config_errors_done(&errors);
	remove_dir();
}

static void the_hosts_own_subnets_are_off_limits(void)
{
	struct config_host_prefix host = { .ifname = "eth0" };
	struct config_errors errors = { 0 };
	struct config *c;

	prefix_parse("10.1.0.0/16", &host.prefix);
	good("network \"a\" {\n\taddress = \"10.1.7.1/24\"\n}\n", &c);
	CU_ASSERT_EQUAL(config_check_host(c, &host, 1, &errors), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(errors.n, 1);
	CU_ASSERT_EQUAL(errors.errors[0].line, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors.errors[0].message, "eth0"));
	config_errors_done(&errors);
	config_free(c);
}

static void equality_sees_every_key(void)
{
	struct config *a, *b;

	good("network \"a\" { address = \"auto\" }\n", &a);
	good("\n\nnetwork \"a\" { address = \"auto\" }\n", &b);
	CU_ASSERT_TRUE(config_network_equal(&a->networks[0], &b->networks[0]));
	config_free(b);
	good("network \"a\" { address = \"auto\" dns { txt \"x\" { text = \"y\" } } }\n", &b);
	CU_ASSERT_FALSE(config_network_equal(&a->networks[0], &b->networks[0]));
	config_free(a);
	config_free(b);
}

static void near_names_are_found(void)
{
	static const char *const names[] = { "lab", "lan", "default", "laboratory" };
	const char *near[4];

	CU_ASSERT_EQUAL(name_near("lba", names, 4, near, 4), 2);
	CU_ASSERT_STRING_EQUAL(near[0], "lab");
	CU_ASSERT_EQUAL(name_near("defualt", names, 4, near, 4), 1);
	CU_ASSERT_STRING_EQUAL(near[0], "default");
	CU_ASSERT_EQUAL(name_near("web", names, 4, near, 4), 1);
	CU_ASSERT_EQUAL(name_near("production", names, 4, near, 4), 0);
}

UNIT_MAIN("config", UNIT(the_whole_form_is_read), UNIT(defaults_follow_the_mode),
	  UNIT(each_error_has_its_line), UNIT(networks_must_not_collide),
	  UNIT(forwards_with_their_own_listen_addresses_coexist),
	  UNIT(all_errors_of_all_files_are_told_at_once),
	  UNIT(the_hosts_own_subnets_are_off_limits), UNIT(equality_sees_every_key),
	  UNIT(near_names_are_found))
