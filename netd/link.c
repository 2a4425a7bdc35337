// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Link messages of rtnetlink: parsed into plain data, and built.
 *
 * No state, no socket: what is built goes into a batch of rtnl.h. libnl 3.7
 * has no bridge-port attributes, alternative names or per-family settings, so
 * these are raw attributes. linux/if_link.h.
 */
#include "link.h"

#include <linux/if_bridge.h>
#include <linux/if_tun.h>
#include <linux/veth.h>
#include <net/ethernet.h>

static const char *attr_string(const struct nlattr *a, size_t max)
{
	const char *s;

	if (!a || nla_len(a) <= 0 || (size_t)nla_len(a) > max)
		return NULL;
	s = nla_data(a);
	return s[nla_len(a) - 1] == '\0' ? s : NULL;
}

static uint32_t attr_u32(const struct nlattr *a, uint32_t fallback)
{
	return a && nla_len(a) >= 4 ? nla_get_u32(a) : fallback;
}

static bool attr_bool(const struct nlattr *a)
{
	return a && nla_len(a) >= 1 && nla_get_u8(a);
}

static void parse_bridge_port(struct nlattr *nest, struct link_message *m)
{
	struct nlattr *tb[IFLA_BRPORT_MAX + 1];

	if (nla_parse_nested(tb, IFLA_BRPORT_MAX, nest, NULL) < 0)
		return;
	m->has_port = true;
	m->isolated = attr_bool(tb[IFLA_BRPORT_ISOLATED]);
	m->hairpin = attr_bool(tb[IFLA_BRPORT_MODE]);
}

static void parse_tun(struct nlattr *nest, struct link_message *m)
{
	struct nlattr *tb[IFLA_TUN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_TUN_MAX, nest, NULL) < 0)
		return;
	m->tap_persistent = attr_bool(tb[IFLA_TUN_PERSIST]);
	m->tap_queues = attr_u32(tb[IFLA_TUN_NUM_QUEUES], 0);
	m->tap_owner = attr_u32(tb[IFLA_TUN_OWNER], (uid_t)-1);
}

static bool is_silent(struct nlattr *attr)
{
	uint64_t rx_packets; /* rtnl_link_stats64's first field; not aligned in the message */

	if (!attr || (size_t)nla_len(attr) < sizeof(rx_packets))
		return false;
	memcpy(&rx_packets, nla_data(attr), sizeof(rx_packets));
	return !rx_packets;
}

static void parse_info(struct nlattr *nest, struct link_message *m)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];
	const char *slave;

	if (nla_parse_nested(tb, IFLA_INFO_MAX, nest, NULL) < 0)
		return;
	m->kind = attr_string(tb[IFLA_INFO_KIND], 16);
	slave = attr_string(tb[IFLA_INFO_SLAVE_KIND], 16);
	if (m->kind && streq(m->kind, "tun") && tb[IFLA_INFO_DATA])
		parse_tun(tb[IFLA_INFO_DATA], m);
	if (slave && streq(slave, "bridge") && tb[IFLA_INFO_SLAVE_DATA])
		parse_bridge_port(tb[IFLA_INFO_SLAVE_DATA], m);
}

int link_message_parse(const struct nlmsghdr *h, struct link_message *ret)
{
	const struct ifinfomsg *ifi;
	struct nlattr *tb[IFLA_MAX + 1];
	struct link_message m = { 0 };

	if (nlmsg_datalen(h) < (int)sizeof(*ifi) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*ifi), tb, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	ifi = nlmsg_data(h);
	if (ifi->ifi_index <= 0)
		return -EBADMSG;
	m.ifindex = ifi->ifi_index;
	m.flags = ifi->ifi_flags;
	m.gone = h->nlmsg_type == RTM_DELLINK;
	m.bridge_family = ifi->ifi_family == AF_BRIDGE;
	m.name = attr_string(tb[IFLA_IFNAME], IFNAMSIZ);
	m.alias = attr_string(tb[IFLA_IFALIAS], MARK_LEN);
	m.master = attr_u32(tb[IFLA_MASTER], 0);
	m.mtu = attr_u32(tb[IFLA_MTU], 0);
	m.group = attr_u32(tb[IFLA_GROUP], 0);
	m.silent = is_silent(tb[IFLA_STATS64]);
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == sizeof(m.mac))
		memcpy(&m.mac, nla_data(tb[IFLA_ADDRESS]), sizeof(m.mac));
	if (m.bridge_family && tb[IFLA_PROTINFO])
		parse_bridge_port(tb[IFLA_PROTINFO], &m);
	if (tb[IFLA_LINKINFO])
		parse_info(tb[IFLA_LINKINFO], &m);
	if (!m.bridge_family && !m.gone && (!m.name || !*m.name))
		return -EBADMSG;
	*ret = m;
	return 0;
}

/* ---- building ---- */

static void put_nothing_of_ipv6(struct nl_msg *m)
{
	struct nlattr *spec = nla_nest_start(m, IFLA_AF_SPEC);
	struct nlattr *inet6 = nla_nest_start(m, AF_INET6);

	nla_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	nla_nest_end(m, inet6);
	nla_nest_end(m, spec);
}

void link_put_bridge(struct rtnl_batch *b, const char *name, const struct link_values *v,
		     bool quiet)
{
	struct ifinfomsg down = { .ifi_family = AF_UNSPEC };
	struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nlattr *info, *data;
	struct nl_msg *m;

	m = rtnl_batch_add(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &down, sizeof(down));
	if (!m)
		return;
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put(m, IFLA_ADDRESS, sizeof(v->mac), &v->mac);
	/* Only a *change* of the MTU makes it fixed (BROPT_MTU_SET_BY_USER). */
	nla_put_u32(m, IFLA_MTU, v->mtu == ETH_DATA_LEN ? v->mtu - 1 : ETH_DATA_LEN);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "bridge");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	nla_put_u32(m, IFLA_BR_STP_STATE, 0);
	nla_put_u32(m, IFLA_BR_FORWARD_DELAY, 0);
	nla_nest_end(m, data);
	nla_nest_end(m, info);

	m = rtnl_batch_add(b, RTM_NEWLINK, 0, &down, sizeof(down));
	if (!m)
		return;
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put_u32(m, IFLA_MTU, v->mtu);
	nla_put_string(m, IFLA_IFALIAS, v->alias);
	if (quiet)
		put_nothing_of_ipv6(m);

	m = rtnl_batch_add(b, RTM_NEWLINK, 0, &up, sizeof(up));
	if (m)
		nla_put_string(m, IFLA_IFNAME, name);
}

static void put_isolated(struct nl_msg *m, bool isolated)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO), *data;

	nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nla_nest_start(m, IFLA_INFO_SLAVE_DATA);
	nla_put_u8(m, IFLA_BRPORT_ISOLATED, isolated);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

/*
 * The kernel applies a message's parts in its own order (slave attributes
 * before the master, the flags before the address-generation mode), so what
 * must come earlier goes in an earlier message.
 */
void link_put_values(struct rtnl_batch *b, int ifindex, unsigned set, const struct link_values *v,
		     int master)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	const unsigned first = LINK_MASTER | LINK_MTU | LINK_MAC | LINK_ALIAS | LINK_QUIET;
	struct nl_msg *m;

	if ((set & LINK_UP) && !v->up) {
		struct ifinfomsg down = { .ifi_index = ifindex, .ifi_change = IFF_UP };

		rtnl_batch_add(b, RTM_NEWLINK, 0, &down, sizeof(down));
	}
	if ((set & first) && (m = rtnl_batch_add(b, RTM_NEWLINK, 0, &ifi, sizeof(ifi)))) {
		if (set & LINK_MAC)
			nla_put(m, IFLA_ADDRESS, sizeof(v->mac), &v->mac);
		if (set & LINK_MTU)
			nla_put_u32(m, IFLA_MTU, v->mtu);
		if (set & LINK_ALIAS)
			nla_put_string(m, IFLA_IFALIAS, v->alias);
		if (set & LINK_MASTER)
			nla_put_u32(m, IFLA_MASTER, master);
		if (set & LINK_QUIET)
			put_nothing_of_ipv6(m);
	}
	if ((set & LINK_UP) && v->up) {
		ifi.ifi_flags = IFF_UP;
		ifi.ifi_change = IFF_UP;
	}
	if (((set & LINK_ISOLATED) || ifi.ifi_change) &&
	    (m = rtnl_batch_add(b, RTM_NEWLINK, 0, &ifi, sizeof(ifi)))) {
		if (set & LINK_ISOLATED)
			put_isolated(m, v->isolated);
	}
}

void link_put_delete(struct rtnl_batch *b, int ifindex)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };

	rtnl_batch_add(b, RTM_DELLINK, 0, &ifi, sizeof(ifi));
}

void link_put_group(struct rtnl_batch *b, int ifindex, unsigned group)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *m = rtnl_batch_add(b, RTM_NEWLINK, 0, &ifi, sizeof(ifi));

	if (m)
		nla_put_u32(m, IFLA_GROUP, group);
}

void link_put_delete_group(struct rtnl_batch *b, unsigned group)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m = rtnl_batch_add(b, RTM_DELLINK, 0, &ifi, sizeof(ifi));

	if (m)
		nla_put_u32(m, IFLA_GROUP, group);
}

void link_put_altname(struct rtnl_batch *b, int ifindex, const char *altname)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *m = rtnl_batch_add(
		b, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &ifi, sizeof(ifi));
	struct nlattr *list;

	if (!m)
		return;
	list = nla_nest_start(m, IFLA_PROP_LIST | NLA_F_NESTED);
	nla_put_string(m, IFLA_ALT_IFNAME, altname);
	nla_nest_end(m, list);
}

void link_put_veth(struct rtnl_batch *b, const struct link_veth *v)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct ifinfomsg peer = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m =
		rtnl_batch_add(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifi, sizeof(ifi));
	struct nlattr *info, *data, *nest;

	if (!m)
		return;
	nla_put_string(m, IFLA_IFNAME, v->ifname);
	nla_put(m, IFLA_ADDRESS, sizeof(v->mac), &v->mac);
	nla_put_u32(m, IFLA_MTU, v->mtu);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	nest = nla_nest_start(m, VETH_INFO_PEER);
	nlmsg_append(m, &peer, sizeof(peer), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, v->peer);
	nla_put(m, IFLA_ADDRESS, sizeof(v->peer_mac), &v->peer_mac);
	nla_put_u32(m, IFLA_MTU, v->mtu);
	nla_put_u32(m, IFLA_NET_NS_FD, v->netns_fd);
	nla_nest_end(m, nest);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

void link_put_up(struct rtnl_batch *b, const char *ifname)
{
	struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg *m = rtnl_batch_add(b, RTM_NEWLINK, 0, &up, sizeof(up));

	if (m)
		nla_put_string(m, IFLA_IFNAME, ifname);
}

static void read_stats(const struct nlmsghdr *h, void *data)
{
	struct nlattr *tb[IFLA_STATS_MAX + 1];
	struct link_stats *ret = data;
	struct rtnl_link_stats64 s = { 0 };

	if (nlmsg_parse((struct nlmsghdr *)h, sizeof(struct if_stats_msg), tb, IFLA_STATS_MAX,
			NULL) < 0 ||
	    !tb[IFLA_STATS_LINK_64])
		return;
	memcpy(&s, nla_data(tb[IFLA_STATS_LINK_64]),
	       MIN(sizeof(s), (size_t)nla_len(tb[IFLA_STATS_LINK_64])));
	*ret = (struct link_stats){ s.rx_bytes, s.rx_packets, s.tx_bytes, s.tx_packets,
				    s.rx_dropped + s.tx_dropped };
}

int link_stats(struct rtnl *r, int ifindex, struct link_stats *ret)
{
	struct if_stats_msg header = {
		.ifindex = ifindex,
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};
	struct link_stats stats = { 0 };
	struct rtnl_dump query = {
		.type = RTM_GETSTATS,
		.header = &header,
		.header_len = sizeof(header),
		.single = true,
		.message = read_stats,
		.data = &stats,
	};
	int code = rtnl_dump(r, &query, NULL);

	if (code == 0)
		*ret = stats;
	return code;
}

bool link_exists(struct rtnl *r, int ifindex)
{
	struct link_stats stats;

	return link_stats(r, ifindex, &stats) != -ENODEV;
}

bool link_is_port_kind(const struct link *l)
{
	return streq(l->kind, "tun") || streq(l->kind, "veth");
}
