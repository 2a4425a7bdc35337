/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prometheus text exposition format 0.0.4, built in memory.
 */
#ifndef LIB_METRICS_H
#define LIB_METRICS_H

#include "util.h"

struct metrics {
	char *text;
	size_t len;
	size_t size;
	bool failed; /* out of memory: the text is dropped at the end */
};

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE };

void metrics_init(struct metrics *m);
void metrics_done(struct metrics *m);
/* The HELP and TYPE lines; before the first sample of a name. */
void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *help);
/* @labels: "network", "lab", "port", "web", NULL; values are escaped. */
void metrics_sample(struct metrics *m, const char *name, const char *const labels[], double value);
void metrics_sample_u64(struct metrics *m, const char *name, const char *const labels[],
			uint64_t value);
/* The text, the caller's to free; NULL when memory ran out. Leaves @m empty. */
char *metrics_take(struct metrics *m);

#endif
