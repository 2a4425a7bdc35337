/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links: what a netlink message says about one, and the messages that make
 * and change one. No state; actual.h keeps what was parsed.
 */
#ifndef NETD_LINK_H
#define NETD_LINK_H

#include "mark.h"
#include "rtnl.h"

enum link_sysctl {
	LINK_SYSCTL_FORWARDING4,
	LINK_SYSCTL_ROUTE_LOCALNET,
	LINK_SYSCTL_FORWARDING6, /* force_forwarding where the kernel has it (6.17) */
	LINK_SYSCTL_ACCEPT_RA,
	LINK_SYSCTL_PROMOTE, /* else a removed address takes its subnet's others along */
	LINK_NSYSCTLS
};

struct link_addr {
	struct prefix prefix;
	uint32_t flags; /* IFA_F_* */
	uint8_t scope;
	bool broadcast; /* has one of its own */
};

struct link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16]; /* empty: hardware */
	char *alias;   /* NULL: none */
	int master;    /* 0: none */
	unsigned mtu;
	unsigned flags; /* IFF_* */
	struct mac mac;
	bool isolated, hairpin; /* while it is a bridge port */
	unsigned group;
	bool tap_persistent;
	unsigned tap_queues;
	uid_t tap_owner;
	bool silent; /* gone without ever having received a frame: a guest that sent nothing */
	struct link_addr *addrs;
	size_t naddrs;
	int sysctls[LINK_NSYSCTLS]; /* -1: not read yet */
	UT_hash_handle hh;	    /* by ifindex */
	UT_hash_handle hh_name;
};

/* What one message says. Strings point into the message. */
struct link_message {
	int ifindex;
	bool bridge_family; /* about being a bridge's port only */
	bool gone;	    /* RTM_DELLINK: the link, or (bridge_family) its being a port */
	const char *name, *kind, *alias;
	int master;
	unsigned mtu, flags, group;
	struct mac mac;
	bool has_port, isolated, hairpin;
	bool tap_persistent;
	unsigned tap_queues;
	uid_t tap_owner;
	bool silent;
};

/* Pure: 0, or -EBADMSG. Fuzzed. */
int link_message_parse(const struct nlmsghdr *h, struct link_message *ret);

/* Attributes of a link to change; which of them: @set. */
enum {
	LINK_MASTER = 1 << 0,
	LINK_MTU = 1 << 1,
	LINK_MAC = 1 << 2,
	LINK_ALIAS = 1 << 3,
	LINK_UP = 1 << 4,
	LINK_ISOLATED = 1 << 5, /* only of a bridge's port */
	LINK_QUIET = 1 << 6,	/* no IPv6 link-local address of its own */
};
struct link_values {
	char master[IFNAMSIZ]; /* empty: none */
	unsigned mtu;
	struct mac mac;
	char alias[MARK_LEN];
	bool up, isolated;
};

/* A bridge with STP off and a fixed MAC and MTU, up; by name. @quiet: as LINK_QUIET. */
void link_put_bridge(struct rtnl_batch *b, const char *name, const struct link_values *v,
		     bool quiet);
/* Changes what @set names; @master: ifindex of values->master. One to three messages. */
void link_put_values(struct rtnl_batch *b, int ifindex, unsigned set,
		     const struct link_values *values, int master);
void link_put_delete(struct rtnl_batch *b, int ifindex);
/* Many at once, far quicker than one by one: into a group of their own, which then goes. */
void link_put_group(struct rtnl_batch *b, int ifindex, unsigned group);
void link_put_delete_group(struct rtnl_batch *b, unsigned group);
void link_put_altname(struct rtnl_batch *b, int ifindex, const char *altname);

struct link_veth {
	const char *ifname; /* the host's end */
	const char *peer;   /* in the namespace, up */
	int netns_fd;
	struct mac mac, peer_mac;
	unsigned mtu;
};
void link_put_veth(struct rtnl_batch *b, const struct link_veth *v);
void link_put_up(struct rtnl_batch *b, const char *ifname);

struct link_stats {
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, drops;
};
/* Of the host's end. 0 or -errno. */
int link_stats(struct rtnl *r, int ifindex, struct link_stats *ret);
/* Asks the kernel: a link on its way out sends notices before the last one. */
bool link_exists(struct rtnl *r, int ifindex);
/* "tun" and "veth" links can be ports that netd made. */
bool link_is_port_kind(const struct link *l);

#endif
