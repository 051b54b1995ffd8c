/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostd may do of what root may, and with it everything that it starts. */
#pragma once

#include <stdint.h>

/*
 * Gives up, for this process and all that it will start, the capabilities that privileges_kept()
 * does not have and the system calls that hostd never makes; no-new-privs besides. To be called
 * first of all, while there is one thread. May be repeated. Returns 0, or -errno with part of it
 * done, and *ret_step, a constant string, saying where.
 */
int privileges_drop(const char **ret_step);

/* The capabilities that stay, a bit each (1 << CAP_KILL). */
uint64_t privileges_kept(void);
