/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of a guest's life share. Comes after cmocka.h. */
#pragma once

#include "guest/guest-state.h"

#define NOW UINT64_C(1000000000)
#define SECOND UINT64_C(1000000)

enum {
	DIS = GUEST_ACTION_DISARM,
	ARM = GUEST_ACTION_ARM,
	GO_ON = GUEST_ACTION_RESUME,
	HALT = GUEST_ACTION_PAUSE,
	POWER = GUEST_ACTION_POWERDOWN,
	KILL = GUEST_ACTION_KILL,
	CLEAN = GUEST_ACTION_CLEANUP,
	SAVE = GUEST_ACTION_SAVE,
	SAY = GUEST_ACTION_ANNOUNCE,
	LOOP = GUEST_ACTION_RESET_LOOP,
	HOST = GUEST_ACTION_HOST_POWEROFF,
	LAUNCH = GUEST_ACTION_LAUNCH,
};

static const struct guest_policy on_failure = {
	.restart = GUEST_RESTART_ON_FAILURE,
	.shutdown_timeout_usec = 30 * SECOND,
};

/* As the state is reached in practice: with its timer, and its process since 100 s. */
static struct guest_life usual_life(enum guest_state state)
{
	struct guest_life life = { .state = state };

	if (guest_state_has_process(state))
		life.started_usec = NOW - 100 * SECOND;
	if (state == GUEST_STATE_STARTING || state == GUEST_STATE_STOPPING ||
	    state == GUEST_STATE_CRASHED)
		life.timer_usec = NOW;
	return life;
}

static unsigned int step(struct guest_life *life, const struct guest_policy *policy,
			 enum guest_event_kind kind, enum guest_exit exit, uint64_t now_usec)
{
	const struct guest_event event = { .kind = kind, .exit = exit };

	return guest_life_step(life, policy, &event, now_usec);
}
