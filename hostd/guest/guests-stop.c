// SPDX-License-Identifier: GPL-2.0-or-later
// The guests' end with the host: each is asked when nothing that comes after it runs any more, and
// has its own time. So the host's deadline is the longest sum of these along "after", and no other.
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "guest/guest-order.h"

/* How often it is looked whether somebody else is waited for, and said that it is still the same.
 */
#define LOOK_USEC UINT64_C(5000000)
#define TELL_USEC UINT64_C(30000000)
/* A killed process is gone by then, unless the kernel waits for a disk that does not answer. */
#define GONE_USEC UINT64_C(30000000)
#define TIMER_ACCURACY_USEC UINT64_C(100000)
/* A line is for a person. */
#define NAMES_MAX 8
#define WAY_OUT ". The power button once more, or `mvirt poweroff --now`, kills them"

static bool is_there(const struct guest *guest)
{
	return guest_state_has_process(guest->record.life.state) && !guest->given_up;
}

static bool is_asked(const struct guest *guest)
{
	return is_there(guest) && guest->record.life.state == GUEST_STATE_STOPPING;
}

static uint64_t now_usec(const struct guests *guests)
{
	uint64_t now = 0;

	(void)sd_event_now(guests->event, CLOCK_BOOTTIME, &now);
	return now;
}

/* --- whose turn it is --- */

/* As guest-order sees them; an array of guests->count, or NULL. */
static struct guest_order_guest *view(const struct guests *guests)
{
	struct guest_order_guest *order = calloc(guests->count + 1, sizeof(*order));

	for (size_t i = 0; order && i < guests->count; i++)
		order[i] = (struct guest_order_guest){
			.name = guests->items[i]->config->name,
			.after = &guests->items[i]->config->after,
			.has_process = is_there(guests->items[i]),
		};
	return order;
}

static void ask_those_whose_turn_it_is(struct guests *guests)
{
	_cleanup_free_ struct guest_order_guest *order = view(guests);
	_cleanup_free_ bool *now = calloc(guests->count + 1, sizeof(*now));
	bool known = order && now && guest_order_stops(order, guests->count, now) >= 0;

	for (size_t i = 0; i < guests->count; i++) {
		struct guest *guest = guests->items[i];

		/* A start that is due is taken back at once. Without memory all stop together. */
		if (!known || now[i] || !is_there(guest))
			guest_handle(guest, GUEST_EVENT_HOST_STOPPING, GUEST_EXIT_UNKNOWN);
	}
}

static void check_all_stopped(struct guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		if (is_there(guests->items[i]))
			return;
	guests->stopping = false;
	guests->look_source = sd_event_source_disable_unref(guests->look_source);
	free(take_ptr(guests->waited_for));
	if (guests->callbacks.all_stopped)
		guests->callbacks.all_stopped(guests->callbacks.userdata);
}

void guests_go_on_stopping(struct guests *guests)
{
	ask_those_whose_turn_it_is(guests);
	check_all_stopped(guests);
}

/* --- who is waited for --- */

static void describe(const struct guest *guest, uint64_t now, FILE *stream)
{
	const struct guest_life *life = &guest->record.life;

	(void)fputs(guest->config->name, stream);
	if (now == 0 || life->state != GUEST_STATE_STOPPING)
		return;
	if (life->timer_usec == 0)
		(void)fputs(" (killed)", stream);
	else
		(void)fprintf(stream, " (%" PRIu64 " s left)",
			      life->timer_usec > now ? (life->timer_usec - now + 500000) / 1000000
						     : 0);
}

/* "web (28 s left), db (3 s left) and 4 more": of those that were asked, or of those that were not
 * yet. now 0: the names alone, all of them. New string, "" for nobody; NULL without memory. */
static char *list(const struct guests *guests, bool asked, uint64_t now)
{
	char *text = NULL;
	size_t length = 0, count = 0;
	FILE *stream = open_memstream(&text, &length);

	for (size_t i = 0; stream && i < guests->count; i++) {
		const struct guest *guest = guests->items[i];

		if (!is_there(guest) || is_asked(guest) != asked)
			continue;
		if (now == 0 || count < NAMES_MAX) {
			(void)fputs(count > 0 ? ", " : "", stream);
			describe(guest, now, stream);
		}
		count++;
	}
	if (stream && now && count > NAMES_MAX)
		(void)fprintf(stream, " and %zu more", count - NAMES_MAX);
	if (!stream || fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

static void tell(struct guests *guests, uint64_t now)
{
	_cleanup_free_ char *asked = list(guests, true, now), *later = list(guests, false, now);

	if (!asked || !later)
		return;
	guests->told_usec = now;
	log_notice("shutdown", "waiting for %s%s%s%s", asked, *later ? "; after that for " : "",
		   later, guests->waited_for ? WAY_OUT : "");
}

/* When it is somebody else than before, and now and then. */
static void tell_who_is_waited_for(struct guests *guests)
{
	uint64_t now = now_usec(guests);
	char *names = list(guests, true, 0);

	if (!text_equal(names, guests->waited_for) || now - guests->told_usec >= TELL_USEC)
		tell(guests, now);
	free(guests->waited_for);
	guests->waited_for = names;
}

static void give_up_those_that_stay(struct guests *guests)
{
	uint64_t now = now_usec(guests);

	for (size_t i = 0; i < guests->count; i++) {
		struct guest *guest = guests->items[i];

		if (!is_there(guest) || guest->killed_usec == 0 ||
		    now < guest->killed_usec + GONE_USEC)
			continue;
		guest->given_up = true;
		log_error(guest_subject(guest).text,
			  "was killed and does not end (a disk that does not answer?): the host "
			  "goes down all the same");
	}
}

static void look_again(struct guests *guests);

static int on_look(sd_event_source *, uint64_t, void *userdata)
{
	struct guests *guests = userdata;

	give_up_those_that_stay(guests);
	guests_go_on_stopping(guests);
	if (!guests->stopping)
		return 0;
	tell_who_is_waited_for(guests);
	look_again(guests);
	return 0;
}

static void look_again(struct guests *guests)
{
	guests->look_source = sd_event_source_disable_unref(guests->look_source);
	(void)sd_event_add_time_relative(guests->event, &guests->look_source, CLOCK_BOOTTIME,
					 LOOK_USEC, TIMER_ACCURACY_USEC, on_look, guests);
}

/* --- the beginning --- */

void guests_stop_all(struct guests *guests)
{
	if (guests->no_start)
		return;
	guests->no_start = true;
	guests->stopping = true;
	/* The wish may be older than this hostd. */
	guests_take_up(guests);
	for (size_t i = 0; i < guests->count; i++)
		guests->items[i]->wants_start = false;
	guests_go_on_stopping(guests);
	if (!guests->stopping)
		return;
	tell_who_is_waited_for(guests);
	look_again(guests);
}

void guests_kill_all(struct guests *guests)
{
	guests_stop_all(guests);
	for (size_t i = 0; guests->stopping && i < guests->count; i++) {
		struct guest *guest = guests->items[i];

		if (!is_there(guest))
			continue;
		guest_set_text(&guest->pending_reason, "killed: the host goes down at once");
		guest_handle(guest, GUEST_EVENT_KILL, GUEST_EXIT_UNKNOWN);
	}
}
