// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netctl: netd's command line. This file has the table of verbs, the options
 * that all have, the connection and how errors read; the verbs are in
 * netctl_*.c. One short-lived, unprivileged process.
 */
#include "netctl.h"

#include <stdarg.h>

#include "config.h"

#define DEFAULT_SOCKET "/run/netd/netd.sock"

static const struct netctl_verb verbs[] = {
	{ "list", "", "the networks you may use", NULL, netctl_list },
	{ "show", "NETWORK", "everything about a network, and why it is not up", NULL,
	  netctl_show },
	{ "ports", "[NETWORK]", "who is attached, with addresses and traffic", NULL, netctl_ports },
	{ "leases", "[NETWORK]", "DHCP leases", NULL, netctl_leases },
	{ "monitor", "", "events as they happen, until interrupted", NULL, netctl_monitor },
	{ "graph", "[--format text|dot|svg] [--interval SECONDS]",
	  "host, uplinks, networks and ports as a picture",
	  "  --format FORMAT    text (default), dot, or svg (made by graphviz)\n"
	  "  --interval SECONDS how long to look for the rates (default 0.5; 0: no rates)\n",
	  netctl_graph },
	{ "metrics", "", "counters in Prometheus' text format", NULL, netctl_metrics },
	{ "check", "[DIR]", "is the configuration good? needs no daemon",
	  "  DIR  default /etc/netd\n", netctl_check },
	{ "plan", "", "what apply would do", NULL, netctl_plan },
	{ "apply", "[--confirm SECONDS]", "make the configuration real",
	  "  --confirm SECONDS  undo it all unless `netctl confirm` follows in time: for changes\n"
	  "                     that may cut the connection you make them over\n",
	  netctl_apply },
	{ "confirm", "", "keep what apply --confirm did", NULL, netctl_confirm },
	{ "purge", "", "undo everything that netd did to this host", NULL, netctl_purge },
	{ "attach", "NETWORK --name NAME --netns PATH|NAME [--ifname eth0] [--mac MAC]",
	  "a network namespace joins a network",
	  "  --name NAME     the port's name, and its name in DNS\n"
	  "  --netns NS      a path (/proc/PID/ns/net), or a name under /run/netns\n"
	  "  --ifname NAME   the interface in the namespace (default eth0)\n"
	  "  --mac MAC       default: derived from network and name\n",
	  netctl_attach },
	{ "detach", "NETWORK NAME", "a port leaves", NULL, netctl_detach },
	{ "run", "NETWORK --name NAME [OPTIONS] -- COMMAND [ARGUMENTS]…",
	  "a command with a tap of a network as file descriptors",
	  "  --name NAME       the port's name, and its name in DNS\n"
	  "  --queues N        queue pairs, 1 to 16 (default 1)\n"
	  "  --mac MAC         default: derived from network and name\n"
	  "  --no-vnet-header  without virtio-net headers, for programs that do not know them\n"
	  "  --no-vhost        no vhost-net descriptors\n"
	  "  --qemu            append the -netdev and -device that fit\n"
	  "\n"
	  "The command inherits the descriptors and finds them in its environment:\n"
	  "  NETD_TAP_FDS=3:4 NETD_VHOST_FDS=5:6 NETD_MAC NETD_MTU NETD_ADDRESS NETD_IFNAME\n"
	  "The port ends when the last tap descriptor is closed.\n",
	  netctl_run },
};

int netctl_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("netctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

int netctl_usage(const char *verb, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "netctl%s%s: ", verb ? " " : "", verb ? verb : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ", see netctl %s%s--help\n", verb ? verb : "", verb ? " " : "");
	return EXIT_USAGE;
}

const char *netctl_str(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

long long netctl_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void netctl_join(const json_t *array, char *buf, size_t size)
{
	size_t i, len = 0;
	json_t *value;

	buf[0] = '\0';
	json_array_foreach(array, i, value) {
		if (len < size)
			len += snprintf(buf + len, size - len, "%s%s", i ? " " : "",
					json_string_value(value) ? json_string_value(value) : "");
	}
}

void netctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
}

/* ---- errors ------------------------------------------------------------------- */

static void near_hint(const json_t *parameters)
{
	char near[512];

	netctl_join(json_object_get(parameters, "near"), near, sizeof(near));
	if (near[0])
		fprintf(stderr, "        did you mean: %s\n", near);
}

static void error_config(const json_t *p)
{
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(p, "errors"), i, e) {
		if (netctl_int(e, "line"))
			fprintf(stderr, "%s:%lld: %s\n", netctl_str(e, "file"),
				netctl_int(e, "line"), netctl_str(e, "message"));
		else
			fprintf(stderr, "%s: %s\n", netctl_str(e, "file"),
				netctl_str(e, "message"));
	}
	netctl_fail("the configuration is wrong, nothing was changed");
}

static void error_no_network(const json_t *p)
{
	netctl_fail("there is no network '%s'", netctl_str(p, "network"));
	near_hint(p);
}

static void error_no_port(const json_t *p)
{
	netctl_fail("network %s has no port '%s'", netctl_str(p, "network"), netctl_str(p, "name"));
	near_hint(p);
}

static void error_name_taken(const json_t *p)
{
	netctl_fail("the name '%s' is taken: %s", netctl_str(p, "name"), netctl_str(p, "owner"));
}

static void error_not_allowed(const json_t *p)
{
	netctl_fail("not allowed: %s", netctl_str(p, "rule"));
}

static void error_too_many(const json_t *p)
{
	netctl_fail("you have as many ports as the network allows you (allow max-ports = %lld)",
		    netctl_int(p, "limit"));
}

static void error_duplicate_mac(const json_t *p)
{
	netctl_fail("the MAC address %s is that of %s", netctl_str(p, "mac"),
		    netctl_str(p, "port"));
}

static void error_down(const json_t *p)
{
	netctl_fail("the network is down: %s", netctl_str(p, "reason"));
}

static void error_nothing(const json_t *p _unused_)
{
	netctl_fail("nothing waits to be confirmed");
}

static void error_failed(const json_t *p)
{
	netctl_fail("%s", netctl_str(p, "reason"));
}

static void error_parameter(const json_t *p)
{
	netctl_fail("netd does not take this value of '%s'", netctl_str(p, "parameter"));
}

static const struct {
	const char *name;
	void (*print)(const json_t *parameters);
} errors[] = {
	{ "io.netd.InvalidConfig", error_config },
	{ "io.netd.NoSuchNetwork", error_no_network },
	{ "io.netd.NoSuchPort", error_no_port },
	{ "io.netd.NameTaken", error_name_taken },
	{ "io.netd.NotAllowed", error_not_allowed },
	{ "io.netd.TooManyPorts", error_too_many },
	{ "io.netd.DuplicateMac", error_duplicate_mac },
	{ "io.netd.NetworkDown", error_down },
	{ "io.netd.NothingToConfirm", error_nothing },
	{ "io.netd.Failed", error_failed },
	{ "org.varlink.service.InvalidParameter", error_parameter },
};

int netctl_print_error(const struct varlink_result *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (!streq(errors[i].name, r->error_name))
			continue;
		errors[i].print(r->parameters);
		return EXIT_FAILED;
	}
	return netctl_fail("netd answered %s", r->error_name);
}

static int connect_failed(const struct error *err)
{
	netctl_fail("%s", err->message);
	if (err->code == ENOENT || err->code == ECONNREFUSED)
		fprintf(stderr,
			"        netd is not running: systemctl start netd, or as root: netd\n"
			"        (another socket: --socket PATH or $NETD_SOCKET)\n");
	return EXIT_FAILED;
}

int netctl_call(struct netctl *c, const char *method, json_t *parameters, const int *fds,
		size_t nfds, struct varlink_result *ret)
{
	struct error err = { 0 };
	int status;

	if (!c->client && varlink_client_open(c->socket, &c->client, &err) < 0) {
		json_decref(parameters);
		return connect_failed(&err);
	}
	if (varlink_client_call(c->client, method, parameters, fds, nfds, ret, &err) < 0)
		return netctl_fail("%s", err.message);
	if (!ret->error_name)
		return 0;
	if (c->json) {
		json_t *e = json_pack("{s:s, s:O}", "error", ret->error_name, "parameters",
				      ret->parameters);

		netctl_print_json(e);
		json_decref(e);
	}
	status = netctl_print_error(ret);
	varlink_result_done(ret);
	return status;
}

/* ---- main ------------------------------------------------------------------------ */

static void print_help(void)
{
	puts("Usage: netctl [--socket PATH] [--json] VERB …\n"
	     "\n"
	     "Looks at and changes the networks that netd keeps for this host's virtual "
	     "machines.\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-9s %s\n", verbs[i].name, verbs[i].help);
	puts("\n"
	     "  --socket PATH  netd's socket (default $NETD_SOCKET or " DEFAULT_SOCKET ")\n"
	     "  --json         machine-readable output\n"
	     "  --help         this; with a verb: its own\n"
	     "  --version\n"
	     "\n"
	     "Exit status: 0 done, 1 failed, 2 wrong usage. See netctl(1), netd.conf(5).");
}

static void print_verb_help(const struct netctl_verb *v)
{
	printf("Usage: netctl %s%s%s [--json]\n\n%s\n", v->name, *v->synopsis ? " " : "",
	       v->synopsis, v->help);
	if (v->details)
		printf("\n%s", v->details);
}

static const struct netctl_verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (streq(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *name)
{
	const char *names[ARRAY_SIZE(verbs)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		names[i] = verbs[i].name;
	if (name_near(name, names, ARRAY_SIZE(names), &near, 1))
		return netctl_usage(NULL, "there is no verb '%s', did you mean '%s'?", name, near);
	return netctl_usage(NULL, "there is no verb '%s'", name);
}

/* The options that every verb takes, anywhere before "--": taken out of argv. */
static int common_options(struct netctl *c, int argc, char **argv, bool *ret_help)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		if (streq(argv[i], "--")) {
			while (i < argc)
				argv[n++] = argv[i++];
			break;
		}
		if (streq(argv[i], "--json"))
			c->json = true;
		else if (streq(argv[i], "--help") || streq(argv[i], "-h"))
			*ret_help = true;
		else if (streq(argv[i], "--socket") && i + 1 < argc)
			c->socket = argv[++i];
		else if (str_has_prefix(argv[i], "--socket="))
			c->socket = argv[i] + strlen("--socket=");
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

int main(int argc, char **argv)
{
	struct netctl c = { .socket = getenv("NETD_SOCKET") };
	const struct netctl_verb *verb;
	bool help = false;
	int status;

	if (!c.socket || !*c.socket)
		c.socket = DEFAULT_SOCKET;
	argc = common_options(&c, argc, argv, &help);
	if (argc > 1 && (streq(argv[1], "--version") || streq(argv[1], "-V"))) {
		puts("netctl " VERSION);
		return EXIT_DONE;
	}
	if (argc < 2) {
		if (!help)
			return netctl_usage(NULL, "a verb is missing");
		print_help();
		return EXIT_DONE;
	}
	verb = verb_find(argv[1]);
	if (!verb && argv[1][0] == '-')
		return netctl_usage(NULL, "unknown option '%s'", argv[1]);
	if (!verb)
		return unknown_verb(argv[1]);
	if (help) {
		print_verb_help(verb);
		return EXIT_DONE;
	}
	status = verb->run(&c, argc - 1, argv + 1);
	varlink_client_free(c.client);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_FAILED;
	return status;
}
