/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What time it is. */
#pragma once

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, CLOCK_BOOTTIME (counts on while the machine sleeps), CLOCK_REALTIME. */
static inline uint64_t clock_usec(clockid_t clock)
{
	struct timespec now = {};

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
