// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Marks of ownership in link aliases, and the names that follow from a name.
 *
 * Pure. What is parsed here comes from the kernel, where any process with
 * CAP_NET_ADMIN could have written it: it is bounded and checked.
 */
#include "mark.h"

#define MARK_OWN "netd:"
#define MARK_JOINED "netd+:"

static int number_parse(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long v;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || *end || v > max)
		return -EINVAL;
	*ret = v;
	return 0;
}

static int addresses_parse(char *value, struct mark *m)
{
	char *save = NULL;

	for (char *a = strtok_r(value, ",", &save); a; a = strtok_r(NULL, ",", &save)) {
		struct addr addr;

		if (addr_parse(a, &addr) < 0)
			return -EINVAL;
		*(addr.family == AF_INET ? &m->addr4 : &m->addr6) = addr;
	}
	return 0;
}

static int field_parse(char *field, struct mark *m)
{
	char *value = strchr(field, '=');
	uint64_t n;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (streq(field, "uid")) {
		if (number_parse(value, UINT32_MAX, &n) < 0)
			return -EINVAL;
		m->uid = n;
	} else if (streq(field, "since")) {
		return number_parse(value, INT64_MAX, &m->since_s);
	} else if (streq(field, "mac")) {
		return mac_parse(value, &m->mac);
	} else if (streq(field, "addr")) {
		return addresses_parse(value, m);
	}
	return 0;
}

int mark_parse(const char *alias, struct mark *ret)
{
	struct mark m = { 0 };
	char text[MARK_LEN], *save = NULL, *rest, *name, *port;

	if (!alias || str_copy(text, sizeof(text), alias) < 0)
		return -EINVAL;
	if (str_has_prefix(text, MARK_JOINED))
		m.joined = true;
	else if (!str_has_prefix(text, MARK_OWN))
		return -EINVAL;
	rest = text + strlen(m.joined ? MARK_JOINED : MARK_OWN);
	name = strtok_r(rest, ";", &save);
	if (!name)
		return -EINVAL;
	port = strchr(name, '/');
	if (port)
		*port++ = '\0';
	if (!name_valid(name) || (port && !name_valid(port)))
		return -EINVAL;
	str_copy(m.network, sizeof(m.network), name);
	str_copy(m.port, sizeof(m.port), port ?: "");
	for (char *f = strtok_r(NULL, ";", &save); f; f = strtok_r(NULL, ";", &save))
		if (field_parse(f, &m) < 0)
			return -EINVAL;
	*ret = m;
	return 0;
}

void mark_format(const struct mark *m, char ret[static MARK_LEN])
{
	const struct addr *addrs[] = { &m->addr4, &m->addr6 };
	const char *separator = ";addr=";
	int n;

	n = snprintf(ret, MARK_LEN, "%s%s", m->joined ? MARK_JOINED : MARK_OWN, m->network);
	if (!m->port[0])
		return;
	n += snprintf(ret + n, MARK_LEN - n, "/%s;uid=%u", m->port, m->uid);
	if (mac_is_set(&m->mac))
		n += snprintf(ret + n, MARK_LEN - n, ";mac=%s", MAC_STR(&m->mac));
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		if (addr_is_set(addrs[i])) {
			n += snprintf(ret + n, MARK_LEN - n, "%s%s", separator, ADDR_STR(addrs[i]));
			separator = ",";
		}
	if (m->since_s)
		snprintf(ret + n, MARK_LEN - n, ";since=%llu", (unsigned long long)m->since_s);
}

void mark_of_port(const struct port *p, struct mark *ret)
{
	*ret = (struct mark){
		.joined = p->kind == PORT_JOINED,
		.uid = p->uid,
		.mac = p->mac,
		.addr4 = p->addr4,
		.addr6 = p->addr6,
		.since_s = p->since_s,
	};
	str_copy(ret->network, sizeof(ret->network), p->network->name);
	str_copy(ret->port, sizeof(ret->port), p->name);
}

void mark_of_network(const struct network *net, struct mark *ret)
{
	*ret = (struct mark){ 0 };
	str_copy(ret->network, sizeof(ret->network), net->name);
}

static uint64_t port_hash(const char *network, const char *port)
{
	char text[NETWORK_NAME_MAX + PORT_NAME_MAX + 2];

	snprintf(text, sizeof(text), "%s/%s", network, port);
	return name_hash(text);
}

void port_ifname(const char *network, const char *port, bool hashed, char ret[static IFNAMSIZ])
{
	char text[NETWORK_NAME_MAX + PORT_NAME_MAX + 2];

	snprintf(text, sizeof(text), "%s-%s", network, port);
	if (hashed || str_copy(ret, IFNAMSIZ, text) < 0)
		snprintf(ret, IFNAMSIZ, "nd%012llx",
			 (unsigned long long)(port_hash(network, port) & 0xffffffffffffULL));
}

static struct mac mac_of_hash(uint64_t h)
{
	struct mac m;

	for (size_t i = 0; i < sizeof(m.bytes); i++)
		m.bytes[i] = h >> (8 * i);
	m.bytes[0] = (m.bytes[0] & 0xfc) | 0x02;
	/* fe is for the host's end of taps. */
	if (m.bytes[0] == 0xfe)
		m.bytes[0] = 0x52;
	return m;
}

struct mac port_mac(const char *network, const char *port)
{
	return mac_of_hash(port_hash(network, port));
}

struct mac network_mac(const char *network)
{
	return mac_of_hash(port_hash(network, ""));
}

struct mac tap_mac(const struct mac *guest)
{
	struct mac m = *guest;

	m.bytes[0] = 0xfe;
	return m;
}
