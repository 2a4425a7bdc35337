// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netd: start order, and nothing else.
 *
 * One process, one thread. Runs as root in a network namespace; opens its
 * sockets, drops every capability but those it works with, finds what an
 * earlier netd left, makes the kernel match the configuration, then serves.
 * Ended by SIGTERM, it leaves everything up.
 */
#include <getopt.h>
#include <libgen.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "actual.h"
#include "confirm.h"
#include "conntrack.h"
#include "control.h"
#include "dnsmasq.h"
#include "hook.h"
#include "lease.h"
#include "network.h"
#include "nft.h"
#include "reload.h"
#include "rtnl.h"
#include "sandbox.h"
#include "sysctl.h"
#include "watch.h"

static const char usage[] =
	"usage: netd [--config DIR] [--runtime DIR] [--state DIR]\n"
	"\n"
	"Turns the networks declared in /etc/netd/networks/*.conf into bridges, NAT, DHCP\n"
	"and DNS, keeps them that way, and lets guests join them by name. netd(8).\n"
	"\n"
	"  --config DIR    netd.conf, networks/*.conf, hooks.d/    (/etc/netd)\n"
	"  --runtime DIR   the socket, dnsmasq's files             (/run/netd)\n"
	"  --state DIR     leases, chosen addresses, old switches  (/var/lib/netd)\n"
	"  --help, --version\n";

struct options {
	const char *config, *runtime, *state;
};

static void parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "runtime", required_argument, NULL, 'r' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;

	*ret = (struct options){ "/etc/netd", "/run/netd", "/var/lib/netd" };
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'c') {
			ret->config = optarg;
		} else if (c == 'r') {
			ret->runtime = optarg;
		} else if (c == 's') {
			ret->state = optarg;
		} else if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		} else if (c == 'v') {
			puts("netd " VERSION);
			exit(0);
		} else {
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "netd: unexpected argument '%s'\n%s", argv[optind], usage);
		exit(2);
	}
}

/* sd_listen_fds(3): one socket, or -1. */
static int listen_fd(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!pid || !fds || atoi(pid) != getpid() || atoi(fds) < 1)
		return -1;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	return 3;
}

static void make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

/* What netd works with, each with its reason. */
static const int capabilities[] = {
	CAP_NET_ADMIN,	      /* links, addresses, nftables, taps */
	CAP_NET_RAW,	      /* dnsmasq pings and sends DHCP before an address is there */
	CAP_NET_BIND_SERVICE, /* dnsmasq: ports 53, 67, 547 */
	CAP_SYS_ADMIN,	      /* a veth end into a namespace of another user namespace */
	CAP_SETUID,	      /* dnsmasq and its script drop to their user */
	CAP_SETGID,
	CAP_KILL,	  /* end dnsmasq, which runs as another user */
	CAP_CHOWN,	  /* dnsmasq's lease and pid files */
	CAP_DAC_OVERRIDE, /* its files are its user's; hooks run as root */
	CAP_SYS_PTRACE,	  /* whose process holds a port that dnsmasq wants */
	CAP_SETPCAP,	  /* dnsmasq trims its own set */
};

static void on_end(struct source *s, const struct signalfd_siginfo *si, void *data)
{
	struct netd *d = data;

	(void)s;
	log_info("netd: signal %u, ending; networks stay up", si->ssi_signo);
	loop_stop(d->loop, 0);
}

static void on_reload(struct source *s, const struct signalfd_siginfo *si, void *data)
{
	struct netd *d = data;
	struct config_errors errors = { 0 };
	struct error err = { 0 };

	(void)s;
	(void)si;
	if (netd_apply(d, 0, NULL, &errors, &err) < 0)
		log_error("apply: %s", err.message);
	for (size_t i = 0; i < errors.n; i++)
		log_error("%s:%d: %s", errors.errors[i].file, errors.errors[i].line,
			  errors.errors[i].message);
	config_errors_done(&errors);
}

static void open_kernel(struct netd *d, struct error *err)
{
	d->actual = calloc(1, sizeof(*d->actual));
	if (!d->actual)
		die("out of memory");
	if (rtnl_open(&d->rtnl, err) < 0)
		die("%s", err->message);
	d->actual->rtnl = d->rtnl;
	d->actual->force_forwarding = sysctl_link_get("lo", LINK_SYSCTL_FORWARDING6, true) >= 0;
	if (actual_refresh(d->actual, err) < 0)
		die("%s", err->message);
}

static void load(struct netd *d, struct error *err)
{
	struct config_errors errors = { 0 };
	int r = netd_start(d, &errors, err);

	for (size_t i = 0; i < errors.n; i++)
		log_error("%s:%d: %s", errors.errors[i].file, errors.errors[i].line,
			  errors.errors[i].message);
	config_errors_done(&errors);
	if (r < 0)
		die("%s", err->message);
}

static void open_all(struct netd *d, struct lease_listener **leases, struct error *err)
{
	_cleanup_free_ char *hooks = NULL;

	load(d, err);
	if (netd_open_rules(d, err) < 0)
		die("%s", err->message);
	if (conntrack_open(d->loop, &d->conntrack, err) < 0)
		die("%s", err->message);
	if (asprintf(&hooks, "%s/hooks.d", d->config_dir) < 0 ||
	    hooks_new(d->loop, hooks, d->config->hook_timeout_s, &d->hooks) < 0)
		die("out of memory");
	if (lease_listener_new(d, leases, err) < 0)
		die("%s", err->message);
	if (watch_start(d, err) < 0)
		die("%s", err->message);
}

static void close_all(struct netd *d, struct lease_listener *leases)
{
	control_close(d->control);
	d->control = NULL;
	watch_stop(d);
	lease_listener_free(leases);
	hooks_free(d->hooks);
	d->hooks = NULL;
	netd_forget(d);
	confirm_free(d);
	conntrack_close(d->conntrack);
	nft_close(d->nft);
	actual_done(d->actual);
	free(d->actual);
	rtnl_close(d->rtnl);
}

static int serve(struct netd *d, int fd)
{
	struct lease_listener *leases = NULL;
	struct error err = { 0 };
	int r;

	open_kernel(d, &err);
	open_all(d, &leases, &err);
	if (netd_bring_up(d, &err) < 0)
		log_error("%s", err.message);
	if (loop_add_signal(d->loop, SIGTERM, on_end, d, NULL) < 0 ||
	    loop_add_signal(d->loop, SIGINT, on_end, d, NULL) < 0 ||
	    loop_add_signal(d->loop, SIGHUP, on_reload, d, NULL) < 0)
		die("cannot handle signals");
	if (control_open(d, fd, &d->control, &err) < 0)
		die("%s", err.message);
	if (sandbox_drop_capabilities(capabilities, ARRAY_SIZE(capabilities), &err) < 0)
		log_warn("%s, ignoring", err.message);
	log_info("netd: ready, %u networks", HASH_COUNT(d->networks));
	r = loop_run(d->loop);
	close_all(d, leases);
	return r;
}

int main(int argc, char **argv)
{
	struct options o;
	struct netd d = { 0 };
	int fd, r;

	if (streq(basename(argv[0]), LEASE_EVENT_NAME))
		return lease_event_main(argc, argv);
	parse_options(argc, argv, &o);
	fd = listen_fd();
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	if (geteuid() != 0)
		die("netd must run as root, in the network namespace that it serves");
	make_directory(o.runtime, 0755);
	make_directory(o.state, 0755);
	if (loop_new(&d.loop) < 0)
		die("out of memory");
	d.config_dir = realpath(o.config, NULL);
	d.runtime_dir = realpath(o.runtime, NULL);
	d.state_dir = realpath(o.state, NULL);
	if (!d.config_dir || !d.runtime_dir || !d.state_dir)
		die("%s: %s", d.config_dir ? o.state : o.config, strerror(errno));
	r = serve(&d, fd);
	loop_free(d.loop);
	free(d.config_dir);
	free(d.runtime_dir);
	free(d.state_dir);
	return r < 0 ? 1 : r;
}
