// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deletes conntrack entries of what left: a port's addresses, a removed
 * forward. ctnetlink through libmnl: one dump in which the kernel's answers
 * are looked through, and a delete for each entry that matches.
 *
 * A dump walks the whole hash table, 15 ms with its usual size whatever is in
 * it. So what is to go is queued, and a moment later one dump serves all of it
 * in a child process, while the daemon goes on. conntrack_settle() waits: an
 * address must be free of its past before it is given anew.
 *
 * Owns the queue and at most one child. Runs in netd, on its loop.
 */
#include "conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/wait.h>

#define ENTRIES_MAX 65536 /* deleted by one call; the rest time out by themselves */

#define QUEUE_MAX 64
#define QUEUE_MS 20

/* What an entry must be to go: an address at either end, or a forward's marks. */
struct match {
	struct addr addr;
	bool forward;
	uint8_t protocol;
	uint16_t first, last; /* original destination port, host order */
};

struct conntrack {
	struct loop *loop;
	struct mnl_socket *socket; /* the child's, or that of a run of our own */
	uint32_t seq;
	struct source *timer;
	struct match queue[QUEUE_MAX];
	size_t n;
	pid_t child;
	struct source *child_source;
	struct match running[QUEUE_MAX]; /* what the child deletes */
	size_t nrunning;
};

/* One entry to delete: its two tuples as they came, since the kernel finds it by them. */
struct found {
	struct found *next;
	uint8_t family;
	uint16_t len;
	char attrs[];
};

struct scan {
	const struct conntrack *ct;
	struct found *list;
	size_t n;
};

static void queue_timer(struct source *s, void *data);

int conntrack_open(struct loop *l, struct conntrack **ret, struct error *err)
{
	struct conntrack *c = calloc(1, sizeof(*c));

	if (!c)
		return error_set(err, ENOMEM, "out of memory");
	c->loop = l;
	if (loop_add_timer(l, queue_timer, c, &c->timer) < 0) {
		free(c);
		return error_set(err, ENOMEM, "out of memory");
	}
	*ret = c;
	return 0;
}

void conntrack_close(struct conntrack *c)
{
	if (!c)
		return;
	conntrack_settle(c, NULL);
	source_free(c->child_source);
	source_free(c->timer);
	free(c);
}

struct tuple {
	struct addr src, dst;
	uint8_t protocol;
	uint16_t dport_be;
};

static void tuple_addresses(const struct nlattr *ip, struct tuple *t)
{
	static const struct {
		uint16_t type;
		sa_family_t family;
		bool src;
	} kinds[] = {
		{ CTA_IP_V4_SRC, AF_INET, true },
		{ CTA_IP_V4_DST, AF_INET, false },
		{ CTA_IP_V6_SRC, AF_INET6, true },
		{ CTA_IP_V6_DST, AF_INET6, false },
	};
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, ip) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			struct addr *to = kinds[i].src ? &t->src : &t->dst;

			if (mnl_attr_get_type(a) != kinds[i].type)
				continue;
			to->family = kinds[i].family;
			if (mnl_attr_get_payload_len(a) == addr_size(to))
				memcpy(to->bytes, mnl_attr_get_payload(a), addr_size(to));
		}
	}
}

static struct tuple tuple_parse(const struct nlattr *attr)
{
	const struct nlattr *a, *b;
	struct tuple t = { 0 };

	mnl_attr_for_each_nested(a, attr) {
		if (mnl_attr_get_type(a) == CTA_TUPLE_IP)
			tuple_addresses(a, &t);
		if (mnl_attr_get_type(a) != CTA_TUPLE_PROTO)
			continue;
		mnl_attr_for_each_nested(b, a) {
			if (mnl_attr_get_type(b) == CTA_PROTO_NUM &&
			    mnl_attr_get_payload_len(b) >= 1)
				t.protocol = mnl_attr_get_u8(b);
			if (mnl_attr_get_type(b) == CTA_PROTO_DST_PORT &&
			    mnl_attr_get_payload_len(b) >= 2)
				t.dport_be = mnl_attr_get_u16(b);
		}
	}
	return t;
}

static bool entry_matches(const struct match *m, const struct tuple *orig,
			  const struct tuple *reply)
{
	uint16_t port = ntohs(orig->dport_be);

	if (m->forward)
		return orig->protocol == m->protocol && port >= m->first && port <= m->last &&
		       addr_equal(&reply->src, &m->addr) && !addr_equal(&orig->dst, &m->addr);
	return addr_equal(&orig->src, &m->addr) || addr_equal(&orig->dst, &m->addr) ||
	       addr_equal(&reply->src, &m->addr) || addr_equal(&reply->dst, &m->addr);
}

static bool any_matches(const struct conntrack *c, const struct tuple *orig,
			const struct tuple *reply)
{
	for (size_t i = 0; i < c->n; i++)
		if (entry_matches(&c->queue[i], orig, reply))
			return true;
	return false;
}

static int entry_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *orig_attr = NULL, *zone_attr = NULL;
	struct tuple orig = { 0 }, reply = { 0 };
	struct scan *s = data;
	struct found *f;
	size_t len;

	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			orig_attr = attr;
			orig = tuple_parse(attr);
			break;
		case CTA_TUPLE_REPLY:
			reply = tuple_parse(attr);
			break;
		case CTA_ZONE:
			zone_attr = attr;
			break;
		}
	}
	if (!orig_attr || s->n >= ENTRIES_MAX || !any_matches(s->ct, &orig, &reply))
		return MNL_CB_OK;
	len = MNL_ALIGN(orig_attr->nla_len) + (zone_attr ? MNL_ALIGN(zone_attr->nla_len) : 0);
	f = malloc(sizeof(*f) + len);
	if (!f)
		return MNL_CB_OK;
	f->family = nfg->nfgen_family;
	f->len = len;
	memcpy(f->attrs, orig_attr, MNL_ALIGN(orig_attr->nla_len));
	if (zone_attr)
		memcpy(f->attrs + MNL_ALIGN(orig_attr->nla_len), zone_attr,
		       MNL_ALIGN(zone_attr->nla_len));
	f->next = s->list;
	s->list = f;
	s->n++;
	return MNL_CB_OK;
}

static struct nlmsghdr *ct_message(struct conntrack *c, char *buf, uint16_t type, uint16_t flags,
				   uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++c->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static int ct_request(struct conntrack *c, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	char buf[32768];
	int r;

	if (mnl_socket_sendto(c->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t len = mnl_socket_recvfrom(c->socket, buf, sizeof(buf));

		if (len < 0)
			return -errno;
		r = mnl_cb_run(buf, len, nlh->nlmsg_seq, mnl_socket_get_portid(c->socket), cb,
			       data);
		if (r < 0)
			return -errno;
	} while (r > 0);
	return 0;
}

/* Deletes what the queue names; blocks for a dump's time. */
static void conntrack_run(struct conntrack *c)
{
	struct scan s = { .ct = c };
	char buf[4096];

	c->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!c->socket)
		return;
	if (mnl_socket_bind(c->socket, 0, MNL_SOCKET_AUTOPID) == 0)
		ct_request(c, ct_message(c, buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC),
			   entry_cb, &s);
	while (s.list) {
		struct found *f = s.list;
		struct nlmsghdr *nlh;

		s.list = f->next;
		nlh = ct_message(c, buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, f->family);
		if (nlh->nlmsg_len + f->len <= sizeof(buf)) {
			memcpy(mnl_nlmsg_get_payload_tail(nlh), f->attrs, f->len);
			nlh->nlmsg_len += f->len;
			ct_request(c, nlh, NULL, NULL);
		}
		free(f);
	}
	mnl_socket_close(c->socket);
}

static void child_ended(struct source *s _unused_, pid_t pid _unused_, int status _unused_,
			void *data)
{
	struct conntrack *c = data;

	c->child_source = NULL;
	c->child = 0;
	c->nrunning = 0;
	if (c->n)
		source_set_timer(c->timer, QUEUE_MS, 0);
}

static void queue_timer(struct source *s _unused_, void *data)
{
	struct conntrack *c = data;

	if (c->child || !c->n)
		return; /* its end arms the timer again */
	c->child = fork();
	if (c->child == 0) {
		conntrack_run(c);
		_exit(0);
	}
	if (c->child < 0 ||
	    loop_add_child(c->loop, c->child, child_ended, c, &c->child_source) < 0) {
		c->child = 0;
		conntrack_run(c);
		c->n = 0;
		return;
	}
	memcpy(c->running, c->queue, sizeof(c->queue));
	c->nrunning = c->n;
	c->n = 0;
}

static void queue_add(struct conntrack *c, const struct match *m)
{
	if (c->n == QUEUE_MAX) {
		conntrack_run(c);
		c->n = 0;
	}
	if (!c->n)
		source_set_timer(c->timer, QUEUE_MS, 0);
	c->queue[c->n++] = *m;
}

void conntrack_flush_addr(struct conntrack *c, const struct addr *a)
{
	struct match m = { .addr = *a };

	if (addr_is_set(a))
		queue_add(c, &m);
}

void conntrack_flush_forward(struct conntrack *c, uint8_t protocol, uint16_t first, uint16_t last,
			     const struct addr *to)
{
	struct match m = {
		.addr = *to, .forward = true, .protocol = protocol, .first = first, .last = last
	};

	queue_add(c, &m);
}

static bool concerns(const struct match *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (!a || addr_equal(&list[i].addr, a))
			return true;
	return false;
}

void conntrack_settle(struct conntrack *c, const struct addr *a)
{
	if (c->child && concerns(c->running, c->nrunning, a)) {
		waitpid(c->child, NULL, 0);
		source_freep(&c->child_source);
		child_ended(NULL, 0, 0, c);
	}
	if (concerns(c->queue, c->n, a)) {
		conntrack_run(c);
		c->n = 0;
	}
}
