// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The host's own forwarding.
 *
 * IPv4 forwards by interface: the uplinks are switched on. IPv6 has a switch
 * by interface from Linux 6.17 (force_forwarding); before that only the one
 * for all, which also makes the host deaf for router advertisements, so those
 * interfaces that listen to them are put back (facts measured in
 * docs/architecture.md). As long as nobody else has switched forwarding on for
 * all, packets between foreign interfaces are dropped. Everything changed is
 * remembered in STATE/sysctl. Daemon's thread only.
 */
#include "host.h"

#include <linux/if_addr.h>

#include "nft.h"
#include "sysctl.h"

struct host {
	struct netd *d;
	json_t *steps; /* NULL: do it */
	struct error *err;
	char file[512];
	bool changed;
};

static bool needs_forwarding(const struct config *c)
{
	for (size_t i = 0; i < c->nnetworks; i++)
		if (c->networks[i].mode == MODE_NAT || c->networks[i].mode == MODE_ROUTE)
			return true;
	return false;
}

static bool has_global(const struct link *l, sa_family_t family)
{
	for (size_t i = 0; i < l->naddrs; i++)
		if (l->addrs[i].prefix.addr.family == family && l->addrs[i].scope == 0)
			return true;
	return false;
}

/* Any foreign interface in use: where packets for a network with uplink = "auto" may come in. */
static bool may_be_uplink(const struct config *c, const struct link *l, sa_family_t family)
{
	const struct config_network *net;
	struct mark m;

	if ((l->flags & IFF_LOOPBACK) || l->master || !has_global(l, family))
		return false;
	if (mark_parse(l->alias, &m) < 0)
		return true;
	/* The bridge of a NIC has a mark of ours, and is one all the same. */
	net = m.port[0] ? NULL : config_find(c, m.network);
	return net && net->mode == MODE_BRIDGE;
}

static int host_set(struct host *h, const char *path, int value)
{
	int have = sysctl_get(path), r;
	char text[SYSCTL_PATH_MAX + 32];

	/* -ENOENT: a kernel without IPv6 */
	if (have == value || have == -ENOENT)
		return 0;
	h->changed = true;
	if (h->steps) {
		snprintf(text, sizeof(text), "set %s to %d", path, value);
		json_array_append_new(h->steps, json_pack("{s:s, s:s, s:s, s:s, s:b}", "network",
							  "", "object", "sysctl", "action",
							  "change", "text", text, "interrupts", 0));
		return 0;
	}
	r = sysctl_host_set(h->file, path, value);
	if (r < 0)
		return error_set(h->err, -r, "cannot set %s: %s", path, strerror(-r));
	log_info("host: %s is %d now, was %d", path, value, have);
	return 0;
}

static int host_set_link(struct host *h, struct link *l, enum link_sysctl which, int value)
{
	char path[SYSCTL_PATH_MAX];
	int r;

	if (l->sysctls[which] == value)
		return 0;
	sysctl_link_path(l->name, which, h->d->actual->force_forwarding, path);
	r = host_set(h, path, value);
	if (r == 0 && !h->steps)
		l->sysctls[which] = value;
	return r;
}

static int set_by_link(struct host *h, const struct config *c, sa_family_t family)
{
	enum link_sysctl which = family == AF_INET ? LINK_SYSCTL_FORWARDING4
						   : LINK_SYSCTL_FORWARDING6;
	struct link *l, *next;
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->nnetworks; i++) {
		const struct config_network *net = &c->networks[i];

		if (net->mode != MODE_NAT && net->mode != MODE_ROUTE)
			continue;
		any |= !net->uplink;
		l = net->uplink ? actual_link_named(h->d->actual, net->uplink) : NULL;
		if (l)
			r = host_set_link(h, l, which, 1);
	}
	HASH_ITER(hh, h->d->actual->by_index, l, next)
		if (r == 0 && any && may_be_uplink(c, l, family))
			r = host_set_link(h, l, which, 1);
	return r;
}

/* What the switch for all would change on an interface that is not ours. */
struct keep {
	char name[IFNAMSIZ];
	int accept_ra;
};

static size_t keep_collect(const struct netd *d, struct keep **ret)
{
	struct keep *keep = calloc(HASH_COUNT(d->actual->by_index) + 2, sizeof(*keep));
	struct link *l, *next;
	size_t n = 0;
	struct mark m;

	*ret = keep;
	if (!keep)
		return 0;
	snprintf(keep[n++].name, IFNAMSIZ, "default");
	HASH_ITER(hh, d->actual->by_index, l, next)
		if (mark_parse(l->alias, &m) < 0 && !(l->flags & IFF_LOOPBACK))
			str_copy(keep[n++].name, IFNAMSIZ, l->name);
	return n;
}

/*
 * Before 6.17. The switch for all sets it on every interface and deletes their RA routes, unless
 * accept_ra is 2; so it is 2 for the moment, and afterwards everything foreign is as it was.
 */
static int set_for_all6(struct host *h)
{
	struct keep *keep = NULL;
	char path[SYSCTL_PATH_MAX];
	size_t n;
	int r;

	if (h->steps || sysctl_get("net/ipv6/conf/all/forwarding") != 0)
		return h->steps ? host_set(h, "net/ipv6/conf/all/forwarding", 1) : 0;
	n = keep_collect(h->d, &keep);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", keep[i].name);
		keep[i].accept_ra = sysctl_get(path);
		if (keep[i].accept_ra == 1)
			sysctl_set(path, 2);
	}
	r = host_set(h, "net/ipv6/conf/all/forwarding", 1);
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "net/ipv6/conf/%s/forwarding", keep[i].name);
		sysctl_set(path, 0);
		snprintf(path, sizeof(path), "net/ipv6/conf/%s/accept_ra", keep[i].name);
		if (keep[i].accept_ra == 1)
			sysctl_set(path, 1);
	}
	free(keep);
	return r;
}

/* Did we, and we alone, make this host a router? */
static bool only_for_us(const struct host *h, sa_family_t family)
{
	const char *path = family == AF_INET ? "net/ipv4/conf/all/forwarding"
					     : "net/ipv6/conf/all/forwarding";

	if (family == AF_INET6 && !h->d->actual->force_forwarding)
		return sysctl_is_remembered(h->file, path) || sysctl_get(path) == 0;
	return sysctl_get(path) == 0;
}

int host_reconcile(struct netd *d, const struct config *c, json_t *steps, struct error *err)
{
	struct host h = { .d = d, .steps = steps, .err = err };
	static const sa_family_t families[] = { AF_INET, AF_INET6 };
	int r = 0;

	if (!c || !needs_forwarding(c))
		return 0;
	snprintf(h.file, sizeof(h.file), "%s/sysctl", d->state_dir);
	/* The drop is in force before anything is switched on. */
	for (size_t i = 0; r == 0 && !steps && i < ARRAY_SIZE(families); i++)
		r = nft_set_foreign(d->nft, families[i], only_for_us(&h, families[i]), err);
	if (r == 0)
		r = set_by_link(&h, c, AF_INET);
	if (r == 0 && d->actual->force_forwarding)
		r = set_by_link(&h, c, AF_INET6);
	else if (r == 0)
		r = set_for_all6(&h);
	return r;
}

int host_restore(struct netd *d)
{
	char file[512];

	snprintf(file, sizeof(file), "%s/sysctl", d->state_dir);
	return sysctl_host_restore(file);
}
