/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long to wait before something that ended is started again. Pure. */
#pragma once

#include <stdint.h>

struct backoff {
	uint64_t min_usec, max_usec;
	uint64_t held_usec; /* what ran so long starts again at min_usec */
};

/* previous_usec is the delay before the run that took ran_usec; 0: there was none. Doubles it. */
uint64_t backoff_next(const struct backoff *backoff, uint64_t previous_usec, uint64_t ran_usec);
