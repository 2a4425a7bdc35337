// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs that look: list, show, ports, leases, monitor, metrics; and tables.
 */
#include <stdarg.h>
#include <time.h>

#include "netctl.h"

/* ---- tables ---------------------------------------------------------------------- */

void table_init(struct table *t, size_t ncols)
{
	memset(t, 0, sizeof(*t));
	t->ncols = ncols;
}

void table_row(struct table *t, ...)
{
	char **row = calloc(t->ncols, sizeof(*row)), ***rows;
	va_list ap;

	rows = realloc(t->rows, (t->nrows + 1) * sizeof(*rows));
	if (!row || !rows) {
		free(row);
		return;
	}
	t->rows = rows;
	va_start(ap, t);
	for (size_t i = 0; i < t->ncols; i++) {
		const char *cell = va_arg(ap, const char *);

		row[i] = strdup(cell && *cell ? cell : "-");
	}
	va_end(ap);
	t->rows[t->nrows++] = row;
}

bool netctl_colours(void)
{
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

void table_print(const struct table *t)
{
	bool bold = netctl_colours();
	size_t *widths = calloc(t->ncols, sizeof(*widths));

	if (!widths)
		return;
	for (size_t r = 0; r < t->nrows; r++)
		for (size_t i = 0; i < t->ncols; i++)
			widths[i] = MAX(widths[i], strlen(t->rows[r][i]));
	for (size_t r = 0; r < t->nrows; r++) {
		if (bold && r == 0)
			fputs("\033[1m", stdout);
		for (size_t i = 0; i + 1 < t->ncols; i++)
			printf("%-*s  ", (int)widths[i], t->rows[r][i]);
		fputs(t->rows[r][t->ncols - 1], stdout);
		if (bold && r == 0)
			fputs("\033[0m", stdout);
		putchar('\n');
	}
	free(widths);
}

void table_done(struct table *t)
{
	for (size_t r = 0; r < t->nrows; r++) {
		for (size_t i = 0; i < t->ncols; i++)
			free(t->rows[r][i]);
		free(t->rows[r]);
	}
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

/* ---- verbs -------------------------------------------------------------------------- */

/* Calls, prints JSON when asked to; the array of @key otherwise, or NULL with the status. */
static const json_t *get_array(struct netctl *c, const char *method, json_t *parameters,
			       const char *key, struct varlink_result *res, int *ret_status)
{
	*ret_status = netctl_call(c, method, parameters, NULL, 0, res);
	if (*ret_status)
		return NULL;
	if (c->json) {
		netctl_print_json(json_object_get(res->parameters, key));
		varlink_result_done(res);
		return NULL;
	}
	return json_object_get(res->parameters, key);
}

static json_t *network_parameter(int argc, char **argv)
{
	return argc > 1 ? json_pack("{s:s}", "network", argv[1]) : json_object();
}

int netctl_list(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	const json_t *networks;
	struct table t;
	int status;
	json_t *n;
	size_t i;

	if (argc > 1)
		return netctl_usage(argv[0], "it takes no '%s'", argv[1]);
	networks = get_array(c, "io.netd.List", NULL, "networks", &res, &status);
	if (!networks)
		return status;
	table_init(&t, 7);
	table_row(&t, "NETWORK", "MODE", "STATE", "BRIDGE", "ADDRESSES", "PORTS", "REASON");
	json_array_foreach(networks, i, n) {
		char addresses[512], ports[16];

		netctl_join(json_object_get(n, "addresses"), addresses, sizeof(addresses));
		snprintf(ports, sizeof(ports), "%lld", netctl_int(n, "ports"));
		table_row(&t, netctl_str(n, "name"), netctl_str(n, "mode"), netctl_str(n, "state"),
			  netctl_str(n, "bridge"), addresses, ports, netctl_str(n, "reason"));
	}
	if (json_array_size(networks))
		table_print(&t);
	else
		puts("no networks that you may use: see netd.conf(5), and netctl apply");
	table_done(&t);
	varlink_result_done(&res);
	return EXIT_DONE;
}

static void show_list(const char *label, const json_t *array)
{
	char text[1024];

	netctl_join(array, text, sizeof(text));
	printf("  %-12s %s\n", label, text[0] ? text : "-");
}

static void show_forwards(const json_t *forwards)
{
	json_t *f;
	size_t i;

	json_array_foreach(forwards, i, f) {
		char range[32], listen[80] = "";

		if (netctl_int(f, "first") == netctl_int(f, "last"))
			snprintf(range, sizeof(range), "%lld", netctl_int(f, "first"));
		else
			snprintf(range, sizeof(range), "%lld-%lld", netctl_int(f, "first"),
				 netctl_int(f, "last"));
		if (*netctl_str(f, "listen"))
			snprintf(listen, sizeof(listen), " on %s", netctl_str(f, "listen"));
		printf("  %-12s %s/%s%s to %s:%lld\n", i ? "" : "forwards",
		       netctl_str(f, "protocol"), range, listen, netctl_str(f, "to"),
		       netctl_int(f, "to_port"));
	}
}

static void show_dhcp(const json_t *n, const json_t *config)
{
	const json_t *dhcp = json_object_get(config, "dhcp");
	long long lease = netctl_int(dhcp, "lease_s");

	if (!json_is_true(json_object_get(dhcp, "enabled"))) {
		printf("  %-12s off\n", "dhcp");
		return;
	}
	printf("  %-12s %s, leases ", "dhcp",
	       *netctl_str(dhcp, "range") ? netctl_str(dhcp, "range") : "the whole subnet");
	if (lease)
		printf("%lld s", lease);
	else
		printf("without end");
	if (netctl_int(n, "dnsmasq"))
		printf(", dnsmasq pid %lld\n", netctl_int(n, "dnsmasq"));
	else
		printf(", dnsmasq starts with the first port\n");
}

int netctl_show(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	const json_t *n, *config;
	int status;

	if (argc != 2)
		return netctl_usage(argv[0], "it takes one network");
	n = get_array(c, "io.netd.Show", network_parameter(argc, argv), "network", &res, &status);
	if (!n)
		return status;
	config = json_object_get(n, "config");
	printf("%s: %s, %s%s%s\n", netctl_str(n, "name"), netctl_str(n, "mode"),
	       netctl_str(n, "state"), *netctl_str(n, "reason") ? ": " : "",
	       netctl_str(n, "reason"));
	printf("  %-12s %s (%s), mtu %lld\n", "bridge", netctl_str(n, "bridge"),
	       netctl_str(n, "mac"), netctl_int(n, "mtu"));
	show_list("addresses", json_object_get(n, "addresses"));
	printf("  %-12s %s\n", "uplink",
	       *netctl_str(n, "uplink") ? netctl_str(n, "uplink") : "auto");
	printf("  %-12s %s%s\n", "guard", netctl_str(n, "guard"),
	       json_is_true(json_object_get(n, "isolated")) ? ", ports isolated" : "");
	show_dhcp(n, config);
	if (*netctl_str(n, "domain"))
		printf("  %-12s %s\n", "domain", netctl_str(n, "domain"));
	show_list("joins", json_object_get(config, "ports"));
	show_forwards(json_object_get(config, "forwards"));
	printf("  %-12s %lld\n", "ports", netctl_int(n, "ports"));
	varlink_result_done(&res);
	return EXIT_DONE;
}

static void bytes_text(long long bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = bytes;
	size_t u = 0;

	while (v >= 1024 && u + 1 < ARRAY_SIZE(units)) {
		v /= 1024;
		u++;
	}
	snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

int netctl_ports(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	const json_t *ports;
	struct table t;
	int status;
	json_t *p;
	size_t i;

	if (argc > 2)
		return netctl_usage(argv[0], "it takes one network at most");
	ports = get_array(c, "io.netd.Ports", network_parameter(argc, argv), "ports", &res,
			  &status);
	if (!ports)
		return status;
	table_init(&t, 10);
	table_row(&t, "NETWORK", "PORT", "KIND", "STATE", "INTERFACE", "MAC", "ADDRESSES", "UID",
		  "RECEIVED", "SENT");
	json_array_foreach(ports, i, p) {
		const json_t *stats = json_object_get(p, "stats");
		char addresses[256], uid[16], rx[32], tx[32];

		netctl_join(json_object_get(p, "addresses"), addresses, sizeof(addresses));
		snprintf(uid, sizeof(uid), "%lld", netctl_int(p, "uid"));
		bytes_text(netctl_int(stats, "rx_bytes"), rx, sizeof(rx));
		bytes_text(netctl_int(stats, "tx_bytes"), tx, sizeof(tx));
		table_row(&t, netctl_str(p, "network"), netctl_str(p, "name"),
			  netctl_str(p, "kind"), netctl_str(p, "state"), netctl_str(p, "ifname"),
			  netctl_str(p, "mac"), addresses, uid, rx, tx);
	}
	if (json_array_size(ports))
		table_print(&t);
	else
		puts("no ports");
	table_done(&t);
	varlink_result_done(&res);
	return EXIT_DONE;
}

int netctl_leases(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	const json_t *leases;
	struct table t;
	int status;
	json_t *l;
	size_t i;

	if (argc > 2)
		return netctl_usage(argv[0], "it takes one network at most");
	leases = get_array(c, "io.netd.Leases", network_parameter(argc, argv), "leases", &res,
			   &status);
	if (!leases)
		return status;
	table_init(&t, 6);
	table_row(&t, "NETWORK", "PORT", "ADDRESS", "MAC", "HOSTNAME", "EXPIRES");
	json_array_foreach(leases, i, l) {
		time_t expires = netctl_int(l, "expires");
		char when[32] = "never";
		struct tm tm;

		if (expires && localtime_r(&expires, &tm))
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
		table_row(&t, netctl_str(l, "network"), netctl_str(l, "port"),
			  netctl_str(l, "address"), netctl_str(l, "mac"), netctl_str(l, "hostname"),
			  when);
	}
	if (json_array_size(leases))
		table_print(&t);
	else
		puts("no leases");
	table_done(&t);
	varlink_result_done(&res);
	return EXIT_DONE;
}

/* "12:03:55 port-up lab/web address=10.77.0.10 mac=…" */
static void print_event(const json_t *parameters)
{
	const json_t *object = json_object_get(parameters, "object");
	const char *event = netctl_str(parameters, "event"), *key;
	time_t now = time(NULL);
	char when[16] = "";
	struct tm tm;
	json_t *value;

	if (streq(event, "monitor"))
		return;
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	printf("%s %s %s%s%s", when, event, netctl_str(object, "network"),
	       *netctl_str(object, "port") ? "/" : "", netctl_str(object, "port"));
	json_object_foreach((json_t *)object, key, value) {
		if (streq(key, "network") || streq(key, "port"))
			continue;
		if (json_is_string(value) && *json_string_value(value))
			printf(" %s=%s", key, json_string_value(value));
		else if (json_is_integer(value))
			printf(" %s=%lld", key, (long long)json_integer_value(value));
	}
	putchar('\n');
}

int netctl_monitor(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	struct error err = { 0 };

	if (argc > 1)
		return netctl_usage(argv[0], "it takes no '%s'", argv[1]);
	if (varlink_client_open(c->socket, &c->client, &err) < 0 ||
	    varlink_client_send(c->client, "io.netd.Monitor", NULL, true, NULL, 0, &err) < 0)
		return netctl_fail("%s", err.message);
	while (varlink_client_receive(c->client, -1, &res, &err) == 0) {
		if (res.error_name) {
			int status = netctl_print_error(&res);

			varlink_result_done(&res);
			return status;
		}
		if (c->json) {
			json_dumpf(res.parameters, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			print_event(res.parameters);
		}
		fflush(stdout);
		varlink_result_done(&res);
	}
	return netctl_fail("%s", err.message);
}

int netctl_metrics(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	int status;

	if (argc > 1)
		return netctl_usage(argv[0], "it takes no '%s'", argv[1]);
	status = netctl_call(c, "io.netd.Metrics", NULL, NULL, 0, &res);
	if (status)
		return status;
	if (c->json)
		netctl_print_json(res.parameters);
	else
		fputs(netctl_str(res.parameters, "text"), stdout);
	varlink_result_done(&res);
	return EXIT_DONE;
}
