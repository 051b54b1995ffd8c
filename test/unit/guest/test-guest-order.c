// SPDX-License-Identifier: GPL-2.0-or-later
// Who may start and stop: chains, diamonds, circles, dependencies that fail or do not exist.
// link: -Wl,--wrap=calloc
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdint.h>
#include <string.h>

#include "guest/guest-order.h"

#define GUESTS_MAX 300

static unsigned int calloc_fails_at;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (calloc_fails_at && --calloc_fails_at == 0)
		return NULL;
	return __real_calloc(count, size);
}

/* What a guest is doing, in one letter. */
enum doing {
	WANTS = 'w', /* to start */
	STARTING = 's', /* or running and not ready, stopping, crashed */
	CRASHED = 'c', /* will start again */
	READY = 'r',
	FAILED = 'f', /* or stopped */
};

struct world {
	struct guest_order_guest guests[GUESTS_MAX];
	struct text_list lists[GUESTS_MAX];
	struct guest_order_turn turns[GUESTS_MAX];
	bool stops[GUESTS_MAX];
	size_t count;
};

static void world_done(struct world *world)
{
	for (size_t i = 0; i < world->count; i++)
		text_list_done(&world->lists[i]);
}

static void set(struct world *world, size_t index, enum doing doing)
{
	struct guest_order_guest *guest = &world->guests[index];

	*guest = (struct guest_order_guest){
		.name = guest->name,
		.after = guest->after,
		.wants_start = doing == WANTS,
		.is_ready = doing == READY,
		.is_idle = doing == FAILED || doing == WANTS,
		.has_process = doing == STARTING || doing == READY,
	};
}

/* after is names with spaces between. */
static void add(struct world *world, const char *name, enum doing doing, const char *after)
{
	size_t index = world->count++;
	char copy[128], *rest = copy, *word = NULL;

	assert_true(index < GUESTS_MAX && strlen(after) < sizeof(copy));
	(void)strcpy(copy, after);
	while ((word = strsep(&rest, " ")))
		if (*word)
			assert_int_equal(text_list_add(&world->lists[index], word), 0);
	world->guests[index].name = name;
	world->guests[index].after = &world->lists[index];
	set(world, index, doing);
}

static void ask(struct world *world)
{
	assert_int_equal(guest_order_starts(world->guests, world->count, world->turns), 0);
	assert_int_equal(guest_order_stops(world->guests, world->count, world->stops), 0);
}

static void assert_turn(const struct world *world, size_t index, enum guest_turn turn,
			const char *other)
{
	const struct guest_order_turn *got = &world->turns[index];

	if (got->turn != turn || !text_equal(got->other, other))
		fail_msg("%s: turn %u for %s; expected %u for %s", world->guests[index].name,
			 got->turn, got->other ? got->other : "-", turn, other ? other : "-");
}

static void chain(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "app", WANTS, "db");
	add(&world, "db", WANTS, "net");
	add(&world, "net", WANTS, "");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "db");
	assert_turn(&world, 1, GUEST_TURN_WAIT, "net");
	assert_turn(&world, 2, GUEST_TURN_NOW, NULL);
	set(&world, 2, STARTING);
	ask(&world);
	assert_turn(&world, 1, GUEST_TURN_WAIT, "net");
	assert_turn(&world, 2, GUEST_TURN_NONE, NULL);
	set(&world, 2, CRASHED);
	ask(&world);
	assert_turn(&world, 1, GUEST_TURN_WAIT, "net");
	set(&world, 2, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "db");
	assert_turn(&world, 1, GUEST_TURN_NOW, NULL);
	set(&world, 1, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW, NULL);
}

static void diamond(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "a", WANTS, "left right");
	add(&world, "left", WANTS, "root");
	add(&world, "right", WANTS, "root");
	add(&world, "root", READY, "");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "left");
	assert_turn(&world, 1, GUEST_TURN_NOW, NULL);
	assert_turn(&world, 2, GUEST_TURN_NOW, NULL);
	set(&world, 1, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "right");
	set(&world, 2, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW, NULL);

	/* And back. */
	set(&world, 0, READY);
	ask(&world);
	assert_true(world.stops[0] && !world.stops[1] && !world.stops[2] && !world.stops[3]);
	set(&world, 0, FAILED);
	ask(&world);
	assert_true(!world.stops[0] && world.stops[1] && world.stops[2] && !world.stops[3]);
	set(&world, 1, FAILED);
	ask(&world);
	assert_true(world.stops[2] && !world.stops[3]);
	set(&world, 2, CRASHED); /* has no process, and will get none in a shutdown */
	ask(&world);
	assert_true(world.stops[3] && !world.stops[2]);
}

/* What does not come is not waited for, but what does is, even so. */
static void dependencies_that_do_not_come(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "a", WANTS, "gone db");
	add(&world, "b", WANTS, "db");
	add(&world, "c", WANTS, "gone slow");
	add(&world, "d", WANTS, "ok");
	add(&world, "db", FAILED, "");
	add(&world, "ok", READY, "db");
	add(&world, "slow", STARTING, "");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW_WITHOUT, "gone");
	assert_turn(&world, 1, GUEST_TURN_NOW_WITHOUT, "db");
	assert_turn(&world, 2, GUEST_TURN_WAIT, "slow");
	assert_turn(&world, 3, GUEST_TURN_NOW, NULL);
	/* One that failed and is wanted again is waited for. */
	set(&world, 4, WANTS);
	ask(&world);
	assert_turn(&world, 1, GUEST_TURN_WAIT, "db");
}

static void circles(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "c", WANTS, "b net");
	add(&world, "b", WANTS, "c");
	add(&world, "outside", WANTS, "c");
	add(&world, "net", STARTING, "");
	add(&world, "self", WANTS, "self");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "b");
	assert_turn(&world, 1, GUEST_TURN_NOW_IN_LOOP, "c");
	assert_turn(&world, 2, GUEST_TURN_WAIT, "c");
	assert_turn(&world, 4, GUEST_TURN_NOW_IN_LOOP, "self");
	set(&world, 1, STARTING);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "b");
	set(&world, 1, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "net");
	set(&world, 3, READY);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW, NULL);
	set(&world, 0, READY);
	set(&world, 4, READY);
	ask(&world);
	/* c goes first, for it came last; one that waits for itself need not. */
	assert_true(world.stops[0] && !world.stops[1] && !world.stops[3] && world.stops[4]);
}

/* The one that breaks a circle still waits for what is outside of it. */
static void circle_that_waits(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "a", WANTS, "b net");
	add(&world, "b", WANTS, "a");
	add(&world, "net", STARTING, "");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_WAIT, "net");
	assert_turn(&world, 1, GUEST_TURN_WAIT, "a");
	set(&world, 2, FAILED);
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW_IN_LOOP, "b");
}

static void reasons(void **)
{
	static const struct {
		struct guest_order_turn turn;
		const char *reason;
	} cases[] = {
		{ { GUEST_TURN_NONE, NULL }, NULL },
		{ { GUEST_TURN_NOW, NULL }, NULL },
		{ { GUEST_TURN_NOW_WITHOUT, "db" }, "db does not run" },
		{ { GUEST_TURN_NOW_IN_LOOP, "db" }, "db waits for it in turn" },
		{ { GUEST_TURN_WAIT, "db" }, "waiting for db" },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *reason = guest_order_reason(&cases[i].turn);

		assert_true(text_equal(reason, cases[i].reason));
	}
}

static void name_guests(char names[GUESTS_MAX][8])
{
	for (unsigned int i = 0; i < GUESTS_MAX; i++)
		(void)snprintf(names[i], sizeof(names[i]), "g%u", i);
}

/* Whatever waits for whatever: all start in the end, and all stop, each once. */
static void random_graphs(void **)
{
	static char names[GUESTS_MAX][8];

	name_guests(names);
	for (unsigned int seed = 1; seed <= 300; seed++) {
		_cleanup_(world_done) struct world world = {};
		size_t count = 2 + seed % 12, started = 0, stopped = 0;

		srand(seed);
		for (size_t i = 0; i < count; i++)
			add(&world, names[i], WANTS, "");
		for (size_t e = 0; e < count * 2; e++)
			assert_int_equal(text_list_add(&world.lists[(size_t)rand() % count],
						       names[(size_t)rand() % count]),
					 0);
		for (size_t round = 0; round < count; round++) {
			ask(&world);
			for (size_t i = 0; i < count; i++)
				if (world.turns[i].turn == GUEST_TURN_NOW ||
				    world.turns[i].turn == GUEST_TURN_NOW_IN_LOOP) {
					set(&world, i, READY);
					started++;
				}
		}
		assert_int_equal(started, count);
		for (size_t round = 0; round < count; round++) {
			ask(&world);
			for (size_t i = 0; i < count; i++)
				if (world.stops[i]) {
					set(&world, i, FAILED);
					stopped++;
				}
		}
		assert_int_equal(stopped, count);
	}
}

static void long_chain(void **)
{
	static char names[GUESTS_MAX][8];
	_cleanup_(world_done) struct world world = {};

	name_guests(names);
	for (size_t i = 0; i < GUESTS_MAX; i++)
		add(&world, names[i], WANTS, i ? names[i - 1] : "");
	ask(&world);
	assert_turn(&world, 0, GUEST_TURN_NOW, NULL);
	for (size_t i = 1; i < GUESTS_MAX; i++)
		assert_turn(&world, i, GUEST_TURN_WAIT, names[i - 1]);
}

static void nobody(void **)
{
	struct world world = {};

	ask(&world);
}

static void no_memory(void **)
{
	_cleanup_(world_done) struct world world = {};

	add(&world, "a", WANTS, "b");
	add(&world, "b", READY, "");
	for (unsigned int n = 1; n <= 2; n++) {
		calloc_fails_at = n;
		assert_int_equal(guest_order_starts(world.guests, world.count, world.turns),
				 -ENOMEM);
		calloc_fails_at = n;
		assert_int_equal(guest_order_stops(world.guests, world.count, world.stops),
				 -ENOMEM);
	}
	ask(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain),
		cmocka_unit_test(diamond),
		cmocka_unit_test(dependencies_that_do_not_come),
		cmocka_unit_test(circles),
		cmocka_unit_test(circle_that_waits),
		cmocka_unit_test(reasons),
		cmocka_unit_test(random_graphs),
		cmocka_unit_test(long_chain),
		cmocka_unit_test(nobody),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
