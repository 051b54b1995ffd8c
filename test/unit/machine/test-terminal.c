// SPDX-License-Identifier: GPL-2.0-or-later
// Texts in the middle of terminals of any size; which input devices are a keyboard or a pointer.
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "machine/console/terminal.h"
#include "machine/device/input-devices.h"

#define BEGIN "\033c\033[0m\033[2J\033[?25l"

static void test_layout(void **)
{
	_cleanup_free_ char *one = terminal_layout("four", 25, 80);
	_cleanup_free_ char *three = terminal_layout("a\n\n\303\244\303\266", 25, 80);
	_cleanup_free_ char *small = terminal_layout("much too wide\nb\nc", 2, 4);
	_cleanup_free_ char *empty = terminal_layout("", 1, 1);

	assert_string_equal(one, BEGIN "\033[13;39Hfour\033[25;1H");
	/* characters are counted, not bytes */
	assert_string_equal(three, BEGIN "\033[12;40Ha\033[13;41H\033[14;40H\303\244\303\266"
					 "\033[25;1H");
	assert_string_equal(small, BEGIN "\033[1;1Hmuch too wide\033[2;2Hb\033[3;2Hc\033[2;1H");
	assert_string_equal(empty, BEGIN "\033[1;1H\033[1;1H");
}

static void set(uint64_t *bits, unsigned int bit)
{
	bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void test_wanted(void **)
{
	uint64_t keyboard[INPUT_BITS_WORDS] = {}, button[INPUT_BITS_WORDS] = {},
		 mouse[INPUT_BITS_WORDS] = {}, keypad[INPUT_BITS_WORDS] = {};

	set(keyboard, KEY_A);
	set(keyboard, KEY_POWER);
	set(button, KEY_POWER); /* the machine's: hostd's alone */
	set(mouse, BTN_LEFT);
	set(keypad, KEY_KP0);
	assert_true(input_device_is_wanted(keyboard, 0, 0));
	assert_true(input_device_is_wanted(keypad, 0, 0));
	assert_false(input_device_is_wanted(button, 0, 0));
	assert_true(input_device_is_wanted(mouse, 1 << REL_X, 0));
	assert_true(input_device_is_wanted(mouse, 0, 1 << ABS_X));
	assert_false(input_device_is_wanted(mouse, 0, 0));
	assert_false(input_device_is_wanted(button, 1 << REL_X, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
