/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dnsmasq per network: its files, its process.
 *
 * Files in RUNTIME/dnsmasq/NETWORK/: dnsmasq.conf (a pure function of the network), and one file
 * a port in hosts.d/ (its DHCP addresses) and names.d/ (its DNS names), which dnsmasq watches;
 * dnsmasq.pid. Leases are in STATE/leases/NETWORK.
 */
#ifndef NETD_DNSMASQ_H
#define NETD_DNSMASQ_H

#include "netd.h"

struct dnsmasq;

/* What dnsmasq_config_text() needs besides the network. */
struct dnsmasq_paths {
	const char *directory; /* RUNTIME/dnsmasq/NETWORK */
	const char *leases;    /* STATE/leases/NETWORK */
	const char *script;    /* RUNTIME/lease-event, lease.h */
	const char *user;
};

/* Pure: the text of dnsmasq.conf; the caller frees. NULL when memory ran out. */
char *dnsmasq_config_text(const struct network *net, const struct dnsmasq_paths *paths);
/* Pure: the files of a port, each to free; an empty text is no file. */
int dnsmasq_port_texts(const struct port *p, char **ret_hosts, char **ret_names);

/* Has the network a dnsmasq at all (dhcp or dns is on)? */
bool dnsmasq_wanted(const struct network *net);

/*
 * Makes the network's dnsmasq match the network: writes the files that changed and removes those
 * of ports that left, starts it with the first port (adopts one that runs already), starts it
 * anew when the configuration text changed, arms the stop timer after the last port. Idempotent
 * and never blocking; an error of the start shows in dnsmasq_problem().
 */
int dnsmasq_reconcile(struct network *net, struct error *err);
/* Runs one now that dnsmasq_reconcile() would stop or start anew? */
bool dnsmasq_would_restart(const struct network *net);
/* One port's files alone, as dnsmasq_reconcile() would: in force when it returns, or, where
 * dnsmasq is only just starting, when dnsmasq_when_ready() calls. */
int dnsmasq_port_add(struct network *net, const struct port *p, struct error *err);
int dnsmasq_port_del(struct network *net, const struct port *p);
/*
 * Calls @fn once dnsmasq answers (0), at once when it does already or when the network has none;
 * or with -errno when it failed to start or did not get ready in 5 s. Never blocks.
 */
int dnsmasq_when_ready(struct network *net, void (*fn)(void *data, int r), void *data);
/* Calls nobody any more with @data. */
void dnsmasq_forget(struct network *net, void *data);
/* Stops the process and removes the runtime files (a removed network; the leases stay). */
void dnsmasq_stop(struct network *net);
/* netd ends, dnsmasq stays: frees the memory only. */
void dnsmasq_release(struct network *net);
pid_t dnsmasq_pid(const struct network *net); /* 0: not running */
/* Why it does not run though it should, with the fix; NULL: nothing is wrong. */
const char *dnsmasq_problem(const struct network *net);

#endif
