/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One dnsmasq per network: its files, its process, its leases.
 *
 * Files in RUNTIME/NETWORK/: dnsmasq.conf (pure function of the network),
 * hosts.d/ (one file a port: DHCP), names.d/ (one file a port: DNS), pid;
 * leases in STATE/NETWORK.leases.
 */
#ifndef NETD_DNSMASQ_H
#define NETD_DNSMASQ_H

#include "netd.h"

struct dnsmasq;

struct lease {
	char network[NETWORK_NAME_MAX + 1];
	struct mac mac;
	struct addr addr;
	char hostname[64];
	char client_id[128];
	uint64_t expires_s; /* CLOCK_REALTIME; 0: never */
};

/* Pure: the text of dnsmasq.conf; the caller frees. NULL when memory ran out. */
char *dnsmasq_config_text(const struct network *net);
/* Pure: one line of a dnsmasq lease file; 0, -EINVAL (not a lease: a "duid" line too). */
int lease_parse(const char *line, struct lease *ret);

/*
 * Makes the network's dnsmasq match the network: writes what changed, starts it with the first
 * port, restarts it when the configuration text changed, signals it when only hosts did, arms
 * the stop timer after the last port. Adopts a running one after netd's restart. Idempotent.
 */
int dnsmasq_reconcile(struct network *net, struct error *err);
/* The files of one port alone: in force (name resolves, address offered) when it returns. */
int dnsmasq_port_add(struct network *net, const struct port *p, struct error *err);
int dnsmasq_port_del(struct network *net, const struct port *p, struct error *err);
/* Stops the process and removes the runtime files (a removed network; the leases stay). */
void dnsmasq_stop(struct network *net);
/* netd ends, dnsmasq stays: frees the memory only. */
void dnsmasq_release(struct network *net);
/*
 * Calls @fn once dnsmasq answers (0), at once when it does already or when the network has none;
 * or with -errno when it failed to start or did not get ready in 5 s. Never blocks.
 */
int dnsmasq_when_ready(struct network *net, void (*fn)(void *data, int r), void *data);
pid_t dnsmasq_pid(const struct network *net); /* 0: not running */

/* Current leases of the network, from its lease file. The caller frees the array. */
int dnsmasq_leases(const struct network *net, struct lease **ret, size_t *ret_n);

#endif
