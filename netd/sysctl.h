/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches under /proc/sys/net: those of our bridges, and the host's own,
 * which are remembered before they are changed and put back by purge.
 */
#ifndef NETD_SYSCTL_H
#define NETD_SYSCTL_H

#include "link.h"

/* "net/ipv4/conf/br0/forwarding": relative to /proc/sys. */
#define SYSCTL_PATH_MAX 128

int sysctl_get(const char *path); /* the number there (>= 0), or -errno */
int sysctl_set(const char *path, int value);
void sysctl_link_path(const char *ifname, enum link_sysctl which, bool force_forwarding,
		      char ret[static SYSCTL_PATH_MAX]);
int sysctl_link_get(const char *ifname, enum link_sysctl which, bool force_forwarding);
const char *link_sysctl_name(enum link_sysctl which, bool force_forwarding);

/* One line of the memory: "PATH OLD NEW". Pure. 0 or -EINVAL. */
struct sysctl_memory {
	char path[SYSCTL_PATH_MAX];
	int old, new;
};
int sysctl_memory_parse(const char *line, struct sysctl_memory *ret);
/* Changes a switch of the host and remembers in @file what it was, before. 1: changed, 0, -errno. */
int sysctl_host_set(const char *file, const char *path, int value);
/* Did we change that switch? */
bool sysctl_is_remembered(const char *file, const char *path);
/* Puts back everything remembered that still is as we set it; removes the file. */
int sysctl_host_restore(const char *file);

#endif
