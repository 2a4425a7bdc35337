// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one road of news: what happened goes to the monitors and to the hooks.
 *
 * Owns nothing. Daemon's thread only.
 */
#include "control.h"
#include "hook.h"

void netd_event(struct netd *d, const char *event, json_t *object)
{
	if (!object)
		return;
	if (d->control)
		control_event(d->control, event, object);
	if (d->hooks)
		hooks_run(d->hooks, event, object);
	json_decref(object);
}
