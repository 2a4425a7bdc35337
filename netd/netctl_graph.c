// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netctl graph: host, uplinks, networks and ports, with names, addresses and
 * rates; as text, as dot, or as the svg that graphviz makes of the dot.
 * netd is asked twice for the counters, an interval apart.
 */
#include <net/if.h>
#include <sys/wait.h>
#include <time.h>

#include "netctl.h"

#define NAT_OR_ROUTE(mode) (streq(mode, "nat") || streq(mode, "route"))

struct graph {
	FILE *out;
	const json_t *networks, *before, *after;
	double interval_s;
	char host[65];
	char uplink[IFNAMSIZ]; /* of the default route */
};

static const json_t *port_find(const json_t *ports, const char *network, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach(ports, i, p) {
		if (streq(netctl_str(p, "network"), network) && streq(netctl_str(p, "name"), name))
			return p;
	}
	return NULL;
}

/* "1.5 Mbit/s" between the two looks; "" without an interval. */
static void rate_text(const struct graph *g, const json_t *port, const char *key, char *buf,
		      size_t size)
{
	const json_t *old =
		port_find(g->before, netctl_str(port, "network"), netctl_str(port, "name"));
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
	double v;
	size_t u = 0;

	buf[0] = '\0';
	if (!old || g->interval_s <= 0)
		return;
	v = (netctl_int(json_object_get(port, "stats"), key) -
	     netctl_int(json_object_get(old, "stats"), key)) *
	    8 / g->interval_s;
	while (v >= 1000 && u + 1 < ARRAY_SIZE(units)) {
		v /= 1000;
		u++;
	}
	snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", MAX(v, 0.0), units[u]);
}

static const char *uplink_of(const struct graph *g, const json_t *network)
{
	if (*netctl_str(network, "uplink"))
		return netctl_str(network, "uplink");
	return NAT_OR_ROUTE(netctl_str(network, "mode")) ? g->uplink : "";
}

/* ---- text -------------------------------------------------------------------------- */

static void text_port(const struct graph *g, const json_t *p, bool last_network, bool last)
{
	char addresses[256], rx[32], tx[32];

	netctl_join(json_object_get(p, "addresses"), addresses, sizeof(addresses));
	rate_text(g, p, "rx_bytes", rx, sizeof(rx));
	rate_text(g, p, "tx_bytes", tx, sizeof(tx));
	fprintf(g->out, "%s  %s %s  %s  %s  %s  %s", last_network ? " " : "│", last ? "└─" : "├─",
		netctl_str(p, "name"), netctl_str(p, "kind"), netctl_str(p, "ifname"),
		netctl_str(p, "mac"), addresses);
	if (!streq(netctl_str(p, "state"), "attached"))
		fprintf(g->out, "  %s", netctl_str(p, "state"));
	if (rx[0])
		fprintf(g->out, "  ↓ %s ↑ %s", rx, tx);
	fputc('\n', g->out);
}

static void text_network(const struct graph *g, const json_t *n, bool last)
{
	char addresses[512];
	size_t i, left = 0;
	json_t *p;

	netctl_join(json_object_get(n, "addresses"), addresses, sizeof(addresses));
	fprintf(g->out, "%s %s  %s  %s  %s  mtu %lld  %s", last ? "└─" : "├─",
		netctl_str(n, "name"), netctl_str(n, "mode"), netctl_str(n, "bridge"), addresses,
		netctl_int(n, "mtu"), netctl_str(n, "state"));
	if (*uplink_of(g, n))
		fprintf(g->out, "  → %s", uplink_of(g, n));
	if (*netctl_str(n, "reason"))
		fprintf(g->out, "  (%s)", netctl_str(n, "reason"));
	fputc('\n', g->out);
	json_array_foreach(g->after, i, p) {
		left += streq(netctl_str(p, "network"), netctl_str(n, "name"));
	}
	json_array_foreach(g->after, i, p) {
		if (streq(netctl_str(p, "network"), netctl_str(n, "name")))
			text_port(g, p, last, --left == 0);
	}
}

static void graph_text(const struct graph *g)
{
	json_t *n;
	size_t i;

	fprintf(g->out, "%s", g->host);
	if (g->uplink[0])
		fprintf(g->out, "  uplink %s", g->uplink);
	fputc('\n', g->out);
	json_array_foreach(g->networks, i, n) {
		text_network(g, n, i + 1 == json_array_size(g->networks));
	}
}

/* ---- dot ----------------------------------------------------------------------------- */

static void dot_port(const struct graph *g, const json_t *p)
{
	char addresses[256], rx[32], tx[32];
	const char *network = netctl_str(p, "network"), *name = netctl_str(p, "name");

	netctl_join(json_object_get(p, "addresses"), addresses, sizeof(addresses));
	rate_text(g, p, "rx_bytes", rx, sizeof(rx));
	rate_text(g, p, "tx_bytes", tx, sizeof(tx));
	fprintf(g->out, "\t\"port %s/%s\" [shape=box, style=rounded, label=\"%s\\n%s\\n%s\"];\n",
		network, name, name, addresses, netctl_str(p, "mac"));
	fprintf(g->out, "\t\"network %s\" -- \"port %s/%s\" [label=\"%s", network, network, name,
		netctl_str(p, "ifname"));
	if (rx[0])
		fprintf(g->out, "\\n↓ %s ↑ %s", rx, tx);
	fputs("\"];\n", g->out);
}

static void graph_dot(const struct graph *g)
{
	json_t *n, *p;
	size_t i;

	fprintf(g->out,
		"graph netd {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\"];\n"
		"\tedge [fontname=\"sans-serif\", fontsize=10];\n"
		"\thost [shape=box3d, label=\"%s\"];\n",
		g->host);
	json_array_foreach(g->networks, i, n) {
		const char *name = netctl_str(n, "name"), *uplink = uplink_of(g, n);
		char addresses[512];

		netctl_join(json_object_get(n, "addresses"), addresses, sizeof(addresses));
		fprintf(g->out,
			"\t\"network %s\" [shape=ellipse, color=\"%s\", label=\"%s\\n%s, "
			"%s\\n%s\"];\n",
			name, streq(netctl_str(n, "state"), "up") ? "black" : "red", name,
			netctl_str(n, "mode"), netctl_str(n, "bridge"), addresses);
		fprintf(g->out, "\thost -- \"network %s\";\n", name);
		if (*uplink)
			fprintf(g->out,
				"\t\"uplink %s\" [shape=hexagon, label=\"%s\"];\n"
				"\t\"uplink %s\" -- \"network %s\" [style=dashed, label=\"%s\"];\n",
				uplink, uplink, uplink, name, netctl_str(n, "mode"));
	}
	json_array_foreach(g->after, i, p) {
		dot_port(g, p);
	}
	fputs("}\n", g->out);
}

static int graph_svg(struct graph *g)
{
	int status;

	fflush(stdout);
	g->out = popen("dot -Tsvg", "w");
	if (!g->out)
		return netctl_fail("dot: %s", strerror(errno));
	graph_dot(g);
	status = pclose(g->out);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return netctl_fail(
			"there is no dot: install graphviz, or take --format text or dot");
	return status ? netctl_fail("dot failed") : EXIT_DONE;
}

/* ---- the verb --------------------------------------------------------------------------- */

static void default_uplink(char ret[static IFNAMSIZ])
{
	_cleanup_fclose_ FILE *f = fopen("/proc/net/route", "re");
	char line[256], ifname[IFNAMSIZ];
	unsigned destination;

	ret[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%15s %x", ifname, &destination) == 2 && destination == 0) {
			str_copy(ret, IFNAMSIZ, ifname);
			return;
		}
}

static int options_parse(int argc, char **argv, const char **ret_format, double *ret_interval)
{
	for (int i = 1; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		char *end;

		if (!str_has_prefix(argv[i], "--format") && !str_has_prefix(argv[i], "--interval"))
			return netctl_usage(argv[0], "unknown '%s'", argv[i]);
		value = value ? value + 1 : i + 1 < argc ? argv[i + 1] : NULL;
		if (!value)
			return netctl_usage(argv[0], "%s needs a value", argv[i]);
		if (str_has_prefix(argv[i], "--format")) {
			*ret_format = value;
		} else {
			*ret_interval = strtod(value, &end);
			if (*end || *ret_interval < 0 || *ret_interval > 60)
				return netctl_usage(
					argv[0], "--interval %s: expected 0 to 60 seconds", value);
		}
		i += !strchr(argv[i], '=');
	}
	if (!streq(*ret_format, "text") && !streq(*ret_format, "dot") && !streq(*ret_format, "svg"))
		return netctl_usage(argv[0], "--format %s: expected text, dot or svg", *ret_format);
	return 0;
}

static int graph_draw(struct netctl *c, struct graph *g, const char *format)
{
	if (c->json) {
		json_t *j = json_pack("{s:s, s:s, s:O, s:O}", "host", g->host, "uplink", g->uplink,
				      "networks", g->networks, "ports", g->after);

		netctl_print_json(j);
		json_decref(j);
		return EXIT_DONE;
	}
	if (streq(format, "svg"))
		return graph_svg(g);
	if (streq(format, "dot"))
		graph_dot(g);
	else
		graph_text(g);
	return EXIT_DONE;
}

int netctl_graph(struct netctl *c, int argc, char **argv)
{
	struct varlink_result networks, before, after;
	struct graph g = { .out = stdout, .interval_s = 0.5 };
	const char *format = "text";
	int status = options_parse(argc, argv, &format, &g.interval_s);

	if (status)
		return status;
	status = netctl_call(c, "io.netd.Ports", NULL, NULL, 0, &before);
	if (status)
		return status;
	if (g.interval_s > 0) {
		struct timespec ts = { .tv_sec = (time_t)g.interval_s };

		ts.tv_nsec = (g.interval_s - (double)ts.tv_sec) * 1e9;
		nanosleep(&ts, NULL);
	}
	status = netctl_call(c, "io.netd.Ports", NULL, NULL, 0, &after);
	if (!status) {
		status = netctl_call(c, "io.netd.List", NULL, NULL, 0, &networks);
		if (!status) {
			g.before = json_object_get(before.parameters, "ports");
			g.after = json_object_get(after.parameters, "ports");
			g.networks = json_object_get(networks.parameters, "networks");
			gethostname(g.host, sizeof(g.host) - 1);
			default_uplink(g.uplink);
			status = graph_draw(c, &g, format);
			varlink_result_done(&networks);
		}
		varlink_result_done(&after);
	}
	varlink_result_done(&before);
	return status;
}
