/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confirm or revert: an apply that takes itself back when nobody confirms it.
 *
 * STATE/confirm/ holds the configuration before it (netd.conf,
 * networks/all.conf) and the deadline, so that a netd that was killed, or a
 * host that was restarted, still goes back. After going back it stays there,
 * "reverted", until the next apply or confirm.
 */
#ifndef NETD_CONFIRM_H
#define NETD_CONFIRM_H

#include "netd.h"

/* The files of a configuration: what a confirm needs to go back to, and how a reload without a
 * change is known. */
struct config_text {
	char *daemon;	/* netd.conf; empty when there is none */
	char *networks; /* every networks/ *.conf, one after another */
};
int config_text_read(const char *dir, struct config_text **ret);
void config_text_free(struct config_text *t); /* NULL is fine */
bool config_text_equal(const struct config_text *a, const struct config_text *b);

/* Keeps @before and goes back to it in @seconds, by calling @revert. */
int confirm_begin(struct netd *d, const struct config_text *before, unsigned seconds,
		  struct error *err);
/* Nothing is pending any more. -ENOENT: nothing was. */
int confirm_end(struct netd *d, struct error *err);
bool confirm_is_pending(const struct netd *d);
/*
 * At the start: the directory to load from, the caller's to free: @d->config_dir, or the kept
 * configuration when the deadline has passed or it was reverted before. Arms the timer else.
 */
int confirm_start(struct netd *d, char **ret_dir, struct error *err);
void confirm_free(struct netd *d);
/* The kept configuration's directory; it runs from now on. */
void confirm_mark_reverted(struct netd *d);

#endif
