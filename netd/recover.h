/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an earlier netd left in the kernel, found by its marks.
 */
#ifndef NETD_RECOVER_H
#define NETD_RECOVER_H

#include "actual.h"

/* Bridges and ports of the networks that exist as objects become theirs again; what belongs to no
 * network is taken off its bridge, and left-over bridges go. */
void recover(struct netd *d);
/* The ports of one network that came back: links marked for it that have no port yet. */
void recover_network(struct network *net);

/* Links of ours whose network is gone: ports that were kept for its return. For purge. */
void recover_delete_orphans(struct netd *d);

#endif
