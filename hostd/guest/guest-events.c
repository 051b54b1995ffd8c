// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest's VMM says of it, and what is made of that: events for the life's table, lines in
// the log, events for clients. How much of it may be told, guest-noise.c knows.
#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"

#define WATCHDOG_LOG_USEC UINT64_C(60000000)

/* What its VMM was told when it was started, whatever the definition says by now. */
static bool pauses_on_panic(const struct guest *guest)
{
	return guest->record.config->on_panic == GUEST_ON_PAUSE;
}

/* Once: it is killed, and what it says until it is gone makes no difference. */
static void break_off(struct guest *guest)
{
	if (guest->record.life.ending != GUEST_ENDING_BAD)
		guest_handle(guest, GUEST_EVENT_BROKEN, GUEST_EXIT_UNKNOWN);
}

static void cannot_go_on(struct guest *guest, const char *text)
{
	guest_set_text(&guest->pending_reason, "the guest cannot go on (%s)", text);
	break_off(guest);
}

static void halted(struct guest *guest, const char *text)
{
	if (!guest->record.life.paused)
		log_warning(guest_subject(guest).text, "paused by %s (%s)", guest_vmm_label(guest),
			    text);
	guest_handle(guest, GUEST_EVENT_PAUSED, GUEST_EXIT_UNKNOWN);
}

static void on_state(int error, enum vmm_state state, const char *text, void *userdata)
{
	struct guest *guest = userdata;

	guest->state_asked = false;
	if (error < 0)
		return;
	switch (state) {
	case VMM_STATE_OTHER:
		break;
	case VMM_STATE_RUNNING:
		guest_handle(guest, GUEST_EVENT_RESUMED, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_STATE_PAUSED:
		guest_handle(guest, GUEST_EVENT_PAUSED, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_STATE_HALTED:
		halted(guest, text);
		break;
	case VMM_STATE_PANICKED:
		if (pauses_on_panic(guest))
			halted(guest, text);
		else
			cannot_go_on(guest, text);
		break;
	case VMM_STATE_BROKEN:
		cannot_go_on(guest, text);
		break;
	}
	if (guest->state_due && guest->vmm_ready && guest_may_tell(guest))
		guest_ask_state(guest);
}

void guest_ask_state(struct guest *guest)
{
	guest->state_due = guest->state_asked;
	if (guest->state_asked || !guest->vmm_ready)
		return;
	guest->state_asked = true;
	if (vmm_ask_state(guest->vmm, on_state, guest) < 0)
		guest->state_asked = false;
}

static void on_ending(struct guest *guest, const struct vmm_event *event)
{
	switch (event->ending) {
	case VMM_ENDING_NONE:
		break;
	case VMM_ENDING_POWER_OFF:
		guest_handle(guest, GUEST_EVENT_POWERED_OFF, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_ENDING_RESET:
		guest_handle(guest, GUEST_EVENT_RESET, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_ENDING_PANIC:
		guest_handle(guest, GUEST_EVENT_PANICKED, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_ENDING_ERROR:
		break_off(guest);
		break;
	}
}

static void on_panicked(struct guest *guest)
{
	if (!pauses_on_panic(guest))
		guest_set_text(&guest->pending_reason, "the guest panicked");
	if (guest_may_tell(guest))
		guest_tell(guest, "panicked", NULL);
	guest_handle(guest, GUEST_EVENT_PANICKED, GUEST_EXIT_UNKNOWN);
}

/* A guest can let it run out as often as it likes: that must not fill the log. */
static void log_watchdog(struct guest *guest, const char *action)
{
	uint64_t now_usec = 0;

	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &now_usec);
	if (guest->watchdog_told_usec && now_usec - guest->watchdog_told_usec < WATCHDOG_LOG_USEC)
		return;
	guest->watchdog_told_usec = now_usec;
	log_warning(guest_subject(guest).text, "its watchdog has run out (%s)",
		    action ? action : "no action");
}

static void on_watchdog(struct guest *guest, const struct vmm_event *event)
{
	log_watchdog(guest, event->detail);
	if (guest_may_tell(guest))
		guest_tell(guest, "watchdog", event->detail);
	on_ending(guest, event);
}

/* Once a run: a bad disk makes thousands of them. */
static void on_disk_error(struct guest *guest, const struct vmm_event *event)
{
	if (guest->disk_error_told)
		return;
	guest->disk_error_told = true;
	log_warning(guest_subject(guest).text, "%s error on %s: %s",
		    event->operation ? event->operation : "I/O",
		    event->device ? event->device : "a disk",
		    event->detail ? event->detail : "unknown");
	guest_tell(guest, "disk-error", event->detail);
}

void guest_on_vmm_event(const struct vmm_event *event, void *userdata)
{
	struct guest *guest = userdata;

	switch (event->kind) {
	case VMM_EVENT_ENDING:
		on_ending(guest, event);
		break;
	case VMM_EVENT_RESET:
		if (guest_may_tell(guest))
			guest_tell(guest, "reset", event->detail);
		guest_handle(guest, GUEST_EVENT_RESET, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_EVENT_PANICKED:
		on_panicked(guest);
		break;
	/* What is passed over of these two is found out when it is over: guest-noise.c asks. */
	case VMM_EVENT_HALTED:
		if (guest_may_tell(guest))
			guest_ask_state(guest);
		break;
	case VMM_EVENT_RESUMED:
		if (guest->record.life.paused && guest_may_tell(guest))
			guest_handle(guest, GUEST_EVENT_RESUMED, GUEST_EXIT_UNKNOWN);
		break;
	case VMM_EVENT_WATCHDOG:
		on_watchdog(guest, event);
		break;
	case VMM_EVENT_DISK_ERROR:
		on_disk_error(guest, event);
		break;
	}
}
