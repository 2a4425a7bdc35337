// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network's configuration as JSON: for netctl show --json, and as the one
 * list of everything that makes two configurations equal. Pure.
 */
#include "config_internal.h"

static json_t *strings_json(char *const *list, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(list[i]));
	return a;
}

static json_t *addr_json(const struct addr *a)
{
	return addr_is_set(a) ? json_string(ADDR_STR(a)) : json_null();
}

static json_t *range_json(const struct addr_range *r)
{
	return addr_is_set(&r->first)
		       ? json_sprintf("%s-%s", ADDR_STR(&r->first), ADDR_STR(&r->last))
		       : json_null();
}

static json_t *dhcp_json(const struct config_network *n)
{
	json_t *options = json_array();

	for (size_t i = 0; i < n->dhcp.noptions; i++)
		json_array_append_new(options, json_pack("{s:i, s:b, s:s}", "number",
							 (int)n->dhcp.options[i].number, "v6",
							 n->dhcp.options[i].v6, "value",
							 n->dhcp.options[i].value));
	return json_pack("{s:b, s:o, s:o, s:I, s:o, s:s?, s:s?, s:o}", "enabled", n->dhcp.enabled,
			 "range", range_json(&n->dhcp.range), "range6", range_json(&n->dhcp.range6),
			 "lease_s", (json_int_t)n->dhcp.lease_s, "options", options, "bootfile",
			 n->dhcp.bootfile, "tftp_root", n->dhcp.tftp_root, "next_server",
			 addr_json(&n->dhcp.next_server));
}

static json_t *record_json(const struct config_record *r)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < r->naddresses; i++)
		json_array_append_new(addresses, addr_json(&r->addresses[i]));
	return json_pack("{s:i, s:s, s:o, s:s?, s:i, s:i, s:i, s:s?}", "kind", (int)r->kind, "name",
			 r->name, "addresses", addresses, "target", r->target, "port", r->port,
			 "priority", r->priority, "weight", r->weight, "text", r->text);
}

static json_t *dns_json(const struct config_network *n)
{
	json_t *forwarders = json_array(), *records = json_array();

	for (size_t i = 0; i < n->dns.nforwarders; i++)
		json_array_append_new(forwarders, addr_json(&n->dns.forwarders[i]));
	for (size_t i = 0; i < n->dns.nrecords; i++)
		json_array_append_new(records, record_json(&n->dns.records[i]));
	return json_pack("{s:b, s:s?, s:o, s:o, s:b}", "enabled", n->dns.enabled, "domain",
			 n->dns.domain, "forwarders", forwarders, "records", records,
			 "resolve_on_host", n->dns.resolve_on_host);
}

static json_t *forward_json(const struct config_forward *f)
{
	json_t *to = f->to_name ? json_string(f->to_name) : addr_json(&f->to_addr);

	return json_pack("{s:s, s:i, s:i, s:o, s:i, s:o}", "protocol",
			 f->protocol == IPPROTO_TCP ? "tcp" : "udp", "first", f->first, "last",
			 f->last, "to", to, "to_port", f->to_port, "listen", addr_json(&f->listen));
}

json_t *config_network_json(const struct config_network *n)
{
	json_t *addresses = json_array(), *hosts = json_array(), *forwards = json_array();

	for (size_t i = 0; i < n->naddresses; i++)
		json_array_append_new(addresses, json_string(PREFIX_STR(&n->addresses[i])));
	for (size_t i = 0; i < n->nhosts; i++) {
		const struct config_host *h = &n->hosts[i];

		json_array_append_new(hosts,
				      json_pack("{s:s, s:o, s:o, s:o}", "name", h->name, "mac",
						mac_is_set(&h->mac) ? json_string(MAC_STR(&h->mac))
								    : json_null(),
						"address4", addr_json(&h->addr4), "address6",
						addr_json(&h->addr6)));
	}
	for (size_t i = 0; i < n->nforwards; i++)
		json_array_append_new(forwards, forward_json(&n->forwards[i]));
	return json_pack("{s:s, s:s, s:o, s:b, s:s?, s:s, s:i, s:s, s:b, s:b, s:o, s:o, s:o, s:o, "
			 "s:o, s:{s:o, s:o, s:i}}",
			 "name", n->name, "mode", net_mode_name(n->mode), "addresses", addresses,
			 "address_auto", n->address_auto, "uplink", n->uplink, "bridge", n->bridge,
			 "mtu", (int)n->mtu, "guard", guard_mode_name(n->guard), "isolated",
			 n->isolated, "host_access", n->host_access, "ports",
			 strings_json(n->ports, n->nports), "dhcp", dhcp_json(n), "dns",
			 dns_json(n), "hosts", hosts, "forwards", forwards, "allow", "users",
			 strings_json(n->allow.users, n->allow.nusers), "groups",
			 strings_json(n->allow.groups, n->allow.ngroups), "max_ports",
			 (int)n->allow.max_ports);
}

bool config_network_equal(const struct config_network *a, const struct config_network *b)
{
	json_t *x = config_network_json(a), *y = config_network_json(b);
	bool equal = json_equal(x, y);

	json_decref(x);
	json_decref(y);
	return equal;
}
