// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages, as the listening socket takes them in, and marks. The
 * input is a run of messages for the cache, or, with a first byte of 'm', an
 * alias.
 */
#include <linux/rtnetlink.h>

#include "actual.h"
#include "route.h"

static void take_message(struct actual *a, const uint8_t *data, size_t len)
{
	/* The kernel aligns them; a copy of its own size shows reads beyond the end. */
	struct nlmsghdr *h = malloc(len);
	struct rtnl_result ack;
	struct route route;

	memcpy(h, data, len);
	h->nlmsg_len = len;
	actual_message(a, h);
	rtnl_ack_parse(h, &ack);
	route_message_parse(h, &route);
	free(h);
}

static void take_alias(const uint8_t *data, size_t size)
{
	char text[1024], again[MARK_LEN];
	struct mark m, back;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mark_parse(text, &m) < 0)
		return;
	if (!m.port[0])
		m.uid = 0; /* a bridge's mark has none */
	mark_format(&m, again);
	if (mark_parse(again, &back) < 0 || !streq(back.port, m.port) || back.uid != m.uid)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct actual a = { 0 };

	if (size && *data == 'm') {
		take_alias(data + 1, size - 1);
		return 0;
	}
	while (size >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h;
		size_t len;

		memcpy(&h, data, sizeof(h));
		len = h.nlmsg_len;
		if (len < sizeof(h) || len > size)
			len = size;
		take_message(&a, data, len);
		data += MIN(NLMSG_ALIGN(len), size);
		size -= MIN(NLMSG_ALIGN(len), size);
	}
	actual_done(&a);
	return 0;
}
