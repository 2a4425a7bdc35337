// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a network says to its dnsmasq: the configuration file and the files of
 * each port. Pure: from struct network to text. dnsmasq(8).
 */
#include "dnsmasq.h"
#include "network.h"

static void put_lease_time(FILE *f, unsigned lease_s)
{
	if (lease_s)
		fprintf(f, ",%u", lease_s);
	else
		fputs(",infinite", f);
}

/* The range, or all of the prefix but network, gateway and broadcast (dnsmasq leaves those out). */
static void put_range4(FILE *f, const struct network *net, const struct prefix *p)
{
	const struct config_network *c = net->config;
	struct addr_range r = c->dhcp.range;
	struct prefix all = { .addr.family = AF_INET, .len = p->len };
	struct addr mask;

	if (addr_is_set(&r.first) && !prefix_contains(p, &r.first))
		return;
	if (!addr_is_set(&r.first)) {
		r.first = addr_add(prefix_network(p), 1);
		r.last = addr_add(prefix_last(p), -1);
	}
	memset(all.addr.bytes, 0xff, 4);
	mask = prefix_network(&all);
	fprintf(f, "dhcp-range=%s,%s,%s", ADDR_STR(&r.first), ADDR_STR(&r.last), ADDR_STR(&mask));
	put_lease_time(f, c->dhcp.lease_s);
	fputc('\n', f);
}

static void put_range6(FILE *f, const struct network *net, const struct prefix *p)
{
	const struct config_network *c = net->config;
	struct addr_range r = c->dhcp.range6;

	if (addr_is_set(&r.first) && !prefix_contains(p, &r.first))
		return;
	if (!addr_is_set(&r.first)) {
		/* Where netd hashes ports to: port.h. Above it is for static use and SLAAC. */
		r.first = addr_add(prefix_network(p), 0x1000);
		r.last = addr_add(prefix_network(p), 0xffffffff);
	}
	fprintf(f, "dhcp-range=%s,%s%s,%u", ADDR_STR(&r.first), ADDR_STR(&r.last),
		p->len == 64 ? ",slaac" : "", p->len);
	put_lease_time(f, c->dhcp.lease_s);
	fputc('\n', f);
}

static void put_dhcp(FILE *f, const struct network *net)
{
	const struct config_network *c = net->config;
	bool six = false;

	if (!c->dhcp.enabled)
		return;
	fputs("dhcp-authoritative\ndhcp-no-override\ndhcp-ignore-names\nno-ping\n"
	      "dhcp-lease-max=65536\n",
	      f);
	/* A guarded port may use the address that netd gave it and no other. A joined link whose
	 * first frame is its DISCOVER is known to netd before it asks again. */
	if (c->guard != GUARD_OFF)
		fputs("dhcp-ignore=tag:!known\n", f);
	for (size_t i = 0; i < net->naddresses; i++) {
		if (net->addresses[i].addr.family == AF_INET) {
			put_range4(f, net, &net->addresses[i]);
		} else {
			put_range6(f, net, &net->addresses[i]);
			six = true;
		}
	}
	fprintf(f, "dhcp-option=option:mtu,%u\n", network_mtu(net));
	/* Not by domain=: with it dnsmasq names leases after the hosts files, and goes on resolving
	 * the name until the lease ends, long after the port has left. */
	if (c->dns.enabled)
		fprintf(f,
			"dhcp-option=option:domain-name,%s\ndhcp-option=option6:domain-search,%s\n",
			c->dns.domain, c->dns.domain);
	if (c->mode == MODE_ISOLATED)
		fputs("dhcp-option=option:router\n", f); /* none */
	if (six)
		fprintf(f, "enable-ra\nra-param=%s,mtu:%u,%s\n", c->bridge, network_mtu(net),
			c->mode == MODE_ISOLATED ? "0,0" : "60");
	for (size_t i = 0; i < c->dhcp.noptions; i++)
		fprintf(f, "dhcp-option=%s%u,%s\n", c->dhcp.options[i].v6 ? "option6:" : "",
			c->dhcp.options[i].number, c->dhcp.options[i].value);
	if (c->dhcp.bootfile)
		fprintf(f, "dhcp-boot=%s%s%s\n", c->dhcp.bootfile,
			addr_is_set(&c->dhcp.next_server) ? ",," : "",
			ADDR_STR(&c->dhcp.next_server));
	if (c->dhcp.tftp_root)
		fprintf(f, "enable-tftp=%s\ntftp-root=%s\n", c->bridge, c->dhcp.tftp_root);
}

/* "ntp" in the network's domain; a name with a dot stands for itself. */
static void put_name(FILE *f, const struct config_network *c, const char *name)
{
	size_t n = strlen(name), d = strlen(c->dns.domain);
	bool qualified = n > d && streq(name + n - d, c->dns.domain) && name[n - d - 1] == '.';

	fprintf(f, "%s%s%s", name, qualified ? "" : ".", qualified ? "" : c->dns.domain);
}

static void put_record(FILE *f, const struct config_network *c, const struct config_record *r)
{
	switch (r->kind) {
	case RECORD_ADDRESS:
		fputs("host-record=", f);
		put_name(f, c, r->name);
		for (size_t i = 0; i < r->naddresses; i++)
			fprintf(f, ",%s", ADDR_STR(&r->addresses[i]));
		break;
	case RECORD_SRV:
		fputs("srv-host=", f);
		put_name(f, c, r->name);
		fputc(',', f);
		if (strchr(r->target, '.'))
			fputs(r->target, f);
		else
			put_name(f, c, r->target);
		fprintf(f, ",%u,%u,%u", r->port, r->priority, r->weight);
		break;
	case RECORD_TXT:
		fputs("txt-record=", f);
		put_name(f, c, r->name);
		fprintf(f, ",\"%s\"", r->text);
		break;
	}
	fputc('\n', f);
}

static void put_dns(FILE *f, const struct network *net)
{
	const struct config_network *c = net->config;

	if (!c->dns.enabled) {
		fputs("port=0\n", f);
		return;
	}
	fprintf(f, "no-hosts\ndomain-needed\nbogus-priv\ncache-size=1000\nlocal=/%s/\n",
		c->dns.domain);
	if (c->mode == MODE_ISOLATED || c->dns.nforwarders)
		fputs("no-resolv\n", f);
	for (size_t i = 0; c->mode != MODE_ISOLATED && i < c->dns.nforwarders; i++)
		fprintf(f, "server=%s\n", ADDR_STR(&c->dns.forwarders[i]));
	for (size_t i = 0; i < c->dns.nrecords; i++)
		put_record(f, c, &c->dns.records[i]);
}

bool dnsmasq_wanted(const struct network *net)
{
	return (net->config->dhcp.enabled || net->config->dns.enabled) && net->naddresses;
}

char *dnsmasq_config_text(const struct network *net, const struct dnsmasq_paths *paths)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f,
		"# made by netd for network %s, do not edit\n"
		"interface=%s\nexcept-interface=lo\nbind-dynamic\nuser=%s\n"
		"pid-file=%s/dnsmasq.pid\ndhcp-leasefile=%s\n"
		"dhcp-hostsdir=%s/hosts.d\nhostsdir=%s/names.d\n"
		"dhcp-script=%s\ndhcp-scriptuser=%s\n",
		net->name, net->config->bridge, paths->user, paths->directory, paths->leases,
		paths->directory, paths->directory, paths->script, paths->user);
	put_dhcp(f, net);
	put_dns(f, net);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void put_address_name(FILE *f, const struct port *p, const struct addr *a)
{
	if (addr_is_set(a))
		fprintf(f, "%s %s.%s\n", ADDR_STR(a), p->name, p->network->config->dns.domain);
}

/*
 * The DHCP line has no name: dnsmasq would go on resolving it from the lease after the port has
 * left. One open_memstream() for each file; the text of a port without addresses is empty.
 */
int dnsmasq_port_texts(const struct port *p, char **ret_hosts, char **ret_names)
{
	bool known = mac_is_set(&p->mac) && (addr_is_set(&p->addr4) || addr_is_set(&p->addr6));
	char *hosts = NULL, *names = NULL;
	size_t len;
	FILE *f = open_memstream(&hosts, &len);

	if (!f)
		return -ENOMEM;
	if (known) {
		fputs(MAC_STR(&p->mac), f);
		if (addr_is_set(&p->addr4))
			fprintf(f, ",%s", ADDR_STR(&p->addr4));
		if (addr_is_set(&p->addr6))
			fprintf(f, ",[%s]", ADDR_STR(&p->addr6));
		fputc('\n', f);
	}
	fclose(f);
	f = open_memstream(&names, &len);
	if (!f) {
		free(hosts);
		return -ENOMEM;
	}
	put_address_name(f, p, &p->addr4);
	put_address_name(f, p, &p->addr6);
	fclose(f);
	*ret_hosts = hosts;
	*ret_names = names;
	return 0;
}
