// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Address and route messages of rtnetlink.
 *
 * No state. A route that moves keeps every attribute the kernel told of it but
 * the interface. rtnetlink(7), linux/rtnetlink.h.
 */
#include "route.h"

#include <linux/if_addr.h>

static int addr_from_attr(const struct nlattr *a, sa_family_t family, struct addr *ret)
{
	struct addr addr = { .family = family };

	if ((size_t)nla_len(a) != addr_size(&addr))
		return -EBADMSG;
	memcpy(addr.bytes, nla_data(a), nla_len(a));
	*ret = addr;
	return 0;
}

int route_message_parse(const struct nlmsghdr *h, struct route *ret)
{
	const struct rtmsg *rt;
	struct nlattr *tb[RTA_MAX + 1];
	struct route r = { 0 };

	if (nlmsg_datalen(h) < (int)sizeof(*rt) ||
	    nlmsg_parse((struct nlmsghdr *)h, sizeof(*rt), tb, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	rt = nlmsg_data(h);
	if (rt->rtm_family != AF_INET && rt->rtm_family != AF_INET6)
		return -EBADMSG;
	if (tb[RTA_MULTIPATH])
		return -EOPNOTSUPP;
	r.protocol = rt->rtm_protocol;
	r.type = rt->rtm_type;
	r.scope = rt->rtm_scope;
	r.table = tb[RTA_TABLE] && nla_len(tb[RTA_TABLE]) >= 4 ? nla_get_u32(tb[RTA_TABLE])
							       : rt->rtm_table;
	r.dst.addr.family = rt->rtm_family;
	r.dst.len = rt->rtm_dst_len;
	if (r.dst.len > addr_bits(&r.dst.addr))
		return -EBADMSG;
	if (tb[RTA_OIF] && nla_len(tb[RTA_OIF]) >= 4)
		r.oif = nla_get_u32(tb[RTA_OIF]);
	if (tb[RTA_DST] && addr_from_attr(tb[RTA_DST], rt->rtm_family, &r.dst.addr) < 0)
		return -EBADMSG;
	if (tb[RTA_GATEWAY] && addr_from_attr(tb[RTA_GATEWAY], rt->rtm_family, &r.gateway) < 0)
		return -EBADMSG;
	*ret = r;
	return 0;
}

static void take(const struct nlmsghdr *h, void *data)
{
	struct routes *routes = data;
	struct route r, *list;
	const struct rtmsg *rt = nlmsg_data(h);

	if (h->nlmsg_type != RTM_NEWROUTE || route_message_parse(h, &r) < 0 ||
	    r.type != RTN_UNICAST || r.table == RT_TABLE_LOCAL || (rt->rtm_flags & RTM_F_CLONED))
		return;
	if (routes->n == routes->size) {
		list = realloc(routes->list, (routes->size * 2 + 16) * sizeof(*list));
		if (!list)
			return;
		routes->list = list;
		routes->size = routes->size * 2 + 16;
	}
	r.message = malloc(h->nlmsg_len);
	if (!r.message)
		return;
	memcpy(r.message, h, h->nlmsg_len);
	routes->list[routes->n++] = r;
}

static void forget(void *data)
{
	struct routes *routes = data;

	for (size_t i = 0; i < routes->n; i++)
		free(routes->list[i].message);
	routes->n = 0;
}

int routes_dump(struct rtnl *rtnl, struct routes *ret, struct error *err)
{
	struct routes routes = { 0 };
	struct rtmsg header = { .rtm_family = AF_UNSPEC };
	struct rtnl_dump dump = {
		.type = RTM_GETROUTE,
		.header = &header,
		.header_len = sizeof(header),
		.reset = forget,
		.message = take,
		.data = &routes,
	};
	int r = rtnl_dump(rtnl, &dump, err);

	if (r < 0)
		routes_done(&routes);
	else
		*ret = routes;
	return r;
}

void routes_done(struct routes *routes)
{
	forget(routes);
	free(routes->list);
	*routes = (struct routes){ 0 };
}

bool route_is_static(const struct route *r)
{
	return r->protocol != RTPROT_KERNEL && r->protocol != RTPROT_RA &&
	       r->protocol != RTPROT_REDIRECT;
}

const char *route_format(const struct route *r, char buf[static ROUTE_STRLEN])
{
	int n = snprintf(buf, ROUTE_STRLEN, "%s", r->dst.len ? PREFIX_STR(&r->dst) : "default");

	if (addr_is_set(&r->gateway))
		snprintf(buf + n, ROUTE_STRLEN - n, " via %s", ADDR_STR(&r->gateway));
	return buf;
}

static void put_route(struct rtnl_batch *b, int type, int flags, const struct route *r, int oif)
{
	struct rtmsg rt = *(struct rtmsg *)nlmsg_data(r->message);
	struct nl_msg *m;
	struct nlattr *a;
	int left;

	rt.rtm_flags &= RTNH_F_ONLINK;
	m = rtnl_batch_add(b, type, flags, &rt, sizeof(rt));
	if (!m)
		return;
	nlmsg_for_each_attr(a, r->message, sizeof(rt),
			    left) if (nla_type(a) != RTA_OIF && nla_type(a) != RTA_CACHEINFO)
		nla_put(m, nla_type(a), nla_len(a), nla_data(a));
	nla_put_u32(m, RTA_OIF, oif);
}

void route_put_add(struct rtnl_batch *b, const struct route *route, int oif)
{
	put_route(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, route, oif);
}

void route_put_delete(struct rtnl_batch *b, const struct route *route, int oif)
{
	put_route(b, RTM_DELROUTE, 0, route, oif);
}

void addr_put_add(struct rtnl_batch *b, int ifindex, const struct prefix *p, uint32_t flags,
		  bool broadcast)
{
	struct ifaddrmsg ifa = {
		.ifa_family = p->addr.family,
		.ifa_prefixlen = p->len,
		.ifa_index = ifindex,
		.ifa_scope = addr_is_link_local(&p->addr) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	};
	struct nl_msg *m =
		rtnl_batch_add(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &ifa, sizeof(ifa));
	struct addr last = prefix_last(p);

	if (!m)
		return;
	nla_put(m, IFA_LOCAL, addr_size(&p->addr), p->addr.bytes);
	nla_put(m, IFA_ADDRESS, addr_size(&p->addr), p->addr.bytes);
	if (broadcast && p->addr.family == AF_INET && p->len < 31)
		nla_put(m, IFA_BROADCAST, addr_size(&last), last.bytes);
	nla_put_u32(m, IFA_FLAGS,
		    flags & (IFA_F_NODAD | IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS |
			     IFA_F_MANAGETEMPADDR));
}

void addr_put_delete(struct rtnl_batch *b, int ifindex, const struct prefix *p)
{
	struct ifaddrmsg ifa = {
		.ifa_family = p->addr.family,
		.ifa_prefixlen = p->len,
		.ifa_index = ifindex,
	};
	struct nl_msg *m = rtnl_batch_add(b, RTM_DELADDR, 0, &ifa, sizeof(ifa));

	if (m)
		nla_put(m, IFA_LOCAL, addr_size(&p->addr), p->addr.bytes);
}
