// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Failures with a reason for a person. Pure, no state, any thread.
 */
#include "error.h"

#include <stdarg.h>

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	return -code;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->message)];
	va_list ap;
	int n;

	if (!err || !err->code)
		return -EIO;
	memcpy(old, err->message, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n + 3 < sizeof(err->message)) {
		size_t room = sizeof(err->message) - n - 3;

		memcpy(err->message + n, ": ", 2);
		n += 2;
		snprintf(err->message + n, room + 1, "%.*s", (int)room, old);
	}
	return -err->code;
}
