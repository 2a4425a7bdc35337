// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DHCP leases: parsing dnsmasq's lease file and the events of its script.
 *
 * Owns the datagram socket that dnsmasq's user, and nobody else, may write to.
 * Runs in netd; lease_event_main() in the short-lived process that dnsmasq
 * starts. dnsmasq(8), --dhcp-script.
 */
#include "lease.h"

#include <pwd.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "log.h"

#define EVENT_MAX 512

const char *lease_user(void)
{
	return getpwnam("dnsmasq") ? "dnsmasq" : "nobody";
}

/* Up to the next blank; false: nothing left, or longer than @size. */
static bool word(const char **p, char *buf, size_t size)
{
	size_t n;

	*p += strspn(*p, " ");
	n = strcspn(*p, " \n");
	if (!n || n >= size)
		return false;
	memcpy(buf, *p, n);
	buf[n] = '\0';
	*p += n;
	return true;
}

/* What a guest calls itself is for showing only: anything but a plain name is left out. */
static void hostname_set(char ret[static 64], const char *name)
{
	size_t n = strlen(name);

	ret[0] = '\0';
	if (n < 1 || n > 63 || streq(name, "*"))
		return;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._",
			    name[i]))
			return;
	memcpy(ret, name, n + 1);
}

int lease_parse(const char *line, struct lease *ret)
{
	char expires[24], mac[64], address[ADDR_STRLEN + 2], name[256], id[400], *end;
	struct lease l = { 0 };

	if (!word(&line, expires, sizeof(expires)) || !word(&line, mac, sizeof(mac)) ||
	    !word(&line, address, sizeof(address)) || !word(&line, name, sizeof(name)))
		return -EINVAL;
	errno = 0;
	l.expires_s = strtoull(expires, &end, 10);
	if (errno || *end || end == expires || addr_parse(address, &l.addr) < 0)
		return -EINVAL;
	/* DHCPv6: an identity association's number stands where the MAC would. */
	if (l.addr.family == AF_INET && mac_parse(mac, &l.mac) < 0)
		return -EINVAL;
	hostname_set(l.hostname, name);
	if (word(&line, id, sizeof(id)) && strspn(id, "0123456789abcdefABCDEF:") == strlen(id))
		str_copy(l.client_id, sizeof(l.client_id), id);
	*ret = l;
	return 0;
}

int lease_list(const struct network *net, struct lease **ret, size_t *ret_n)
{
	_cleanup_free_ char *path = NULL, *line = NULL;
	_cleanup_fclose_ FILE *f = NULL;
	struct lease *list = NULL;
	size_t n = 0, size = 0, line_size = 0;
	uint64_t now = time(NULL);

	*ret = NULL;
	*ret_n = 0;
	if (asprintf(&path, "%s/leases/%s", net->netd->state_dir, net->name) < 0)
		return -ENOMEM;
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (n < LEASES_MAX && getline(&line, &line_size, f) > 0) {
		struct lease l;

		if (lease_parse(line, &l) < 0 || (l.expires_s && l.expires_s < now))
			continue;
		if (n == size) {
			struct lease *more;

			size = size ? size * 2 : 16;
			more = realloc(list, size * sizeof(*list));
			if (!more) {
				free(list);
				return -ENOMEM;
			}
			list = more;
		}
		list[n++] = l;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

/* ---- events ------------------------------------------------------------------- */

int lease_event_parse(const char *buf, size_t len, struct lease_event *ret)
{
	char text[EVENT_MAX], action[8], mac[64], address[ADDR_STRLEN], name[256];
	struct lease_event e = { 0 };
	const char *p = text;

	if (len >= sizeof(text) || memchr(buf, '\0', len))
		return -EINVAL;
	memcpy(text, buf, len);
	text[len] = '\0';
	if (!word(&p, action, sizeof(action)) || !word(&p, mac, sizeof(mac)) ||
	    !word(&p, address, sizeof(address)) || !word(&p, e.ifname, sizeof(e.ifname)) ||
	    !word(&p, name, sizeof(name)))
		return -EINVAL;
	e.del = streq(action, "del");
	e.old = streq(action, "old");
	if (!e.del && !e.old && !streq(action, "add"))
		return -EINVAL;
	if (addr_parse(address, &e.addr) < 0)
		return -EINVAL;
	if (mac_parse(mac, &e.mac) < 0 && e.addr.family == AF_INET)
		return -EINVAL;
	hostname_set(e.hostname, name);
	*ret = e;
	return 0;
}

static const char *env_or_star(const char *name)
{
	const char *value = getenv(name);

	return value && *value && !strpbrk(value, " \n") ? value : "*";
}

int lease_event_main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	/* dnsmasq gives argv[0] without its directory; the kernel remembers what was executed. */
	const char *path = (const char *)getauxval(AT_EXECFN);
	const char *slash = path ? strrchr(path, '/') : NULL;
	char text[EVENT_MAX];
	const char *mac;
	int fd, n;

	/* dnsmasq asks for "init", "tftp" and more besides leases: nothing to say. */
	if (argc < 4 || !slash || !strchr("ado", argv[1][0]))
		return 0;
	n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%.*s/lease.sock", (int)(slash - path),
		     path);
	if (n < 0 || (size_t)n >= sizeof(sun.sun_path))
		return 1;
	mac = strchr(argv[3], ':') ? env_or_star("DNSMASQ_MAC") : argv[2];
	n = snprintf(text, sizeof(text), "%s %s %s %s %s", argv[1], mac, argv[3],
		     env_or_star("DNSMASQ_INTERFACE"), argc > 4 ? argv[4] : "*");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || n < 0 || (size_t)n >= sizeof(text))
		return 1;
	/* netd may be away just now: it reads the lease file when it is back. */
	return sendto(fd, text, n, MSG_NOSIGNAL, (struct sockaddr *)&sun, sizeof(sun)) < 0;
}

struct lease_listener {
	struct netd *netd;
	int fd;
	struct source *source;
	struct log_limit limit;
};

static struct network *network_on(struct netd *d, const char *bridge)
{
	for (struct network *net = d->networks; net; net = net->hh.next)
		if (net->config && streq(net->config->bridge, bridge))
			return net;
	return NULL;
}

static struct port *port_of_addr(struct network *net, const struct addr *a)
{
	for (struct port *p = net->ports; p; p = p->hh.next)
		if (addr_equal(&p->addr4, a) || addr_equal(&p->addr6, a))
			return p;
	return NULL;
}

static void lease_announce(struct netd *d, const struct lease_event *e)
{
	struct network *net = network_on(d, e->ifname);
	struct port *p = net ? port_of_addr(net, &e->addr) : NULL;

	if (!net)
		return;
	if (!e->old)
		log_info("network %s: lease %s %s%s%s (%s)", net->name, ADDR_STR(&e->addr),
			 e->del ? "ended" : "given", p ? (e->del ? ", was " : " to ") : "",
			 p ? p->name : "", mac_is_set(&e->mac) ? MAC_STR(&e->mac) : "DHCPv6");
	netd_event(d, e->del ? "lease-del" : "lease-add",
		   json_pack("{s:s, s:s?, s:s, s:s, s:s}", "network", net->name, "port",
			     p ? p->name : NULL, "address", ADDR_STR(&e->addr), "mac",
			     MAC_STR(&e->mac), "hostname", e->hostname));
}

static void lease_datagram(struct source *s _unused_, int fd, uint32_t events _unused_, void *data)
{
	struct lease_listener *l = data;
	char buf[EVENT_MAX + 1];
	struct lease_event e;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		if (lease_event_parse(buf, n, &e) == 0)
			lease_announce(l->netd, &e);
		else if (log_allowed(&l->limit))
			log_warn("lease socket: a message of %zd bytes that is no lease event, "
				 "ignoring",
				 n);
	}
}

/* Only dnsmasq's user may send: the socket is its own, with no rights for others. */
static int listener_bind(struct lease_listener *l, const char *path, struct error *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const struct passwd *pw = getpwnam(lease_user());

	if (str_copy(sun.sun_path, sizeof(sun.sun_path), path) < 0)
		return error_set(err, ENAMETOOLONG, "%s: longer than a socket's path can be", path);
	unlink(path);
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    chmod(path, 0600) < 0 || (pw && chown(path, pw->pw_uid, -1) < 0))
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

int lease_listener_new(struct netd *d, struct lease_listener **ret, struct error *err)
{
	_cleanup_free_ char *path = NULL, *link = NULL;
	struct lease_listener *l = calloc(1, sizeof(*l));
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int r;

	if (!l || n < 0 || asprintf(&path, "%s/lease.sock", d->runtime_dir) < 0 ||
	    asprintf(&link, "%s/" LEASE_EVENT_NAME, d->runtime_dir) < 0) {
		free(l);
		return error_set(err, ENOMEM, "out of memory");
	}
	exe[n] = '\0';
	l->netd = d;
	r = listener_bind(l, path, err);
	if (r == 0) {
		unlink(link);
		if (symlink(exe, link) < 0)
			r = error_set(err, errno, "%s: %s", link, strerror(errno));
	}
	if (r == 0)
		r = loop_add_io(d->loop, l->fd, EPOLLIN, lease_datagram, l, &l->source);
	if (r < 0) {
		lease_listener_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void lease_listener_free(struct lease_listener *l)
{
	if (!l)
		return;
	source_free(l->source);
	close_fdp(&l->fd);
	free(l);
}
