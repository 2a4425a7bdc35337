// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Domain names on the wire, RFC 1035 §3.1 and §4.1.4.
 */
#include "dns_name.h"

int dns_name_put(struct out *o, const char *name)
{
	uint8_t wire[DNS_NAME_MAX];
	size_t len = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		if (!label || label > DNS_LABEL_MAX)
			return -EINVAL;
		if (len + 1 + label + 1 > sizeof(wire))
			return -ENAMETOOLONG;
		wire[len] = (uint8_t)label;
		memcpy(wire + len + 1, name, label);
		len += 1 + label;
		name += label;
		if (*name == '.')
			name++;
	}
	if (!len)
		return -EINVAL;
	wire[len++] = 0;
	if (o->size - o->len < len)
		return -ENOSPC;
	out_put(o, wire, len);
	return 0;
}

ssize_t dns_name_skip(const uint8_t *msg, size_t len)
{
	size_t at = 0;

	while (at < len && at < DNS_NAME_MAX) {
		uint8_t label = msg[at];

		if (!label)
			return (ssize_t)at + 1;
		if ((label & 0xc0) == 0xc0)
			return at + 2 <= len ? (ssize_t)at + 2 : -EINVAL;
		if (label & 0xc0)
			return -EINVAL;
		at += 1 + label;
	}
	return -EINVAL;
}
