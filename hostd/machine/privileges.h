/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of root's rights hostd keeps, and with it everything that it starts. */
#pragma once

#include <stdint.h>

/*
 * Drops, for this process and all that it will start, the capabilities that privileges_kept() does
 * not have and the system calls that hostd never makes, and sets no-new-privs. Call it first of
 * all, while there is one thread. May be repeated. Returns 0, or -errno with part of it done and
 * *ret_step, a constant string, naming the step.
 */
int privileges_drop(const char **ret_step);

/* The capabilities that hostd keeps, a bit each (1 << CAP_KILL). */
uint64_t privileges_kept(void);
