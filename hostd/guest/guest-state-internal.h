/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the table share: guest-state.c (the table), guest-state-end.c (a process's
 * end). Nobody else includes this. */
#pragma once

#include "guest/guest-state.h"

struct step {
	struct guest_life *life;
	const struct guest_policy *policy;
	const struct guest_event *event;
	uint64_t now_usec;
};

/* What happens in a state at an event: the set of actions. */
typedef unsigned int (*step_t)(const struct step *step);

static inline unsigned int enter(const struct step *step, enum guest_state state)
{
	step->life->state = state;
	return GUEST_ACTION_ANNOUNCE;
}

static inline unsigned int disarm(const struct step *step)
{
	if (step->life->timer_usec == 0)
		return 0;
	step->life->timer_usec = 0;
	return GUEST_ACTION_DISARM;
}

static inline unsigned int arm(const struct step *step, uint64_t delay_usec)
{
	step->life->timer_usec = step->now_usec + delay_usec;
	return GUEST_ACTION_ARM;
}

/* guest-state-end.c */
unsigned int guest_life_start_failed(const struct step *step);
unsigned int guest_life_refused(const struct step *step);
unsigned int guest_life_stopped(const struct step *step);
unsigned int guest_life_ended(const struct step *step);
/* How long the next start waits after so many failures in a row. */
uint64_t guest_life_backoff_usec(unsigned int failures);
