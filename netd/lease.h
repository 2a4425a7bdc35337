/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP leases, as dnsmasq reports them: its lease file, and the events that its script sends.
 *
 * dnsmasq runs RUNTIME/lease-event, a link to netd itself, as its own user; netd under that name
 * sends one datagram to RUNTIME/lease.sock and ends.
 */
#ifndef NETD_LEASE_H
#define NETD_LEASE_H

#include "netd.h"

#define LEASE_EVENT_NAME "lease-event"
#define LEASES_MAX 65536

struct lease {
	struct mac mac; /* not set for DHCPv6, whose file has none */
	struct addr addr;
	char hostname[64];
	char client_id[128];
	uint64_t expires_s; /* CLOCK_REALTIME; 0: never */
};

/* Pure: one line of dnsmasq's lease file. 0, or -EINVAL (the "duid" line too). */
int lease_parse(const char *line, struct lease *ret);
/* Current leases of a network from its file; the caller frees. No file: none. */
int lease_list(const struct network *net, struct lease **ret, size_t *ret_n);

struct lease_event {
	bool del; /* else add or renewed */
	bool old; /* known before: dnsmasq started or renewed it */
	struct mac mac;
	struct addr addr;
	char ifname[IFNAMSIZ]; /* the bridge */
	char hostname[64];
};
/* Pure: a datagram "ACTION MAC ADDRESS IFNAME HOSTNAME"; 0 or -EINVAL. Hostile input. */
int lease_event_parse(const char *buf, size_t len, struct lease_event *ret);

/* The listening socket and the link to netd. Each event is announced with netd_event(). */
struct lease_listener;
int lease_listener_new(struct netd *d, struct lease_listener **ret, struct error *err);
void lease_listener_free(struct lease_listener *l);
/* main() of netd started as lease-event. */
int lease_event_main(int argc, char **argv);

/* The user dnsmasq runs as: "dnsmasq", else "nobody". */
const char *lease_user(void);

#endif
