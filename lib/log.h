/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging to standard error, one line a message, "LEVEL: object: what".
 * With $JOURNAL_STREAM set on stderr the level is the journal's "<N>" prefix.
 * The level is the only mutable global of the project.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "util.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A limit for messages that a guest or client can cause: embed one per cause. */
struct log_limit {
	uint64_t window_start_ns;
	unsigned count;
	unsigned suppressed;
};

/**
 * log_allowed() - may a message pass the limit (5 in 10 s)?
 * @limit: zero-initialised state
 *
 * Logs "N messages suppressed" when a window closes with some held back.
 */
bool log_allowed(struct log_limit *limit);

/* die() - log and exit(1); only before the loop starts. */
void die(const char *fmt, ...) _printf_(1, 2) __attribute__((noreturn));

#endif
