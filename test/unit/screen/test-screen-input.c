// SPDX-License-Identifier: GPL-2.0-or-later
// evdev's events of several devices, and what becomes of them; the numbers of keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "screen/screen-input.h"
#include "screen/screen-keys.h"

/* What came, as text: "+30 -30 (1 20,30)". */
static char seen[1024];

static void on_key(uint16_t code, bool down, void *)
{
	(void)sprintf(seen + strlen(seen), "%c%u ", down ? '+' : '-', code);
}

static void on_pointer(unsigned int buttons, int x, int y, void *)
{
	(void)sprintf(seen + strlen(seen), "(%u %d,%d) ", buttons, x, y);
}

static struct screen_input new_input(void)
{
	struct screen_input input = {
		.callbacks = { .key = on_key, .pointer = on_pointer },
		.screen_width = 101,
		.screen_height = 51,
	};

	screen_input_set_area(&input, &(struct pixel_rect){ 10, 10, 80, 30 });
	seen[0] = '\0';
	return input;
}

static bool send(struct screen_input *input, struct screen_device *device, unsigned int type,
		 unsigned int code, int value)
{
	const struct input_event event = { .type = (uint16_t)type,
					   .code = (uint16_t)code,
					   .value = value };

	return screen_input_event(input, device, &event);
}

static void sync(struct screen_input *input, struct screen_device *device)
{
	(void)send(input, device, EV_SYN, SYN_REPORT, 0);
}

static void expect(const char *text)
{
	assert_string_equal(seen, text);
	seen[0] = '\0';
}

static void test_keys(void **)
{
	struct screen_input input = new_input();
	struct screen_device one = {}, two = {};

	(void)send(&input, &one, EV_KEY, KEY_A, 1);
	(void)send(&input, &one, EV_KEY, KEY_A, 2);
	(void)send(&input, &two, EV_KEY, KEY_A, 1);
	assert_int_equal(input.held_count, 1);
	(void)send(&input, &one, EV_KEY, KEY_A, 0);
	expect("+30 +30 ");
	(void)send(&input, &two, EV_KEY, KEY_A, 0);
	(void)send(&input, &two, EV_KEY, KEY_A, 0);
	(void)send(&input, &two, EV_KEY, KEY_A, 2); /* of a key that is not held */
	expect("-30 ");
	assert_int_equal(input.held_count, 0);
	(void)send(&input, &one, EV_KEY, KEY_CNT, 1);
	(void)send(&input, &one, EV_KEY, 0xffff, 1);
	expect("");
}

static void test_gone(void **)
{
	static const uint64_t none[SCREEN_KEY_WORDS];
	struct screen_input input = new_input();
	struct screen_device one = {}, two = {};

	(void)send(&input, &one, EV_KEY, KEY_A, 1);
	(void)send(&input, &one, EV_KEY, KEY_B, 1);
	(void)send(&input, &two, EV_KEY, KEY_B, 1);
	expect("+30 +48 ");
	screen_input_sync(&input, &one, none);
	expect("-30 ");
	assert_int_equal(input.held_count, 1);
}

static void test_dropped(void **)
{
	uint64_t keys[SCREEN_KEY_WORDS] = { UINT64_C(1) << KEY_C };
	struct screen_input input = new_input();
	struct screen_device one = {};

	(void)send(&input, &one, EV_KEY, KEY_A, 1);
	assert_false(send(&input, &one, EV_SYN, SYN_DROPPED, 0));
	(void)send(&input, &one, EV_KEY, KEY_B, 1);
	(void)send(&input, &one, EV_REL, REL_X, 1);
	expect("+30 ");
	assert_true(send(&input, &one, EV_SYN, SYN_REPORT, 0));
	screen_input_sync(&input, &one, keys);
	expect("-30 +46 ");
}

static void test_mouse(void **)
{
	struct screen_input input = new_input();
	struct screen_device one = {};

	(void)send(&input, &one, EV_REL, REL_X, 5);
	(void)send(&input, &one, EV_REL, REL_Y, 7);
	(void)send(&input, &one, EV_REL, REL_X, 1);
	expect("");
	sync(&input, &one);
	expect("(0 16,17) ");
	sync(&input, &one);
	expect("");
	(void)send(&input, &one, EV_REL, REL_X, -100);
	(void)send(&input, &one, EV_REL, REL_Y, 100);
	sync(&input, &one);
	expect("(0 10,39) "); /* it stays in its area */
	(void)send(&input, &one, EV_KEY, BTN_LEFT, 1);
	(void)send(&input, &one, EV_KEY, BTN_RIGHT, 1);
	sync(&input, &one);
	(void)send(&input, &one, EV_KEY, BTN_LEFT, 0);
	(void)send(&input, &one, EV_KEY, BTN_SIDE, 1); /* RFB has none */
	sync(&input, &one);
	expect("(5 10,39) (4 10,39) ");
	(void)send(&input, &one, EV_REL, REL_WHEEL, 2);
	sync(&input, &one);
	(void)send(&input, &one, EV_REL, REL_WHEEL, -1);
	sync(&input, &one);
	expect("(12 10,39) (4 10,39) (12 10,39) (4 10,39) (20 10,39) (4 10,39) ");
	assert_int_equal(input.held_count, 0); /* buttons do not keep anything from us */
}

static void test_relative(void **)
{
	struct screen_input input = new_input();
	struct screen_device mouse = {}, tablet = { .x = { 0, 1000 }, .y = { 0, 500 } };

	input.relative = true;
	(void)send(&input, &mouse, EV_REL, REL_X, -500);
	sync(&input, &mouse);
	(void)send(&input, &mouse, EV_REL, REL_Y, INT32_MAX);
	(void)send(&input, &mouse, EV_REL, REL_Y, INT32_MAX);
	sync(&input, &mouse);
	expect("(0 -500,0) (0 0,16383) ");
	(void)send(&input, &tablet, EV_ABS, ABS_X, 300);
	(void)send(&input, &tablet, EV_ABS, ABS_Y, 200);
	sync(&input, &tablet);
	(void)send(&input, &tablet, EV_ABS, ABS_X, 310);
	sync(&input, &tablet);
	expect("(0 20,10) (0 1,0) ");
}

static void test_tablet(void **)
{
	struct screen_input input = new_input();
	struct screen_device one = { .x = { -1000, 1000 }, .y = { 0, 500 } }, none = {};

	(void)send(&input, &one, EV_ABS, ABS_X, 0);
	(void)send(&input, &one, EV_ABS, ABS_Y, 250);
	(void)send(&input, &one, EV_ABS, ABS_PRESSURE, 250);
	(void)send(&input, &one, EV_KEY, BTN_TOUCH, 1);
	sync(&input, &one);
	expect("(1 50,25) ");
	(void)send(&input, &one, EV_ABS, ABS_X, INT32_MAX);
	(void)send(&input, &one, EV_ABS, ABS_Y, INT32_MIN);
	sync(&input, &one);
	expect("(1 89,10) ");
	(void)send(&input, &none, EV_ABS, ABS_X, 7); /* it has not said what its axes are */
	sync(&input, &none);
	expect("");
}

static void test_numbers(void **)
{
	assert_int_equal(screen_key_number(KEY_ESC), 0x01);
	assert_int_equal(screen_key_number(KEY_A), 0x1e);
	assert_int_equal(screen_key_number(KEY_F12), 0x58);
	assert_int_equal(screen_key_number(KEY_102ND), 0x56);
	assert_int_equal(screen_key_number(KEY_RIGHTALT), 0xb8);
	assert_int_equal(screen_key_number(KEY_DELETE), 0xd3);
	assert_int_equal(screen_key_number(KEY_YEN), 0x7d);
	assert_int_equal(screen_key_number(KEY_PAUSE), 0xc6);
	assert_int_equal(screen_key_number(KEY_SYSRQ), 0x54);
	assert_int_equal(screen_key_number(KEY_RESERVED), 0);
	assert_int_equal(screen_key_number(84), 0);
	assert_int_equal(screen_key_number(KEY_FN), 0);
	assert_int_equal(screen_key_number(0xffff), 0);
}

/* No two keys are one to the guest. */
static void test_numbers_differ(void **)
{
	unsigned int uses[256] = {};

	for (unsigned int code = 1; code < KEY_CNT; code++) {
		uint16_t number = screen_key_number((uint16_t)code);

		assert_true(number < 256);
		if (number)
			assert_int_equal(++uses[number], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),     cmocka_unit_test(test_gone),
		cmocka_unit_test(test_dropped),  cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_relative), cmocka_unit_test(test_tablet),
		cmocka_unit_test(test_numbers),  cmocka_unit_test(test_numbers_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
