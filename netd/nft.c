// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nftables transactions: what is in force, what should be, and one batch
 * between them. nfnetlink through libmnl; the objects through libnftnl.
 *
 * Owns two netlink sockets (the one that commits, and owns the tables where
 * the kernel has NFT_TABLE_F_OWNER, so it lives as long as the daemon; and one
 * that listens) and a table of every element in force with the network that
 * wants it. Runs in netd, on its loop.
 */
#include "nft.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>

#include "abi.h"
#include "nft_internal.h"

#define BATCH_MESSAGE_MAX 65536 /* one message, and so one list of elements */
#define ELEMENTS_PER_MESSAGE 400
#define SOCKET_BUFFER (64 << 20)
#define RETRIES 16 /* commits that lost the race for the generation */

/* An element in force. */
struct record {
	struct nft_element el;
	uint32_t network;  /* index into nft->networks; UNCLAIMED until somebody wants it */
	UT_hash_handle hh; /* by set and key */
};
#define UNCLAIMED UINT32_MAX
#define OUR_OWN (UINT32_MAX - 1) /* wanted by the daemon itself */
#define RECORD_KEY_LEN (offsetof(struct nft_element, data))

struct nft_network {
	char name[NETWORK_NAME_MAX + 1];
	uint32_t index;
	struct nft_elements *in_force; /* sorted; NULL: none */
	UT_hash_handle hh;
};

struct nft {
	struct mnl_socket *socket, *monitor;
	struct source *monitor_source;
	struct loop *loop;
	uint32_t seq;
	uint32_t table_flags;
	struct record *records;
	struct nft_network *networks;
	uint32_t next_index;
	bool foreign_change; /* the monitor saw another one's message about our tables */
	nft_drift_fn drift;
	void *drift_data;
};

/* ---- batches ------------------------------------------------------------------- */

struct nft_batch {
	char *buf;
	size_t len, size;
	uint32_t seq;
	size_t last; /* offset of the last message */
	bool failed;
};

static char *batch_room(struct nft_batch *b)
{
	if (b->failed)
		return NULL;
	if (b->size - b->len < 2 * BATCH_MESSAGE_MAX) {
		size_t size = b->size ? b->size * 2 : 4 * BATCH_MESSAGE_MAX;
		char *buf = realloc(b->buf, size);

		if (!buf) {
			b->failed = true;
			return NULL;
		}
		b->buf = buf;
		b->size = size;
	}
	memset(b->buf + b->len, 0, 1024);
	return b->buf + b->len;
}

struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t family,
				   uint16_t flags)
{
	char *room = batch_room(b);

	return room ? nftnl_nlmsg_build_hdr(room, type, family, flags, ++b->seq) : NULL;
}

void nft_batch_commit_message(struct nft_batch *b, struct nlmsghdr *nlh)
{
	b->last = b->len;
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
}

static void batch_frame(struct nft_batch *b, uint16_t type, bool with_generation,
			uint32_t generation)
{
	char *room = batch_room(b);
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;
	size_t last = b->last;

	if (!room)
		return;
	nlh = mnl_nlmsg_put_header(room);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++b->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (with_generation)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(generation));
	nft_batch_commit_message(b, nlh);
	if (type == NFNL_MSG_BATCH_END)
		b->last = last;
}

static void batch_begin(struct nft_batch *b, struct nft *n, bool with_generation,
			uint32_t generation)
{
	b->len = 0;
	b->seq = n->seq;
	batch_frame(b, NFNL_MSG_BATCH_BEGIN, with_generation, generation);
}

static void batch_done(struct nft_batch *b)
{
	free(b->buf);
}

/* ---- talking to the kernel ------------------------------------------------------- */

static int socket_open(struct mnl_socket **ret, struct error *err)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int size = SOCKET_BUFFER, one = 1;

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		int e = errno;

		if (s)
			mnl_socket_close(s);
		return error_set(err, e, "nfnetlink: %s", strerror(e));
	}
	/* As root past the sysctl maximum, else as far as it goes. */
	if (setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	setsockopt(mnl_socket_get_fd(s), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(mnl_socket_get_fd(s), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	*ret = s;
	return 0;
}

/* A request that is answered by messages for @cb and ended by an ack, an error or DONE. */
static int nft_request(struct nft *n, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	char buf[32768];
	int r;

	nlh->nlmsg_seq = ++n->seq;
	if (mnl_socket_sendto(n->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t len = mnl_socket_recvfrom(n->socket, buf, sizeof(buf));

		if (len < 0)
			return -errno;
		r = mnl_cb_run(buf, len, nlh->nlmsg_seq, mnl_socket_get_portid(n->socket), cb,
			       data);
		if (r < 0)
			return -errno;
	} while (r > 0);
	return 0;
}

static int generation_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_GEN_ID)
			*(uint32_t *)data = ntohl(mnl_attr_get_u32(attr));
	}
	return MNL_CB_STOP;
}

static int generation_get(struct nft *n, uint32_t *ret)
{
	char buf[256];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETGEN, AF_UNSPEC, 0, 0);

	return nft_request(n, nlh, generation_cb, ret);
}

/* The text of the kernel's extended acknowledgement, or "". */
static void extack_text(const struct nlmsghdr *nlh, char *buf, size_t size)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	buf[0] = '\0';
	/* Capped (NETLINK_CAP_ACK): the attributes follow the header of the message in error. */
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, sizeof(*e)) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(buf, size, ": %.*s", (int)mnl_attr_get_payload_len(attr),
				 mnl_attr_get_str(attr));
	}
}

/* Looks through one buffer of answers. 1: the last ack is there; 0: more to come; -errno. */
static int batch_answers(const struct nft_batch *b, const char *buf, ssize_t len, uint32_t first,
			 struct error *err)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)buf;
	uint32_t last = ((const struct nlmsghdr *)(b->buf + b->last))->nlmsg_seq;
	int left = len, r = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
		char text[256];

		if (nlh->nlmsg_type != NLMSG_ERROR || nlh->nlmsg_seq < first)
			continue;
		if (e->error == 0) {
			if (nlh->nlmsg_seq == last && r == 0)
				r = 1;
			continue;
		}
		if (r < 0)
			continue; /* the first error is the cause */
		extack_text(nlh, text, sizeof(text));
		r = error_set(err, -e->error, "nftables: message %u (type %u): %s%s",
			      nlh->nlmsg_seq - first, e->msg.nlmsg_type & 0xff, strerror(-e->error),
			      text);
	}
	return r;
}

/* Ends the batch, sends it and waits for its verdict: all or nothing. */
static int batch_send(struct nft *n, struct nft_batch *b, struct error *err)
{
	static char buf[256 * 1024];
	uint32_t first = n->seq + 1;
	struct nlmsghdr *last;
	int r;

	batch_frame(b, NFNL_MSG_BATCH_END, false, 0);
	if (b->failed)
		return error_set(err, ENOMEM, "nftables: out of memory");
	last = (struct nlmsghdr *)(b->buf + b->last);
	last->nlmsg_flags |= NLM_F_ACK;
	n->seq = b->seq;
	if (mnl_socket_sendto(n->socket, b->buf, b->len) < 0)
		return error_set(err, errno, "nftables: %s", strerror(errno));
	do {
		struct pollfd p = { .fd = mnl_socket_get_fd(n->socket), .events = POLLIN };
		ssize_t len;

		if (poll(&p, 1, 10000) <= 0)
			return error_set(err, ETIMEDOUT, "nftables: no answer from the kernel");
		len = mnl_socket_recvfrom(n->socket, buf, sizeof(buf));
		if (len < 0)
			return error_set(err, errno, "nftables: %s", strerror(errno));
		r = batch_answers(b, buf, len, first, err);
	} while (r == 0);
	/* What follows an error in the queue has an older sequence number than the next batch. */
	return r < 0 ? r : 0;
}

/* ---- elements ---------------------------------------------------------------------- */

static struct record *record_find(struct nft *n, const struct nft_element *el)
{
	struct record *r;

	HASH_FIND(hh, n->records, el, RECORD_KEY_LEN, r);
	return r;
}

static int record_put(struct nft *n, const struct nft_element *el, uint32_t network)
{
	struct record *r = record_find(n, el);

	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
		r->el = *el;
		HASH_ADD(hh, n->records, el, RECORD_KEY_LEN, r);
	}
	r->el = *el;
	r->network = network;
	return 0;
}

static void record_del(struct nft *n, struct record *r)
{
	HASH_DEL(n->records, r);
	free(r);
}

static struct nftnl_set *set_of(enum nft_set_id id)
{
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s)
		return NULL;
	nftnl_set_set_str(s, NFTNL_SET_TABLE, NFT_TABLE_NAME);
	nftnl_set_set_str(s, NFTNL_SET_NAME, nft_sets[id].name);
	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, nft_sets[id].family);
	return s;
}

static void put_elements(struct nft_batch *b, uint16_t type, const struct nft_element *list,
			 size_t n)
{
	const struct nft_set_info *info = &nft_sets[list[0].set];
	struct nftnl_set *s = set_of(list[0].set);
	struct nlmsghdr *nlh;

	for (size_t i = 0; s && i < n; i++) {
		struct nftnl_set_elem *e = nftnl_set_elem_alloc();

		if (!e)
			continue;
		nftnl_set_elem_set(e, NFTNL_SET_ELEM_KEY, list[i].key, info->key_len);
		if (info->data_len && type == NFT_MSG_NEWSETELEM)
			nftnl_set_elem_set(e, NFTNL_SET_ELEM_DATA, list[i].data, info->data_len);
		nftnl_set_elem_add(s, e);
	}
	nlh = nft_batch_message(b, type, info->family,
				type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
	if (s && nlh) {
		nftnl_set_elems_nlmsg_build_payload(nlh, s);
		nft_batch_commit_message(b, nlh);
	} else {
		b->failed = true;
	}
	nftnl_set_free(s);
}

/* A growing list of elements to add or to delete; sorted before it is sent. */
struct change_list {
	struct nft_element *list;
	size_t n, size;
};

static int change_add(struct change_list *c, const struct nft_element *el)
{
	if (c->n == c->size) {
		size_t size = c->size ? c->size * 2 : 32;
		struct nft_element *list = realloc(c->list, size * sizeof(*list));

		if (!list)
			return -ENOMEM;
		c->list = list;
		c->size = size;
	}
	c->list[c->n++] = *el;
	return 0;
}

static void change_put(struct nft_batch *b, uint16_t type, struct change_list *c)
{
	size_t from = 0;

	qsort(c->list, c->n, sizeof(*c->list), nft_element_cmp);
	while (from < c->n) {
		size_t to = from + 1;

		while (to < c->n && c->list[to].set == c->list[from].set &&
		       to - from < ELEMENTS_PER_MESSAGE)
			to++;
		put_elements(b, type, c->list + from, to - from);
		from = to;
	}
}

/* Deletions first: an element that changed its data is deleted and added in one transaction. */
static int changes_commit(struct nft *n, struct change_list *del, struct change_list *add,
			  struct error *err)
{
	struct nft_batch b = { 0 };
	uint32_t generation = 0;
	int r = 0;

	if (!del->n && !add->n)
		return 0;
	for (int i = 0; i < RETRIES; i++) {
		r = generation_get(n, &generation);
		if (r < 0) {
			error_set(err, -r, "nftables: %s", strerror(-r));
			break;
		}
		batch_begin(&b, n, true, generation);
		change_put(&b, NFT_MSG_DELSETELEM, del);
		change_put(&b, NFT_MSG_NEWSETELEM, add);
		r = batch_send(n, &b, err);
		if (r != -ERESTART && r != -EINTR && r != -EAGAIN)
			break;
	}
	batch_done(&b);
	return r;
}

/* ---- networks ---------------------------------------------------------------------- */

static struct nft_network *network_of(const struct nft *n, const char *name)
{
	struct nft_network *net;

	HASH_FIND_STR(n->networks, name, net);
	return net;
}

/* Walks two sorted lists: what only @old has, and what only @new has or has otherwise. */
static int lists_diff(const struct nft_elements *old, const struct nft_elements *new,
		      struct change_list *del, struct change_list *add)
{
	size_t i = 0, j = 0, no = old ? old->n : 0, nn = new ? new->n : 0;
	int r = 0;

	while (r == 0 && (i < no || j < nn)) {
		int d = i == no ? 1 : j == nn ? -1 : nft_element_cmp(&old->list[i], &new->list[j]);

		if (d < 0) {
			r = change_add(del, &old->list[i++]);
		} else if (d > 0) {
			r = change_add(add, &new->list[j++]);
		} else {
			if (!nft_element_equal(&old->list[i], &new->list[j])) {
				r = change_add(del, &old->list[i]);
				if (r == 0)
					r = change_add(add, &new->list[j]);
			}
			i++;
			j++;
		}
	}
	return r;
}

size_t nft_diff(const struct nft *n, const char *network, const struct nft_elements *want,
		void (*fn)(void *data, bool add, const char *what), void *data)
{
	const struct nft_network *net = network_of(n, network);
	struct change_list del = { 0 }, add = { 0 };
	size_t count;
	char text[256];

	lists_diff(net ? net->in_force : NULL, want, &del, &add);
	for (size_t i = 0; fn && i < del.n; i++) {
		nft_element_format(&del.list[i], text, sizeof(text));
		fn(data, false, text);
	}
	for (size_t i = 0; fn && i < add.n; i++) {
		nft_element_format(&add.list[i], text, sizeof(text));
		fn(data, true, text);
	}
	count = del.n + add.n;
	free(del.list);
	free(add.list);
	return count;
}

static struct nft_network *network_get(struct nft *n, const char *name)
{
	struct nft_network *net = network_of(n, name);

	if (net)
		return net;
	net = calloc(1, sizeof(*net));
	if (!net)
		return NULL;
	str_copy(net->name, sizeof(net->name), name);
	net->index = n->next_index++;
	HASH_ADD_STR(n->networks, name, net);
	return net;
}

/* What a change deletes and adds, seen against everything in force: an element that another
 * network has meanwhile claimed stays, one that is there from before needs no message. */
static int change_collect(struct nft *n, const struct nft_network *net,
			  const struct nft_elements *want, struct change_list *del,
			  struct change_list *add)
{
	struct change_list d = { 0 }, a = { 0 };
	int r = lists_diff(net->in_force, want, &d, &a);

	for (size_t i = 0; r == 0 && i < d.n; i++) {
		struct record *rec = record_find(n, &d.list[i]);

		if (rec && rec->network == net->index)
			r = change_add(del, &d.list[i]);
	}
	for (size_t i = 0; r == 0 && i < a.n; i++) {
		struct record *rec = record_find(n, &a.list[i]);
		bool mine = rec && rec->network == net->index;

		if (rec && !mine && memcmp(rec->el.data, a.list[i].data, NFT_DATA_MAX) == 0)
			continue; /* unclaimed and right: claimed when the commit has gone through */
		if (rec && !mine)
			r = change_add(del, &rec->el);
		if (r == 0)
			r = change_add(add, &a.list[i]);
	}
	free(d.list);
	free(a.list);
	return r;
}

static void change_done(struct nft *n, struct nft_network *net, struct nft_elements *want)
{
	for (size_t i = 0; net->in_force && i < net->in_force->n; i++) {
		struct record *rec = record_find(n, &net->in_force->list[i]);

		if (rec && rec->network == net->index)
			record_del(n, rec);
	}
	for (size_t i = 0; want && i < want->n; i++)
		record_put(n, &want->list[i], net->index);
	nft_elements_free(net->in_force);
	net->in_force = want;
	if (!want) {
		HASH_DEL(n->networks, net);
		free(net);
	}
}

int nft_commit(struct nft *n, struct nft_change *changes, size_t nchanges, struct error *err)
{
	struct change_list del = { 0 }, add = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < nchanges; i++) {
		struct nft_network *net = network_get(n, changes[i].network);

		r = net ? change_collect(n, net, changes[i].want, &del, &add) : -ENOMEM;
		if (r < 0)
			error_set(err, -r, "nftables: %s", strerror(-r));
	}
	if (r == 0)
		r = changes_commit(n, &del, &add, err);
	for (size_t i = 0; r == 0 && i < nchanges; i++) {
		struct nft_network *net = network_of(n, changes[i].network);

		if (net)
			change_done(n, net, TAKE_PTR(changes[i].want));
	}
	free(del.list);
	free(add.list);
	return r;
}

int nft_sweep(struct nft *n, struct error *err)
{
	struct change_list del = { 0 }, add = { 0 };
	struct record *rec, *tmp;
	int r = 0;

	HASH_ITER(hh, n->records, rec, tmp) {
		if (rec->network == UNCLAIMED && r == 0)
			r = change_add(&del, &rec->el);
	}
	if (r == 0)
		r = changes_commit(n, &del, &add, err);
	HASH_ITER(hh, n->records, rec, tmp) {
		if (r == 0 && rec->network == UNCLAIMED)
			record_del(n, rec);
	}
	free(del.list);
	return r;
}

int nft_set_foreign(struct nft *n, sa_family_t family, bool drop, struct error *err)
{
	/* NFPROTO_IPV4 and NFPROTO_IPV6 are AF_INET and AF_INET6. */
	struct nft_element el = { .set = SET_FOREIGN, .key = { family } };
	struct change_list del = { 0 }, add = { 0 };
	struct record *rec = record_find(n, &el);
	int r = 0;

	if (drop && rec)
		rec->network = OUR_OWN;
	if (drop == (rec != NULL))
		return 0;
	r = change_add(drop ? &add : &del, &el);
	if (r == 0)
		r = changes_commit(n, &del, &add, err);
	if (r == 0 && drop)
		r = record_put(n, &el, OUR_OWN);
	else if (r == 0)
		record_del(n, rec);
	free(del.list);
	free(add.list);
	return r;
}

/* ---- what the kernel has --------------------------------------------------------------- */

struct dump {
	struct nft *nft;
	enum nft_set_id set;
	struct change_list *list;
	int r;
};

static int element_cb(struct nftnl_set_elem *e, void *data)
{
	struct dump *d = data;
	const struct nft_set_info *info = &nft_sets[d->set];
	struct nft_element el = { .set = d->set };
	uint32_t len;
	const void *p = nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY, &len);

	if (!p)
		return 0;
	memcpy(el.key, p, MIN(len, info->key_len));
	p = info->data_len ? nftnl_set_elem_get(e, NFTNL_SET_ELEM_DATA, &len) : NULL;
	if (p)
		memcpy(el.data, p, MIN(len, info->data_len));
	d->r = change_add(d->list, &el);
	return d->r;
}

static int elements_cb(const struct nlmsghdr *nlh, void *data)
{
	struct dump *d = data;
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s)
		return MNL_CB_ERROR;
	if (nftnl_set_elems_nlmsg_parse(nlh, s) == 0)
		nftnl_set_elem_foreach(s, element_cb, d);
	nftnl_set_free(s);
	return MNL_CB_OK;
}

/* Every element of our sets that the kernel has. */
static int elements_dump(struct nft *n, struct change_list *list)
{
	for (size_t i = 0; i < NFT_NSETS; i++) {
		struct dump d = { .nft = n, .set = i, .list = list };
		struct nftnl_set *s = set_of(i);
		char buf[512];
		struct nlmsghdr *nlh;
		int r;

		if (!s)
			return -ENOMEM;
		nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, nft_sets[i].family, NLM_F_DUMP,
					    0);
		nftnl_set_elems_nlmsg_build_payload(nlh, s);
		nftnl_set_free(s);
		r = nft_request(n, nlh, elements_cb, &d);
		if (r == -EINTR) { /* somebody committed during the dump: this set once more */
			i--;
			continue;
		}
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

/* ---- opening, repairing, ending ------------------------------------------------------------ */

/* Tables, sets, chains and rules in one transaction, elements kept. @fresh: the tables go first. */
static int ruleset_commit(struct nft *n, uint32_t flags, bool fresh, struct error *err)
{
	static const int families[] = { NFPROTO_INET, NFPROTO_BRIDGE };
	struct nft_batch b = { 0 };
	int r;

	batch_begin(&b, n, false, 0);
	for (size_t i = 0; fresh && i < ARRAY_SIZE(families); i++) {
		/* Made and deleted, so that it is no error when it is not there. */
		for (int del = 0; del < 2; del++) {
			struct nftnl_table *t = nftnl_table_alloc();
			struct nlmsghdr *nlh =
				nft_batch_message(&b, del ? NFT_MSG_DELTABLE : NFT_MSG_NEWTABLE,
						  families[i], del ? 0 : NLM_F_CREATE);

			if (t && nlh) {
				nftnl_table_set_str(t, NFTNL_TABLE_NAME, NFT_TABLE_NAME);
				nftnl_table_nlmsg_build_payload(nlh, t);
				nft_batch_commit_message(&b, nlh);
			}
			nftnl_table_free(t);
		}
	}
	nft_ruleset_put(&b, flags);
	r = batch_send(n, &b, err);
	batch_done(&b);
	return r;
}

/*
 * First as it may be there already (elements stay in force); where the tables that are there
 * cannot become ours, anew.
 */
static int ruleset_open(struct nft *n, enum nft_owner owner, struct error *err)
{
	uint32_t owned = ABI_NFT_TABLE_F_OWNER | ABI_NFT_TABLE_F_PERSIST;
	int r = -EOPNOTSUPP;

	if (owner != NFT_OWNER_NO) {
		r = ruleset_commit(n, owned, false, err);
		if (r == -EPERM)
			return error_set(
				err, EPERM,
				"the nftables tables 'netd' belong to another process (is another "
				"netd running?), or CAP_NET_ADMIN is missing");
		if (r < 0)
			r = ruleset_commit(n, owned, true, err);
		if (r == 0)
			n->table_flags = owned;
		if (r == 0 || owner == NFT_OWNER_YES)
			return r;
	}
	n->table_flags = 0;
	r = ruleset_commit(n, 0, false, err);
	if (r < 0 && r != -EPERM)
		r = ruleset_commit(n, 0, true, err);
	return r;
}

static int elements_load(struct nft *n, struct error *err)
{
	struct change_list list = { 0 };
	int r = elements_dump(n, &list);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = record_put(n, &list.list[i], UNCLAIMED);
	free(list.list);
	return r < 0 ? error_set(err, -r, "nftables: reading our tables: %s", strerror(-r)) : 0;
}

int nft_repair(struct nft *n, struct error *err)
{
	struct change_list have = { 0 }, del = { 0 }, add = { 0 };
	struct record *rec, *tmp;
	int r = ruleset_commit(n, n->table_flags, false, err);

	if (r < 0)
		r = ruleset_commit(n, n->table_flags, true, err);
	if (r == 0)
		r = elements_dump(n, &have);
	qsort(have.list, have.n, sizeof(*have.list), nft_element_cmp);
	for (size_t i = 0; r == 0 && i < have.n; i++) {
		rec = record_find(n, &have.list[i]);
		if (!rec || memcmp(rec->el.data, have.list[i].data, NFT_DATA_MAX) != 0)
			r = change_add(&del, &have.list[i]);
	}
	HASH_ITER(hh, n->records, rec, tmp) {
		struct nft_element *found =
			bsearch(&rec->el, have.list, have.n, sizeof(*have.list), nft_element_cmp);

		if (r == 0 && (!found || memcmp(found->data, rec->el.data, NFT_DATA_MAX) != 0))
			r = change_add(&add, &rec->el);
	}
	if (r == 0)
		r = changes_commit(n, &del, &add, err);
	free(have.list);
	free(del.list);
	free(add.list);
	return r;
}

static int gen_attr_cb(const struct nlattr *attr, void *data)
{
	const struct nlattr **tb = data;

	if (mnl_attr_type_valid(attr, NFTA_GEN_MAX) >= 0)
		tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Is a message about one of our tables? The table's name is attribute 1 of every object. */
static bool message_is_ours(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nfg->nfgen_family != NFPROTO_INET && nfg->nfgen_family != NFPROTO_BRIDGE)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*nfg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return streq(mnl_attr_get_str(attr), NFT_TABLE_NAME);
	}
	return false;
}

static void drift(struct nft *n, const char *what, pid_t pid, const char *comm)
{
	struct error err = { 0 };

	if (nft_repair(n, &err) < 0)
		log_error("nftables: repair: %s", err.message);
	n->drift(n->drift_data, what, pid, comm);
}

static void foreign_commit(struct nft *n, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[NFTA_GEN_MAX + 1] = { 0 };
	char comm[64] = "";
	pid_t pid = 0;

	n->foreign_change = false;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), gen_attr_cb, tb);
	if (tb[NFTA_GEN_PROC_PID])
		pid = ntohl(mnl_attr_get_u32(tb[NFTA_GEN_PROC_PID]));
	if (tb[NFTA_GEN_PROC_NAME])
		str_copy(comm, sizeof(comm), mnl_attr_get_str(tb[NFTA_GEN_PROC_NAME]));
	drift(n, "our nftables tables were changed", pid, comm);
}

static int monitor_cb(const struct nlmsghdr *nlh, void *data)
{
	struct nft *n = data;

	if (nlh->nlmsg_pid == mnl_socket_get_portid(n->socket))
		return MNL_CB_OK;
	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
		return MNL_CB_OK;
	if (NFNL_MSG_TYPE(nlh->nlmsg_type) == NFT_MSG_NEWGEN) {
		if (n->foreign_change)
			foreign_commit(n, nlh);
	} else if (message_is_ours(nlh)) {
		n->foreign_change = true;
	}
	return MNL_CB_OK;
}

static void monitor_event(struct source *s _unused_, int fd, uint32_t events _unused_, void *data)
{
	static char buf[256 * 1024];
	struct nft *n = data;
	ssize_t len;

	while ((len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		mnl_cb_run(buf, len, 0, 0, monitor_cb, n);
	if (len < 0 && errno == ENOBUFS)
		drift(n, "nftables events were lost", 0, "");
}

static int monitor_open(struct nft *n, struct error *err)
{
	int group = NFNLGRP_NFTABLES, r;

	r = socket_open(&n->monitor, err);
	if (r < 0)
		return r;
	if (mnl_socket_setsockopt(n->monitor, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return error_set(err, errno, "nfnetlink: %s", strerror(errno));
	r = loop_add_io(n->loop, mnl_socket_get_fd(n->monitor), EPOLLIN, monitor_event, n,
			&n->monitor_source);
	return r < 0 ? error_set(err, -r, "%s", strerror(-r)) : 0;
}

int nft_open(struct loop *l, enum nft_owner owner, nft_drift_fn fn, void *data, struct nft **ret,
	     struct error *err)
{
	struct nft *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return error_set(err, ENOMEM, "out of memory");
	n->loop = l;
	n->drift = fn;
	n->drift_data = data;
	r = socket_open(&n->socket, err);
	if (r == 0)
		r = ruleset_open(n, owner, err);
	if (r == 0)
		r = elements_load(n, err);
	/* An owned table cannot be changed by others; a plain one is watched. */
	if (r == 0 && !nft_is_owned(n))
		r = monitor_open(n, err);
	if (r < 0) {
		nft_close(n);
		return r;
	}
	*ret = n;
	return 0;
}

void nft_close(struct nft *n)
{
	struct nft_network *net, *tmp;
	struct record *rec, *rtmp;

	if (!n)
		return;
	source_free(n->monitor_source);
	if (n->monitor)
		mnl_socket_close(n->monitor);
	if (n->socket)
		mnl_socket_close(n->socket);
	HASH_ITER(hh, n->networks, net, tmp) {
		HASH_DEL(n->networks, net);
		nft_elements_free(net->in_force);
		free(net);
	}
	HASH_ITER(hh, n->records, rec, rtmp)
		record_del(n, rec);
	free(n);
}

bool nft_is_owned(const struct nft *n)
{
	return n->table_flags & ABI_NFT_TABLE_F_OWNER;
}

int nft_purge(struct nft *n, struct error *err)
{
	static const int families[] = { NFPROTO_INET, NFPROTO_BRIDGE };
	struct nft_batch b = { 0 };
	int r;

	source_freep(&n->monitor_source);
	batch_begin(&b, n, false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct nftnl_table *t = nftnl_table_alloc();
		struct nlmsghdr *nlh = nft_batch_message(&b, NFT_MSG_DELTABLE, families[i], 0);

		if (t && nlh) {
			nftnl_table_set_str(t, NFTNL_TABLE_NAME, NFT_TABLE_NAME);
			nftnl_table_nlmsg_build_payload(nlh, t);
			nft_batch_commit_message(&b, nlh);
		}
		nftnl_table_free(t);
	}
	r = batch_send(n, &b, err);
	batch_done(&b);
	return r == -ENOENT ? 0 : r;
}
