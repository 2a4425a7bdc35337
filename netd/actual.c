// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of the kernel's links and addresses.
 *
 * Owns struct link objects, in two hash tables. Fed by the listening socket of
 * rtnl.h; after a loss (ENOBUFS) everything is dumped and compared, so that
 * listeners hear of a missed change as of any other. Daemon's thread only.
 */
#include "actual.h"

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>

#include "sysctl.h"

struct link *actual_link(const struct actual *a, int ifindex)
{
	struct link *l;

	HASH_FIND_INT(a->by_index, &ifindex, l);
	return l;
}

struct link *actual_link_named(const struct actual *a, const char *name)
{
	struct link *l;

	HASH_FIND(hh_name, a->by_name, name, strlen(name), l);
	return l;
}

static void tell(struct actual *a, struct actual_change *change, const struct nlmsghdr *h)
{
	change->portid = h ? h->nlmsg_pid : 0;
	if (a->changed)
		a->changed(a->data, change);
}

static void link_free(struct link *l)
{
	free(l->alias);
	free(l->addrs);
	free(l);
}

static void link_remove(struct actual *a, struct link *l, const struct nlmsghdr *h)
{
	struct actual_change change = {
		.kind = ACTUAL_LINK_GONE,
		.ifindex = l->ifindex,
		.gone = l,
	};

	HASH_DELETE(hh, a->by_index, l);
	HASH_DELETE(hh_name, a->by_name, l);
	tell(a, &change, h);
	link_free(l);
}

static struct link *link_add(struct actual *a, int ifindex)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->ifindex = ifindex;
	for (size_t i = 0; i < LINK_NSYSCTLS; i++)
		l->sysctls[i] = -1;
	HASH_ADD_INT(a->by_index, ifindex, l);
	return l;
}

static bool strings_differ(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "") != 0;
}

static void link_rename(struct actual *a, struct link *l, const char *name, bool isnew)
{
	struct link *other = actual_link_named(a, name);

	if (!isnew)
		HASH_DELETE(hh_name, a->by_name, l);
	/* Two renames of which we missed one: the other's own message is on its way. */
	if (other && other != l) {
		HASH_DELETE(hh_name, a->by_name, other);
		snprintf(other->name, sizeof(other->name), "?%d", other->ifindex);
		HASH_ADD(hh_name, a->by_name, name, strlen(other->name), other);
	}
	str_copy(l->name, sizeof(l->name), name);
	HASH_ADD(hh_name, a->by_name, name, strlen(l->name), l);
}

static bool port_take(struct link *l, const struct link_message *m)
{
	bool changed = l->isolated != m->isolated || l->hairpin != m->hairpin;

	if (!m->has_port)
		return false;
	l->isolated = m->isolated;
	l->hairpin = m->hairpin;
	return changed;
}

/* Takes the message into the link; did anything differ? */
static bool link_take(struct link *l, const struct link_message *m)
{
	bool changed = l->master != m->master || l->mtu != m->mtu || l->flags != m->flags ||
		       !mac_equal(&l->mac, &m->mac) || l->tap_persistent != m->tap_persistent ||
		       l->tap_owner != m->tap_owner || strings_differ(l->alias, m->alias);

	if (strings_differ(l->alias, m->alias)) {
		free(l->alias);
		l->alias = m->alias && *m->alias ? strdup(m->alias) : NULL;
	}
	str_copy(l->kind, sizeof(l->kind), m->kind ?: "");
	l->master = m->master;
	l->mtu = m->mtu;
	l->flags = m->flags;
	l->mac = m->mac;
	l->tap_persistent = m->tap_persistent;
	l->tap_owner = m->tap_owner;
	l->tap_queues = m->tap_queues;
	l->group = m->group;
	return port_take(l, m) || changed;
}

static void on_link(struct actual *a, const struct nlmsghdr *h)
{
	struct link_message m;
	struct actual_change change = { .kind = ACTUAL_LINK_CHANGED };
	struct link *l;
	bool differs;

	if (link_message_parse(h, &m) < 0)
		return;
	l = actual_link(a, m.ifindex);
	if (m.bridge_family) {
		/* RTM_DELLINK here: it left its bridge. A full message follows or came. */
		if (!l || m.gone || !port_take(l, &m))
			return;
	} else if (m.gone) {
		if (!l)
			return;
		l->silent = m.silent;
		link_remove(a, l, h);
		return;
	} else {
		if (!l) {
			change.kind = ACTUAL_LINK_NEW;
			l = link_add(a, m.ifindex);
			if (!l)
				return;
		}
		if (!streq(l->name, m.name)) {
			link_rename(a, l, m.name, change.kind == ACTUAL_LINK_NEW);
			change.renamed = true;
		}
		differs = link_take(l, &m);
		if (!differs && !change.renamed && change.kind == ACTUAL_LINK_CHANGED)
			return;
	}
	change.link = l;
	change.ifindex = l->ifindex;
	tell(a, &change, h);
}

static struct link_addr *find_addr(const struct link *l, const struct prefix *p)
{
	for (size_t i = 0; i < l->naddrs; i++)
		if (l->addrs[i].prefix.len == p->len &&
		    addr_equal(&l->addrs[i].prefix.addr, &p->addr))
			return &l->addrs[i];
	return NULL;
}

bool link_has_addr(const struct link *l, const struct prefix *p)
{
	return find_addr(l, p) != NULL;
}

static bool append_addr(struct link *l, const struct link_addr *addr)
{
	struct link_addr *addrs = realloc(l->addrs, (l->naddrs + 1) * sizeof(*addrs));

	if (!addrs)
		return false;
	l->addrs = addrs;
	l->addrs[l->naddrs++] = *addr;
	return true;
}

void actual_addr_added(struct actual *a, int ifindex, const struct prefix *p, uint32_t flags)
{
	struct link *l = actual_link(a, ifindex);
	struct link_addr addr = {
		.prefix = *p,
		.flags = flags | IFA_F_PERMANENT,
		.scope = addr_is_link_local(&p->addr) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	};

	if (l && !find_addr(l, p))
		append_addr(l, &addr);
}

static int addr_message_parse(const struct nlmsghdr *h, struct link_addr *ret, int *ret_ifindex)
{
	const struct ifaddrmsg *ifa;
	struct nlattr *tb[IFA_MAX + 1], *value;
	struct link_addr a = { 0 };

	if (nlmsg_datalen(h) < (int)sizeof(*ifa) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*ifa), tb, IFA_MAX, NULL) < 0)
		return -EBADMSG;
	ifa = nlmsg_data(h);
	value = tb[IFA_LOCAL] ?: tb[IFA_ADDRESS];
	if (!value || (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return -EBADMSG;
	a.prefix.addr.family = ifa->ifa_family;
	a.prefix.len = ifa->ifa_prefixlen;
	if ((size_t)nla_len(value) != addr_size(&a.prefix.addr) ||
	    a.prefix.len > addr_bits(&a.prefix.addr))
		return -EBADMSG;
	memcpy(a.prefix.addr.bytes, nla_data(value), nla_len(value));
	a.flags = tb[IFA_FLAGS] && nla_len(tb[IFA_FLAGS]) >= 4 ? nla_get_u32(tb[IFA_FLAGS])
							       : ifa->ifa_flags;
	a.scope = ifa->ifa_scope;
	a.broadcast = tb[IFA_BROADCAST];
	*ret = a;
	*ret_ifindex = ifa->ifa_index;
	return 0;
}

static void on_addr(struct actual *a, const struct nlmsghdr *h)
{
	struct actual_change change = { .kind = ACTUAL_ADDR_NEW };
	struct link_addr addr, *old;
	struct link *l;
	int ifindex;

	if (addr_message_parse(h, &addr, &ifindex) < 0)
		return;
	l = actual_link(a, ifindex);
	if (!l)
		return;
	old = find_addr(l, &addr.prefix);
	if (h->nlmsg_type == RTM_DELADDR) {
		if (!old)
			return;
		*old = l->addrs[--l->naddrs];
		change.kind = ACTUAL_ADDR_GONE;
	} else if (old) {
		*old = addr;
		return;
	} else {
		if (!append_addr(l, &addr))
			return;
	}
	change.link = l;
	change.ifindex = ifindex;
	change.prefix = &addr.prefix;
	tell(a, &change, h);
}

static void on_neigh(struct actual *a, const struct nlmsghdr *h)
{
	const struct ndmsg *nd = nlmsg_data(h);
	struct nlattr *tb[NDA_MAX + 1];
	struct actual_change change = { .kind = ACTUAL_NEIGH_LEARNED };

	if (nlmsg_datalen(h) < (int)sizeof(*nd) || nd->ndm_family != AF_BRIDGE ||
	    (nd->ndm_state & NUD_PERMANENT) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*nd), tb, NDA_MAX, NULL) < 0 ||
	    !tb[NDA_LLADDR] || nla_len(tb[NDA_LLADDR]) != sizeof(change.mac))
		return;
	memcpy(&change.mac, nla_data(tb[NDA_LLADDR]), sizeof(change.mac));
	change.ifindex = nd->ndm_ifindex;
	change.link = actual_link(a, nd->ndm_ifindex);
	tell(a, &change, h);
}

static void on_netconf(struct actual *a, const struct nlmsghdr *h)
{
	struct actual_change change = { .kind = ACTUAL_NETCONF };
	struct nlattr *tb[NETCONFA_MAX + 1];
	struct link *l;

	if (nlmsg_parse((struct nlmsghdr *)h, sizeof(struct netconfmsg), tb, NETCONFA_MAX, NULL) <
		    0 ||
	    !tb[NETCONFA_IFINDEX] || nla_len(tb[NETCONFA_IFINDEX]) < 4)
		return;
	change.ifindex = (int)nla_get_u32(tb[NETCONFA_IFINDEX]);
	l = actual_link(a, change.ifindex);
	for (size_t i = 0; l && i < LINK_NSYSCTLS; i++)
		l->sysctls[i] = -1;
	change.link = l;
	tell(a, &change, h);
}

void actual_message(struct actual *a, const struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(a, h);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		on_addr(a, h);
		break;
	case RTM_NEWNEIGH:
		on_neigh(a, h);
		break;
	case RTM_NEWNETCONF:
		on_netconf(a, h);
		break;
	}
}

/* ---- everything anew ---- */

static void take_dumped(const struct nlmsghdr *h, void *data)
{
	actual_message(data, h);
}

static int dump(struct actual *into, int type, const void *header, size_t len, struct error *err)
{
	struct rtnl_dump d = {
		.type = type,
		.header = header,
		.header_len = len,
		.message = take_dumped,
		.data = into,
	};

	return rtnl_dump(into->rtnl, &d, err);
}

/* What the old table has and the fresh one has not: told as gone. */
static void tell_gone(struct actual *a, const struct actual *fresh)
{
	struct link *l, *next;

	HASH_ITER(hh, a->by_index, l, next) {
		struct link *now = actual_link(fresh, l->ifindex);

		if (!now) {
			link_remove(a, l, NULL);
			continue;
		}
		for (size_t i = l->naddrs; i-- > 0;) {
			struct prefix p = l->addrs[i].prefix;
			struct actual_change change = {
				.kind = ACTUAL_ADDR_GONE,
				.ifindex = l->ifindex,
				.link = l,
				.prefix = &p,
			};

			if (link_has_addr(now, &p))
				continue;
			l->addrs[i] = l->addrs[--l->naddrs];
			tell(a, &change, NULL);
		}
		for (size_t i = 0; i < LINK_NSYSCTLS; i++)
			l->sysctls[i] = -1;
	}
}

/*
 * A dump into a table of its own finds what is gone; then the same dump's
 * messages go into the real one. Two dumps, because links are compared as
 * messages, and a loss is rare.
 */
int actual_refresh(struct actual *a, struct error *err)
{
	struct actual fresh = { .rtnl = a->rtnl };
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct ifaddrmsg addr = { .ifa_family = AF_UNSPEC };
	int r = 0;

	if (a->by_index) {
		r = dump(&fresh, RTM_GETLINK, &link, sizeof(link), err);
		if (r == 0)
			r = dump(&fresh, RTM_GETADDR, &addr, sizeof(addr), err);
		if (r == 0)
			tell_gone(a, &fresh);
		actual_done(&fresh);
	}
	if (r == 0)
		r = dump(a, RTM_GETLINK, &link, sizeof(link), err);
	if (r == 0)
		r = dump(a, RTM_GETADDR, &addr, sizeof(addr), err);
	return r;
}

static void take_notice(const struct nlmsghdr *h, void *data)
{
	actual_message(data, h);
}

int actual_drain(struct actual *a)
{
	int r = rtnl_monitor_drain(a->rtnl, take_notice, a);

	if (r != -ENOBUFS)
		return r;
	log_warn("netlink: notices were lost, reading everything anew");
	return actual_refresh(a, NULL);
}

void actual_read_sysctls(struct actual *a, struct link *l)
{
	for (size_t i = 0; i < LINK_NSYSCTLS; i++)
		if (l->sysctls[i] < 0)
			l->sysctls[i] = sysctl_link_get(l->name, i, a->force_forwarding);
}

void actual_done(struct actual *a)
{
	struct link *l, *next;

	HASH_ITER(hh, a->by_index, l, next) {
		HASH_DELETE(hh, a->by_index, l);
		HASH_DELETE(hh_name, a->by_name, l);
		link_free(l);
	}
}
