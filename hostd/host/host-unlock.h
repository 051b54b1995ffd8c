/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console password. */
#pragma once

#include "base/error.h"

struct host;

bool host_needs_password(const struct host *host);

/* error NULL: it is the password. */
typedef void (*host_unlocked_t)(const struct error *error, void *userdata);

/*
 * One password is checked at a time, of all consoles. Returns 0, and done is called, where there is
 * no console password before this returns; or -errno, and it is not called. password NULL: none
 * was given.
 */
int host_unlock(struct host *host, const char *password, host_unlocked_t done, void *userdata,
		struct error *error);
/* hostd ends: done is called with an error. */
void host_unlock_cancel(struct host *host);
