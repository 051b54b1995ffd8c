// SPDX-License-Identifier: GPL-2.0-or-later
// What the definition asks for at the ends of a guest's life, and what users ask for in it:
// restart, pause and resume; guests that do nothing but reset.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "guest-state-fixture.h"

/* What comes of an end of the guest's own, by what the definition asks for. */
static void wishes(void **)
{
	static const struct {
		enum guest_event_kind said;
		enum guest_exit exit;
		enum guest_on poweroff, reboot, panic;
		enum guest_restart restart;
		enum guest_state next;
		unsigned int actions; /* of ARM and HOST */
	} rules[] = {
		{ GUEST_EVENT_POWERED_OFF, GUEST_EXIT_SUCCESS, GUEST_ON_RESTART, 0, 0,
		  GUEST_RESTART_NEVER, GUEST_STATE_STOPPED, ARM },
		{ GUEST_EVENT_POWERED_OFF, GUEST_EXIT_SUCCESS, GUEST_ON_STOP, 0, 0,
		  GUEST_RESTART_ALWAYS, GUEST_STATE_STOPPED, 0 },
		{ GUEST_EVENT_POWERED_OFF, GUEST_EXIT_SUCCESS, GUEST_ON_HOST, 0, 0,
		  GUEST_RESTART_ALWAYS, GUEST_STATE_STOPPED, HOST },
		{ GUEST_EVENT_POWERED_OFF, GUEST_EXIT_UNKNOWN, GUEST_ON_HOST, 0, 0,
		  GUEST_RESTART_NEVER, GUEST_STATE_STOPPED, HOST },
		/* What the guest did not do takes nothing with it. */
		{ GUEST_EVENT_POWERED_OFF, GUEST_EXIT_FAILURE, GUEST_ON_HOST, 0, 0,
		  GUEST_RESTART_NEVER, GUEST_STATE_FAILED, 0 },
		{ GUEST_EVENT_RESET, GUEST_EXIT_UNKNOWN, GUEST_ON_HOST, 0, 0, GUEST_RESTART_NEVER,
		  GUEST_STATE_FAILED, 0 },
		{ GUEST_EVENT_RESET, GUEST_EXIT_SUCCESS, 0, GUEST_ON_RESTART, 0,
		  GUEST_RESTART_NEVER, GUEST_STATE_STOPPED, ARM },
		{ GUEST_EVENT_RESET, GUEST_EXIT_UNKNOWN, 0, GUEST_ON_RESTART, 0,
		  GUEST_RESTART_NEVER, GUEST_STATE_STOPPED, ARM },
		{ GUEST_EVENT_RESET, GUEST_EXIT_SUCCESS, GUEST_ON_HOST, GUEST_ON_STOP, 0,
		  GUEST_RESTART_ALWAYS, GUEST_STATE_STOPPED, 0 },
		{ GUEST_EVENT_PANICKED, GUEST_EXIT_FAILURE, 0, 0, GUEST_ON_STOP,
		  GUEST_RESTART_ALWAYS, GUEST_STATE_FAILED, 0 },
		{ GUEST_EVENT_PANICKED, GUEST_EXIT_FAILURE, GUEST_ON_HOST, 0, GUEST_ON_RESTART,
		  GUEST_RESTART_NEVER, GUEST_STATE_CRASHED, ARM },
		{ GUEST_EVENT_PANICKED, GUEST_EXIT_SUCCESS, GUEST_ON_HOST, 0, 0,
		  GUEST_RESTART_ON_FAILURE, GUEST_STATE_CRASHED, ARM },
		{ GUEST_EVENT_PANICKED, GUEST_EXIT_FAILURE, 0, 0, 0, GUEST_RESTART_NEVER,
		  GUEST_STATE_FAILED, 0 },
		/* It was QEMU that broke, not the guest that panicked. */
		{ GUEST_EVENT_BROKEN, GUEST_EXIT_FAILURE, 0, 0, GUEST_ON_STOP, GUEST_RESTART_ALWAYS,
		  GUEST_STATE_CRASHED, ARM },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct guest_policy policy = { .restart = rules[i].restart,
						     .on_poweroff = rules[i].poweroff,
						     .on_reboot = rules[i].reboot,
						     .on_panic = rules[i].panic };
		struct guest_life life = usual_life(GUEST_STATE_RUNNING);
		unsigned int actions = 0;

		step(&life, &policy, rules[i].said, 0, NOW);
		actions = step(&life, &policy, GUEST_EVENT_EXIT, rules[i].exit, NOW);
		if (life.state != rules[i].next || (actions & (ARM | HOST)) != rules[i].actions ||
		    !(actions & CLEAN))
			fail_msg("rule %zu: %s, actions 0x%02x", i, guest_state_name(life.state),
				 actions);
		if (!(actions & ARM))
			continue;
		step(&life, &policy, GUEST_EVENT_TIMER, 0, life.timer_usec);
		assert_int_equal(life.state, GUEST_STATE_STARTING);
	}
}

/* The host is not powered off with a guest that somebody stopped. */
static void host_power_off_is_the_guests_own(void **)
{
	const struct guest_policy policy = { .restart = GUEST_RESTART_ALWAYS,
					     .on_poweroff = GUEST_ON_HOST };
	static const enum guest_event_kind ends[] = { GUEST_EVENT_STOP, GUEST_EVENT_KILL,
						      GUEST_EVENT_HOST_STOPPING };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct guest_life life = usual_life(GUEST_STATE_RUNNING);

		step(&life, &policy, ends[i], 0, NOW);
		step(&life, &policy, GUEST_EVENT_POWERED_OFF, 0, NOW);
		assert_int_equal(step(&life, &policy, GUEST_EVENT_EXIT, 0, NOW) & (HOST | ARM), 0);
		assert_int_equal(life.state, GUEST_STATE_STOPPED);
	}
}

/* A power-off that follows a reboot is what happened. */
static void last_ending_counts(void **)
{
	const struct guest_policy policy = { .on_reboot = GUEST_ON_RESTART };
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	step(&life, &policy, GUEST_EVENT_RESET, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_REBOOT);
	step(&life, &policy, GUEST_EVENT_POWERED_OFF, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_POWER_OFF);
	step(&life, &policy, GUEST_EVENT_RESET, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_POWER_OFF);
	life = usual_life(GUEST_STATE_RUNNING);
	step(&life, &on_failure, GUEST_EVENT_RESET, 0, NOW);
	assert_int_equal(life.ending, GUEST_ENDING_NONE);
}

static void restart_by_user(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	life.failures = 3;
	life.restarts = 3;
	step(&life, &on_failure, GUEST_EVENT_RESTART, 0, NOW);
	assert_int_equal(life.state, GUEST_STATE_STOPPING);
	/* One that does not listen is killed, and starts again all the same. */
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_TIMER, 0, NOW), KILL);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, NOW),
			 CLEAN | SAY | LAUNCH);
	assert_int_equal(life.state, GUEST_STATE_STARTING);
	assert_false(life.restart_wanted);
	assert_int_equal(life.failures, 0);
	assert_int_equal(life.restarts, 0);
	/* And is stopped like any other from then on. */
	step(&life, &on_failure, GUEST_EVENT_STOP, 0, NOW);
	step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_SUCCESS, NOW);
	assert_int_equal(life.state, GUEST_STATE_STOPPED);
}

static void restart_and_other_words(void **)
{
	static const enum guest_event_kind takes_it_back[] = { GUEST_EVENT_STOP, GUEST_EVENT_KILL,
							       GUEST_EVENT_HOST_STOPPING };
	static const unsigned int actions[] = { SAVE, DIS | KILL, SAVE };

	for (size_t i = 0; i < sizeof(takes_it_back) / sizeof(takes_it_back[0]); i++) {
		struct guest_life life = usual_life(GUEST_STATE_RUNNING);

		step(&life, &on_failure, GUEST_EVENT_RESTART, 0, NOW);
		assert_int_equal(step(&life, &on_failure, GUEST_EVENT_RESTART, 0, NOW), 0);
		assert_int_equal(step(&life, &on_failure, takes_it_back[i], 0, NOW), actions[i]);
		step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, NOW);
		assert_int_equal(life.state, GUEST_STATE_STOPPED);
	}
}

/* A stop that cannot be told from a start that cannot be made. */
static void restart_that_is_refused(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_STOPPING);

	life.restart_wanted = true;
	step(&life, &on_failure, GUEST_EVENT_START_REFUSED, 0, NOW);
	assert_int_equal(life.state, GUEST_STATE_STOPPED);
	assert_false(life.restart_wanted);
	life = usual_life(GUEST_STATE_STOPPING);
	life.restart_wanted = true;
	step(&life, &on_failure, GUEST_EVENT_ADOPT_UNMADE, 0, NOW);
	assert_int_equal(life.state, GUEST_STATE_STARTING);
}

static void pauses(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	assert_true(guest_life_is_settled(&life));
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSE, 0, NOW), HALT);
	assert_false(life.paused); /* QEMU has the last word */
	assert_false(guest_life_is_settled(&life));
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW), SAY);
	assert_true(life.paused);
	assert_true(guest_life_is_settled(&life));
	assert_int_equal(life.state, GUEST_STATE_RUNNING);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW), 0);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSE, 0, NOW), 0);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_RESUME, 0, NOW), GO_ON);
	assert_true(life.paused);
	assert_false(guest_life_is_settled(&life));
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_RESUMED, 0, NOW), SAY);
	assert_false(life.paused);
	step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW);
	step(&life, &on_failure, GUEST_EVENT_RESUME, 0, NOW);
	step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, NOW);
	assert_false(life.paused);
	assert_true(guest_life_is_settled(&life));
}

static void stop_of_a_paused_guest(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	life.paused = true;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_STOP, 0, NOW),
			 ARM | SAY | GO_ON | POWER);
	step(&life, &on_failure, GUEST_EVENT_RESUMED, 0, NOW);
	assert_false(life.paused);
	/* A full disk pauses it again: once was enough. */
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW), 0);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW), 0);
	step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_SUCCESS, NOW);
	assert_false(life.paused);

	/* A stop on the heels of a pause; the pause is only reported now. */
	life = usual_life(GUEST_STATE_RUNNING);
	step(&life, &on_failure, GUEST_EVENT_PAUSE, 0, NOW);
	step(&life, &on_failure, GUEST_EVENT_STOP, 0, NOW);
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_PAUSED, 0, NOW), GO_ON);

	/* Adopted in the stop: QMP is there first, then what QEMU is doing. */
	life = usual_life(GUEST_STATE_STOPPING);
	life.paused = true;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_VMM_READY, 0, NOW), GO_ON | POWER);
	/* A kill needs no ears. */
	life = usual_life(GUEST_STATE_RUNNING);
	life.paused = true;
	assert_int_equal(step(&life, &on_failure, GUEST_EVENT_KILL, 0, NOW), KILL | SAY);
}

static void panic_that_pauses(void **)
{
	const struct guest_policy policy = { .restart = GUEST_RESTART_ALWAYS,
					     .on_panic = GUEST_ON_PAUSE };
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);

	assert_int_equal(step(&life, &policy, GUEST_EVENT_PANICKED, 0, NOW), 0);
	assert_int_equal(life.ending, GUEST_ENDING_NONE);
	assert_int_equal(step(&life, &policy, GUEST_EVENT_PAUSED, 0, NOW), SAY);
	assert_int_equal(life.state, GUEST_STATE_RUNNING);
}

/* How many of so many resets, a step apart, are answered with RESET_LOOP. */
static unsigned int loops_told(struct guest_life *life, unsigned int resets, uint64_t *now,
			       uint64_t apart_usec)
{
	unsigned int told = 0;

	for (unsigned int i = 0; i < resets; i++, *now += apart_usec) {
		unsigned int actions = step(life, &on_failure, GUEST_EVENT_RESET, 0, *now);

		assert_true(actions == 0 || actions == LOOP);
		told += actions == LOOP;
	}
	return told;
}

static void reset_loops(void **)
{
	struct guest_life life = usual_life(GUEST_STATE_RUNNING);
	uint64_t now = NOW;

	assert_int_equal(loops_told(&life, GUEST_RESETS_MAX, &now, 1), 0);
	assert_int_equal(loops_told(&life, 1, &now, 1), 1);
	/* A hundred a second for an hour are one line. */
	assert_int_equal(loops_told(&life, 360000, &now, SECOND / 100), 0);
	/* One a second is a slow boot loop, and quieter: then it is worth saying again. */
	assert_int_equal(loops_told(&life, 100, &now, SECOND), 0);
	assert_int_equal(loops_told(&life, 5000, &now, SECOND / 100), 1);
	/* So it is after a time without any. */
	now += 3 * GUEST_RESET_WINDOW_USEC;
	assert_int_equal(loops_told(&life, GUEST_RESETS_MAX + 1, &now, 1), 1);
	/* A user's start forgives. */
	step(&life, &on_failure, GUEST_EVENT_KILL, 0, now);
	step(&life, &on_failure, GUEST_EVENT_EXIT, GUEST_EXIT_FAILURE, now);
	step(&life, &on_failure, GUEST_EVENT_START, 0, now);
	assert_int_equal(loops_told(&life, GUEST_RESETS_MAX + 1, &now, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes),
		cmocka_unit_test(host_power_off_is_the_guests_own),
		cmocka_unit_test(last_ending_counts),
		cmocka_unit_test(restart_by_user),
		cmocka_unit_test(restart_and_other_words),
		cmocka_unit_test(restart_that_is_refused),
		cmocka_unit_test(pauses),
		cmocka_unit_test(stop_of_a_paused_guest),
		cmocka_unit_test(panic_that_pauses),
		cmocka_unit_test(reset_loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
