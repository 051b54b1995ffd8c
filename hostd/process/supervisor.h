/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps one child running: started again when it ends, later each time when it does not hold. */
#pragma once

#include "backoff.h"
#include "process.h"

struct supervisor;

struct supervisor_end {
	const struct process_end *end; /* NULL: it could not be started, … */
	int error; /* … for this reason */
	uint64_t delay_usec; /* until it is started again */
	uint64_t previous_usec; /* the delay before; 0: it is the first end in a row */
};

/* Copied; what they point to must stay. */
struct supervisor_settings {
	struct backoff backoff;
	/* Starts it by supervisor_spawn(). Returns 0 or -errno. */
	int (*start)(struct supervisor *supervisor, void *userdata);
	/* It has ended, or could not be started. */
	void (*ended)(const struct supervisor_end *end, void *userdata);
	void *userdata;
};

/* Nothing is started yet. Returns 0 or -errno. */
int supervisor_new(sd_event *event, const struct supervisor_settings *settings,
		   struct supervisor **ret_supervisor);
/* Ends the child; ended() is not called. Takes NULL. */
void supervisor_free(struct supervisor *supervisor);
/* Starts it, in place of one that runs. On failure it is tried again later all the same: 0 or
 * -errno. */
int supervisor_start(struct supervisor *supervisor);
/* Ends it, and it is not started again. */
void supervisor_stop(struct supervisor *supervisor);
/* For start(). The child is the supervisor's. Returns 0 or -errno. */
int supervisor_spawn(struct supervisor *supervisor, const struct process_spec *spec);

bool supervisor_runs(const struct supervisor *supervisor);
/* It runs, or waits to be started again. */
bool supervisor_is_active(const struct supervisor *supervisor);
