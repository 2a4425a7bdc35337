/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by config.c, config_check.c and their tests alone. */
#ifndef NETD_CONFIG_INTERNAL_H
#define NETD_CONFIG_INTERNAL_H

#include "config.h"

extern const char *const net_mode_names[];
extern const char *const guard_mode_names[];

/* Every semantic error of the whole configuration. */
void config_check(const struct config *c, struct config_errors *errors);

int config_duration_parse(const char *text, unsigned *ret_s);
/* Fills protocol, first, last. 0 or -EINVAL. */
int config_forward_parse(const char *title, struct config_forward *ret);
/* Fills to_name or to_addr, to_port. 0, -EINVAL, -ERANGE. */
int config_forward_to_parse(const char *text, struct config_forward *ret);

#endif
