// SPDX-License-Identifier: GPL-2.0-or-later
// One guest: asks the table what is next, and does it.
#include "guest.h"

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/guest-launch-internal.h"
#include "process/guest-cgroup.h"
#include "process/guest-process.h"

/* sd-event gathers wake-ups within this time; its default of 250 ms is more than a back-off. */
#define TIMER_ACCURACY_USEC 1000
#define ADOPT_AGAIN_USEC UINT64_C(5000000)

static char *next_start(const struct guest_record *record, uint64_t now)
{
	uint64_t due_usec = record->life.timer_usec;

	return text_format("%s; next start in %.1f s", record->reason ? record->reason : "?",
			   due_usec > now ? (double)(due_usec - now) / 1e6 : 0.0);
}

/* What stands in parentheses after the state: new string or NULL for nothing. */
static char *state_detail(const struct guest *guest, enum guest_event_kind cause)
{
	const struct guest_record *record = &guest->record;
	uint64_t now = clock_usec(CLOCK_BOOTTIME);

	switch (record->life.state) {
	case GUEST_STATE_STARTING:
		return record->life.restarts ? text_format("restart %u", record->life.restarts)
					     : NULL;
	case GUEST_STATE_RUNNING:
		return text_format("%s%s, pid %d%s", record->life.paused ? "paused, " : "",
				   record->kvm ? "kvm" : "tcg, no isolation", record->process.pid,
				   cause == GUEST_EVENT_ADOPT ? ", taken up again" : "");
	case GUEST_STATE_CRASHED:
		return next_start(record, now);
	case GUEST_STATE_FAILED:
		if (record->life.fast_failures >= GUEST_FAST_FAILURES_MAX)
			return text_format("%u fast failures in a row, the last: %s",
					   record->life.fast_failures,
					   record->reason ? record->reason : "?");
		return record->reason ? text_format("%s", record->reason) : NULL;
	case GUEST_STATE_STOPPED:
		if (record->life.timer_usec)
			return next_start(record, now);
		return record->reason ? text_format("%s", record->reason) : NULL;
	case GUEST_STATE_STOPPING:
	case GUEST_STATE_COUNT:
		break;
	}
	return NULL;
}

static void announce(struct guest *guest, enum guest_event_kind cause)
{
	_cleanup_free_ char *detail = state_detail(guest, cause);
	enum guest_state state = guest->record.life.state;
	enum log_level level = state == GUEST_STATE_FAILED    ? LOG_LEVEL_ERROR
			       : state == GUEST_STATE_CRASHED ? LOG_LEVEL_WARNING
							      : LOG_LEVEL_NOTICE;

	if (detail)
		log_line(level, guest_subject(guest).text, "%s (%s)", guest_state_name(state),
			 detail);
	else
		log_line(level, guest_subject(guest).text, "%s", guest_state_name(state));
	guest_tell(guest, guest->record.life.paused ? "paused" : guest_state_name(state), detail);
}

static int on_timer(sd_event_source *, uint64_t, void *userdata)
{
	struct guest *guest = userdata;

	if (guest->record.life.state == GUEST_STATE_STARTING)
		guest_set_text(&guest->pending_reason, "%s did not answer within %u s",
			       guest_vmm_label(guest),
			       (unsigned int)(GUEST_START_TIMEOUT_USEC / 1000000));
	else if (guest->record.life.state == GUEST_STATE_STOPPING)
		guest_set_text(&guest->pending_reason, "killed: it did not power off within %u s",
			       guest->config->shutdown_timeout_s);
	guest_handle(guest, GUEST_EVENT_TIMER, GUEST_EXIT_UNKNOWN);
	return 0;
}

static void disarm(struct guest *guest)
{
	guest->timer_source = sd_event_source_disable_unref(guest->timer_source);
}

static void arm(struct guest *guest)
{
	int r = 0;

	disarm(guest);
	r = sd_event_add_time(guest->guests->event, &guest->timer_source, CLOCK_BOOTTIME,
			      guest->record.life.timer_usec, TIMER_ACCURACY_USEC, on_timer, guest);
	if (r < 0)
		log_error(guest_subject(guest).text, "no timer: %s", strerror(-r));
}

static void kill_process(struct guest *guest)
{
	if (guest->killed_usec == 0)
		guest->killed_usec = clock_usec(CLOCK_BOOTTIME);
	if (guest->pidfd >= 0 && pidfd_send_signal(guest->pidfd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		log_error(guest_subject(guest).text, "cannot be killed: %s", strerror(errno));
}

static void clean_up(struct guest *guest)
{
	int r = 0;

	guest_detach(guest);
	if (guest->record.foreign)
		guest_record_own(&guest->record);
	r = guest_process_cleanup(guest->config->name);
	guest_memory_return_hugepages(guest->guests);
	if (r < 0)
		log_warning(guest_subject(guest).text, "clean-up: %s", strerror(-r));
}

static void tell_reset_loop(const struct guest *guest)
{
	log_warning(guest_subject(guest).text,
		    "resets again and again: what it boots from cannot go on; see `mvirt log %s`",
		    guest->config->name);
	guest_tell(guest, "reset-loop", NULL);
}

static void power_off_host(const struct guest *guest)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;

	log_notice(guest_subject(guest).text, "powered off, and the machine with it (on-poweroff)");
	if (callbacks->power_off_host)
		callbacks->power_off_host(guest, callbacks->userdata);
}

/* What another state means for the guest's neighbours. */
static void follow(struct guest *guest)
{
	if (guest->record.life.state == GUEST_STATE_RUNNING)
		guest_ready_begin(guest);
	else
		guest_ready_end(guest);
	guests_sequence_soon(guest->guests);
}

void guest_happen(struct guest *guest, enum guest_event_kind kind, enum guest_exit exit)
{
	struct guest_life *life = &guest->record.life;
	/* The VMM's own actions were settled when it was started, so what goes with them was too.
	 */
	const struct guest_config *config =
		guest_state_has_process(life->state) ? guest->record.config : guest->config;
	const struct guest_policy policy = {
		.restart = guest->config->restart,
		.on_poweroff = guest->config->on_poweroff,
		.on_reboot = config->on_reboot,
		.on_panic = config->on_panic,
		.shutdown_timeout_usec = (uint64_t)guest->config->shutdown_timeout_s * 1000000,
	};
	const struct guest_event event = { .kind = kind, .exit = exit };
	enum guest_ending ending = life->ending;
	enum guest_state state = life->state;
	unsigned int actions = guest_life_step(life, &policy, &event, clock_usec(CLOCK_BOOTTIME));

	if (actions & GUEST_ACTION_DISARM)
		disarm(guest);
	if (actions & GUEST_ACTION_ARM)
		arm(guest);
	if (actions & GUEST_ACTION_RESUME)
		guest_go_on(guest);
	if (actions & GUEST_ACTION_PAUSE)
		guest_halt(guest);
	if (actions & GUEST_ACTION_POWERDOWN)
		guest_powerdown(guest);
	if (actions & GUEST_ACTION_KILL)
		kill_process(guest);
	if (actions & GUEST_ACTION_CLEANUP)
		clean_up(guest);
	/* What a launch is preceded by is in the record that the launch writes. */
	if (!(actions & GUEST_ACTION_LAUNCH) && (actions || life->ending != ending))
		(void)guest_save(guest);
	if (actions & GUEST_ACTION_ANNOUNCE)
		announce(guest, kind);
	if (actions & GUEST_ACTION_RESET_LOOP)
		tell_reset_loop(guest);
	if (life->state != state)
		follow(guest);
	if (actions & GUEST_ACTION_HOST_POWEROFF)
		power_off_host(guest);
	if (actions & GUEST_ACTION_LAUNCH)
		guest_launch(guest);
}

/* Why the process ended, in one line, and as what the table sees it. */
static enum guest_exit explain_exit(struct guest *guest, int exit_status_error, int status)
{
	_cleanup_free_ char *tail = guest_process_stderr_tail(guest->config->name);
	char **reason = &guest->record.reason;
	const char *colon = tail ? ": " : "", *text = tail ? tail : "";
	const char *vmm = guest_vmm_label(guest);
	enum guest_ending ending = guest->record.life.ending;

	if (guest->pending_reason) {
		free(*reason);
		*reason = take_ptr(guest->pending_reason);
	} else if (guest_cgroup_was_oom_killed(guest->config->name))
		guest_set_text(reason, "killed by the kernel: its %s used more memory than it may",
			       vmm);
	else if (exit_status_error < 0 && ending != GUEST_ENDING_POWER_OFF)
		guest_set_text(reason, "%s is gone%s%s", vmm, colon, text);
	else if (exit_status_error < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		guest_set_text(reason, "powered off");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == PROCESS_NOT_CONFINED)
		guest_set_text(reason, "%s is not started%s%s", vmm, colon, text);
	else if (WIFEXITED(status))
		guest_set_text(reason, "%s ended with status %d%s%s", vmm, WEXITSTATUS(status),
			       colon, text);
	else
		guest_set_text(reason, "%s was killed by SIG%s%s%s", vmm,
			       sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status))
							      : "?",
			       colon, text);
	if (exit_status_error < 0)
		return GUEST_EXIT_UNKNOWN;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? GUEST_EXIT_SUCCESS
							     : GUEST_EXIT_FAILURE;
}

int guest_on_exit(sd_event_source *, int fd, uint32_t, void *userdata)
{
	struct guest *guest = userdata;
	int status = 0, r = guest_process_exit_status(guest->record.process.pid, fd, &status);

	if (r == -EAGAIN)
		return 0;
	guest_handle(guest, GUEST_EVENT_EXIT, explain_exit(guest, r, status));
	return 0;
}

static int on_adopt_again(sd_event_source *, uint64_t, void *userdata)
{
	struct guest *guest = userdata;

	guest->reconnect_source = sd_event_source_disable_unref(guest->reconnect_source);
	guests_sequence_soon(guest->guests);
	return 0;
}

/* It may well run: what cannot be found out now is no word of its end. */
static void adopt_later(struct guest *guest, int error)
{
	int r = 0;

	log_warning(guest_subject(guest).text,
		    "cannot be taken up again now (%s): left running, and tried again",
		    strerror(-error));
	guest->is_new = true;
	r = sd_event_add_time_relative(guest->guests->event, &guest->reconnect_source,
				       CLOCK_BOOTTIME, ADOPT_AGAIN_USEC, TIMER_ACCURACY_USEC,
				       on_adopt_again, guest);
	if (r < 0)
		log_error(guest_subject(guest).text, "no timer: %s", strerror(-r));
}

void guest_adopt(struct guest *guest)
{
	struct guest_record *record = &guest->record;
	_cleanup_fd_ int pidfd = -EBADF;
	int r = 0;

	if (!guest_state_has_process(record->life.state)) {
		guest_handle(guest, GUEST_EVENT_ADOPT, GUEST_EXIT_UNKNOWN);
		return;
	}
	if (record->process.pid == 0) {
		guest_handle(guest, GUEST_EVENT_ADOPT_UNMADE, GUEST_EXIT_UNKNOWN);
		return;
	}
	r = guest_process_adopt(record->process.pid, record->process.start_time, &pidfd);
	if (r >= 0)
		r = guest_attach(guest, take_fd(&pidfd));
	if (r >= 0) {
		guest_handle(guest, GUEST_EVENT_ADOPT, GUEST_EXIT_UNKNOWN);
		follow(guest); /* no other state, but its neighbours wait for this hostd's word */
		return;
	}
	if (r == -ESRCH)
		guest_handle(guest, GUEST_EVENT_EXIT, explain_exit(guest, -ECHILD, 0));
	else
		adopt_later(guest, r);
}

void guests_take_up(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		if (guests->items[i]->is_new) {
			guests->items[i]->is_new = false;
			guest_adopt(guests->items[i]);
		}
}

void guest_free(struct guest *guest)
{
	if (!guest)
		return;
	guest_ready_end(guest);
	guest_detach(guest);
	disarm(guest);
	sd_event_source_disable_unref(guest->delay_source);
	for (size_t i = 0; i < GUEST_SERIAL_PORTS_MAX; i++)
		guest_console_free(guest->consoles[i]);
	guest_launch_free(guest->launch);
	guest_record_done(&guest->record);
	guest_config_free(guest->definition);
	free(guest->waiting);
	free(guest);
}
