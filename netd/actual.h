/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has: links and their addresses, kept equal to the kernel by
 * its own messages. The kernel delivers the notice of a change before the
 * system call that made it returns, so after actual_drain() this is exact.
 */
#ifndef NETD_ACTUAL_H
#define NETD_ACTUAL_H

#include "link.h"

struct actual_change;

struct actual {
	struct link *by_index, *by_name;
	struct rtnl *rtnl;
	/* Told of each change, after it is in; never from within a change of ours to *this*. */
	void (*changed)(void *data, const struct actual_change *change);
	void *data;
	bool force_forwarding; /* the kernel has net.ipv6.conf.*.force_forwarding */
};

enum actual_kind {
	ACTUAL_LINK_NEW,
	ACTUAL_LINK_CHANGED, /* or renamed */
	ACTUAL_LINK_GONE,
	ACTUAL_ADDR_NEW,
	ACTUAL_ADDR_GONE,
	ACTUAL_NEIGH_LEARNED, /* a MAC address behind a bridge's port */
	ACTUAL_NETCONF,	      /* forwarding was switched */
};

struct actual_change {
	enum actual_kind kind;
	int ifindex;
	const struct link *link; /* NULL: gone, or not known */
	const struct link *gone; /* ACTUAL_LINK_GONE: its last state; freed afterwards */
	bool renamed;
	const struct prefix *prefix; /* ACTUAL_ADDR_* */
	struct mac mac;		     /* ACTUAL_NEIGH_LEARNED */
	uint32_t portid;	     /* who asked the kernel, where it tells; else 0 */
};

void actual_done(struct actual *a);
/* One message, from a dump or a notice. Pure but for a->changed. */
void actual_message(struct actual *a, const struct nlmsghdr *h);
/* Everything anew: dumps links and addresses, tells the difference as changes. */
int actual_refresh(struct actual *a, struct error *err);
/* Takes in what waits on the listening socket; a loss ends in actual_refresh(). */
int actual_drain(struct actual *a);

struct link *actual_link(const struct actual *a, int ifindex); /* NULL is an answer */
struct link *actual_link_named(const struct actual *a, const char *name);
/* We added it: the kernel's own notice of an IPv6 address comes some time after the call. */
void actual_addr_added(struct actual *a, int ifindex, const struct prefix *p, uint32_t flags);
bool link_has_addr(const struct link *l, const struct prefix *p);
/* Reads the sysctls of a link that are not known yet. */
void actual_read_sysctls(struct actual *a, struct link *l);

#endif
