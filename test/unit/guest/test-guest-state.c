// SPDX-License-Identifier: GPL-2.0-or-later
// The table of a guest's life: every pair of state and event, the rules of restarting, and what
// must hold whatever happens in whatever order.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>

#include "guest-state-fixture.h"

struct expectation {
	enum guest_state state;
	enum guest_event_kind event;
	enum guest_state next;
	unsigned int actions;
};

#define E(state, event, next, actions) \
	{ GUEST_STATE_##state, GUEST_EVENT_##event, GUEST_STATE_##next, (actions) }

/* From the lives that usual_life() makes: restart = "on-failure", exits with a failure. */
static const struct expectation expectations[] = {
	E(STOPPED, START, STARTING, SAY | LAUNCH),
	E(STOPPED, STOP, STOPPED, 0),
	E(STOPPED, KILL, STOPPED, 0),
	E(STOPPED, RESTART, STARTING, SAY | LAUNCH),
	E(STOPPED, PAUSE, STOPPED, 0),
	E(STOPPED, RESUME, STOPPED, 0),
	E(STOPPED, HOST_STOPPING, STOPPED, 0),
	E(STOPPED, PROCESS_STARTED, STOPPED, KILL),
	E(STOPPED, PROCESS_START_FAILED, STOPPED, 0),
	E(STOPPED, START_REFUSED, STOPPED, 0),
	E(STOPPED, VMM_READY, STOPPED, 0),
	E(STOPPED, POWERED_OFF, STOPPED, 0),
	E(STOPPED, RESET, STOPPED, 0),
	E(STOPPED, PANICKED, STOPPED, 0),
	E(STOPPED, PAUSED, STOPPED, 0),
	E(STOPPED, RESUMED, STOPPED, 0),
	E(STOPPED, BROKEN, STOPPED, 0),
	E(STOPPED, EXIT, STOPPED, CLEAN),
	E(STOPPED, TIMER, STOPPED, 0),
	E(STOPPED, PRESS_AGAIN, STOPPED, 0),
	E(STOPPED, ADOPT, STOPPED, 0),
	E(STOPPED, ADOPT_UNMADE, STOPPED, CLEAN),

	E(STARTING, START, STARTING, 0),
	E(STARTING, STOP, STOPPING, ARM | SAY | POWER),
	E(STARTING, KILL, STOPPING, DIS | KILL | SAY),
	E(STARTING, RESTART, STARTING, 0),
	E(STARTING, PAUSE, STARTING, 0),
	E(STARTING, RESUME, STARTING, 0),
	E(STARTING, HOST_STOPPING, STOPPING, ARM | SAY | POWER),
	E(STARTING, PROCESS_STARTED, STARTING, ARM),
	E(STARTING, PROCESS_START_FAILED, CRASHED, ARM | CLEAN | SAY),
	E(STARTING, START_REFUSED, FAILED, DIS | CLEAN | SAY),
	E(STARTING, VMM_READY, RUNNING, DIS | SAY),
	E(STARTING, POWERED_OFF, STARTING, 0),
	E(STARTING, RESET, STARTING, 0),
	E(STARTING, PANICKED, STARTING, 0),
	E(STARTING, PAUSED, STARTING, 0),
	E(STARTING, RESUMED, STARTING, 0),
	E(STARTING, BROKEN, STARTING, DIS | KILL),
	E(STARTING, EXIT, CRASHED, ARM | CLEAN | SAY),
	E(STARTING, TIMER, STARTING, KILL),
	E(STARTING, PRESS_AGAIN, STARTING, 0),
	E(STARTING, ADOPT, STARTING, ARM),
	E(STARTING, ADOPT_UNMADE, STARTING, DIS | CLEAN | SAY | LAUNCH),

	E(RUNNING, START, RUNNING, 0),
	E(RUNNING, STOP, STOPPING, ARM | SAY | POWER),
	E(RUNNING, KILL, STOPPING, KILL | SAY),
	E(RUNNING, RESTART, STOPPING, ARM | SAY | POWER),
	E(RUNNING, PAUSE, RUNNING, HALT),
	E(RUNNING, RESUME, RUNNING, 0),
	E(RUNNING, HOST_STOPPING, STOPPING, ARM | SAY | POWER),
	E(RUNNING, PROCESS_STARTED, RUNNING, 0),
	E(RUNNING, PROCESS_START_FAILED, RUNNING, 0),
	E(RUNNING, START_REFUSED, RUNNING, 0),
	E(RUNNING, VMM_READY, RUNNING, 0),
	E(RUNNING, POWERED_OFF, RUNNING, 0),
	E(RUNNING, RESET, RUNNING, 0),
	E(RUNNING, PANICKED, RUNNING, 0),
	E(RUNNING, PAUSED, RUNNING, SAY),
	E(RUNNING, RESUMED, RUNNING, 0),
	E(RUNNING, BROKEN, RUNNING, KILL),
	E(RUNNING, EXIT, CRASHED, ARM | CLEAN | SAY),
	E(RUNNING, TIMER, RUNNING, 0),
	E(RUNNING, PRESS_AGAIN, RUNNING, 0),
	E(RUNNING, ADOPT, RUNNING, SAY),
	E(RUNNING, ADOPT_UNMADE, STARTING, CLEAN | SAY | LAUNCH),

	E(STOPPING, START, STOPPING, 0),
	E(STOPPING, STOP, STOPPING, 0),
	E(STOPPING, KILL, STOPPING, DIS | KILL),
	E(STOPPING, RESTART, STOPPING, SAVE),
	E(STOPPING, PAUSE, STOPPING, 0),
	E(STOPPING, RESUME, STOPPING, 0),
	E(STOPPING, HOST_STOPPING, STOPPING, 0),
	E(STOPPING, PROCESS_STARTED, STOPPING, 0),
	E(STOPPING, PROCESS_START_FAILED, STOPPED, DIS | CLEAN | SAY),
	E(STOPPING, START_REFUSED, STOPPED, DIS | CLEAN | SAY),
	E(STOPPING, VMM_READY, STOPPING, POWER),
	E(STOPPING, POWERED_OFF, STOPPING, 0),
	E(STOPPING, RESET, STOPPING, 0),
	E(STOPPING, PANICKED, STOPPING, 0),
	E(STOPPING, PAUSED, STOPPING, GO_ON),
	E(STOPPING, RESUMED, STOPPING, 0),
	E(STOPPING, BROKEN, STOPPING, DIS | KILL),
	E(STOPPING, EXIT, STOPPED, DIS | CLEAN | SAY),
	E(STOPPING, TIMER, STOPPING, KILL),
	E(STOPPING, PRESS_AGAIN, STOPPING, POWER),
	E(STOPPING, ADOPT, STOPPING, ARM),
	E(STOPPING, ADOPT_UNMADE, STOPPED, DIS | CLEAN | SAY),

	E(CRASHED, START, STARTING, DIS | SAY | LAUNCH),
	E(CRASHED, STOP, STOPPED, DIS | SAY),
	E(CRASHED, KILL, STOPPED, DIS | SAY),
	E(CRASHED, RESTART, STARTING, DIS | SAY | LAUNCH),
	E(CRASHED, PAUSE, CRASHED, 0),
	E(CRASHED, RESUME, CRASHED, 0),
	E(CRASHED, HOST_STOPPING, STOPPED, DIS | SAY),
	E(CRASHED, PROCESS_STARTED, CRASHED, KILL),
	E(CRASHED, PROCESS_START_FAILED, CRASHED, 0),
	E(CRASHED, START_REFUSED, CRASHED, 0),
	E(CRASHED, VMM_READY, CRASHED, 0),
	E(CRASHED, POWERED_OFF, CRASHED, 0),
	E(CRASHED, RESET, CRASHED, 0),
	E(CRASHED, PANICKED, CRASHED, 0),
	E(CRASHED, PAUSED, CRASHED, 0),
	E(CRASHED, RESUMED, CRASHED, 0),
	E(CRASHED, BROKEN, CRASHED, 0),
	E(CRASHED, EXIT, CRASHED, CLEAN),
	E(CRASHED, TIMER, STARTING, DIS | SAY | LAUNCH),
	E(CRASHED, PRESS_AGAIN, CRASHED, 0),
	E(CRASHED, ADOPT, CRASHED, ARM),
	E(CRASHED, ADOPT_UNMADE, CRASHED, CLEAN),

	E(FAILED, START, STARTING, SAY | LAUNCH),
	E(FAILED, STOP, FAILED, 0),
	E(FAILED, KILL, FAILED, 0),
	E(FAILED, RESTART, STARTING, SAY | LAUNCH),
	E(FAILED, PAUSE, FAILED, 0),
	E(FAILED, RESUME, FAILED, 0),
	E(FAILED, HOST_STOPPING, FAILED, 0),
	E(FAILED, PROCESS_STARTED, FAILED, KILL),
	E(FAILED, PROCESS_START_FAILED, FAILED, 0),
	E(FAILED, START_REFUSED, FAILED, 0),
	E(FAILED, VMM_READY, FAILED, 0),
	E(FAILED, POWERED_OFF, FAILED, 0),
	E(FAILED, RESET, FAILED, 0),
	E(FAILED, PANICKED, FAILED, 0),
	E(FAILED, PAUSED, FAILED, 0),
	E(FAILED, RESUMED, FAILED, 0),
	E(FAILED, BROKEN, FAILED, 0),
	E(FAILED, EXIT, FAILED, CLEAN),
	E(FAILED, TIMER, FAILED, 0),
	E(FAILED, PRESS_AGAIN, FAILED, 0),
	E(FAILED, ADOPT, FAILED, 0),
	E(FAILED, ADOPT_UNMADE, FAILED, CLEAN),
};

static void every_pair(void **)
{
	unsigned int seen[GUEST_STATE_COUNT][GUEST_EVENT_COUNT] = {};

	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *e = &expectations[i];
		struct guest_life life = usual_life(e->state);
		unsigned int actions = step(&life, &on_failure, e->event, GUEST_EXIT_FAILURE, NOW);

		if (life.state != e->next || actions != e->actions)
			fail_msg("%s + event %u: %s, actions 0x%02x; expected %s, 0x%02x",
				 guest_state_name(e->state), e->event, guest_state_name(life.state),
				 actions, guest_state_name(e->next), e->actions);
		seen[e->state][e->event]++;
	}
	for (unsigned int s = 0; s < GUEST_STATE_COUNT; s++)
		for (unsigned int k = 0; k < GUEST_EVENT_COUNT; k++)
			if (seen[s][k] != 1)
				fail_msg("%s + event %u: %u expectations",
					 guest_state_name((enum guest_state)s), k, seen[s][k]);
}

static void names(void **)
{
	static const char *const expected[] = { "stopped",  "starting", "running",
						"stopping", "crashed",  "failed" };

	for (unsigned int s = 0; s < GUEST_STATE_COUNT; s++)
		assert_string_equal(guest_state_name((enum guest_state)s), expected[s]);
	assert_null(guest_state_name(GUEST_STATE_COUNT));
}

/* What comes of a run of a minute, by policy, exit and QMP's last word. */
static void exit_rules(void **)
{
	static const struct {
		enum guest_restart restart;
		enum guest_exit exit;
		enum guest_ending ending;
		enum guest_state next;
		bool restarts;
	} rules[] = {
		{ GUEST_RESTART_NEVER, GUEST_EXIT_SUCCESS, 0, GUEST_STATE_STOPPED, false },
		{ GUEST_RESTART_NEVER, GUEST_EXIT_FAILURE, 0, GUEST_STATE_FAILED, false },
		{ GUEST_RESTART_NEVER, GUEST_EXIT_UNKNOWN, GUEST_ENDING_POWER_OFF,
		  GUEST_STATE_STOPPED, false },
		{ GUEST_RESTART_NEVER, GUEST_EXIT_UNKNOWN, 0, GUEST_STATE_FAILED, false },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_SUCCESS, 0, GUEST_STATE_STOPPED, false },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_SUCCESS, GUEST_ENDING_POWER_OFF,
		  GUEST_STATE_STOPPED, false },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_SUCCESS, GUEST_ENDING_BAD,
		  GUEST_STATE_CRASHED, true },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_FAILURE, GUEST_ENDING_POWER_OFF,
		  GUEST_STATE_CRASHED, true },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_UNKNOWN, GUEST_ENDING_POWER_OFF,
		  GUEST_STATE_STOPPED, false },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_UNKNOWN, GUEST_ENDING_BAD,
		  GUEST_STATE_CRASHED, true },
		{ GUEST_RESTART_ON_FAILURE, GUEST_EXIT_UNKNOWN, 0, GUEST_STATE_CRASHED, true },
		{ GUEST_RESTART_ALWAYS, GUEST_EXIT_SUCCESS, 0, GUEST_STATE_STOPPED, true },
		{ GUEST_RESTART_ALWAYS, GUEST_EXIT_UNKNOWN, GUEST_ENDING_POWER_OFF,
		  GUEST_STATE_STOPPED, true },
		{ GUEST_RESTART_ALWAYS, GUEST_EXIT_FAILURE, 0, GUEST_STATE_CRASHED, true },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct guest_policy policy = { .restart = rules[i].restart };
		struct guest_life life = usual_life(GUEST_STATE_RUNNING);
		unsigned int actions = 0;

		life.ending = rules[i].ending;
		actions = step(&life, &policy, GUEST_EVENT_EXIT, rules[i].exit, NOW);
		if (life.state != rules[i].next || !!(actions & ARM) != rules[i].restarts ||
		    !(actions & CLEAN))
			fail_msg("rule %zu: %s, actions 0x%02x", i, guest_state_name(life.state),
				 actions);
		if (!rules[i].restarts)
			continue;
		/* At once, after so long a run. */
		assert_int_equal(life.timer_usec, NOW);
		actions = step(&life, &policy, GUEST_EVENT_TIMER, 0, life.timer_usec);
		assert_int_equal(life.state, GUEST_STATE_STARTING);
		assert_true(actions & LAUNCH);
		assert_int_equal(life.restarts, 1);
		assert_int_equal(life.ending, GUEST_ENDING_NONE);
	}
}

/* QMP's words are remembered, and the bad one wins. */
static void endings(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	step(&life, &on_failure, GUEST_EVENT_POWERED_OFF, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_POWER_OFF);
	step(&life, &on_failure, GUEST_EVENT_PANICKED, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_PANIC);
	step(&life, &on_failure, GUEST_EVENT_POWERED_OFF, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_PANIC);
	step(&life, &on_failure, GUEST_EVENT_BROKEN, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_BAD);
	step(&life, &on_failure, GUEST_EVENT_PANICKED, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_BAD);
}

/* Goes from a start to the exit of a run, and returns when the next start is due. */
static uint64_t run_to(enum guest_exit exit, const struct guest_policy *policy,
		       struct guest_life *life, uint64_t now, uint64_t run_usec, bool comes_up)
{
	assert_int_equal(life->state, GUEST_STATE_STARTING);
	step(life, policy, GUEST_EVENT_PROCESS_STARTED, 0, now);
	assert_int_equal(life->timer_usec, now + GUEST_START_TIMEOUT_USEC);
	if (comes_up)
		step(life, policy, GUEST_EVENT_VMM_READY, 0, now);
	step(life, policy, GUEST_EVENT_EXIT, exit, now + run_usec);
	return life->timer_usec;
}

static uint64_t one_run(struct guest_life *life, uint64_t now, uint64_t run_usec, bool comes_up)
{
	return run_to(GUEST_EXIT_FAILURE, &on_failure, life, now, run_usec, comes_up);
}

static void fast_failures(void **)
{
	struct guest_life life = {};
	uint64_t now = NOW, delay = GUEST_BACKOFF_MIN_USEC;

	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	for (int run = 1; run < GUEST_FAST_FAILURES_MAX; run++, delay *= 2) {
		uint64_t due = one_run(&life, now, 10 * SECOND - 1, true);

		assert_int_equal(life.state, GUEST_STATE_CRASHED);
		assert_int_equal(due, now + 10 * SECOND - 1 + delay);
		now = due;
		step(&life, &on_failure, GUEST_EVENT_TIMER, 0, now);
		assert_int_equal(life.restarts, run);
	}
	assert_int_equal(one_run(&life, now, SECOND, true), 0);
	assert_int_equal(life.state, GUEST_STATE_FAILED);
	assert_int_equal(life.fast_failures, 5);

	/* A user's start forgives: there are five again. */
	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	assert_int_equal(life.restarts, 0);
	one_run(&life, now, SECOND, true);
	assert_int_equal(life.state, GUEST_STATE_CRASHED);
	assert_int_equal(life.fast_failures, 1);
}

static void start_that_never_answers_is_fast(void **)
{
	struct guest_life life = {};
	uint64_t now = NOW;

	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	for (int run = 1; run <= GUEST_FAST_FAILURES_MAX; run++) {
		assert_int_equal(life.state, GUEST_STATE_STARTING);
		now = one_run(&life, now, 100 * SECOND, false);
		step(&life, &on_failure, GUEST_EVENT_TIMER, 0, now);
	}
	assert_int_equal(life.state, GUEST_STATE_FAILED);
}

static void one_slow_failure_breaks_the_row(void **)
{
	struct guest_life life = {};
	uint64_t now = NOW;

	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	for (int run = 1; run <= 20; run++) {
		uint64_t length = run % GUEST_FAST_FAILURES_MAX == 0 ? 10 * SECOND : SECOND;

		now = one_run(&life, now, length, true);
		assert_int_equal(life.state, GUEST_STATE_CRASHED);
		step(&life, &on_failure, GUEST_EVENT_TIMER, 0, now);
	}
}

/* Up to a minute and no more; a run as long as that begins anew, and at once. */
static void backoff_limit(void **)
{
	struct guest_life life = {};
	uint64_t now = NOW, expected = GUEST_BACKOFF_MIN_USEC, due = 0;

	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	for (int run = 1; run <= 40; run++) {
		due = one_run(&life, now, 20 * SECOND, true);
		assert_int_equal(due, now + 20 * SECOND + expected);
		now = due;
		step(&life, &on_failure, GUEST_EVENT_TIMER, 0, now);
		expected = expected * 2 < GUEST_BACKOFF_MAX_USEC ? expected * 2
								 : GUEST_BACKOFF_MAX_USEC;
	}
	assert_int_equal(expected, 60 * SECOND);
	due = one_run(&life, now, 60 * SECOND, true);
	assert_int_equal(due, now + 60 * SECOND);
	step(&life, &on_failure, GUEST_EVENT_TIMER, 0, due);
	now = due;
	due = one_run(&life, now, SECOND, true);
	assert_int_equal(due, now + SECOND + 2 * GUEST_BACKOFF_MIN_USEC);
}

/* One that powers off as soon as it runs: as after failures, but without an end. */
static void backoff_of_clean_ends(void **)
{
	static const struct guest_policy policies[] = {
		{ .restart = GUEST_RESTART_ALWAYS },
		{ .on_poweroff = GUEST_ON_RESTART },
	};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct guest_policy *policy = &policies[i];
		struct guest_life life = {};
		uint64_t now = NOW, expected = GUEST_BACKOFF_MIN_USEC, due = 0;

		step(&life, policy, GUEST_EVENT_START, 0, now);
		for (int run = 1; run <= 20; run++) {
			due = run_to(GUEST_EXIT_SUCCESS, policy, &life, now, SECOND / 10, true);
			assert_int_equal(life.state, GUEST_STATE_STOPPED);
			assert_int_equal(due, now + SECOND / 10 + expected);
			now = due;
			step(&life, policy, GUEST_EVENT_TIMER, 0, now);
			expected = expected * 2 < GUEST_BACKOFF_MAX_USEC ? expected * 2
									 : GUEST_BACKOFF_MAX_USEC;
		}
		assert_int_equal(expected, GUEST_BACKOFF_MAX_USEC);
		/* What ran for a minute is started again at once, and begins anew. */
		due = run_to(GUEST_EXIT_SUCCESS, policy, &life, now, 60 * SECOND, true);
		assert_int_equal(due, now + 60 * SECOND);
		step(&life, policy, GUEST_EVENT_TIMER, 0, due);
		now = due;
		due = run_to(GUEST_EXIT_SUCCESS, policy, &life, now, SECOND, true);
		assert_int_equal(due, now + SECOND + 2 * GUEST_BACKOFF_MIN_USEC);
		/* A user's start forgives. */
		step(&life, policy, GUEST_EVENT_START, 0, due);
		(void)run_to(GUEST_EXIT_SUCCESS, policy, &life, due, SECOND, true);
		assert_int_equal(life.failures, 1);
	}
}

/* Good and bad ends in turns are one row; only the bad ones can make it fail. */
static void backoff_of_mixed_ends(void **)
{
	static const struct guest_policy always = { .restart = GUEST_RESTART_ALWAYS };
	struct guest_life life = {};
	uint64_t now = NOW;

	step(&life, &always, GUEST_EVENT_START, 0, now);
	for (unsigned int run = 1; run <= 20; run++) {
		now = run_to(run % 2 ? GUEST_EXIT_FAILURE : GUEST_EXIT_SUCCESS, &always, &life, now,
			     SECOND, true);
		assert_int_equal(life.failures, run);
		assert_true(life.fast_failures <= 1);
		step(&life, &always, GUEST_EVENT_TIMER, 0, now);
		assert_int_equal(life.state, GUEST_STATE_STARTING);
	}
}

static void stop_in_the_back_off(void **)
{
	struct guest_policy always = { .restart = GUEST_RESTART_ALWAYS };
	struct guest_life life = usual_life(GUEST_STATE_CRASHED);

	step(&life, &on_failure, GUEST_EVENT_STOP, 0, NOW);
	assert_int_equal(life.timer_usec, 0);
	/* The timer that was just firing does nothing any more. */
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_TIMER, 0, NOW), 0);
	assert_int_equal(life.state, GUEST_STATE_STOPPED);

	life = usual_life(GUEST_STATE_RUNNING);
	life.started_usec = NOW - SECOND;
	step(&life, &always, GUEST_EVENT_EXIT, GUEST_EXIT_SUCCESS, NOW);
	assert_true(life.timer_usec > NOW);
	assert_int_equal(step(&life, &always, GUEST_EVENT_STOP, 0, NOW), DIS);
	assert_int_equal(step(&life, &always, GUEST_EVENT_TIMER, 0, NOW + SECOND), 0);
	assert_int_equal(life.state, GUEST_STATE_STOPPED);
}

/* Asked, then killed at the deadline, then stopped, whatever the policy and the exit. */
static void stop_to_the_end(void **)
{
	struct guest_policy always = { .restart = GUEST_RESTART_ALWAYS,
				       .shutdown_timeout_usec = 7 * SECOND };
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	step(&life, &always, GUEST_EVENT_STOP, 0, NOW);
	assert_int_equal(life.timer_usec, NOW + 7 * SECOND);
	assert_int_equal(step(&life, &always, GUEST_EVENT_TIMER, 0, NOW + 7 * SECOND), KILL);
	assert_int_equal(life.timer_usec, 0);
	step(&life, &always, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, NOW + 7 * SECOND);
	assert_int_equal(life.state, GUEST_STATE_STOPPED);
	assert_int_equal(life.timer_usec, 0);
	assert_int_equal(life.started_usec, 0);
}

/* A press that came while its firmware booted was lost. */
static void asked_until_it_reacts(void **)
{
	static const enum guest_event_kind reactions[] = { GUEST_EVENT_POWERED_OFF,
							   GUEST_EVENT_BROKEN, GUEST_EVENT_KILL };
	static const enum guest_event_kind wishes[] = { GUEST_EVENT_STOP, GUEST_EVENT_RESTART,
							GUEST_EVENT_HOST_STOPPING };

	for (size_t i = 0; i < sizeof(reactions) / sizeof(reactions[0]); i++) {
		struct guest_life life = usual_life(GUEST_STATE_RUNNING);
		uint64_t end = 0;

		assert_true(step(&life, &on_failure, wishes[i], 0, NOW) & POWER);
		end = life.timer_usec;
		for (uint64_t now = NOW; now < end; now += GUEST_PRESS_AGAIN_USEC) {
			/* That changes nothing of when it is killed. */
			assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PRESS_AGAIN, 0, now),
					 POWER);
			assert_int_equal(life.timer_usec, end);
		}
		step(&life, &on_failure, reactions[i], 0, NOW);
		assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PRESS_AGAIN, 0, NOW), 0);
	}
}

/* At the deadline it is killed: nothing is to be asked any more. The next run is another one. */
static void not_asked_after_the_kill(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	step(&life, &on_failure, GUEST_EVENT_RESTART, 0, NOW);
	step(&life, &on_failure, GUEST_EVENT_TIMER, 0, life.timer_usec);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PRESS_AGAIN, 0, NOW), 0);
	step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, NOW);
	assert_int_equal(life.state, GUEST_STATE_STARTING);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PRESS_AGAIN, 0, NOW), 0);
}

/* A hostd that was killed between its record and its kill, or in a back-off. */
static void adoption(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_STOPPING);

	life.timer_usec = 0;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_ADOPT, 0, NOW), KILL);
	life = usual_life(GUEST_STATE_STOPPING);
	life.timer_usec = NOW - SECOND;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_ADOPT, 0, NOW), ARM);
	assert_int_equal(life.timer_usec, NOW - SECOND);
	life = usual_life(GUEST_STATE_CRASHED);
	life.timer_usec = 0;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_ADOPT, 0, NOW), ARM);
	assert_int_equal(life.timer_usec, NOW + GUEST_BACKOFF_MIN_USEC);
	life = (struct guest_life){ .state = GUEST_STATE_STOPPED, .timer_usec = NOW + SECOND };
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_ADOPT, 0, NOW), ARM);
}

/* A world of one guest that the actions are carried out in. */
struct world {
	struct guest_life life;
	struct guest_policy policy;
	bool process, killed, armed, host_stopping;
	unsigned int launches_due;
	uint64_t now;
};

static void happens(struct world *world, enum guest_event_kind kind, enum guest_exit exit)
{
	enum guest_state before = world->life.state;
	unsigned int actions = step(&world->life, &world->policy, kind, exit, world->now);

	if (kind == GUEST_EVENT_TIMER)
		world->armed = false;
	if (actions & DIS)
		world->armed = false;
	if (actions & ARM)
		world->armed = true;
	if (actions & KILL) {
		assert_true(world->process);
		world->killed = true;
	}
	if (actions & CLEAN)
		assert_false(world->process);
	if (actions & LAUNCH) {
		assert_false(world->process);
		assert_int_equal(world->launches_due, 0);
		assert_false(world->host_stopping);
		world->launches_due++;
	}
	assert_true(world->armed == (world->life.timer_usec != 0));
	assert_true((before == world->life.state) || (actions & SAY));
	if (world->launches_due == 0)
		assert_true(world->process == guest_state_has_process(world->life.state));
	if (world->life.state == GUEST_STATE_CRASHED)
		assert_true(world->armed);
	if (world->life.state == GUEST_STATE_FAILED || world->life.state == GUEST_STATE_RUNNING)
		assert_false(world->armed);
	if (world->life.state == GUEST_STATE_STOPPING)
		assert_true(world->armed || world->killed);
	if (actions & (GO_ON | HALT | POWER))
		assert_true(world->process);
	if (actions & HOST)
		assert_true(kind == GUEST_EVENT_EXIT && before != GUEST_STATE_STOPPING);
	if (world->life.paused)
		assert_true(world->process);
	if (world->life.restart_wanted)
		assert_true(world->life.state == GUEST_STATE_STOPPING && !world->host_stopping);
	assert_true(world->life.fast_failures <= GUEST_FAST_FAILURES_MAX);
}

static void finish_launch(struct world *world)
{
	unsigned int luck = (unsigned int)rand() % 10;

	world->launches_due = 0;
	if (luck == 0)
		happens(world, GUEST_EVENT_START_REFUSED, 0);
	else if (luck == 1)
		happens(world, GUEST_EVENT_PROCESS_START_FAILED, 0);
	else {
		world->process = true;
		world->killed = false;
		happens(world, GUEST_EVENT_PROCESS_STARTED, 0);
	}
}

static void one_random_thing(struct world *world)
{
	/* Nobody can start a guest any more when the host goes down. */
	static const enum guest_event_kind by_user[] = { GUEST_EVENT_STOP,  GUEST_EVENT_KILL,
							 GUEST_EVENT_PAUSE, GUEST_EVENT_RESUME,
							 GUEST_EVENT_START, GUEST_EVENT_RESTART };
	static const enum guest_event_kind by_qmp[] = {
		GUEST_EVENT_VMM_READY, GUEST_EVENT_POWERED_OFF, GUEST_EVENT_RESET,
		GUEST_EVENT_PANICKED,  GUEST_EVENT_BROKEN,      GUEST_EVENT_PAUSED,
		GUEST_EVENT_RESUMED
	};
	unsigned int choice = (unsigned int)rand() % 100;

	world->now += (uint64_t)rand() % (20 * SECOND);
	if (choice < 20)
		happens(world, by_user[rand() % (world->host_stopping ? 4 : 6)], 0);
	else if (choice < 21 && !world->host_stopping) {
		world->host_stopping = true;
		happens(world, GUEST_EVENT_HOST_STOPPING, 0);
	} else if (choice < 23) /* a new hostd, everything armed is gone */
		happens(world, GUEST_EVENT_ADOPT, 0);
	else if (choice < 28)
		happens(world, GUEST_EVENT_PRESS_AGAIN, 0);
	else if (choice < 60 && world->process)
		happens(world, by_qmp[rand() % 7], 0);
	else if (choice < 80 && world->process) {
		world->process = false;
		happens(world, GUEST_EVENT_EXIT,
			world->killed ? GUEST_EXIT_FAILURE : (enum guest_exit)(rand() % 3));
	} else if (world->armed) {
		if (world->now < world->life.timer_usec)
			world->now = world->life.timer_usec;
		happens(world, GUEST_EVENT_TIMER, 0);
	}
	if (world->launches_due)
		finish_launch(world);
}

static void random_walks(void **)
{
	unsigned int visits[GUEST_STATE_COUNT] = {};

	for (unsigned int walk = 0; walk < 2000; walk++) {
		struct world world = {
			.policy = { .restart = (enum guest_restart)(walk % 3),
				    .on_poweroff = (enum guest_on)(walk / 3 % 5),
				    .on_reboot = (enum guest_on)(walk / 15 % 3),
				    .on_panic = (enum guest_on)(walk / 45 % 4),
				    .shutdown_timeout_usec = 30 * SECOND },
			.now = NOW,
		};

		srand(walk + 1);
		for (int i = 0; i < 200; i++) {
			one_random_thing(&world);
			visits[world.life.state]++;
		}
		/* It can always be brought to rest. */
		happens(&world, GUEST_EVENT_KILL, 0);
		if (world.process) {
			assert_true(world.killed);
			world.process = false;
			happens(&world, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE);
		}
		assert_false(world.armed);
		assert_false(guest_state_has_process(world.life.state));
	}
	for (unsigned int s = 0; s < GUEST_STATE_COUNT; s++)
		assert_true(visits[s] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair),
		cmocka_unit_test(names),
		cmocka_unit_test(exit_rules),
		cmocka_unit_test(endings),
		cmocka_unit_test(fast_failures),
		cmocka_unit_test(start_that_never_answers_is_fast),
		cmocka_unit_test(one_slow_failure_breaks_the_row),
		cmocka_unit_test(backoff_limit),
		cmocka_unit_test(backoff_of_clean_ends),
		cmocka_unit_test(backoff_of_mixed_ends),
		cmocka_unit_test(stop_in_the_back_off),
		cmocka_unit_test(stop_to_the_end),
		cmocka_unit_test(asked_until_it_reacts),
		cmocka_unit_test(not_asked_after_the_kill),
		cmocka_unit_test(adoption),
		cmocka_unit_test(random_walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
