// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DNS: first byte 'r': a resolv.conf; else a query and an answer, split by
 * the 16-bit length in front.
 */
#include "dns.h"

static void take_resolv(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct dns_resolv v;

	memcpy(text, data, size);
	text[size] = '\0';
	dns_resolv_parse(text, &v);
	assert(v.nservers <= DNS_SERVERS_MAX && v.search.n <= DNS_SEARCH_MAX);
	free(text);
}

static void take_messages(const uint8_t *data, size_t size)
{
	size_t len = MIN((size_t)get_be16(data), size - 2), rest = size - 2 - len;
	uint8_t out[DNS_QUERY_MAX], *q = malloc(len), *a = malloc(rest);

	if (len)
		memcpy(q, data + 2, len);
	if (rest)
		memcpy(a, data + 2 + len, rest);
	dns_answers(q, len, 0x1234, a, rest);
	if (dns_question_end(q, len) > 0)
		assert(dns_refusal(q, len, 2, true, out, sizeof(out)) <= len);
	free(q);
	free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 'r')
		take_resolv(data + 1, size - 1);
	else if (size >= 3)
		take_messages(data + 1, size - 1);
	return 0;
}
