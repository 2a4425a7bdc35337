// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/sys/net: reading, writing, and the memory of what the host had.
 *
 * The memory is STATE/sysctl, a line a switch, appended and synced before the
 * switch is touched: a crash between the two leaves a line that says nothing
 * wrong. Daemon's thread only.
 */
#include "sysctl.h"

#include <fcntl.h>

static const char *const link_sysctl_names[][2] = {
	[LINK_SYSCTL_FORWARDING4] = { "ipv4", "forwarding" },
	[LINK_SYSCTL_ROUTE_LOCALNET] = { "ipv4", "route_localnet" },
	[LINK_SYSCTL_FORWARDING6] = { "ipv6", "forwarding" },
	[LINK_SYSCTL_ACCEPT_RA] = { "ipv6", "accept_ra" },
	[LINK_SYSCTL_PROMOTE] = { "ipv4", "promote_secondaries" },
};
static_assert(ARRAY_SIZE(link_sysctl_names) == LINK_NSYSCTLS, "a name for each switch");

static int open_at(const char *path, int flags)
{
	char full[SYSCTL_PATH_MAX + 16];
	int fd;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *path)
{
	_cleanup_close_ int fd = open_at(path, O_RDONLY);
	char text[32];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	n = atoi(text);
	return n < 0 ? -ERANGE : (int)n;
}

int sysctl_set(const char *path, int value)
{
	_cleanup_close_ int fd = open_at(path, O_WRONLY);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", value);

	if (fd < 0)
		return fd;
	return write(fd, text, n) == n ? 0 : -errno;
}

const char *link_sysctl_name(enum link_sysctl which, bool force_forwarding)
{
	if (which == LINK_SYSCTL_FORWARDING6 && force_forwarding)
		return "force_forwarding";
	return link_sysctl_names[which][1];
}

void sysctl_link_path(const char *ifname, enum link_sysctl which, bool force_forwarding,
		      char ret[static SYSCTL_PATH_MAX])
{
	snprintf(ret, SYSCTL_PATH_MAX, "net/%s/conf/%s/%s", link_sysctl_names[which][0], ifname,
		 link_sysctl_name(which, force_forwarding));
}

int sysctl_link_get(const char *ifname, enum link_sysctl which, bool force_forwarding)
{
	char path[SYSCTL_PATH_MAX];

	sysctl_link_path(ifname, which, force_forwarding, path);
	return sysctl_get(path);
}

int sysctl_memory_parse(const char *line, struct sysctl_memory *ret)
{
	struct sysctl_memory m;
	int used = 0;

	if (sscanf(line, "%127s %d %d%n", m.path, &m.old, &m.new, &used) != 3 ||
	    (line[used] && line[used] != '\n') || !str_has_prefix(m.path, "net/") ||
	    strstr(m.path, ".."))
		return -EINVAL;
	*ret = m;
	return 0;
}

/* Whether the file has the path already: its first old value is the host's. */
static bool is_remembered(const char *file, const char *path, int value)
{
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	struct sysctl_memory m;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sysctl_memory_parse(line, &m) == 0 && streq(m.path, path) && m.new == value)
			return true;
	return false;
}

bool sysctl_is_remembered(const char *file, const char *path)
{
	return is_remembered(file, path, 0) || is_remembered(file, path, 1);
}

static int remember(const char *file, const char *path, int old, int new)
{
	_cleanup_close_ int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	char line[SYSCTL_PATH_MAX + 32];
	int n = snprintf(line, sizeof(line), "%s %d %d\n", path, old, new);

	if (fd < 0)
		return -errno;
	if (write(fd, line, n) != n)
		return errno ? -errno : -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

int sysctl_host_set(const char *file, const char *path, int value)
{
	int old = sysctl_get(path), r;

	if (old < 0 || old == value)
		return old < 0 ? old : 0;
	if (!is_remembered(file, path, value)) {
		r = remember(file, path, old, value);
		if (r < 0)
			return r;
	}
	r = sysctl_set(path, value);
	return r < 0 ? r : 1;
}

int sysctl_host_restore(const char *file)
{
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	struct sysctl_memory m;
	char line[256];

	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (fgets(line, sizeof(line), f))
		if (sysctl_memory_parse(line, &m) == 0 && sysctl_get(m.path) == m.new)
			sysctl_set(m.path, m.old);
	return unlink(file) < 0 ? -errno : 0;
}
