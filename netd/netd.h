/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one context of the daemon, and the two nouns everything else is about.
 */
#ifndef NETD_NETD_H
#define NETD_NETD_H

#include <jansson.h>
#include <net/if.h>
#include <uthash.h>

#include "addr.h"
#include "config.h"
#include "error.h"
#include "log.h"
#include "loop.h"

struct netd;
struct network;
struct actual;
struct confirm;
struct watch;

/*
 * port: NEW → WAITING (joined link whose MAC is not known yet) → ATTACHED
 *       NEW → ATTACHED; ATTACHED, WAITING → LEAVING → freed
 * Only port_set_state() changes it.
 */
enum port_state { PORT_NEW, PORT_WAITING, PORT_ATTACHED, PORT_LEAVING, PORT_NSTATES };
enum port_kind { PORT_TAP, PORT_VETH, PORT_JOINED, PORT_NKINDS };

struct port {
	char name[PORT_NAME_MAX + 1];
	struct network *network;
	enum port_kind kind;
	enum port_state state;
	char ifname[IFNAMSIZ]; /* the host's end */
	int ifindex;
	struct mac mac;		  /* the guest's */
	struct addr addr4, addr6; /* family unset: none */
	uid_t uid;		  /* who attached it */
	pid_t pid;
	unsigned queues;
	bool silent;		      /* its link went without having sent a frame */
	uint64_t since_s;	      /* CLOCK_REALTIME */
	struct log_limit drift_limit; /* its holder can change the tap as often as it likes */
	UT_hash_handle hh;	      /* network->ports, by name */
	UT_hash_handle hh_ifindex;    /* netd->ports_by_ifindex */
};

/*
 * network: NEW → UP ⇄ FAILED (with its reason); UP, FAILED → REMOVED → freed
 * Only network_set_state() changes it.
 */
enum network_state { NETWORK_NEW, NETWORK_UP, NETWORK_FAILED, NETWORK_REMOVED, NETWORK_NSTATES };

struct network {
	struct netd *netd;
	const struct config_network *config; /* borrowed from netd->config */
	char name[NETWORK_NAME_MAX + 1];
	enum network_state state;
	char reason[512];  /* why it is FAILED */
	char overlap[256]; /* what of the host it overlaps, found at the start */
	int ifindex;	   /* of the bridge */
	struct mac mac;	   /* of the bridge: derived from the name, so it never flips */
	/* Effective addresses: configured or auto, then old gateways still in use by a port. */
	struct prefix addresses[NETWORK_ADDRESSES_MAX * 2];
	size_t naddresses;
	bool announced;	  /* network-up was told */
	bool owns_bridge; /* its bridge is one that netd made */
	bool blocked;	  /* FAILED by what the host has now: looked at again when that changes */
	struct port *ports;
	struct dnsmasq *dnsmasq;   /* NULL while it has no ports */
	UT_hash_handle hh;	   /* netd->networks, by name */
	UT_hash_handle hh_ifindex; /* netd->networks_by_ifindex */
};

struct netd {
	struct loop *loop;
	char *config_dir, *runtime_dir, *state_dir;
	struct config *config;
	struct network *networks;
	struct network *networks_by_ifindex;
	struct port *ports_by_ifindex;
	struct rtnl *rtnl;		 /* rtnl.h: the rtnetlink sockets */
	struct actual *actual;		 /* actual.h: what the kernel has */
	struct watch *watch;		 /* watch.h: what to look at again after notices */
	struct confirm *confirm;	 /* confirm.h: an apply that waits for its confirmation */
	struct config_text *config_text; /* confirm.h: the running configuration's files */
	struct nft *nft;		 /* nft.h */
	struct control *control;	 /* control.h: varlink server and its monitors */
	struct hooks *hooks;		 /* hook.h */
	struct conntrack *conntrack;
};

/*
 * The one way to announce what happened: monitors, hooks. @event is one of
 * network-up network-down port-up port-down lease-add lease-del drift config.
 * @object is stolen: at least {"network": …} and for ports {"port": …, …}.
 */
void netd_event(struct netd *d, const char *event, json_t *object);

#endif
