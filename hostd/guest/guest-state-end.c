// SPDX-License-Identifier: GPL-2.0-or-later
// What the end of a guest's process means: a failure or a good end, and whether and when it starts
// again.
#include "guest/guest-state-internal.h"

/* 100 ms, doubled by every further end in a row, up to a minute. */
uint64_t guest_life_backoff_usec(unsigned int failures)
{
	uint64_t delay = GUEST_BACKOFF_MIN_USEC;

	for (unsigned int i = 1; i < failures && delay < GUEST_BACKOFF_MAX_USEC; i++)
		delay *= 2;
	return delay < GUEST_BACKOFF_MAX_USEC ? delay : GUEST_BACKOFF_MAX_USEC;
}

/* What every end of a process does, and of a start without one. */
static unsigned int end(const struct step *step, enum guest_state state)
{
	step->life->started_usec = 0;
	step->life->paused = step->life->switching = false;
	step->life->restart_wanted = false;
	return disarm(step) | GUEST_ACTION_CLEANUP | enter(step, state);
}

/* The same, with another start after the delay. */
static unsigned int end_for_now(const struct step *step, enum guest_state state,
				uint64_t delay_usec)
{
	unsigned int actions = end(step, state) & ~(unsigned int)GUEST_ACTION_DISARM;

	return actions | arm(step, delay_usec);
}

/* Returns how long to wait for the next start. What ran for long is not in a loop: it is missed,
 * and started again at once. */
static uint64_t count_end(struct guest_life *life, uint64_t run_usec)
{
	bool ran_well = run_usec >= GUEST_BACKOFF_MAX_USEC;

	life->failures = ran_well ? 1 : life->failures + 1;
	return ran_well ? 0 : guest_life_backoff_usec(life->failures);
}

static bool starts_after_failure(const struct step *step)
{
	bool panicked = step->life->ending == GUEST_ENDING_PANIC;

	if (panicked && step->policy->on_panic == GUEST_ON_STOP)
		return false;
	if (panicked && step->policy->on_panic == GUEST_ON_RESTART)
		return true;
	return step->policy->restart != GUEST_RESTART_NEVER;
}

static unsigned int failed(const struct step *step, uint64_t run_usec)
{
	struct guest_life *life = step->life;
	uint64_t delay_usec = count_end(life, run_usec);

	life->fast_failures = run_usec < GUEST_FAST_RUN_USEC ? life->fast_failures + 1 : 0;
	if (!starts_after_failure(step) || life->fast_failures >= GUEST_FAST_FAILURES_MAX)
		return end(step, GUEST_STATE_FAILED);
	return end_for_now(step, GUEST_STATE_CRASHED, delay_usec);
}

unsigned int guest_life_start_failed(const struct step *step)
{
	return failed(step, 0);
}

unsigned int guest_life_refused(const struct step *step)
{
	return end(step, GUEST_STATE_FAILED);
}

unsigned int guest_life_stopped(const struct step *step)
{
	return end(step, GUEST_STATE_STOPPED);
}

static bool is_success(const struct step *step)
{
	enum guest_ending ending = step->life->ending;

	switch (step->event->exit) {
	case GUEST_EXIT_SUCCESS:
		return ending != GUEST_ENDING_BAD && ending != GUEST_ENDING_PANIC;
	case GUEST_EXIT_FAILURE:
		return false;
	case GUEST_EXIT_UNKNOWN:
		return ending == GUEST_ENDING_POWER_OFF || ending == GUEST_ENDING_REBOOT;
	}
	return false;
}

/* What the guest did by itself and in order; as soon as it runs and without end, perhaps. */
static unsigned int ended_well(const struct step *step, uint64_t run_usec)
{
	bool rebooted = step->life->ending == GUEST_ENDING_REBOOT;
	enum guest_on wish = rebooted ? step->policy->on_reboot : step->policy->on_poweroff;
	bool again = rebooted || step->policy->restart == GUEST_RESTART_ALWAYS;
	uint64_t delay_usec = count_end(step->life, run_usec);

	step->life->fast_failures = 0;
	switch (wish) {
	case GUEST_ON_HOST:
		return guest_life_stopped(step) | GUEST_ACTION_HOST_POWEROFF;
	case GUEST_ON_STOP:
		again = false;
		break;
	case GUEST_ON_RESTART:
		again = true;
		break;
	case GUEST_ON_DEFAULT:
	case GUEST_ON_PAUSE:
		break;
	}
	return again ? end_for_now(step, GUEST_STATE_STOPPED, delay_usec)
		     : guest_life_stopped(step);
}

unsigned int guest_life_ended(const struct step *step)
{
	const struct guest_life *life = step->life;
	/* What never came up has not run, however long that took. */
	bool ran = life->state == GUEST_STATE_RUNNING && step->now_usec > life->started_usec;
	uint64_t run_usec = ran ? step->now_usec - life->started_usec : 0;

	return is_success(step) ? ended_well(step, run_usec) : failed(step, run_usec);
}
