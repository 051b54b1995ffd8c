/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another hostd in the place of this one. */
#pragma once

#include "base/error.h"

struct host;

/* error NULL: version ("hostd 1.3") takes over. Both are borrowed. */
typedef void (*host_replaced_t)(const char *version, const struct error *error, void *userdata);

/*
 * Tries the file (weak), puts it in place, and calls done, once, from the event loop; right after
 * that this hostd ends. Refused while something is being done that its end would undo. Returns 0,
 * or -errno, and done is not called.
 */
int host_replace(struct host *host, int hostd_fd, host_replaced_t done, void *userdata,
		 struct error *error);
/* The one that was put in place did not come up, or did not stay: this is the one before it. */
bool host_replace_failed(const struct host *host);

/* The API answers: PID 1 is told that this hostd is good. Returns 0 or -errno. */
int host_replace_settle(struct host *host);
/* hostd ends: nothing is replaced, and done is called with an error. */
void host_replace_cancel(struct host *host);
