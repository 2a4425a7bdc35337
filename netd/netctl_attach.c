// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verbs that make and end ports: attach (a namespace), detach, run (a
 * command with taps as file descriptors, QEMU's options included).
 */
#include <fcntl.h>
#include <getopt.h>

#include "netctl.h"

struct port_options {
	const char *network, *name, *netns, *ifname, *mac;
	long queues;
	bool no_vnet_header, no_vhost, qemu;
};

enum {
	OPT_NAME = 256,
	OPT_NETNS,
	OPT_IFNAME,
	OPT_MAC,
	OPT_QUEUES,
	OPT_NO_VNET,
	OPT_NO_VHOST,
	OPT_QEMU
};

static const struct option long_options[] = {
	{ "name", required_argument, NULL, OPT_NAME },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "ifname", required_argument, NULL, OPT_IFNAME },
	{ "mac", required_argument, NULL, OPT_MAC },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "no-vnet-header", no_argument, NULL, OPT_NO_VNET },
	{ "no-vhost", no_argument, NULL, OPT_NO_VHOST },
	{ "qemu", no_argument, NULL, OPT_QEMU },
	{ NULL, 0, NULL, 0 },
};

/* 0, or the exit status of wrong usage. What follows "--" stays at argv[optind]. */
static int options_parse(struct port_options *o, int argc, char **argv)
{
	int opt, limit = argc;
	char *end;

	memset(o, 0, sizeof(*o));
	o->queues = 1;
	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--")) {
			limit = i;
			break;
		}
	}
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(limit, argv, "-:", long_options, NULL)) >= 0) {
		switch (opt) {
		case 1:
			if (o->network)
				return netctl_usage(argv[0], "one network is enough, what is '%s'?",
						    optarg);
			o->network = optarg;
			break;
		case OPT_NAME:
			o->name = optarg;
			break;
		case OPT_NETNS:
			o->netns = optarg;
			break;
		case OPT_IFNAME:
			o->ifname = optarg;
			break;
		case OPT_MAC:
			o->mac = optarg;
			break;
		case OPT_QUEUES:
			o->queues = strtol(optarg, &end, 10);
			if (*end || o->queues < 1 || o->queues > 16)
				return netctl_usage(argv[0], "--queues %s: expected 1 to 16",
						    optarg);
			break;
		case OPT_NO_VNET:
			o->no_vnet_header = true;
			break;
		case OPT_NO_VHOST:
			o->no_vhost = true;
			break;
		case OPT_QEMU:
			o->qemu = true;
			break;
		case ':':
			return netctl_usage(argv[0], "%s needs a value", argv[optind - 1]);
		default:
			return netctl_usage(argv[0], "unknown option '%s'", argv[optind - 1]);
		}
	}
	optind = limit;
	if (!o->network)
		return netctl_usage(argv[0], "a network is missing");
	if (!o->name)
		return netctl_usage(argv[0], "--name is missing");
	return 0;
}

static void print_attached(struct netctl *c, const json_t *p)
{
	char addresses[256];

	if (c->json) {
		netctl_print_json(p);
		return;
	}
	netctl_join(json_object_get(p, "addresses"), addresses, sizeof(addresses));
	printf("%s: %s, MAC %s, mtu %lld, %s%s%s.%s\n", netctl_str(p, "port"),
	       netctl_str(p, "ifname"), netctl_str(p, "mac"), netctl_int(p, "mtu"), addresses,
	       addresses[0] ? ", " : "", netctl_str(p, "port"), netctl_str(p, "domain"));
}

static int namespace_open(const char *name)
{
	char path[4096];

	if (strchr(name, '/'))
		return open(name, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int netctl_attach(struct netctl *c, int argc, char **argv)
{
	_cleanup_close_ int fd = -1;
	struct varlink_result res;
	struct port_options o;
	json_t *parameters;
	int status = options_parse(&o, argc, argv);

	if (status)
		return status;
	if (!o.netns)
		return netctl_usage(argv[0], "--netns is missing (a guest: netctl run, or vmm)");
	fd = namespace_open(o.netns);
	if (fd < 0)
		return netctl_fail("namespace %s: %s%s", o.netns, strerror(errno),
				   errno == ENOENT ? " (ip netns list shows those with a name)"
						   : "");
	parameters = json_pack("{s:s, s:s, s:i}", "network", o.network, "name", o.name,
			       "namespace_fd", 0);
	if (o.ifname)
		json_object_set_new(parameters, "ifname", json_string(o.ifname));
	if (o.mac)
		json_object_set_new(parameters, "mac", json_string(o.mac));
	status = netctl_call(c, "io.netd.AttachNamespace", parameters, &fd, 1, &res);
	if (status)
		return status;
	print_attached(c, res.parameters);
	varlink_result_done(&res);
	return EXIT_DONE;
}

int netctl_detach(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	int status;

	if (argc != 3)
		return netctl_usage(argv[0], "it takes a network and a port's name");
	status = netctl_call(c, "io.netd.Detach",
			     json_pack("{s:s, s:s}", "network", argv[1], "name", argv[2]), NULL, 0,
			     &res);
	if (status)
		return status;
	if (c->json)
		netctl_print_json(res.parameters);
	varlink_result_done(&res);
	return EXIT_DONE;
}

/* ---- run -------------------------------------------------------------------------- */

/* The descriptors that an array of positions names, inherited by the command, from 3 on: "3:4". */
static int fds_text(struct varlink_result *res, const char *key, char *buf, size_t size)
{
	const json_t *array = json_object_get(res->parameters, key);
	size_t i, len = 0;
	json_t *v;
	int fd;

	buf[0] = '\0';
	json_array_foreach(array, i, v) {
		size_t at = json_integer_value(v);

		if (at >= res->nfds || (fd = fcntl(res->fds[at], F_DUPFD, 3)) < 0)
			return netctl_fail("netd named a descriptor that did not come");
		close(res->fds[at]);
		res->fds[at] = fd;
		len += snprintf(buf + len, size - len, "%s%d", i ? ":" : "", res->fds[at]);
	}
	return 0;
}

/* QEMU's options for these taps: -netdev tap,… -device virtio-net-pci,… */
static char **qemu_arguments(char **command, size_t n, const struct varlink_result *res,
			     const char *taps, const char *vhosts, long queues)
{
	char **args = calloc(n + 5, sizeof(*args));
	const json_t *p = res->parameters;
	char *netdev = NULL, *device = NULL;
	bool many = queues > 1;

	if (!args || asprintf(&netdev, "tap,id=netd0,%s=%s%s%s%s", many ? "fds" : "fd", taps,
			      *vhosts ? (many ? ",vhost=on,vhostfds=" : ",vhost=on,vhostfd=") : "",
			      vhosts, "") < 0)
		return NULL;
	if (many) {
		if (asprintf(&device,
			     "virtio-net-pci,netdev=netd0,mac=%s,mq=on,vectors=%ld,host_mtu=%lld",
			     netctl_str(p, "mac"), 2 * queues + 2, netctl_int(p, "mtu")) < 0)
			return NULL;
	} else if (asprintf(&device, "virtio-net-pci,netdev=netd0,mac=%s,host_mtu=%lld",
			    netctl_str(p, "mac"), netctl_int(p, "mtu")) < 0) {
		return NULL;
	}
	memcpy(args, command, n * sizeof(*args));
	args[n] = (char *)"-netdev";
	args[n + 1] = netdev;
	args[n + 2] = (char *)"-device";
	args[n + 3] = device;
	return args;
}

static int run_command(struct varlink_result *res, const struct port_options *o, char **command,
		       size_t n)
{
	char taps[256], vhosts[256], addresses[256], mtu[16];
	int status = fds_text(res, "tap_fds", taps, sizeof(taps));

	if (!status)
		status = fds_text(res, "vhost_fds", vhosts, sizeof(vhosts));
	if (status)
		return status;
	netctl_join(json_object_get(res->parameters, "addresses"), addresses, sizeof(addresses));
	snprintf(mtu, sizeof(mtu), "%lld", netctl_int(res->parameters, "mtu"));
	setenv("NETD_TAP_FDS", taps, 1);
	setenv("NETD_VHOST_FDS", vhosts, 1);
	setenv("NETD_MAC", netctl_str(res->parameters, "mac"), 1);
	setenv("NETD_MTU", mtu, 1);
	setenv("NETD_ADDRESS", addresses, 1);
	setenv("NETD_IFNAME", netctl_str(res->parameters, "ifname"), 1);
	if (o->qemu) {
		command = qemu_arguments(command, n, res, taps, vhosts, o->queues);
		if (!command)
			return netctl_fail("out of memory");
	}
	execvp(command[0], command);
	return netctl_fail("%s: %s", command[0], strerror(errno));
}

int netctl_run(struct netctl *c, int argc, char **argv)
{
	struct varlink_result res;
	struct port_options o;
	json_t *parameters;
	int status = options_parse(&o, argc, argv);

	if (status)
		return status;
	if (optind + 1 >= argc)
		return netctl_usage(argv[0], "a command is missing: -- COMMAND …");
	parameters = json_pack("{s:s, s:s, s:I, s:b, s:b}", "network", o.network, "name", o.name,
			       "queues", (json_int_t)o.queues, "vnet_header", !o.no_vnet_header,
			       "vhost", !o.no_vhost);
	if (o.mac)
		json_object_set_new(parameters, "mac", json_string(o.mac));
	status = netctl_call(c, "io.netd.Attach", parameters, NULL, 0, &res);
	if (status)
		return status;
	varlink_client_free(c->client); /* its descriptor is 3 */
	c->client = NULL;
	status = run_command(&res, &o, argv + optind + 1, argc - optind - 1);
	varlink_result_done(&res);
	return status;
}
