/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A failure with its reason for a person: an errno and one sentence.
 * Passed as the last-but-results parameter where a bare -errno would not
 * tell the cause (configuration, netlink, control). NULL is always allowed.
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include "util.h"

struct error {
	int code;	    /* errno, positive; 0: no error */
	char message[1024]; /* one sentence, lower case, no full stop */
};

/**
 * error_set() - record a failure
 * @err: where to, or NULL
 * @code: positive errno
 * @fmt: printf format of the reason
 *
 * Return: -@code, so that "return error_set(err, EINVAL, ...)" works.
 */
int error_set(struct error *err, int code, const char *fmt, ...) _printf_(3, 4);

/**
 * error_prefix() - put the object in front of a recorded reason: "OBJECT: reason"
 * @err: a recorded failure, or NULL
 *
 * Return: -err->code, or -EIO when @err is NULL or empty.
 */
int error_prefix(struct error *err, const char *fmt, ...) _printf_(2, 3);

#endif
