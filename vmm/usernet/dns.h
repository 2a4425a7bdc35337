/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DNS relay: a guest's queries to the DNS address go to the host's own
 * resolver, of whatever family, and the answers come back. It resolves and
 * caches nothing. Each query has a socket (so a port) and an id of its own;
 * an answer must repeat its question (RFC 5452). At most DNS_INFLIGHT_MAX.
 *
 * The host's resolv.conf(5) is looked at again when a query comes, at most once
 * a second. TCP to the DNS address is the core's to splice to dns_upstream().
 * One thread, the loop's.
 */
#ifndef USERNET_DNS_H
#define USERNET_DNS_H

#include "addr.h"
#include "dns_name.h"
#include "loop.h"

#define DNS_PORT 53
#define DNS_SERVERS_MAX 3 /* resolv.conf(5), MAXNS */
#define DNS_INFLIGHT_MAX 128
#define DNS_QUERY_MAX 1500 /* bytes; a longer one is no query over UDP */
#define DNS_TRY_MS 2000	   /* for one server, then the next */

struct dns_server {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* What resolv.conf says. */
struct dns_resolv {
	struct dns_server servers[DNS_SERVERS_MAX];
	size_t nservers;
	struct dns_search search;
};

struct dns_client {
	struct addr addr;  /* the guest's */
	struct addr local; /* where it sent to: the answer's source */
	uint16_t port;	   /* host order */
};

struct dns_config {
	const char *resolv_conf;  /* "/etc/resolv.conf"; NULL: only @server */
	struct addr server;	  /* asked instead of resolv.conf's; AF_UNSPEC: none */
	struct addr bind4, bind6; /* outgoing addresses; AF_UNSPEC: the kernel's choice */
	size_t payload_max;	  /* a longer answer is sent truncated (TC) */
};

struct dns_stats {
	uint64_t queries, answers, malformed, refused_full, timeouts, mismatched, failed;
};

/* @len bytes of UDP payload from port 53 to @to; borrowed. */
typedef void (*dns_reply_fn)(void *data, const struct dns_client *to, const uint8_t *msg,
			     size_t len);

struct dns;

int dns_new(struct loop *l, const struct dns_config *config, dns_reply_fn reply, void *data,
	    struct dns **ret);
void dns_free(struct dns *d); /* NULL is fine */

/* 0, or -EBADMSG: no query. What fails later is answered with SERVFAIL. */
int dns_query(struct dns *d, const struct dns_client *from, const uint8_t *msg, size_t len);

/* Where TCP to the DNS address goes: the resolver that answers; -ENOENT when there is none. */
int dns_upstream(struct dns *d, struct sockaddr_storage *ret, socklen_t *ret_len);

/* As last read; for DHCP's option 119 and RA's DNSSL. */
const struct dns_search *dns_search_domains(struct dns *d);
const struct dns_stats *dns_stats(const struct dns *d);
size_t dns_inflight(const struct dns *d);

/* ---- pure parts ---- */

/* The text of a resolv.conf, changed while it is read. */
void dns_resolv_parse(char *text, struct dns_resolv *ret);

/**
 * dns_question_end() - check a message with exactly one question
 *
 * Return: the offset behind the question, or -EBADMSG.
 */
ssize_t dns_question_end(const uint8_t *msg, size_t len);

/* Is @msg the answer to @query, whose id on the wire was @id? */
bool dns_answers(const uint8_t *query, size_t query_len, uint16_t id, const uint8_t *msg,
		 size_t len);

/* The query's question alone as an answer with @rcode, @truncated sets TC. Returns its length. */
size_t dns_refusal(const uint8_t *query, size_t query_len, uint8_t rcode, bool truncated,
		   uint8_t *out, size_t size);

#endif
