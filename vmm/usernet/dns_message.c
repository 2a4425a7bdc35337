// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pure parts of the DNS relay: messages (RFC 1035 §4) and resolv.conf(5).
 */
#include <ctype.h>
#include <net/if.h>

#include "dns.h"

enum { AT_FLAGS = 2, AT_QDCOUNT = 4, HEADER_LEN = 12 };
#define FLAG_QR 0x8000u
#define FLAG_TC 0x0200u
#define FLAG_RD 0x0100u
#define FLAG_RA 0x0080u
#define OPCODE_MASK 0x7800u

ssize_t dns_question_end(const uint8_t *msg, size_t len)
{
	ssize_t name;

	if (len < HEADER_LEN || get_be16(msg + AT_QDCOUNT) != 1)
		return -EBADMSG;
	name = dns_name_skip(msg + HEADER_LEN, len - HEADER_LEN);
	if (name < 0 || HEADER_LEN + (size_t)name + 4 > len)
		return -EBADMSG;
	return HEADER_LEN + name + 4;
}

bool dns_answers(const uint8_t *query, size_t query_len, uint16_t id, const uint8_t *msg,
		 size_t len)
{
	ssize_t end = dns_question_end(query, query_len);

	if (end < 0 || len < HEADER_LEN || get_be16(msg) != id ||
	    !(get_be16(msg + AT_FLAGS) & FLAG_QR))
		return false;
	/* a server that cannot even parse the query may leave the question out */
	if (!get_be16(msg + AT_QDCOUNT))
		return (msg[3] & 0xf) != 0;
	if (dns_question_end(msg, len) != end)
		return false;
	for (ssize_t i = HEADER_LEN; i < end; i++) {
		if (tolower(msg[i]) != tolower(query[i]))
			return false;
	}
	return true;
}

size_t dns_refusal(const uint8_t *query, size_t query_len, uint8_t rcode, bool truncated,
		   uint8_t *out, size_t size)
{
	struct out o = out_init(out, size);
	ssize_t end = dns_question_end(query, query_len);
	uint16_t flags;

	if (end < 0)
		return 0;
	flags = (get_be16(query + AT_FLAGS) & (OPCODE_MASK | FLAG_RD)) | FLAG_QR | FLAG_RA | rcode;
	out_put(&o, query, 2);
	out_be16(&o, flags | (truncated ? FLAG_TC : 0));
	out_be16(&o, 1);
	out_zero(&o, 6);
	out_put(&o, query + HEADER_LEN, (size_t)end - HEADER_LEN);
	return o.full ? 0 : o.len;
}

/* "192.0.2.53", "fd00::53", "fe80::1%eth0" */
static int parse_server(char *text, struct dns_server *ret)
{
	char *scope = strchr(text, '%');
	struct addr a;

	if (scope)
		*scope++ = '\0';
	if (addr_parse(text, &a) < 0)
		return -EINVAL;
	/* 0.0.0.0 means this host, as in the C library */
	if (a.family == AF_INET && !a.v4.s_addr)
		a.v4.s_addr = htonl(INADDR_LOOPBACK);
	ret->len = addr_to_sockaddr(&a, DNS_PORT, &ret->sa);
	if (scope && a.family == AF_INET6)
		((struct sockaddr_in6 *)&ret->sa)->sin6_scope_id = if_nametoindex(scope);
	return 0;
}

static void parse_search(char *names, struct dns_search *ret)
{
	char *save = NULL;

	ret->n = 0;
	for (char *n = strtok_r(names, " \t", &save); n && ret->n < DNS_SEARCH_MAX;
	     n = strtok_r(NULL, " \t", &save)) {
		uint8_t wire[DNS_NAME_MAX];
		struct out o = out_init(wire, sizeof(wire));

		if (strlen(n) <= DNS_TEXT_MAX && dns_name_put(&o, n) == 0)
			str_copy(ret->names[ret->n++], sizeof(ret->names[0]), n);
	}
}

void dns_resolv_parse(char *text, struct dns_resolv *ret)
{
	char *save = NULL;

	memset(ret, 0, sizeof(*ret));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *word, *rest;

		line[strcspn(line, "#;\r")] = '\0';
		word = strtok_r(line, " \t", &rest);
		if (!word)
			continue;
		if (streq(word, "nameserver")) {
			char *server = strtok_r(NULL, " \t", &rest);

			if (server && ret->nservers < DNS_SERVERS_MAX &&
			    parse_server(server, &ret->servers[ret->nservers]) == 0)
				ret->nservers++;
		} else if (streq(word, "search") || streq(word, "domain")) {
			parse_search(rest, &ret->search); /* the last line counts */
		}
	}
}
