// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps one child running.
#include "supervisor.h"

#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"

#define ACCURACY_USEC 100000

struct supervisor {
	sd_event *event;
	struct supervisor_settings settings;
	struct process *process; /* NULL: it does not run */
	sd_event_source *timer; /* until it is started again */
	uint64_t started_usec, delay_usec;
};

static uint64_t now_usec(const struct supervisor *supervisor)
{
	uint64_t now = 0;

	(void)sd_event_now(supervisor->event, CLOCK_MONOTONIC, &now);
	return now;
}

static int on_timer(sd_event_source *, uint64_t, void *userdata)
{
	(void)supervisor_start(userdata);
	return 0;
}

static void start_later(struct supervisor *supervisor, const struct process_end *end, int error)
{
	struct supervisor_end told = {
		.end = end,
		.error = error,
		.previous_usec = supervisor->delay_usec,
	};

	supervisor->delay_usec = backoff_next(&supervisor->settings.backoff, supervisor->delay_usec,
					      now_usec(supervisor) - supervisor->started_usec);
	told.delay_usec = supervisor->delay_usec;
	if (sd_event_add_time_relative(supervisor->event, &supervisor->timer, CLOCK_MONOTONIC,
				       supervisor->delay_usec, ACCURACY_USEC, on_timer,
				       supervisor) < 0)
		log_error("process", "a child that ended is not started again: out of memory");
	supervisor->settings.ended(&told, supervisor->settings.userdata);
}

static void on_ended(const struct process_end *end, void *userdata)
{
	struct supervisor *supervisor = userdata;

	supervisor->process = NULL;
	start_later(supervisor, end, 0);
}

int supervisor_spawn(struct supervisor *supervisor, const struct process_spec *spec)
{
	return process_start(supervisor->event, spec, on_ended, supervisor, &supervisor->process);
}

int supervisor_start(struct supervisor *supervisor)
{
	int r = 0;

	supervisor_stop(supervisor);
	supervisor->started_usec = now_usec(supervisor);
	r = supervisor->settings.start(supervisor, supervisor->settings.userdata);
	if (r >= 0)
		return 0;
	supervisor_stop(supervisor);
	start_later(supervisor, NULL, r);
	return r;
}

void supervisor_stop(struct supervisor *supervisor)
{
	supervisor->timer = sd_event_source_disable_unref(supervisor->timer);
	process_cancel(take_ptr(supervisor->process));
}

bool supervisor_runs(const struct supervisor *supervisor)
{
	return supervisor->process;
}

bool supervisor_is_active(const struct supervisor *supervisor)
{
	return supervisor->process || supervisor->timer;
}

int supervisor_new(sd_event *event, const struct supervisor_settings *settings,
		   struct supervisor **ret_supervisor)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));

	if (!supervisor)
		return -ENOMEM;
	supervisor->event = sd_event_ref(event);
	supervisor->settings = *settings;
	*ret_supervisor = supervisor;
	return 0;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	supervisor_stop(supervisor);
	sd_event_unref(supervisor->event);
	free(supervisor);
}
