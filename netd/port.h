/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports: attach in three ways, detach, and everything that goes with a port.
 */
#ifndef NETD_PORT_H
#define NETD_PORT_H

#include "netd.h"

#define PORT_QUEUES_MAX 16

struct port_request {
	const char *network, *name;
	struct mac mac; /* not set: reservation's, else derived from (network, name) */
	unsigned queues;
	bool vnet_header;
	bool vhost;	    /* also open /dev/vhost-net, a fd a queue pair, where it exists */
	int netns_fd;	    /* AttachNamespace: the namespace; else -1 */
	const char *ifname; /* name inside the namespace; NULL: eth0 */
	uid_t uid;
	pid_t pid;
};

struct port_fds {
	int tap[PORT_QUEUES_MAX], vhost[PORT_QUEUES_MAX];
	unsigned ntap, nvhost;
};

/* Why an attach was refused: what becomes the varlink error. */
enum port_refusal {
	PORT_OK,
	PORT_NO_SUCH_NETWORK,
	PORT_NAME_TAKEN,  /* detail: who has it */
	PORT_NOT_ALLOWED, /* detail: the rule */
	PORT_TOO_MANY,
	PORT_DUPLICATE_MAC, /* detail: the port that has it */
	PORT_NETWORK_DOWN,  /* detail: the reason */
	PORT_INVALID,	    /* detail: the parameter */
	PORT_FAILED,	    /* err says */
};

struct port *port_find(struct network *net, const char *name);
/* In the tables of its network and netd; @kind, @ifname and @ifindex are known. */
struct port *port_new(struct network *net, const char *name, enum port_kind kind,
		      const char *ifname, int ifindex);
void port_free(struct port *p); /* out of the tables; nothing else changes */
/*
 * Rights are the caller's business (authz.h). When it returns 0 guard and address are in force and
 * the name is written; it resolves once dnsmasq_when_ready() says so, which the reply waits for.
 * @ret_fds is the caller's to close.
 */
int port_attach(struct netd *d, const struct port_request *req, struct port **ret,
		struct port_fds *ret_fds, enum port_refusal *ret_refusal, char detail[static 256],
		struct error *err);
/* Link first, then rules, names, leases, conntrack entries. Frees the port. */
int port_release(struct port *p, struct error *err);
/* The same by someone's command: a joined link then stays away while it exists. */
int port_detach(struct port *p, struct error *err);
/* Its link is gone, or is someone else's again: rules, names and the rest go too. Frees it. */
void port_gone(struct port *p, const char *why);
void port_set_state(struct port *p, enum port_state state);
/* The same without telling anybody: what was found again, or is about to be told. */
void port_restore_state(struct port *p, enum port_state state);
const char *port_state_name(enum port_state s);
const char *port_kind_name(enum port_kind k);
json_t *port_json(const struct port *p);
/* Bytes and packets as the guest sees them; 0 or -errno. */
struct port_stats {
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, drops;
};
int port_stats(const struct port *p, struct port_stats *ret);

#endif
