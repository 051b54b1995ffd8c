// SPDX-License-Identifier: GPL-2.0-or-later
#include "backoff.h"

uint64_t backoff_next(const struct backoff *backoff, uint64_t previous_usec, uint64_t ran_usec)
{
	if (previous_usec == 0 || ran_usec >= backoff->held_usec)
		return backoff->min_usec;
	return previous_usec > backoff->max_usec / 2 ? backoff->max_usec : 2 * previous_usec;
}
