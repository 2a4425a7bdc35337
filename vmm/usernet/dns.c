// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The DNS relay: see dns.h.
 */
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "dns.h"
#include "log.h"

#define LOOK_AGAIN_NS 1000000000ull
#define RESOLV_MAX 16384
#define RCODE_SERVFAIL 2

struct inflight {
	struct dns *dns;
	struct source *io, *timer;
	int fd; /* -1: free */
	struct dns_client client;
	uint16_t id;	/* on our wire; the guest's is in @query */
	unsigned tries; /* servers asked */
	size_t first;	/* server asked first */
	size_t query_len;
	uint8_t query[DNS_QUERY_MAX];
};

struct dns {
	struct loop *loop;
	struct dns_config config;
	dns_reply_fn reply;
	void *data;
	struct dns_resolv resolv;
	struct timespec mtime; /* of the file that @resolv is from */
	ino_t inode;
	uint64_t looked_ns;
	size_t good; /* the server that answered last */
	struct dns_stats stats;
	struct log_limit silent, missing;
	struct inflight *inflight[DNS_INFLIGHT_MAX]; /* made when first wanted, then kept */
};

/* ---- the host's resolver ---- */

static void resolv_read(struct dns *d)
{
	_cleanup_close_ int fd = -1;
	char text[RESOLV_MAX + 1];
	struct stat st;
	ssize_t n;

	if (stat(d->config.resolv_conf, &st) < 0) {
		if (d->resolv.nservers && log_allowed(&d->missing))
			log_warn("dns: %s: %s, keeping the resolver of before, ignoring",
				 d->config.resolv_conf, strerror(errno));
		return;
	}
	if (st.st_ino == d->inode && st.st_mtim.tv_sec == d->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == d->mtime.tv_nsec)
		return;
	fd = open(d->config.resolv_conf, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, text, RESOLV_MAX);
	if (n < 0) {
		if (log_allowed(&d->missing))
			log_warn("dns: %s: %s, ignoring", d->config.resolv_conf, strerror(errno));
		return;
	}
	text[n] = '\0';
	dns_resolv_parse(text, &d->resolv);
	d->inode = st.st_ino;
	d->mtime = st.st_mtim;
	d->good = 0;
	if (!d->resolv.nservers && !addr_is_set(&d->config.server))
		log_warn("dns: %s names no server, queries are answered with SERVFAIL",
			 d->config.resolv_conf);
}

static void resolv_look(struct dns *d)
{
	uint64_t now = loop_now_ns(d->loop);

	if (d->config.resolv_conf && (!d->looked_ns || now - d->looked_ns > LOOK_AGAIN_NS)) {
		d->looked_ns = now;
		resolv_read(d);
	}
	if (addr_is_set(&d->config.server)) {
		d->resolv.servers[0].len =
			addr_to_sockaddr(&d->config.server, DNS_PORT, &d->resolv.servers[0].sa);
		d->resolv.nservers = 1;
	}
}

/* ---- queries under way ---- */

static void inflight_end(struct inflight *q)
{
	source_freep(&q->io);
	source_set_timer(q->timer, 0, 0);
	close_fdp(&q->fd);
}

static void answer(struct inflight *q, const uint8_t *msg, size_t len)
{
	struct dns *d = q->dns;
	uint8_t cut[DNS_QUERY_MAX];

	if (len > d->config.payload_max) {
		len = dns_refusal(q->query, q->query_len, 0, true, cut, sizeof(cut));
		msg = cut;
	}
	if (len)
		d->reply(d->data, &q->client, msg, len);
}

static void inflight_fail(struct inflight *q)
{
	uint8_t msg[DNS_QUERY_MAX];
	size_t len = dns_refusal(q->query, q->query_len, RCODE_SERVFAIL, false, msg, sizeof(msg));

	q->dns->stats.failed++;
	answer(q, msg, len);
	inflight_end(q);
}

static void on_answer(struct source *s, int fd, uint32_t events, void *data);

static int bind_outgoing(const struct dns *d, int fd, sa_family_t family)
{
	const struct addr *a = family == AF_INET ? &d->config.bind4 : &d->config.bind6;
	struct sockaddr_storage sa;
	socklen_t len;

	if (!addr_is_set(a))
		return 0;
	len = addr_to_sockaddr(a, 0, &sa);
	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

static int ask(struct inflight *q, const struct dns_server *server)
{
	uint8_t msg[DNS_QUERY_MAX];
	int r;

	source_freep(&q->io);
	close_fdp(&q->fd);
	q->fd = socket(server->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0)
		return -errno;
	r = bind_outgoing(q->dns, q->fd, server->sa.ss_family);
	if (r < 0)
		return r;
	if (connect(q->fd, (const struct sockaddr *)&server->sa, server->len) < 0)
		return -errno;
	if (getrandom(&q->id, sizeof(q->id), 0) != sizeof(q->id))
		return -EIO;
	memcpy(msg, q->query, q->query_len);
	msg[0] = (uint8_t)(q->id >> 8);
	msg[1] = (uint8_t)q->id;
	if (send(q->fd, msg, q->query_len, MSG_NOSIGNAL) < 0)
		return -errno;
	return loop_add_io(q->dns->loop, q->fd, EPOLLIN, on_answer, q, &q->io);
}

/* The next server, until one takes it; each is asked once. */
static void ask_next(struct inflight *q)
{
	const struct dns_resolv *v = &q->dns->resolv;

	while (q->tries < v->nservers) {
		size_t i = (q->first + q->tries++) % v->nservers;

		if (ask(q, &v->servers[i]) == 0) {
			source_set_timer(q->timer, DNS_TRY_MS, 0);
			return;
		}
	}
	inflight_fail(q);
}

static void on_silence(struct source *s, void *data)
{
	struct inflight *q = data;
	struct dns *d = q->dns;
	size_t n = d->resolv.nservers;

	(void)s;
	d->stats.timeouts++;
	if (n && log_allowed(&d->silent)) {
		struct addr a = { 0 };

		addr_from_sockaddr(
			(struct sockaddr *)&d->resolv.servers[(q->first + q->tries - 1) % n].sa, &a,
			NULL);
		log_warn("dns: resolver %s does not answer", ADDR_STR(&a));
	}
	ask_next(q);
}

static void on_answer(struct source *s, int fd, uint32_t events, void *data)
{
	struct inflight *q = data;
	struct dns *d = q->dns;
	uint8_t msg[65536];
	ssize_t n;

	(void)s;
	(void)events;
	n = recv(fd, msg, sizeof(msg), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		ask_next(q); /* refused, unreachable */
		return;
	}
	if (!dns_answers(q->query, q->query_len, q->id, msg, (size_t)n)) {
		d->stats.mismatched++;
		return;
	}
	d->stats.answers++;
	if (d->resolv.nservers)
		d->good = (q->first + q->tries - 1) % d->resolv.nservers;
	memcpy(msg, q->query, 2);
	answer(q, msg, (size_t)n);
	inflight_end(q);
}

static bool same_query(const struct inflight *q, const struct dns_client *from, const uint8_t *msg,
		       size_t len)
{
	return q->fd >= 0 && q->client.port == from->port && q->query_len == len &&
	       addr_equal(&q->client.addr, &from->addr) && memcmp(q->query, msg, len) == 0;
}

static int inflight_new(struct dns *d, struct inflight **ret)
{
	struct inflight *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	q->dns = d;
	q->fd = -1;
	r = loop_add_timer(d->loop, on_silence, q, &q->timer);
	if (r < 0) {
		free(q);
		return r;
	}
	*ret = q;
	return 0;
}

/* A free place; NULL when all are taken. */
static struct inflight *inflight_get(struct dns *d)
{
	for (size_t i = 0; i < DNS_INFLIGHT_MAX; i++) {
		if (!d->inflight[i] && inflight_new(d, &d->inflight[i]) < 0)
			return NULL;
		if (d->inflight[i]->fd < 0)
			return d->inflight[i];
	}
	return NULL;
}

int dns_query(struct dns *d, const struct dns_client *from, const uint8_t *msg, size_t len)
{
	struct inflight *q;

	if (len > DNS_QUERY_MAX || dns_question_end(msg, len) < 0 || msg[2] & 0x80) {
		d->stats.malformed++;
		return -EBADMSG;
	}
	d->stats.queries++;
	for (size_t i = 0; i < DNS_INFLIGHT_MAX && d->inflight[i]; i++) {
		if (same_query(d->inflight[i], from, msg, len))
			return 0; /* repeated; the answer is under way */
	}
	resolv_look(d);
	q = inflight_get(d);
	if (!q) {
		uint8_t refusal[DNS_QUERY_MAX];
		size_t n = dns_refusal(msg, len, RCODE_SERVFAIL, false, refusal, sizeof(refusal));

		d->stats.refused_full++;
		d->reply(d->data, from, refusal, n);
		return 0;
	}
	q->client = *from;
	q->query_len = len;
	memcpy(q->query, msg, len);
	q->tries = 0;
	q->first = d->good;
	ask_next(q);
	return 0;
}

/* ---- life ---- */

int dns_new(struct loop *l, const struct dns_config *config, dns_reply_fn reply, void *data,
	    struct dns **ret)
{
	struct dns *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->loop = l;
	d->config = *config;
	d->reply = reply;
	d->data = data;
	resolv_look(d);
	*ret = d;
	return 0;
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < DNS_INFLIGHT_MAX; i++) {
		if (!d->inflight[i])
			continue;
		inflight_end(d->inflight[i]);
		source_free(d->inflight[i]->timer);
		free(d->inflight[i]);
	}
	free(d);
}

int dns_upstream(struct dns *d, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	const struct dns_server *s;

	resolv_look(d);
	if (!d->resolv.nservers)
		return -ENOENT;
	s = &d->resolv.servers[d->good % d->resolv.nservers];
	*ret = s->sa;
	*ret_len = s->len;
	return 0;
}

const struct dns_search *dns_search_domains(struct dns *d)
{
	resolv_look(d);
	return &d->resolv.search;
}

const struct dns_stats *dns_stats(const struct dns *d)
{
	return &d->stats;
}

size_t dns_inflight(const struct dns *d)
{
	size_t n = 0;

	for (size_t i = 0; i < DNS_INFLIGHT_MAX && d->inflight[i]; i++)
		n += d->inflight[i]->fd >= 0;
	return n;
}
