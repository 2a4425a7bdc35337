// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prometheus text exposition format 0.0.4, built in memory. No state; any thread.
 */
#include "metrics.h"

#include <stdarg.h>

void metrics_init(struct metrics *m)
{
	memset(m, 0, sizeof(*m));
}

void metrics_done(struct metrics *m)
{
	free(m->text);
	metrics_init(m);
}

static bool metrics_reserve(struct metrics *m, size_t n)
{
	size_t size = m->size ? m->size : 4096;
	char *text;

	if (m->failed)
		return false;
	if (m->len + n <= m->size)
		return true;
	while (size < m->len + n)
		size *= 2;
	text = realloc(m->text, size);
	if (!text) {
		m->failed = true;
		return false;
	}
	m->text = text;
	m->size = size;
	return true;
}

static void _printf_(2, 3) metrics_printf(struct metrics *m, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !metrics_reserve(m, n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(m->text + m->len, n + 1, fmt, ap);
	va_end(ap);
	m->len += n;
}

void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *help)
{
	metrics_printf(m, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		       type == METRICS_COUNTER ? "counter" : "gauge");
}

static void metrics_label(struct metrics *m, const char *key, const char *value, bool first)
{
	metrics_printf(m, "%s%s=\"", first ? "" : ",", key);
	for (; *value; value++) {
		if (*value == '\n')
			metrics_printf(m, "\\n");
		else if (*value == '"' || *value == '\\')
			metrics_printf(m, "\\%c", *value);
		else
			metrics_printf(m, "%c", *value);
	}
	metrics_printf(m, "\"");
}

static void metrics_head(struct metrics *m, const char *name, const char *const labels[])
{
	metrics_printf(m, "%s", name);
	if (labels && labels[0]) {
		metrics_printf(m, "{");
		for (size_t i = 0; labels[i]; i += 2)
			metrics_label(m, labels[i], labels[i + 1], i == 0);
		metrics_printf(m, "}");
	}
}

void metrics_sample(struct metrics *m, const char *name, const char *const labels[], double value)
{
	metrics_head(m, name, labels);
	metrics_printf(m, " %.17g\n", value);
}

void metrics_sample_u64(struct metrics *m, const char *name, const char *const labels[],
			uint64_t value)
{
	metrics_head(m, name, labels);
	metrics_printf(m, " %llu\n", (unsigned long long)value);
}

char *metrics_take(struct metrics *m)
{
	char *text;

	if (!m->text && !m->failed)
		metrics_reserve(m, 1);
	if (m->failed) {
		metrics_done(m);
		return NULL;
	}
	m->text[m->len] = '\0';
	text = TAKE_PTR(m->text);
	metrics_init(m);
	return text;
}
