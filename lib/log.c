// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logging to standard error. One write(2) a line, so that lines of several
 * processes on one stderr do not mix. Any thread.
 */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>

#define LIMIT_WINDOW_NS (10 * 1000000000ULL)
#define LIMIT_BURST 5

static _Atomic enum log_level max_level = LOG_LEVEL_INFO;

static const struct {
	const char *word;
	const char *journal; /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "ERROR", "<3>" },
	[LOG_LEVEL_WARN] = { "WARN", "<4>" },
	[LOG_LEVEL_INFO] = { "INFO", "<6>" },
	[LOG_LEVEL_DEBUG] = { "DEBUG", "<7>" },
};

void log_set_level(enum log_level level)
{
	max_level = level;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[2048];
	size_t len;
	int n;

	if (getenv("JOURNAL_STREAM"))
		n = snprintf(line, sizeof(line), "%s", levels[level].journal);
	else
		n = snprintf(line, sizeof(line), "%s: ", levels[level].word);
	len = n;
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n < 0)
		return;
	len = MIN(len + n, sizeof(line) - 2);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?'; /* a name must not forge a log line */
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
	errno = saved;
}

bool log_allowed(struct log_limit *limit)
{
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	if (!limit->window_start_ns || now - limit->window_start_ns > LIMIT_WINDOW_NS) {
		if (limit->suppressed)
			log_warn("%u messages suppressed", limit->suppressed);
		limit->window_start_ns = now;
		limit->count = 0;
		limit->suppressed = 0;
	}
	if (limit->count < LIMIT_BURST) {
		limit->count++;
		return true;
	}
	limit->suppressed++;
	return false;
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(1);
}
