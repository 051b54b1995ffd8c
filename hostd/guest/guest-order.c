// SPDX-License-Identifier: GPL-2.0-or-later
// Who waits for whom: the edges of a graph, what can be reached along them, and where a circle is
// broken.
#include "guest-order.h"

#include <string.h>

#define NOBODY SIZE_MAX

/* Square matrices of count by count. */
struct waits {
	const struct guest_order_guest *guests;
	size_t count;
	bool *direct; /* [a * count + b]: a waits for b */
	bool *reach; /* a waits for b, or for one that waits for it */
};

static void waits_done(struct waits *waits)
{
	free(waits->direct);
	free(waits->reach);
}

static bool *at(const struct waits *waits, bool *matrix, size_t a, size_t b)
{
	return &matrix[a * waits->count + b];
}

static size_t find(const struct guest_order_guest *guests, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(guests[i].name, name) == 0)
			return i;
	return NOBODY;
}

static bool holds_up_start(const struct guest_order_guest *dependency)
{
	return !dependency->is_ready && (dependency->wants_start || !dependency->is_idle);
}

/* Calls add for every a that has b in its list. */
static void each_after(struct waits *waits, void (*add)(struct waits *waits, size_t a, size_t b))
{
	for (size_t a = 0; a < waits->count; a++) {
		const struct text_list *after = waits->guests[a].after;

		for (size_t i = 0; i < after->count; i++) {
			size_t b = find(waits->guests, waits->count, after->items[i]);

			if (b != NOBODY)
				add(waits, a, b);
		}
	}
}

static void add_start(struct waits *waits, size_t a, size_t b)
{
	if (waits->guests[a].wants_start && holds_up_start(&waits->guests[b]))
		*at(waits, waits->direct, a, b) = true;
}

static void add_stop(struct waits *waits, size_t a, size_t b)
{
	if (waits->guests[a].has_process && waits->guests[b].has_process)
		*at(waits, waits->direct, b, a) = true;
}

/* Warshall's transitive closure. */
static void close_over(struct waits *waits)
{
	size_t count = waits->count;

	for (size_t via = 0; via < count; via++)
		for (size_t a = 0; a < count; a++) {
			if (!*at(waits, waits->reach, a, via))
				continue;
			for (size_t b = 0; b < count; b++)
				*at(waits, waits->reach, a, b) |= *at(waits, waits->reach, via, b);
		}
}

static int waits_init(struct waits *waits, const struct guest_order_guest *guests, size_t count,
		      void (*add)(struct waits *waits, size_t a, size_t b))
{
	size_t cells = count * count;

	*waits = (struct waits){ .guests = guests, .count = count };
	waits->direct = calloc(cells ? cells : 1, sizeof(bool));
	waits->reach = calloc(cells ? cells : 1, sizeof(bool));
	if (!waits->direct || !waits->reach)
		return -ENOMEM;
	each_after(waits, add);
	memcpy(waits->reach, waits->direct, cells * sizeof(bool));
	close_over(waits);
	return 0;
}

static bool in_circle(const struct waits *waits, size_t a, size_t b)
{
	return *at(waits, waits->reach, a, b) && *at(waits, waits->reach, b, a);
}

/* Whether its name is the first of its circle (sign 1), or the last (sign -1). */
static bool breaks_circle(const struct waits *waits, size_t a, int sign)
{
	for (size_t b = 0; b < waits->count; b++) {
		int order = strcmp(waits->guests[b].name, waits->guests[a].name);

		if (in_circle(waits, a, b) && (sign > 0 ? order < 0 : order > 0))
			return false;
	}
	return true;
}

/* A guest waits for those outside of its circle; inside, all but one do. */
static bool has_to_wait(const struct waits *waits, size_t a, size_t b, int sign)
{
	if (!*at(waits, waits->direct, a, b))
		return false;
	return !in_circle(waits, a, b) || !breaks_circle(waits, a, sign);
}

static struct guest_order_turn turn_of(const struct waits *waits, size_t a)
{
	const struct text_list *after = waits->guests[a].after;
	struct guest_order_turn turn = { .turn = GUEST_TURN_NOW };

	if (!waits->guests[a].wants_start)
		return (struct guest_order_turn){ .turn = GUEST_TURN_NONE };
	for (size_t i = 0; i < after->count; i++) {
		const char *name = after->items[i];
		size_t b = find(waits->guests, waits->count, name);

		if (b != NOBODY && has_to_wait(waits, a, b, 1))
			return (struct guest_order_turn){ GUEST_TURN_WAIT, name };
		if (turn.turn != GUEST_TURN_NOW || (b != NOBODY && waits->guests[b].is_ready))
			continue;
		turn.turn = b != NOBODY && in_circle(waits, a, b) ? GUEST_TURN_NOW_IN_LOOP
								  : GUEST_TURN_NOW_WITHOUT;
		turn.other = name;
	}
	return turn;
}

int guest_order_starts(const struct guest_order_guest *guests, size_t count,
		       struct guest_order_turn *ret_turns)
{
	_cleanup_(waits_done) struct waits waits = {};
	int r = waits_init(&waits, guests, count, add_start);

	if (r < 0)
		return r;
	for (size_t a = 0; a < count; a++)
		ret_turns[a] = turn_of(&waits, a);
	return 0;
}

char *guest_order_reason(const struct guest_order_turn *turn)
{
	switch (turn->turn) {
	case GUEST_TURN_NONE:
	case GUEST_TURN_NOW:
		break;
	case GUEST_TURN_NOW_WITHOUT:
		return text_format("%s does not run", turn->other);
	case GUEST_TURN_NOW_IN_LOOP:
		return text_format("%s waits for it in turn", turn->other);
	case GUEST_TURN_WAIT:
		return text_format("waiting for %s", turn->other);
	}
	return NULL;
}

int guest_order_stops(const struct guest_order_guest *guests, size_t count, bool *ret_now)
{
	_cleanup_(waits_done) struct waits waits = {};
	int r = waits_init(&waits, guests, count, add_stop);

	if (r < 0)
		return r;
	for (size_t a = 0; a < count; a++) {
		ret_now[a] = guests[a].has_process;
		for (size_t b = 0; b < count && ret_now[a]; b++)
			ret_now[a] = !has_to_wait(&waits, a, b, -1);
	}
	return 0;
}
