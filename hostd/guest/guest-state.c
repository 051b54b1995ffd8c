// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's life: one function for each thing that can happen, and the table of when it does. What
// a process's end means is in guest-state-end.c.
#include "guest/guest-state-internal.h"

const char *guest_state_name(enum guest_state state)
{
	switch (state) {
	case GUEST_STATE_STOPPED:
		return "stopped";
	case GUEST_STATE_STARTING:
		return "starting";
	case GUEST_STATE_RUNNING:
		return "running";
	case GUEST_STATE_STOPPING:
		return "stopping";
	case GUEST_STATE_CRASHED:
		return "crashed";
	case GUEST_STATE_FAILED:
		return "failed";
	case GUEST_STATE_COUNT:
		break;
	}
	return NULL;
}

bool guest_state_has_process(enum guest_state state)
{
	return state == GUEST_STATE_STARTING || state == GUEST_STATE_RUNNING ||
	       state == GUEST_STATE_STOPPING;
}

static unsigned int ignore(const struct step *)
{
	return 0;
}

/* A new process; the caller has made sure that there is none. */
static unsigned int launch(const struct step *step)
{
	unsigned int actions = disarm(step);

	step->life->ending = GUEST_ENDING_NONE;
	step->life->started_usec = step->now_usec;
	step->life->paused = step->life->switching = false;
	step->life->restart_wanted = false;
	step->life->stop_resumed = false;
	return actions | enter(step, GUEST_STATE_STARTING) | GUEST_ACTION_LAUNCH;
}

/* A user's word forgives what was. */
static unsigned int start(const struct step *step)
{
	step->life->failures = 0;
	step->life->fast_failures = 0;
	step->life->restarts = 0;
	step->life->reset_count = 0;
	step->life->reset_loop = false;
	return launch(step);
}

static unsigned int restart(const struct step *step)
{
	if (step->life->timer_usec == 0) /* a timer that was disarmed as it fired */
		return 0;
	step->life->restarts++;
	return launch(step);
}

static unsigned int started(const struct step *step)
{
	step->life->started_usec = step->now_usec;
	return arm(step, GUEST_START_TIMEOUT_USEC);
}

/* The end that was asked for. */
static unsigned int stop_done(const struct step *step)
{
	if (step->life->restart_wanted)
		return start(step) | GUEST_ACTION_CLEANUP;
	return guest_life_stopped(step);
}

static unsigned int leave(const struct step *)
{
	return GUEST_ACTION_CLEANUP;
}

static unsigned int ready(const struct step *step)
{
	return disarm(step) | enter(step, GUEST_STATE_RUNNING);
}

/* A guest that is paused hears nothing. Once in a stop: what the VMM pauses again stays so. */
static unsigned int resume_to_stop(const struct step *step)
{
	if (!step->life->paused || step->life->stop_resumed)
		return 0;
	step->life->stop_resumed = true;
	return GUEST_ACTION_RESUME;
}

static unsigned int powerdown(const struct step *step)
{
	return resume_to_stop(step) | GUEST_ACTION_POWERDOWN;
}

/* Until it has powered off, or was killed. */
static unsigned int press_again(const struct step *step)
{
	if (step->life->timer_usec == 0 || step->life->ending != GUEST_ENDING_NONE)
		return 0;
	return powerdown(step);
}

/* Before the VMM is ready, the word is given as soon as it is: see STOPPING, VMM_READY. */
static unsigned int stop(const struct step *step)
{
	return arm(step, step->policy->shutdown_timeout_usec) | enter(step, GUEST_STATE_STOPPING) |
	       powerdown(step);
}

static unsigned int stop_and_start(const struct step *step)
{
	step->life->restart_wanted = true;
	return stop(step);
}

static unsigned int start_afterwards(const struct step *step)
{
	if (step->life->restart_wanted)
		return 0;
	step->life->restart_wanted = true;
	return GUEST_ACTION_SAVE;
}

/* The last word counts: the stop of a restart becomes a stop. */
static unsigned int no_start_afterwards(const struct step *step)
{
	if (!step->life->restart_wanted)
		return 0;
	step->life->restart_wanted = false;
	return GUEST_ACTION_SAVE;
}

static unsigned int halt(const struct step *step)
{
	step->life->switching = !step->life->paused;
	return step->life->paused ? 0 : GUEST_ACTION_PAUSE;
}

static unsigned int go_on(const struct step *step)
{
	step->life->switching = step->life->paused;
	return step->life->paused ? GUEST_ACTION_RESUME : 0;
}

static unsigned int set_paused(const struct step *step, bool paused)
{
	if (step->life->paused == paused)
		return 0;
	step->life->paused = paused;
	step->life->switching = false;
	return GUEST_ACTION_ANNOUNCE;
}

static unsigned int paused(const struct step *step)
{
	return set_paused(step, true);
}

static unsigned int resumed(const struct step *step)
{
	return set_paused(step, false);
}

/* A pause that was on its way when the stop began, or an I/O error. */
static unsigned int paused_in_stop(const struct step *step)
{
	step->life->paused = true;
	return resume_to_stop(step);
}

static unsigned int resumed_in_stop(const struct step *step)
{
	step->life->paused = false;
	return 0;
}

/* Nothing is left to wait for but the exit, which the kernel does not lose. */
static unsigned int kill_now(const struct step *step)
{
	unsigned int actions = disarm(step) | GUEST_ACTION_KILL;

	step->life->restart_wanted = false;
	if (step->life->state != GUEST_STATE_STOPPING)
		actions |= enter(step, GUEST_STATE_STOPPING);
	return actions;
}

/* No restart after all. */
static unsigned int give_up_restart(const struct step *step)
{
	unsigned int actions = disarm(step);

	if (step->life->state != GUEST_STATE_STOPPED)
		actions |= enter(step, GUEST_STATE_STOPPED);
	return actions;
}

/* The exit that follows decides what is next; until then the state stays. */
static unsigned int deadline(const struct step *step)
{
	if (step->life->timer_usec == 0)
		return 0;
	step->life->timer_usec = 0;
	return GUEST_ACTION_KILL;
}

static unsigned int kill_stray(const struct step *)
{
	return GUEST_ACTION_KILL;
}

static unsigned int note_power_off(const struct step *step)
{
	if (step->life->ending == GUEST_ENDING_NONE || step->life->ending == GUEST_ENDING_REBOOT)
		step->life->ending = GUEST_ENDING_POWER_OFF;
	return 0;
}

/* Where it is to be paused nothing ends. */
static unsigned int note_panic(const struct step *step)
{
	if (step->policy->on_panic != GUEST_ON_PAUSE && step->life->ending != GUEST_ENDING_BAD)
		step->life->ending = GUEST_ENDING_PANIC;
	return 0;
}

static unsigned int count_reset(struct guest_life *life, uint64_t now_usec)
{
	uint64_t age_usec = now_usec - life->reset_window_usec;

	if (life->reset_count == 0 || age_usec >= GUEST_RESET_WINDOW_USEC) {
		if (life->reset_count <= GUEST_RESETS_MAX ||
		    age_usec >= 2 * GUEST_RESET_WINDOW_USEC)
			life->reset_loop = false;
		life->reset_count = 0;
		life->reset_window_usec = now_usec;
	}
	if (life->reset_count <= GUEST_RESETS_MAX)
		life->reset_count++;
	if (life->reset_count <= GUEST_RESETS_MAX || life->reset_loop)
		return 0;
	life->reset_loop = true;
	return GUEST_ACTION_RESET_LOOP;
}

static unsigned int reset(const struct step *step)
{
	if (step->policy->on_reboot != GUEST_ON_DEFAULT && step->life->ending == GUEST_ENDING_NONE)
		step->life->ending = GUEST_ENDING_REBOOT;
	return count_reset(step->life, step->now_usec);
}

static unsigned int broken(const struct step *step)
{
	step->life->ending = GUEST_ENDING_BAD;
	return disarm(step) | GUEST_ACTION_KILL;
}

/* The clock that was running goes on where it was; one that has passed fires at once. */
static unsigned int adopt(const struct step *step)
{
	return step->life->timer_usec ? GUEST_ACTION_ARM : 0;
}

static unsigned int adopt_starting(const struct step *step)
{
	return arm(step, GUEST_START_TIMEOUT_USEC);
}

/* Worth saying: the guest has outlived a hostd. */
static unsigned int adopt_running(const struct step *)
{
	return GUEST_ACTION_ANNOUNCE;
}

/* Without a deadline it was to be killed, and perhaps was not. */
static unsigned int adopt_stopping(const struct step *step)
{
	return step->life->timer_usec ? GUEST_ACTION_ARM : GUEST_ACTION_KILL;
}

static unsigned int adopt_crashed(const struct step *step)
{
	if (step->life->timer_usec)
		return GUEST_ACTION_ARM;
	return arm(step, guest_life_backoff_usec(step->life->failures));
}

/* hostd ended between the record and the process: what there may be of it goes. */
static unsigned int unmade_start(const struct step *step)
{
	return launch(step) | GUEST_ACTION_CLEANUP;
}

#define STEP(event) [GUEST_EVENT_##event]

static const step_t table[GUEST_STATE_COUNT][GUEST_EVENT_COUNT] = {
	[GUEST_STATE_STOPPED] = {
		STEP(START) = start,
		STEP(STOP) = give_up_restart,
		STEP(KILL) = give_up_restart,
		STEP(RESTART) = start,
		STEP(PAUSE) = ignore,
		STEP(RESUME) = ignore,
		STEP(HOST_STOPPING) = give_up_restart,
		STEP(PROCESS_STARTED) = kill_stray,
		STEP(PROCESS_START_FAILED) = ignore,
		STEP(START_REFUSED) = ignore,
		STEP(VMM_READY) = ignore,
		STEP(POWERED_OFF) = ignore,
		STEP(RESET) = ignore,
		STEP(PANICKED) = ignore,
		STEP(PAUSED) = ignore,
		STEP(RESUMED) = ignore,
		STEP(BROKEN) = ignore,
		STEP(EXIT) = leave,
		STEP(TIMER) = restart,
		STEP(PRESS_AGAIN) = ignore,
		STEP(ADOPT) = adopt,
		STEP(ADOPT_UNMADE) = leave,
	},
	[GUEST_STATE_STARTING] = {
		STEP(START) = ignore,
		STEP(STOP) = stop,
		STEP(KILL) = kill_now,
		STEP(RESTART) = ignore,
		STEP(PAUSE) = ignore,
		STEP(RESUME) = ignore,
		STEP(HOST_STOPPING) = stop,
		STEP(PROCESS_STARTED) = started,
		STEP(PROCESS_START_FAILED) = guest_life_start_failed,
		STEP(START_REFUSED) = guest_life_refused,
		STEP(VMM_READY) = ready,
		STEP(POWERED_OFF) = note_power_off,
		STEP(RESET) = reset,
		STEP(PANICKED) = note_panic,
		STEP(PAUSED) = ignore,
		STEP(RESUMED) = ignore,
		STEP(BROKEN) = broken,
		STEP(EXIT) = guest_life_ended,
		STEP(TIMER) = deadline,
		STEP(PRESS_AGAIN) = ignore,
		STEP(ADOPT) = adopt_starting,
		STEP(ADOPT_UNMADE) = unmade_start,
	},
	[GUEST_STATE_RUNNING] = {
		STEP(START) = ignore,
		STEP(STOP) = stop,
		STEP(KILL) = kill_now,
		STEP(RESTART) = stop_and_start,
		STEP(PAUSE) = halt,
		STEP(RESUME) = go_on,
		STEP(HOST_STOPPING) = stop,
		STEP(PROCESS_STARTED) = ignore,
		STEP(PROCESS_START_FAILED) = ignore,
		STEP(START_REFUSED) = ignore,
		STEP(VMM_READY) = ignore,
		STEP(POWERED_OFF) = note_power_off,
		STEP(RESET) = reset,
		STEP(PANICKED) = note_panic,
		STEP(PAUSED) = paused,
		STEP(RESUMED) = resumed,
		STEP(BROKEN) = broken,
		STEP(EXIT) = guest_life_ended,
		STEP(TIMER) = ignore,
		STEP(PRESS_AGAIN) = ignore,
		STEP(ADOPT) = adopt_running,
		STEP(ADOPT_UNMADE) = unmade_start,
	},
	[GUEST_STATE_STOPPING] = {
		STEP(START) = ignore,
		STEP(STOP) = no_start_afterwards,
		STEP(KILL) = kill_now,
		STEP(RESTART) = start_afterwards,
		STEP(PAUSE) = ignore,
		STEP(RESUME) = ignore,
		STEP(HOST_STOPPING) = no_start_afterwards,
		STEP(PROCESS_STARTED) = ignore,
		STEP(PROCESS_START_FAILED) = guest_life_stopped,
		STEP(START_REFUSED) = guest_life_stopped,
		STEP(VMM_READY) = powerdown,
		STEP(POWERED_OFF) = note_power_off,
		STEP(RESET) = reset,
		STEP(PANICKED) = note_panic,
		STEP(PAUSED) = paused_in_stop,
		STEP(RESUMED) = resumed_in_stop,
		STEP(BROKEN) = broken,
		STEP(EXIT) = stop_done,
		STEP(TIMER) = deadline,
		STEP(PRESS_AGAIN) = press_again,
		STEP(ADOPT) = adopt_stopping,
		STEP(ADOPT_UNMADE) = stop_done,
	},
	[GUEST_STATE_CRASHED] = {
		STEP(START) = start,
		STEP(STOP) = give_up_restart,
		STEP(KILL) = give_up_restart,
		STEP(RESTART) = start,
		STEP(PAUSE) = ignore,
		STEP(RESUME) = ignore,
		STEP(HOST_STOPPING) = give_up_restart,
		STEP(PROCESS_STARTED) = kill_stray,
		STEP(PROCESS_START_FAILED) = ignore,
		STEP(START_REFUSED) = ignore,
		STEP(VMM_READY) = ignore,
		STEP(POWERED_OFF) = ignore,
		STEP(RESET) = ignore,
		STEP(PANICKED) = ignore,
		STEP(PAUSED) = ignore,
		STEP(RESUMED) = ignore,
		STEP(BROKEN) = ignore,
		STEP(EXIT) = leave,
		STEP(TIMER) = restart,
		STEP(PRESS_AGAIN) = ignore,
		STEP(ADOPT) = adopt_crashed,
		STEP(ADOPT_UNMADE) = leave,
	},
	[GUEST_STATE_FAILED] = {
		STEP(START) = start,
		STEP(STOP) = ignore,
		STEP(KILL) = ignore,
		STEP(RESTART) = start,
		STEP(PAUSE) = ignore,
		STEP(RESUME) = ignore,
		STEP(HOST_STOPPING) = ignore,
		STEP(PROCESS_STARTED) = kill_stray,
		STEP(PROCESS_START_FAILED) = ignore,
		STEP(START_REFUSED) = ignore,
		STEP(VMM_READY) = ignore,
		STEP(POWERED_OFF) = ignore,
		STEP(RESET) = ignore,
		STEP(PANICKED) = ignore,
		STEP(PAUSED) = ignore,
		STEP(RESUMED) = ignore,
		STEP(BROKEN) = ignore,
		STEP(EXIT) = leave,
		STEP(TIMER) = ignore,
		STEP(PRESS_AGAIN) = ignore,
		STEP(ADOPT) = ignore,
		STEP(ADOPT_UNMADE) = leave,
	},
};

bool guest_life_is_settled(const struct guest_life *life)
{
	return life->state != GUEST_STATE_STARTING && life->state != GUEST_STATE_STOPPING &&
	       !life->switching;
}

unsigned int guest_life_step(struct guest_life *life, const struct guest_policy *policy,
			     const struct guest_event *event, uint64_t now_usec)
{
	const struct step step = {
		.life = life, .policy = policy, .event = event, .now_usec = now_usec
	};

	return table[life->state][event->kind](&step);
}
