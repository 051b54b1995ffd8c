/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may start, and who may stop, with regard to "after". Pure: to be asked again whenever
 * something has changed. */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct guest_order_guest {
	const char *name; /* each is there once */
	const struct text_list
		*after; /* names; those of guests that are not there count as failed */
	bool wants_start; /* to be started when its turn has come; has no process then */
	bool is_ready; /* those after it may start */
	bool is_idle; /* stopped or failed, and no start of its own is due */
	bool has_process;
};

enum guest_turn {
	GUEST_TURN_NONE, /* does not want to start */
	GUEST_TURN_NOW,
	GUEST_TURN_NOW_WITHOUT, /* now, although other does not run and is not going to */
	GUEST_TURN_NOW_IN_LOOP, /* now, although other waits for it in turn */
	GUEST_TURN_WAIT, /* for other: it starts, is not ready yet, crashed, or waits itself */
};

struct guest_order_turn {
	enum guest_turn turn;
	const char *other; /* weak: a name of its after; NULL with NONE and NOW */
};

/*
 * Says of each guest whether it may start now; ret_turns has count of them. A dependency that is
 * failed or stopped holds nobody up. Of guests that wait for each other in a circle, which the
 * configuration refuses, the first by name starts without them. Returns 0 or -ENOMEM.
 */
int guest_order_starts(const struct guest_order_guest *guests, size_t count,
		       struct guest_order_turn *ret_turns);
/* "waiting for db", "db does not run"…: new string, or NULL where nothing is to be said. */
char *guest_order_reason(const struct guest_order_turn *turn);

/*
 * When all are to stop: which of those that have a process may be stopped now, because nothing that
 * comes after them has one. ret_now has count of them. Of a circle the last by name goes first.
 * Returns 0 or -ENOMEM.
 */
int guest_order_stops(const struct guest_order_guest *guests, size_t count, bool *ret_now);
