// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The TFTP server: see tftp.h. A session sends one packet (OACK or DATA) and
 * waits for its acknowledgement; a late duplicate of an older one is ignored,
 * so that a doubled packet does not double all that follow (RFC 1350 §2,
 * RFC 1123 §4.2.3.1).
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tftp.h"

enum { RRQ = 1, WRQ = 2, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };
enum { ERR_NOT_FOUND = 1, ERR_ACCESS = 2, ERR_ILLEGAL = 4, ERR_OPTION = 8 };

#define BLOCK_DEFAULT 512
#define BLOCK_MIN 8 /* RFC 2348 */
#define TIMEOUT_MS 1000
#define TRIES_MAX 6

struct session {
	int fd; /* -1: free */
	struct tftp_client client;
	uint64_t size, offset; /* bytes; offset of the block under way */
	uint64_t sent_ms;
	uint32_t timeout_ms;
	uint16_t block; /* under way; 0 is the OACK */
	uint16_t blksize;
	uint16_t sent_bytes; /* of that block: fewer than blksize, it is the last */
	uint8_t tries;
	uint8_t oack_len;
	uint8_t oack[160];
};

struct tftp {
	int dir_fd;
	size_t payload_max;
	tftp_send_fn send;
	void *data;
	struct session sessions[TFTP_SESSIONS_MAX];
	uint8_t packet[4 + TFTP_BLOCK_MAX];
};

int tftp_new(int dir_fd, size_t payload_max, tftp_send_fn send, void *data, struct tftp **ret)
{
	struct tftp *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->dir_fd = dir_fd;
	t->payload_max = MIN(MAX(payload_max, 4u + BLOCK_MIN), sizeof(t->packet));
	t->send = send;
	t->data = data;
	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++)
		t->sessions[i].fd = -1;
	*ret = t;
	return 0;
}

void tftp_free(struct tftp *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++)
		close_fdp(&t->sessions[i].fd);
	close_fdp(&t->dir_fd);
	free(t);
}

size_t tftp_sessions(const struct tftp *t)
{
	size_t n = 0;

	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++)
		n += t->sessions[i].fd >= 0;
	return n;
}

static void send_error(struct tftp *t, const struct tftp_client *to, uint16_t code,
		       const char *text)
{
	struct out o = out_init(t->packet, 128);

	out_be16(&o, ERROR);
	out_be16(&o, code);
	out_put(&o, text, strlen(text) + 1);
	t->send(t->data, to, o.p, o.len);
}

/* ---- requests ---- */

struct request {
	const char *path, *mode; /* in the guest's packet, terminated there */
	bool has_blksize, has_tsize, has_timeout;
	uint32_t blksize, timeout_s;
};

/* The string at @*at, which ends inside the packet; NULL when it does not. */
static const char *take_string(const uint8_t *p, size_t len, size_t *at)
{
	const char *s = (const char *)p + *at;
	const uint8_t *end = *at < len ? memchr(p + *at, 0, len - *at) : NULL;

	if (!end)
		return NULL;
	*at = (size_t)(end - p) + 1;
	return s;
}

/* Decimal digits only, saturated. */
static int take_number(const char *s, uint32_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		v = MIN(v * 10 + (uint64_t)(*s - '0'), (uint64_t)UINT32_MAX);
	}
	*ret = (uint32_t)v;
	return 0;
}

/* RFC 2347: an option that is unknown or makes no sense is ignored, the transfer goes on. */
static void take_option(struct request *q, const char *name, const char *value)
{
	uint32_t v;

	if (take_number(value, &v) < 0)
		return;
	if (strcasecmp(name, "blksize") == 0 && v >= BLOCK_MIN) {
		q->has_blksize = true;
		q->blksize = MIN(v, (uint32_t)TFTP_BLOCK_MAX);
	} else if (strcasecmp(name, "tsize") == 0) {
		q->has_tsize = true;
	} else if (strcasecmp(name, "timeout") == 0 && v >= 1 && v <= 255) {
		q->has_timeout = true;
		q->timeout_s = v;
	}
}

static int parse_request(const uint8_t *p, size_t len, struct request *ret)
{
	struct request q = { 0 };
	size_t at = 2;

	q.path = take_string(p, len, &at);
	q.mode = q.path ? take_string(p, len, &at) : NULL;
	if (!q.mode || !q.path[0] || strlen(q.path) > TFTP_PATH_MAX)
		return -EBADMSG;
	while (at < len) {
		const char *name = take_string(p, len, &at);
		const char *value = name ? take_string(p, len, &at) : NULL;

		if (!value)
			return -EBADMSG;
		take_option(&q, name, value);
	}
	*ret = q;
	return 0;
}

/* A regular file below the directory, or -errno. Leading slashes and backslashes are firmware's
 * habit: "\\boot\\x.efi" is boot/x.efi. */
static int open_below(int dir_fd, const char *path, uint64_t *ret_size)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = -1;
	char name[TFTP_PATH_MAX + 1], *start = name;
	struct stat st;

	str_copy(name, sizeof(name), path);
	for (char *c = name; *c; c++)
		*c = *c == '\\' ? '/' : *c;
	while (*start == '/')
		start++;
	fd = (int)syscall(SYS_openat2, dir_fd, start, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	*ret_size = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

/* ---- sessions ---- */

static bool same_client(const struct tftp_client *a, const struct tftp_client *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr) &&
	       addr_equal(&a->local, &b->local);
}

static struct session *session_find(struct tftp *t, const struct tftp_client *c)
{
	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++) {
		if (t->sessions[i].fd >= 0 && same_client(&t->sessions[i].client, c))
			return &t->sessions[i];
	}
	return NULL;
}

static void session_end(struct session *s)
{
	close_fdp(&s->fd);
}

/* A free one, else the one that was silent longest. */
static struct session *session_get(struct tftp *t)
{
	struct session *oldest = &t->sessions[0];

	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++) {
		if (t->sessions[i].fd < 0)
			return &t->sessions[i];
		if (t->sessions[i].sent_ms < oldest->sent_ms)
			oldest = &t->sessions[i];
	}
	session_end(oldest);
	return oldest;
}

static void session_send(struct tftp *t, struct session *s, uint64_t now_ms)
{
	ssize_t n;

	s->sent_ms = now_ms;
	if (!s->block && s->oack_len) {
		t->send(t->data, &s->client, s->oack, s->oack_len);
		return;
	}
	n = pread(s->fd, t->packet + 4, s->blksize, (off_t)s->offset);
	if (n < 0) {
		send_error(t, &s->client, ERR_ACCESS, "read failed");
		session_end(s);
		return;
	}
	s->sent_bytes = (uint16_t)n;
	t->packet[0] = 0;
	t->packet[1] = DATA;
	t->packet[2] = (uint8_t)(s->block >> 8);
	t->packet[3] = (uint8_t)s->block;
	t->send(t->data, &s->client, t->packet, 4 + (size_t)n);
}

static void put_oack(struct session *s, const struct request *q)
{
	struct out o = out_init(s->oack, sizeof(s->oack));
	char text[24];

	if (!q->has_blksize && !q->has_tsize && !q->has_timeout)
		return;
	out_be16(&o, OACK);
	if (q->has_blksize) {
		snprintf(text, sizeof(text), "%u", s->blksize);
		out_put(&o, "blksize", 8);
		out_put(&o, text, strlen(text) + 1);
	}
	if (q->has_tsize) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)s->size);
		out_put(&o, "tsize", 6);
		out_put(&o, text, strlen(text) + 1);
	}
	if (q->has_timeout) {
		snprintf(text, sizeof(text), "%u", q->timeout_s);
		out_put(&o, "timeout", 8);
		out_put(&o, text, strlen(text) + 1);
	}
	s->oack_len = (uint8_t)o.len;
}

static int read_request(struct tftp *t, const struct tftp_client *from, const uint8_t *p,
			size_t len, uint64_t now_ms)
{
	_cleanup_close_ int fd = -1;
	struct request q;
	struct session *s;
	uint64_t size = 0;

	if (parse_request(p, len, &q) < 0) {
		send_error(t, from, ERR_ILLEGAL, "malformed request");
		return -EBADMSG;
	}
	if (strcasecmp(q.mode, "octet") != 0) {
		send_error(t, from, ERR_ILLEGAL, "only octet mode");
		return 0;
	}
	if (!q.has_blksize && t->payload_max < 4 + BLOCK_DEFAULT) {
		send_error(t, from, ERR_OPTION, "ask for a blksize that fits the MTU");
		return 0;
	}
	fd = open_below(t->dir_fd, q.path, &size);
	if (fd < 0) {
		bool none = fd == -ENOENT || fd == -ENOTDIR || fd == -ENAMETOOLONG;

		send_error(t, from, none ? ERR_NOT_FOUND : ERR_ACCESS,
			   none ? "file not found" : "access denied");
		return 0;
	}
	/* a request repeated: the session begins again */
	s = session_find(t, from);
	if (s)
		session_end(s);
	else
		s = session_get(t);
	*s = (struct session){
		.fd = TAKE_FD(fd),
		.client = *from,
		.size = size,
		.timeout_ms = q.has_timeout ? q.timeout_s * 1000 : TIMEOUT_MS,
		.blksize = (uint16_t)(q.has_blksize ? MIN((size_t)q.blksize, t->payload_max - 4)
						    : BLOCK_DEFAULT),
	};
	put_oack(s, &q);
	if (!s->oack_len)
		s->block = 1;
	session_send(t, s, now_ms);
	return 0;
}

static int acknowledged(struct tftp *t, const struct tftp_client *from, const uint8_t *p,
			size_t len, uint64_t now_ms)
{
	struct session *s = session_find(t, from);

	if (!s || len < 4)
		return -EBADMSG;
	if (get_be16(p + 2) != s->block)
		return 0;
	if (s->block || !s->oack_len) {
		if (s->sent_bytes < s->blksize) {
			session_end(s);
			return 0;
		}
		s->offset += s->blksize;
	}
	/* the number wraps: files larger than 65535 blocks go on at 0 */
	s->block++;
	s->oack_len = 0;
	s->tries = 0;
	session_send(t, s, now_ms);
	return 0;
}

int tftp_packet(struct tftp *t, const struct tftp_client *from, const uint8_t *p, size_t len,
		uint64_t now_ms)
{
	struct session *s;

	if (len < 4)
		return -EBADMSG;
	switch (get_be16(p)) {
	case RRQ:
		return read_request(t, from, p, len, now_ms);
	case WRQ:
		send_error(t, from, ERR_ACCESS, "read only");
		return 0;
	case ACK:
		return acknowledged(t, from, p, len, now_ms);
	case ERROR:
		s = session_find(t, from);
		if (s)
			session_end(s);
		return s ? 0 : -EBADMSG;
	default: /* a number of the guest's */
		send_error(t, from, ERR_ILLEGAL, "illegal operation");
		return -EBADMSG;
	}
}

int tftp_tick(struct tftp *t, uint64_t now_ms)
{
	int64_t next = -1;

	for (size_t i = 0; i < TFTP_SESSIONS_MAX; i++) {
		struct session *s = &t->sessions[i];
		int64_t left;

		if (s->fd < 0)
			continue;
		if (now_ms >= s->sent_ms + s->timeout_ms) {
			if (++s->tries >= TRIES_MAX) {
				session_end(s);
				continue;
			}
			session_send(t, s, now_ms);
			if (s->fd < 0)
				continue;
		}
		left = (int64_t)(s->sent_ms + s->timeout_ms - now_ms);
		next = next < 0 ? left : MIN(next, left);
	}
	return (int)next;
}
