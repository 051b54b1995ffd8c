// SPDX-License-Identifier: GPL-2.0-or-later
// Who comes first: guests are taken up and started in the order of "after".
#include <string.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "guest/guest-order.h"

#define TIMER_ACCURACY_USEC UINT64_C(10000)

static bool is_idle(const struct guest *guest)
{
	const struct guest_life *life = &guest->record.life;

	return life->state == GUEST_STATE_FAILED ||
	       (life->state == GUEST_STATE_STOPPED && life->timer_usec == 0);
}

/* As guest-order sees them; an array of guests->count, or NULL. */
static struct guest_order_guest *view(const struct guests *guests)
{
	struct guest_order_guest *order = calloc(guests->count + 1, sizeof(*order));

	for (size_t i = 0; order && i < guests->count; i++) {
		const struct guest *guest = guests->items[i];

		order[i] = (struct guest_order_guest){
			.name = guest->config->name,
			.after = &guest->config->after,
			.wants_start = guest->wants_start,
			.is_ready = guest->record.ready,
			.is_idle = is_idle(guest) && !guest->wants_start,
		};
	}
	return order;
}

/* --- start --- */

static void start_now(struct guest *guest)
{
	guest->wants_start = false;
	free(take_ptr(guest->waiting));
	if (is_idle(guest) && !guest->guests->no_start)
		guest_handle(guest, GUEST_EVENT_START, GUEST_EXIT_UNKNOWN);
}

static int on_delay_over(sd_event_source *, uint64_t, void *userdata)
{
	struct guest *guest = userdata;

	guest->delay_source = sd_event_source_disable_unref(guest->delay_source);
	start_now(guest);
	return 0;
}

static void tell_waiting(struct guest *guest, char *reason_consume)
{
	_cleanup_free_ char *reason = reason_consume;

	if (!reason || text_equal(guest->waiting, reason))
		return;
	free(guest->waiting);
	guest->waiting = take_ptr(reason);
	log_notice(guest_subject(guest).text, "%s", guest->waiting);
	guest_tell(guest, "waiting", guest->waiting);
}

static int on_disks_found(sd_event_source *, uint64_t, void *userdata)
{
	struct guests *guests = userdata;

	guests->disks_source = sd_event_source_disable_unref(guests->disks_source);
	guests_sequence_soon(guests);
	return 0;
}

/* Whether disks are still being found; somebody waits for the end of that. */
static bool wait_for_disks(struct guests *guests)
{
	const uint64_t until_usec = guests->environment.disks_found_usec;
	uint64_t now_usec = 0;

	if (sd_event_now(guests->event, CLOCK_BOOTTIME, &now_usec) < 0 || now_usec >= until_usec)
		return false;
	return guests->disks_source ||
	       sd_event_add_time(guests->event, &guests->disks_source, CLOCK_BOOTTIME, until_usec,
				 TIMER_ACCURACY_USEC, on_disks_found, guests) >= 0;
}

static bool waits_for_device(struct guest *guest)
{
	struct guests *guests = guest->guests;
	_cleanup_free_ char *what = NULL;
	int r = guests->callbacks.missing(guest, &what, guests->callbacks.userdata);

	if (r >= 0 || (r != -EAGAIN && !wait_for_disks(guests)))
		return false;
	tell_waiting(guest, text_format("waiting for %s", what ? what : "a disk"));
	return true;
}

/* Its turn has come: now, or when what it needs is there, and after its start-delay. */
static void take_turn(struct guest *guest, const struct guest_order_turn *turn)
{
	uint64_t delay_usec = (uint64_t)guest->config->start_delay_s * 1000000;
	_cleanup_free_ char *reason = NULL;

	if (guest->delay_source || waits_for_device(guest))
		return;
	reason = guest_order_reason(turn);
	if (reason)
		log_warning(guest_subject(guest).text, "started although %s", reason);
	if (delay_usec > 0 && sd_event_add_time_relative(
				      guest->guests->event, &guest->delay_source, CLOCK_BOOTTIME,
				      delay_usec, TIMER_ACCURACY_USEC, on_delay_over, guest) >= 0) {
		guest_set_text(&guest->waiting, "starts after %u s", guest->config->start_delay_s);
		guest_tell(guest, "waiting", guest->waiting);
		return;
	}
	start_now(guest);
}

/* Starting one changes what may be said of the others, so the look after it is a new one. */
static void start_those_whose_turn_it_is(struct guests *guests)
{
	_cleanup_free_ struct guest_order_guest *order = view(guests);
	_cleanup_free_ struct guest_order_turn *turns = calloc(guests->count + 1, sizeof(*turns));

	if (!order || !turns || guest_order_starts(order, guests->count, turns) < 0) {
		log_error("guests", "no memory to see whose turn it is");
		return;
	}
	for (size_t i = 0; i < guests->count; i++) {
		switch (turns[i].turn) {
		case GUEST_TURN_NONE:
			break;
		case GUEST_TURN_WAIT:
			tell_waiting(guests->items[i], guest_order_reason(&turns[i]));
			break;
		case GUEST_TURN_NOW:
		case GUEST_TURN_NOW_WITHOUT:
		case GUEST_TURN_NOW_IN_LOOP:
			take_turn(guests->items[i], &turns[i]);
			break;
		}
	}
}

void guest_autostart(struct guest *guest)
{
	if (guest->has_record || !guest->config->autostart || guest->guests->no_start ||
	    guest->record.life.state != GUEST_STATE_STOPPED)
		return;
	guest->wants_start = true;
	guests_sequence_soon(guest->guests);
}

/* Those that failed for want of something that is there now are due as at boot. */
void guests_devices_changed(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++) {
		struct guest *guest = guests->items[i];
		_cleanup_free_ char *what = NULL;

		if (guest->record.life.state == GUEST_STATE_FAILED && guest->record.lacked &&
		    guest->config->autostart && !guests->no_start &&
		    guests->callbacks.missing(guest, &what, guests->callbacks.userdata) >= 0)
			guest->wants_start = true;
	}
	guests_sequence_soon(guests);
}

bool guest_withdraw_start(struct guest *guest)
{
	bool was_due = guest->wants_start || guest->delay_source;

	if (!was_due && !guest->record.lacked)
		return false;
	guest->wants_start = false;
	guest->delay_source = sd_event_source_disable_unref(guest->delay_source);
	free(take_ptr(guest->waiting));
	guest->record.lacked = false;
	(void)guest_skip_autostart(guest);
	if (was_due)
		guest_tell(guest, guest_state_name(guest->record.life.state), NULL);
	guests_sequence_soon(guest->guests);
	return was_due;
}

int guest_skip_autostart(struct guest *guest)
{
	if (!guest->record.config) {
		int r = guest_config_copy(guest->config, &guest->record.config);

		if (r < 0)
			return r;
	}
	return guest_save(guest);
}

/* --- the look --- */

int guests_look(sd_event_source *, void *userdata)
{
	struct guests *guests = userdata;

	guests->sequence_source = sd_event_source_disable_unref(guests->sequence_source);
	guests_take_up(guests);
	if (guests->stopping)
		guests_go_on_stopping(guests);
	else if (!guests->no_start)
		start_those_whose_turn_it_is(guests);
	return 0;
}
