/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's life as one table: (state, event, now) -> (state, actions). Pure: no system call. */
#pragma once

#include <stdint.h>

#include "config/config.h"

enum guest_state {
	GUEST_STATE_STOPPED, /* no process; with restart = "always" a start may be due */
	GUEST_STATE_STARTING, /* the VMM is being started and has not answered yet */
	GUEST_STATE_RUNNING,
	GUEST_STATE_STOPPING, /* asked to power off, or killed; the process is still there */
	GUEST_STATE_CRASHED, /* ended by itself, will be started again after the back-off */
	GUEST_STATE_FAILED, /* ended badly and stays so until a user starts it */
	GUEST_STATE_COUNT,
};

/* "stopped", "starting"…, as in the console's and the API's contract. NULL out of range. */
const char *guest_state_name(enum guest_state state);

enum guest_event_kind {
	GUEST_EVENT_START, /* a user's word, or autostart */
	GUEST_EVENT_STOP,
	GUEST_EVENT_KILL,
	GUEST_EVENT_RESTART, /* stop, and start again when it has ended; a start if there is nothing
				to stop */
	GUEST_EVENT_PAUSE,
	GUEST_EVENT_RESUME,
	GUEST_EVENT_HOST_STOPPING,
	GUEST_EVENT_PROCESS_STARTED, /* the answers to GUEST_ACTION_LAUNCH */
	GUEST_EVENT_PROCESS_START_FAILED, /* might work at the next try */
	GUEST_EVENT_START_REFUSED, /* will not work before someone changes something */
	GUEST_EVENT_VMM_READY, /* it answers */
	GUEST_EVENT_POWERED_OFF, /* by the guest or on our word; exit follows */
	GUEST_EVENT_RESET, /* the guest rebooted itself */
	GUEST_EVENT_PANICKED, /* the guest said so by pvpanic; exit follows, or a pause */
	GUEST_EVENT_PAUSED, /* on our word, or the VMM's own (I/O error, watchdog, panic) */
	GUEST_EVENT_RESUMED,
	GUEST_EVENT_BROKEN, /* the VMM runs, the guest in it cannot go on */
	GUEST_EVENT_EXIT, /* see guest_exit */
	GUEST_EVENT_TIMER, /* timer_usec has come */
	GUEST_EVENT_PRESS_AGAIN, /* GUEST_PRESS_AGAIN_USEC after GUEST_ACTION_POWERDOWN */
	GUEST_EVENT_ADOPT, /* a new hostd found the process (if the state has one) alive */
	GUEST_EVENT_ADOPT_UNMADE, /* it found the record of a process that it does not know */
	GUEST_EVENT_COUNT,
};

enum guest_exit {
	GUEST_EXIT_SUCCESS, /* status 0 */
	GUEST_EXIT_FAILURE, /* another status, or a signal */
	GUEST_EXIT_UNKNOWN, /* not our child: only the VMM's last word tells */
};

struct guest_event {
	enum guest_event_kind kind;
	enum guest_exit exit; /* of GUEST_EVENT_EXIT */
};

/* A set, to be carried out from the lowest bit to the highest. */
enum guest_action {
	GUEST_ACTION_DISARM = 1 << 0,
	GUEST_ACTION_ARM = 1 << 1, /* call with GUEST_EVENT_TIMER at life.timer_usec */
	GUEST_ACTION_RESUME = 1 << 2, /* when the VMM is ready; so the next two */
	GUEST_ACTION_PAUSE = 1 << 3,
	GUEST_ACTION_POWERDOWN = 1 << 4, /* the power button, and a later PRESS_AGAIN */
	GUEST_ACTION_KILL = 1 << 5, /* SIGKILL */
	GUEST_ACTION_CLEANUP = 1 << 6, /* remove what the process leaves */
	GUEST_ACTION_SAVE =
		1 << 7, /* the life is another: as every action, and if it is the only */
	GUEST_ACTION_ANNOUNCE = 1 << 8, /* the state is another, or is worth saying again */
	GUEST_ACTION_RESET_LOOP = 1 << 9, /* worth a warning: it does nothing but reset */
	GUEST_ACTION_HOST_POWEROFF = 1 << 10, /* on-poweroff = "host" */
	GUEST_ACTION_LAUNCH = 1 << 11,
};

/* What the VMM said before the end. */
enum guest_ending {
	GUEST_ENDING_NONE,
	GUEST_ENDING_POWER_OFF,
	GUEST_ENDING_BAD,
	GUEST_ENDING_PANIC,
	GUEST_ENDING_REBOOT, /* where on-reboot asks for more than a reset */
};

/* All that has to be remembered of a guest's life; times are CLOCK_BOOTTIME, 0 means none. */
struct guest_life {
	enum guest_state state;
	enum guest_ending ending;
	unsigned int failures; /* and good ends, in a row, none of a run of BACKOFF_MAX_USEC */
	unsigned int fast_failures; /* in a row, each of a run under GUEST_FAST_RUN_USEC */
	unsigned int restarts; /* since the last start by a user */
	uint64_t started_usec; /* of the process */
	uint64_t timer_usec;
	bool paused; /* the state is RUNNING all the same */
	bool restart_wanted; /* in STOPPING: to be started as soon as it has ended */
	/* The rest is not worth keeping beyond this hostd. */
	bool switching; /* in RUNNING: told to pause or to resume, and has not done so yet */
	bool stop_resumed; /* in STOPPING: it was told to go on, so that it hears of the stop */
	bool reset_loop; /* said, and nothing quieter since */
	unsigned int reset_count; /* in the window that began at reset_window_usec */
	uint64_t reset_window_usec;
};

struct guest_policy {
	enum guest_restart restart;
	/* DEFAULT: a power-off is an end and a panic a failure, to be followed by what restart
	 * says; a reboot is a reset of the same process. */
	enum guest_on on_poweroff, on_reboot, on_panic;
	uint64_t shutdown_timeout_usec;
};

#define GUEST_BACKOFF_MIN_USEC UINT64_C(100000)
#define GUEST_BACKOFF_MAX_USEC UINT64_C(60000000)
#define GUEST_FAST_RUN_USEC UINT64_C(10000000)
#define GUEST_FAST_FAILURES_MAX 5
/* A VMM answers as soon as its machine is made, long before the guest has booted. */
#define GUEST_START_TIMEOUT_USEC UINT64_C(60000000)
/* A guest whose firmware or kernel boots does not see its power button. */
#define GUEST_PRESS_AGAIN_USEC UINT64_C(3000000)
/* More resets than this in one window are a loop, said once until a window is quieter. */
#define GUEST_RESET_WINDOW_USEC UINT64_C(10000000)
#define GUEST_RESETS_MAX 20

/* What happens next. Returns the set of actions; every pair of state and event has its answer. */
unsigned int guest_life_step(struct guest_life *life, const struct guest_policy *policy,
			     const struct guest_event *event, uint64_t now_usec);

/* Whether nothing is under way: neither a start, a stop, a pause nor a resume is still to end. */
bool guest_life_is_settled(const struct guest_life *life);
/* Whether the state has a process, or is about to. */
bool guest_state_has_process(enum guest_state state);
