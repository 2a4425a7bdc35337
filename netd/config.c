// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads netd.conf and networks/ *.conf with libconfuse into plain structures.
 *
 * libconfuse knows a file's form: sections, types, unknown keys (one error a
 * file, it stops there). What the values mean is read here, and what they may
 * not be together is in config_check.c; both go on after an error, so that one
 * run tells all. Runs in netd and in `netctl check`; no state.
 */
#include "config.h"

#include <confuse.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "config_internal.h"
#include "log.h"

#define FILES_MAX NETWORKS_MAX
#define FILE_BYTES_MAX (16 << 20)

const char *const net_mode_names[] = { "nat", "route", "isolated", "bridge" };
const char *const guard_mode_names[] = { "full", "mac", "off" };
static_assert(ARRAY_SIZE(net_mode_names) == NET_NMODES, "a name for each mode");
static_assert(ARRAY_SIZE(guard_mode_names) == GUARD_NMODES, "a name for each guard");

const char *net_mode_name(enum net_mode m)
{
	return net_mode_names[m];
}

const char *guard_mode_name(enum guard_mode m)
{
	return guard_mode_names[m];
}

void config_errors_add(struct config_errors *e, const char *file, int line, const char *fmt, ...)
{
	struct config_error *errors;
	va_list ap;

	errors = realloc(e->errors, (e->n + 1) * sizeof(*errors));
	if (!errors)
		return;
	e->errors = errors;
	errors[e->n].file = strdup(file);
	errors[e->n].line = line;
	va_start(ap, fmt);
	if (vasprintf(&errors[e->n].message, fmt, ap) < 0)
		errors[e->n].message = NULL;
	va_end(ap);
	e->n++;
}

void config_errors_done(struct config_errors *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->errors[i].file);
		free(e->errors[i].message);
	}
	free(e->errors);
	memset(e, 0, sizeof(*e));
}

json_t *config_errors_json(const struct config_errors *e)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->n; i++)
		json_array_append_new(array, json_pack("{s:s, s:i, s:s}", "file",
						       e->errors[i].file ? e->errors[i].file : "",
						       "line", e->errors[i].line, "message",
						       e->errors[i].message ? e->errors[i].message
									    : "out of memory"));
	return array;
}

/* ---- the form ------------------------------------------------------------- */

/*
 * libconfuse's error and validate callbacks have no user data; the error
 * function's destination is valid only inside file_parse().
 */
static _Thread_local struct config_errors *parse_errors;

/* An option remembers its line in its comment: section->line is that of the closing brace. */
static int remember_line(cfg_t *cfg, cfg_opt_t *opt)
{
	char line[16];

	snprintf(line, sizeof(line), "%d", cfg->line);
	cfg_opt_setcomment(opt, line);
	return 0;
}

static cfg_opt_t option_opts[] = { CFG_STR("value", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t dhcp_opts[] = { CFG_BOOL("enabled", cfg_true, CFGF_NODEFAULT),
				 CFG_STR("range", NULL, CFGF_NONE),
				 CFG_STR("range6", NULL, CFGF_NONE),
				 CFG_STR("lease", NULL, CFGF_NONE),
				 CFG_SEC("option", option_opts,
					 CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
				 CFG_STR("bootfile", NULL, CFGF_NONE),
				 CFG_STR("next-server", NULL, CFGF_NONE),
				 CFG_STR("tftp-root", NULL, CFGF_NONE),
				 CFG_END() };
static cfg_opt_t record_opts[] = { CFG_STR_LIST("address", NULL, CFGF_NODEFAULT), CFG_END() };
static cfg_opt_t srv_opts[] = { CFG_STR("target", NULL, CFGF_NONE), CFG_INT("port", 0, CFGF_NONE),
				CFG_INT("priority", 0, CFGF_NONE), CFG_INT("weight", 0, CFGF_NONE),
				CFG_END() };
static cfg_opt_t txt_opts[] = { CFG_STR("text", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t dns_opts[] = {
	CFG_BOOL("enabled", cfg_true, CFGF_NONE),
	CFG_STR("domain", NULL, CFGF_NONE),
	CFG_STR_LIST("forwarders", NULL, CFGF_NODEFAULT),
	CFG_SEC("record", record_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("srv", srv_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("txt", txt_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_BOOL("resolve-on-host", cfg_false, CFGF_NONE),
	CFG_END()
};
static cfg_opt_t host_opts[] = { CFG_STR("mac", NULL, CFGF_NONE),
				 CFG_STR_LIST("address", NULL, CFGF_NODEFAULT), CFG_END() };
static cfg_opt_t forward_opts[] = { CFG_STR("to", NULL, CFGF_NONE),
				    CFG_STR("listen", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t allow_opts[] = { CFG_STR_LIST("users", NULL, CFGF_NODEFAULT),
				  CFG_STR_LIST("groups", NULL, CFGF_NODEFAULT),
				  CFG_INT("max-ports", 32, CFGF_NONE), CFG_END() };
static cfg_opt_t network_opts[] = {
	CFG_STR("mode", NULL, CFGF_NONE),
	CFG_STR_LIST("address", NULL, CFGF_NODEFAULT),
	CFG_STR("uplink", NULL, CFGF_NONE),
	CFG_STR("bridge", NULL, CFGF_NONE),
	CFG_INT("mtu", 0, CFGF_NONE),
	CFG_STR("guard", NULL, CFGF_NONE),
	CFG_BOOL("isolated", cfg_false, CFGF_NONE),
	CFG_BOOL("host-access", cfg_false, CFGF_NODEFAULT),
	CFG_STR_LIST("ports", NULL, CFGF_NODEFAULT),
	CFG_SEC("dhcp", dhcp_opts, CFGF_NODEFAULT),
	CFG_SEC("dns", dns_opts, CFGF_NODEFAULT),
	CFG_SEC("host", host_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("forward", forward_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_SEC("allow", allow_opts, CFGF_NODEFAULT),
	CFG_END()
};
static cfg_opt_t networks_file_opts[] = {
	CFG_SEC("network", network_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()
};
static cfg_opt_t daemon_file_opts[] = { CFG_INT("dnsmasq-idle", 60, CFGF_NONE),
					CFG_INT("hook-timeout", 10, CFGF_NONE),
					CFG_STR("nft-owner", "auto", CFGF_NONE),
					CFG_STR("log-level", "info", CFGF_NONE), CFG_END() };

/* Every option of a tree, by path, gets the callback that remembers its line. */
static void remember_lines(cfg_t *cfg, const cfg_opt_t *opts, const char *prefix)
{
	for (; opts->name; opts++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "|" : "", opts->name);
		cfg_set_validate_func(cfg, path, remember_line);
		if (opts->type == CFGT_SEC)
			remember_lines(cfg, opts->subopts, path);
	}
}

static int opt_line(cfg_t *sec, const char *key)
{
	cfg_opt_t *opt = cfg_getopt(sec, key);
	const char *line = opt ? cfg_opt_getcomment(opt) : NULL;

	return line ? atoi(line) : 0;
}

/* Where a section begins, as near as its first key. */
static int section_line(cfg_t *sec)
{
	int first = sec->line;

	for (unsigned i = 0; i < cfg_num(sec); i++) {
		cfg_opt_t *opt = cfg_getnopt(sec, i);
		const char *line = cfg_opt_getcomment(opt);

		if (line && atoi(line) < first)
			first = atoi(line);
	}
	return first;
}

static const char *const *known_keys(cfg_t *sec, const char **names, size_t max, size_t *ret_n)
{
	size_t n = 0;

	for (unsigned i = 0; i < cfg_num(sec) && n < max; i++)
		names[n++] = cfg_getnopt(sec, i)->name;
	*ret_n = n;
	return names;
}

static void confuse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const char *file = cfg->filename ? cfg->filename : "?", *names[64], *near;
	char message[512], *quote, *end;
	size_t n;

	vsnprintf(message, sizeof(message), fmt, ap);
	quote = str_has_prefix(message, "no such option") ? strchr(message, '\'') : NULL;
	end = quote ? strchr(quote + 1, '\'') : NULL;
	if (!end) {
		config_errors_add(parse_errors, file, cfg->line, "%s", message);
		return;
	}
	*end = '\0';
	known_keys(cfg, names, ARRAY_SIZE(names), &n);
	if (name_near(quote + 1, names, n, &near, 1))
		config_errors_add(parse_errors, file, cfg->line,
				  "unknown key '%s', did you mean '%s'?", quote + 1, near);
	else
		config_errors_add(parse_errors, file, cfg->line,
				  "unknown key '%s': see netd.conf(5) for those of %s", quote + 1,
				  cfg->name && !streq(cfg->name, "root") ? cfg->name : "this file");
}

/* ---- values ------------------------------------------------------------------ */

/* Users and groups that allow { } named in this load. */
struct id_cache {
	struct {
		char name[33];
		bool user;
		uint32_t id;
	} ids[64];
	size_t n;
};

struct reader {
	const char *file;
	struct config_errors *errors;
	struct config_network *net;
	struct id_cache *cache;
};

static void complain(const struct reader *rd, int line, const char *fmt, ...) _printf_(3, 4);
static void complain(const struct reader *rd, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config_errors_add(rd->errors, rd->file, line, "%s", text);
}

/* "A, B or C" of a table of names. */
static const char *choices(const char *const names[], size_t n, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++)
		len += snprintf(buf + len, size - len, "%s%s", names[i],
				i + 2 < n    ? ", "
				: i + 2 == n ? " or "
					     : "");
	return buf;
}

static int read_choice(const struct reader *rd, cfg_t *sec, const char *key,
		       const char *const names[], size_t n, int otherwise)
{
	const char *value = cfg_getstr(sec, key);
	char text[128];

	if (!value)
		return otherwise;
	for (size_t i = 0; i < n; i++)
		if (streq(value, names[i]))
			return i;
	complain(rd, opt_line(sec, key), "%s = \"%s\": expected %s", key, value,
		 choices(names, n, text, sizeof(text)));
	return otherwise;
}

static char **read_strings(cfg_t *sec, const char *key, size_t *ret_n)
{
	size_t n = cfg_size(sec, key);
	char **list = calloc(n ? n : 1, sizeof(*list));

	*ret_n = 0;
	for (size_t i = 0; list && i < n; i++) {
		list[i] = strdup(cfg_getnstr(sec, key, i));
		if (list[i])
			++*ret_n;
	}
	return list;
}

static char *read_string(cfg_t *sec, const char *key)
{
	const char *value = cfg_getstr(sec, key);

	return value && *value ? strdup(value) : NULL;
}

static bool read_addr(const struct reader *rd, cfg_t *sec, const char *key, const char *text,
		      struct addr *ret)
{
	if (addr_parse(text, ret) == 0)
		return true;
	complain(rd, opt_line(sec, key), "%s = \"%s\": not an IPv4 or IPv6 address", key, text);
	return false;
}

static void read_addresses(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	size_t n = cfg_size(sec, "address");

	for (size_t i = 0; i < n; i++) {
		const char *text = cfg_getnstr(sec, "address", i);
		int line = opt_line(sec, "address");

		if (streq(text, "auto")) {
			net->address_auto = true;
		} else if (net->naddresses == NETWORK_ADDRESSES_MAX) {
			complain(rd, line, "address: more than %d", NETWORK_ADDRESSES_MAX);
			break;
		} else if (prefix_parse(text, &net->addresses[net->naddresses]) == 0) {
			net->naddresses++;
		} else {
			complain(
				rd, line,
				"address = \"%s\": expected the host's own address with its prefix "
				"length, as in \"10.77.0.1/24\", or \"auto\"",
				text);
		}
	}
	if (net->address_auto && n > 1)
		complain(rd, opt_line(sec, "address"),
			 "address: \"auto\" stands alone; drop it or the other addresses");
}

/* "12h" in seconds; "infinite" is 0. */
int config_duration_parse(const char *text, unsigned *ret_s)
{
	static const struct {
		char unit;
		unsigned seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	unsigned long long v;
	char *end;

	if (streq(text, "infinite")) {
		*ret_s = 0;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || v > UINT32_MAX)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (end[0] == units[i].unit && !end[1]) {
			v *= units[i].seconds;
			end++;
			break;
		}
	}
	/* dnsmasq's own limits: two minutes to what fits in 32 bits */
	if (*end || v < 120 || v >= UINT32_MAX)
		return -EINVAL;
	*ret_s = v;
	return 0;
}

static void read_range(const struct reader *rd, cfg_t *sec, const char *key, sa_family_t family,
		       struct addr_range *ret)
{
	const char *text = cfg_getstr(sec, key);

	if (!text)
		return;
	if (addr_range_parse(text, ret) < 0 || ret->first.family != family) {
		complain(rd, opt_line(sec, key), "%s = \"%s\": expected FIRST-LAST, %s", key, text,
			 family == AF_INET ? "as in \"10.77.0.100-10.77.0.199\""
					   : "as in \"fd77::100-fd77::1ff\"");
		ret->first.family = ret->last.family = AF_UNSPEC;
	}
}

static void read_options(const struct reader *rd, cfg_t *dhcp)
{
	struct config_network *net = rd->net;
	size_t n = cfg_size(dhcp, "option");

	net->dhcp.options = calloc(n ? n : 1, sizeof(*net->dhcp.options));
	for (size_t i = 0; net->dhcp.options && i < n; i++) {
		cfg_t *sec = cfg_getnsec(dhcp, "option", i);
		struct config_option *o = &net->dhcp.options[net->dhcp.noptions];
		const char *title = cfg_title(sec), *digits = title;
		unsigned long number;
		char *end;

		o->line = section_line(sec);
		o->v6 = str_has_prefix(title, "6:");
		if (o->v6)
			digits += 2;
		number = strtoul(digits, &end, 10);
		o->value = read_string(sec, "value");
		if (!isdigit((unsigned char)*digits) || *end || !number ||
		    number > (o->v6 ? 65535 : 254))
			complain(rd, o->line,
				 "option \"%s\": expected a DHCP option's number, 1 to 254, or "
				 "\"6:NUMBER\" for DHCPv6",
				 title);
		else if (!o->value)
			complain(rd, o->line, "option \"%s\": value is missing", title);
		else if (strpbrk(o->value, "\n\r"))
			complain(rd, o->line, "option \"%s\": the value has a line break", title);
		o->number = number;
		net->dhcp.noptions++;
	}
}

static void read_dhcp(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	const char *lease = cfg_getstr(sec, "lease"), *server = cfg_getstr(sec, "next-server");

	if (cfg_opt_size(cfg_getopt(sec, "enabled")))
		net->dhcp.enabled = cfg_getbool(sec, "enabled");
	read_range(rd, sec, "range", AF_INET, &net->dhcp.range);
	read_range(rd, sec, "range6", AF_INET6, &net->dhcp.range6);
	if (lease && config_duration_parse(lease, &net->dhcp.lease_s) < 0)
		complain(rd, opt_line(sec, "lease"),
			 "lease = \"%s\": expected a time of at least 2m, as in \"12h\" (s, m, h, "
			 "d, w), "
			 "or \"infinite\"",
			 lease);
	read_options(rd, sec);
	net->dhcp.bootfile = read_string(sec, "bootfile");
	net->dhcp.tftp_root = read_string(sec, "tftp-root");
	if (server && *server)
		read_addr(rd, sec, "next-server", server, &net->dhcp.next_server);
}

static struct config_record *record_add(struct config_network *net, int kind, cfg_t *sec)
{
	struct config_record *records, *r;

	records = realloc(net->dns.records, (net->dns.nrecords + 1) * sizeof(*records));
	if (!records)
		return NULL;
	net->dns.records = records;
	r = &records[net->dns.nrecords++];
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->name = strdup(cfg_title(sec));
	r->line = section_line(sec);
	return r;
}

static void read_record(const struct reader *rd, cfg_t *sec)
{
	struct config_record *r = record_add(rd->net, RECORD_ADDRESS, sec);
	size_t n = cfg_size(sec, "address");

	if (!r)
		return;
	if (!n)
		complain(rd, r->line, "record \"%s\": address is missing", r->name);
	if (n > ARRAY_SIZE(r->addresses))
		complain(rd, r->line, "record \"%s\": more than %zu addresses", r->name,
			 ARRAY_SIZE(r->addresses));
	for (size_t i = 0; i < n && i < ARRAY_SIZE(r->addresses); i++)
		if (read_addr(rd, sec, "address", cfg_getnstr(sec, "address", i),
			      &r->addresses[r->naddresses]))
			r->naddresses++;
}

static uint16_t read_port(const struct reader *rd, cfg_t *sec, const char *key, long low)
{
	long v = cfg_getint(sec, key);

	if (v >= low && v <= 65535)
		return v;
	complain(rd, opt_line(sec, key) ? opt_line(sec, key) : section_line(sec),
		 "%s = %ld: expected %ld to 65535", key, v, low);
	return 0;
}

static void read_srv(const struct reader *rd, cfg_t *sec)
{
	struct config_record *r = record_add(rd->net, RECORD_SRV, sec);

	if (!r)
		return;
	r->target = read_string(sec, "target");
	if (!r->target)
		complain(rd, r->line, "srv \"%s\": target is missing", r->name);
	r->port = read_port(rd, sec, "port", 1);
	r->priority = read_port(rd, sec, "priority", 0);
	r->weight = read_port(rd, sec, "weight", 0);
}

static void read_txt(const struct reader *rd, cfg_t *sec)
{
	struct config_record *r = record_add(rd->net, RECORD_TXT, sec);

	if (!r)
		return;
	r->text = read_string(sec, "text");
	if (!r->text)
		complain(rd, r->line, "txt \"%s\": text is missing", r->name);
}

static void read_dns(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	size_t n = cfg_size(sec, "forwarders");

	net->dns.enabled = cfg_getbool(sec, "enabled");
	net->dns.resolve_on_host = cfg_getbool(sec, "resolve-on-host");
	free(net->dns.domain);
	net->dns.domain = read_string(sec, "domain");
	net->dns.forwarders = calloc(n ? n : 1, sizeof(*net->dns.forwarders));
	for (size_t i = 0; net->dns.forwarders && i < n; i++)
		if (read_addr(rd, sec, "forwarders", cfg_getnstr(sec, "forwarders", i),
			      &net->dns.forwarders[net->dns.nforwarders]))
			net->dns.nforwarders++;
	for (size_t i = 0; i < cfg_size(sec, "record"); i++)
		read_record(rd, cfg_getnsec(sec, "record", i));
	for (size_t i = 0; i < cfg_size(sec, "srv"); i++)
		read_srv(rd, cfg_getnsec(sec, "srv", i));
	for (size_t i = 0; i < cfg_size(sec, "txt"); i++)
		read_txt(rd, cfg_getnsec(sec, "txt", i));
}

static void read_host(const struct reader *rd, cfg_t *sec, struct config_host *h)
{
	const char *mac = cfg_getstr(sec, "mac");

	h->name = strdup(cfg_title(sec));
	h->line = section_line(sec);
	if (mac &&
	    (mac_parse(mac, &h->mac) < 0 || mac_is_multicast(&h->mac) || !mac_is_set(&h->mac)))
		complain(rd, opt_line(sec, "mac"),
			 "mac = \"%s\": expected a unicast address as in \"52:54:00:12:34:56\"",
			 mac);
	for (size_t i = 0; i < cfg_size(sec, "address"); i++) {
		struct addr a;

		if (!read_addr(rd, sec, "address", cfg_getnstr(sec, "address", i), &a))
			continue;
		if (addr_is_set(a.family == AF_INET ? &h->addr4 : &h->addr6))
			complain(rd, opt_line(sec, "address"),
				 "host \"%s\": one address a family is enough", h->name);
		*(a.family == AF_INET ? &h->addr4 : &h->addr6) = a;
	}
}

/* "tcp/8000-8010" */
int config_forward_parse(const char *title, struct config_forward *ret)
{
	const char *slash = strchr(title, '/'), *p;
	unsigned long first, last;
	char *end;

	if (!slash)
		return -EINVAL;
	if (slash - title == 3 && strncmp(title, "tcp", 3) == 0)
		ret->protocol = IPPROTO_TCP;
	else if (slash - title == 3 && strncmp(title, "udp", 3) == 0)
		ret->protocol = IPPROTO_UDP;
	else
		return -EINVAL;
	p = slash + 1;
	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	first = last = strtoul(p, &end, 10);
	if (*end == '-') {
		p = end + 1;
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		last = strtoul(p, &end, 10);
	}
	if (*end || !first || last > 65535 || first > last)
		return -EINVAL;
	ret->first = first;
	ret->last = last;
	return 0;
}

/* "web:22", "10.77.0.10:22", "[fd77::10]:22"; without a port: the same as outside. */
int config_forward_to_parse(const char *text, struct config_forward *ret)
{
	_cleanup_free_ char *host = strdup(text);
	char *port = NULL;
	unsigned long v = ret->first;
	char *end;

	if (!host)
		return -ENOMEM;
	if (host[0] == '[') {
		port = strchr(host, ']');
		if (!port)
			return -EINVAL;
		*port++ = '\0';
		if (*port && *port != ':')
			return -EINVAL;
		port = *port ? port + 1 : NULL;
		memmove(host, host + 1, strlen(host));
	} else {
		port = strchr(host, ':');
		if (port)
			*port++ = '\0';
	}
	if (port) {
		if (!isdigit((unsigned char)*port))
			return -EINVAL;
		v = strtoul(port, &end, 10);
		if (*end || !v || v > 65535)
			return -EINVAL;
	}
	if (v + (ret->last - ret->first) > 65535)
		return -ERANGE;
	ret->to_port = v;
	if (addr_parse(host, &ret->to_addr) == 0)
		return 0;
	memset(&ret->to_addr, 0, sizeof(ret->to_addr));
	if (!name_valid(host))
		return -EINVAL;
	ret->to_name = strdup(host);
	return ret->to_name ? 0 : -ENOMEM;
}

static void read_forward(const struct reader *rd, cfg_t *sec, struct config_forward *f)
{
	const char *to = cfg_getstr(sec, "to"), *listen = cfg_getstr(sec, "listen");
	int r;

	f->line = section_line(sec);
	if (config_forward_parse(cfg_title(sec), f) < 0) {
		complain(rd, f->line,
			 "forward \"%s\": expected \"tcp/PORT\", \"udp/PORT\" or a range as in "
			 "\"tcp/8000-8010\"",
			 cfg_title(sec));
		return;
	}
	if (listen)
		read_addr(rd, sec, "listen", listen, &f->listen);
	if (!to) {
		complain(rd, f->line, "forward \"%s\": to is missing, as in to = \"web:22\"",
			 cfg_title(sec));
		return;
	}
	r = config_forward_to_parse(to, f);
	if (r == -ERANGE)
		complain(rd, opt_line(sec, "to"),
			 "to = \"%s\": the last port of the range would be over 65535", to);
	else if (r < 0)
		complain(rd, opt_line(sec, "to"),
			 "to = \"%s\": expected a port's name or an address, and a port number, as "
			 "in "
			 "\"web:22\", \"10.77.0.10:22\" or \"[fd77::10]:22\"",
			 to);
}

static void read_allow(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	long max = cfg_getint(sec, "max-ports");

	net->allow.users = read_strings(sec, "users", &net->allow.nusers);
	net->allow.groups = read_strings(sec, "groups", &net->allow.ngroups);
	if (max < 1 || max > 1023)
		complain(rd, opt_line(sec, "max-ports"),
			 "max-ports = %ld: expected 1 to 1023, what a bridge can hold", max);
	else
		net->allow.max_ports = max;
}

/* The uid or gid of a name; -1: none. Each name is asked for once a load. */
static uint32_t id_of(struct id_cache *cache, const char *name, bool user)
{
	uint32_t id = -1;

	for (size_t i = 0; i < cache->n; i++)
		if (cache->ids[i].user == user && streq(cache->ids[i].name, name))
			return cache->ids[i].id;
	if (user) {
		const struct passwd *pw = getpwnam(name);

		id = pw ? pw->pw_uid : id;
	} else {
		const struct group *gr = getgrnam(name);

		id = gr ? gr->gr_gid : id;
	}
	if (cache->n < ARRAY_SIZE(cache->ids) && strlen(name) < sizeof(cache->ids[0].name)) {
		str_copy(cache->ids[cache->n].name, sizeof(cache->ids[0].name), name);
		cache->ids[cache->n].user = user;
		cache->ids[cache->n++].id = id;
	}
	return id;
}

/*
 * Names to numbers when the file is read: a name service that answers late must not hold up a
 * client. Without allow { } it is group netd.
 */
static void resolve_allow(const struct reader *rd)
{
	static char netd[] = "netd", *const fallback[] = { netd };
	struct config_network *net = rd->net;
	bool none = !net->allow.nusers && !net->allow.ngroups;
	char *const *groups = none ? fallback : net->allow.groups;
	size_t ngroups = none ? 1 : net->allow.ngroups;

	net->allow.uids = calloc(net->allow.nusers + 1, sizeof(uid_t));
	net->allow.gids = calloc(ngroups + 1, sizeof(gid_t));
	for (size_t i = 0; net->allow.uids && i < net->allow.nusers; i++) {
		uint32_t id = id_of(rd->cache, net->allow.users[i], true);

		if (id != (uint32_t)-1)
			net->allow.uids[net->allow.nuids++] = id;
	}
	for (size_t i = 0; net->allow.gids && i < ngroups; i++) {
		uint32_t id = id_of(rd->cache, groups[i], false);

		if (id != (uint32_t)-1)
			net->allow.gids[net->allow.ngids++] = id;
	}
}

static void read_ifname(const struct reader *rd, cfg_t *sec, const char *key, char *ret)
{
	const char *value = cfg_getstr(sec, key);

	if (value && !ifname_valid(value))
		complain(
			rd, opt_line(sec, key),
			"%s = \"%s\": an interface's name has 1 to 15 characters, no blank, no '/'",
			key, value);
	else if (value)
		str_copy(ret, IFNAMSIZ, value);
}

static void read_links(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	char uplink[IFNAMSIZ] = "";
	long mtu = cfg_getint(sec, "mtu");

	read_ifname(rd, sec, "bridge", net->bridge);
	net->bridge_given = net->bridge[0];
	if (!net->bridge_given)
		config_bridge_name(net->name, net->bridge);
	if (cfg_getstr(sec, "uplink") && !streq(cfg_getstr(sec, "uplink"), "auto")) {
		read_ifname(rd, sec, "uplink", uplink);
		net->uplink = uplink[0] ? strdup(uplink) : NULL;
	}
	net->uplink_line = opt_line(sec, "uplink");
	net->bridge_line = opt_line(sec, "bridge");
	net->address_line = opt_line(sec, "address");
	net->address_given = cfg_size(sec, "address") > 0;
	if (cfg_size(sec, "mtu") && opt_line(sec, "mtu") && (mtu < 576 || mtu > 65535))
		complain(rd, opt_line(sec, "mtu"), "mtu = %ld: expected 576 to 65535", mtu);
	else
		net->mtu = mtu;
}

static void read_network(const struct reader *rd, cfg_t *sec)
{
	struct config_network *net = rd->net;
	size_t n;

	net->mode = read_choice(rd, sec, "mode", net_mode_names, NET_NMODES, MODE_NAT);
	read_addresses(rd, sec);
	read_links(rd, sec);
	net->guard = read_choice(rd, sec, "guard", guard_mode_names, GUARD_NMODES,
				 net->mode == MODE_BRIDGE ? GUARD_MAC : GUARD_FULL);
	net->isolated = cfg_getbool(sec, "isolated");
	net->host_access = cfg_opt_size(cfg_getopt(sec, "host-access"))
				   ? cfg_getbool(sec, "host-access")
				   : net->mode != MODE_ISOLATED;
	net->ports = read_strings(sec, "ports", &net->nports);
	net->ports_line = opt_line(sec, "ports");
	net->dhcp.enabled = net->dns.enabled = net->mode != MODE_BRIDGE;
	net->dhcp.lease_s = 12 * 3600;
	net->allow.max_ports = 32;
	if (cfg_size(sec, "dhcp"))
		read_dhcp(rd, cfg_getsec(sec, "dhcp"));
	if (cfg_size(sec, "dns"))
		read_dns(rd, cfg_getsec(sec, "dns"));
	if (!net->dns.domain && asprintf(&net->dns.domain, "%s.internal", net->name) < 0)
		net->dns.domain = NULL;
	n = cfg_size(sec, "host");
	net->hosts = calloc(n ? n : 1, sizeof(*net->hosts));
	for (size_t i = 0; net->hosts && i < n; i++)
		read_host(rd, cfg_getnsec(sec, "host", i), &net->hosts[net->nhosts++]);
	n = cfg_size(sec, "forward");
	net->forwards = calloc(n ? n : 1, sizeof(*net->forwards));
	for (size_t i = 0; net->forwards && i < n; i++)
		read_forward(rd, cfg_getnsec(sec, "forward", i), &net->forwards[net->nforwards++]);
	if (cfg_size(sec, "allow"))
		read_allow(rd, cfg_getsec(sec, "allow"));
	resolve_allow(rd);
}

/* ---- files ----------------------------------------------------------------- */

/*
 * libconfuse takes the end of the file for the end of every open section. The line of the first
 * brace that is never closed; 0: all are.
 */
static int unclosed_brace(FILE *f)
{
	int line = 1, depth = 0, open_line[16], c, quote = 0;
	int found = 0;

	while ((c = fgetc(f)) != EOF) {
		if (quote == '#' || quote == '*') {
			if (quote == '#' ? c == '\n' : c == '*' && (c = fgetc(f)) == '/')
				quote = 0;
		} else if (quote) {
			if (c == '\\')
				c = fgetc(f);
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'' || c == '#') {
			quote = c;
		} else if (c == '/') {
			c = fgetc(f);
			quote = c == '*' ? '*' : c == '/' ? '#' : 0;
		} else if (c == '{') {
			if (depth < (int)ARRAY_SIZE(open_line))
				open_line[depth] = line;
			depth++;
		} else if (c == '}' && depth > 0) {
			depth--;
		}
		line += c == '\n';
	}
	if (depth > 0)
		found = open_line[MIN(depth, (int)ARRAY_SIZE(open_line)) - 1];
	rewind(f);
	return found;
}

/* NULL: the error is recorded. */
static cfg_t *file_parse(const char *path, cfg_opt_t *opts, struct config_errors *errors)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	size_t before = errors->n;
	struct stat st;
	cfg_t *cfg;
	int r, open_line;

	if (!f || fstat(fileno(f), &st) < 0) {
		config_errors_add(errors, path, 0, "cannot read it: %s", strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
		config_errors_add(errors, path, 0, "not a regular file of at most %d MiB",
				  FILE_BYTES_MAX >> 20);
		return NULL;
	}
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		return NULL;
	parse_errors = errors;
	cfg_set_error_function(cfg, confuse_error);
	remember_lines(cfg, opts, "");
	cfg->filename = strdup(path);
	r = cfg_parse_fp(cfg, f);
	parse_errors = NULL;
	rewind(f);
	open_line = r == CFG_SUCCESS ? unclosed_brace(f) : 0;
	if (open_line)
		config_errors_add(errors, path, open_line, "this '{' is never closed");
	else if (r == CFG_SUCCESS)
		return cfg;
	else if (errors->n == before)
		config_errors_add(errors, path, cfg->line, "syntax error");
	cfg_free(cfg);
	return NULL;
}

static void networks_read(struct config *c, const char *path, struct id_cache *cache,
			  struct config_errors *errors)
{
	cfg_t *cfg = file_parse(path, networks_file_opts, errors);

	for (size_t i = 0; cfg && i < cfg_size(cfg, "network"); i++) {
		cfg_t *sec = cfg_getnsec(cfg, "network", i);
		struct reader rd = { .file = path, .errors = errors, .cache = cache };
		struct config_network *networks;

		if (c->nnetworks == NETWORKS_MAX) {
			config_errors_add(errors, path, section_line(sec), "more than %d networks",
					  NETWORKS_MAX);
			break;
		}
		networks = realloc(c->networks, (c->nnetworks + 1) * sizeof(*networks));
		if (!networks)
			break;
		c->networks = networks;
		rd.net = &networks[c->nnetworks];
		memset(rd.net, 0, sizeof(*rd.net));
		if (!name_valid(cfg_title(sec)) ||
		    str_copy(rd.net->name, sizeof(rd.net->name), cfg_title(sec)) < 0) {
			config_errors_add(errors, path, section_line(sec),
					  "network \"%s\": a name has 1 to 63 of a-z, 0-9 and '-', "
					  "not at its ends",
					  cfg_title(sec));
			continue;
		}
		rd.net->file = strdup(path);
		rd.net->line = section_line(sec);
		c->nnetworks++;
		read_network(&rd, sec);
	}
	if (cfg)
		cfg_free(cfg);
}

static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && streq(e->d_name + len - 5, ".conf");
}

static void directory_read(struct config *c, const char *dir, struct config_errors *errors)
{
	_cleanup_free_ char *path = NULL;
	struct id_cache cache = { .n = 0 };
	struct dirent **entries;
	int n;

	if (asprintf(&path, "%s/networks", dir) < 0)
		return;
	n = scandir(path, &entries, is_conf, alphasort);
	if (n < 0) {
		if (errno != ENOENT)
			config_errors_add(errors, path, 0, "cannot read it: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = NULL;

		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0)
			networks_read(c, file, &cache, errors);
		free(entries[i]);
	}
	free(entries);
}

static unsigned read_seconds(cfg_t *cfg, const char *path, const char *key, long low, long high,
			     struct config_errors *errors)
{
	long v = cfg_getint(cfg, key);

	if (v < low || v > high)
		config_errors_add(errors, path, opt_line(cfg, key),
				  "%s = %ld: expected %ld to %ld seconds", key, v, low, high);
	return v;
}

static void daemon_read(struct config *c, const char *dir, struct config_errors *errors)
{
	static const char *const owners[] = { "auto", "yes", "no" };
	static const char *const levels[] = { "error", "warn", "info", "debug" };
	_cleanup_free_ char *path = NULL;
	struct reader rd = { .errors = errors };
	cfg_t *cfg;

	c->dnsmasq_idle_s = 60;
	c->hook_timeout_s = 10;
	c->nft_owner = strdup("auto");
	c->log_level = LOG_LEVEL_INFO;
	if (asprintf(&path, "%s/netd.conf", dir) < 0 || access(path, F_OK) < 0)
		return;
	cfg = file_parse(path, daemon_file_opts, errors);
	if (!cfg)
		return;
	rd.file = path;
	c->dnsmasq_idle_s = read_seconds(cfg, path, "dnsmasq-idle", 0, 86400, errors);
	c->hook_timeout_s = read_seconds(cfg, path, "hook-timeout", 1, 3600, errors);
	free(c->nft_owner);
	c->nft_owner = strdup(owners[read_choice(&rd, cfg, "nft-owner", owners, 3, 0)]);
	c->log_level = read_choice(&rd, cfg, "log-level", levels, 4, LOG_LEVEL_INFO);
	cfg_free(cfg);
}

static int network_cmp(const void *a, const void *b)
{
	return strcmp(((const struct config_network *)a)->name,
		      ((const struct config_network *)b)->name);
}

int config_load(const char *dir, struct config **ret, struct config_errors *errors)
{
	_cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
	struct stat st;

	if (!c)
		return -ENOMEM;
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		config_errors_add(errors, dir, 0,
				  "no such directory: netd reads netd.conf and "
				  "networks/*.conf there");
		return -EINVAL;
	}
	daemon_read(c, dir, errors);
	directory_read(c, dir, errors);
	if (c->nnetworks)
		qsort(c->networks, c->nnetworks, sizeof(*c->networks), network_cmp);
	config_check(c, errors);
	if (errors->n)
		return -EINVAL;
	*ret = TAKE_PTR(c);
	return 0;
}

static void strings_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static void config_network_done(struct config_network *net)
{
	free(net->file);
	free(net->uplink);
	strings_free(net->ports, net->nports);
	for (size_t i = 0; i < net->dhcp.noptions; i++)
		free(net->dhcp.options[i].value);
	free(net->dhcp.options);
	free(net->dhcp.bootfile);
	free(net->dhcp.tftp_root);
	free(net->dns.domain);
	free(net->dns.forwarders);
	for (size_t i = 0; i < net->dns.nrecords; i++) {
		free(net->dns.records[i].name);
		free(net->dns.records[i].target);
		free(net->dns.records[i].text);
	}
	free(net->dns.records);
	for (size_t i = 0; i < net->nhosts; i++)
		free(net->hosts[i].name);
	free(net->hosts);
	for (size_t i = 0; i < net->nforwards; i++)
		free(net->forwards[i].to_name);
	free(net->forwards);
	strings_free(net->allow.users, net->allow.nusers);
	strings_free(net->allow.groups, net->allow.ngroups);
	free(net->allow.uids);
	free(net->allow.gids);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nnetworks; i++)
		config_network_done(&c->networks[i]);
	free(c->networks);
	free(c->nft_owner);
	free(c);
}

const struct config_network *config_find(const struct config *c, const char *name)
{
	size_t low = 0, high = c->nnetworks;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int d = strcmp(name, c->networks[mid].name);

		if (d == 0)
			return &c->networks[mid];
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
