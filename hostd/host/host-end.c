// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's end: who may ask for it, and how hostd sees to it that the guests come first.
#include "host-end.h"

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "host-internal.h"

/* PID 1 takes a hostd for dead that says nothing for two minutes. */
#define PROGRESS_USEC UINT64_C(10000000)
#define PROGRESS_ACCURACY_USEC UINT64_C(1000000)
/* A switch that bounces, or a second press in impatience, is no wish of its own. */
#define ASKED_AGAIN_USEC UINT64_C(5000000)

void host_on_all_stopped(void *userdata)
{
	struct host *host = userdata;

	log_notice("shutdown", "all guests have stopped");
	guest_trash_stop(host->data_trash);
	(void)data_volume_release(host->data_volume);
	(void)sd_event_exit(host->event, 0);
}

static void tell_progress_later(struct host *host);

static int on_progress(sd_event_source *, uint64_t, void *userdata)
{
	power_tell_progress();
	tell_progress_later(userdata);
	return 0;
}

static void tell_progress_later(struct host *host)
{
	host->progress_source = sd_event_source_disable_unref(host->progress_source);
	(void)sd_event_add_time_relative(host->event, &host->progress_source, CLOCK_BOOTTIME,
					 PROGRESS_USEC, PROGRESS_ACCURACY_USEC, on_progress, host);
}

static void kill_guests(struct host *host, const char *why)
{
	log_warning("shutdown", "%s: the guests that still run are killed", why);
	guests_kill_all(host->guests);
}

/* By the power button or by Ctrl-Alt-Del, which a person has at hand who stands there and waits. */
static void asked_again(struct host *host)
{
	uint64_t now_usec = 0;

	(void)sd_event_now(host->event, CLOCK_BOOTTIME, &now_usec);
	if (now_usec - host->stopping_since_usec < ASKED_AGAIN_USEC)
		return;
	kill_guests(host, "asked for again");
}

/* PID 1 says so: stop the guests, then exit; PID 1 does the rest. */
static int on_sigterm(sd_event_source *, const struct signalfd_siginfo *, void *userdata)
{
	struct host *host = userdata;

	if (host->stopping) {
		asked_again(host);
		return 0;
	}
	host->stopping = true;
	(void)sd_event_now(host->event, CLOCK_BOOTTIME, &host->stopping_since_usec);
	log_notice("shutdown", "stopping the guests");
	tell_progress_later(host);
	if (host->hurry)
		kill_guests(host, "at once");
	else
		guests_stop_all(host->guests);
	return 0;
}

/* Before anything else: an earlier hostd may not have lived to do it, and no guest is to start now.
 */
int host_await_end(struct host *host)
{
	sd_event_source *source = NULL;
	int r = sd_event_add_signal(host->event, &source, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
				    on_sigterm, host);

	if (r >= 0)
		r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT - 1);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r < 0 ? r : 0;
}

void host_on_power_button(void *userdata)
{
	struct host *host = userdata;

	log_notice("power", "the power button was pressed");
	if (host->stopping)
		asked_again(host);
	else
		host_end(host, POWER_OFF, false);
}

void host_end(struct host *host, enum power_action action, bool now)
{
	int r = power_request(action);

	if (r < 0) {
		log_error("power", "PID 1 cannot be told: %s", strerror(-r));
		return;
	}
	if (now && host->stopping)
		kill_guests(host, "at once");
	else
		host->hurry |= now;
}
