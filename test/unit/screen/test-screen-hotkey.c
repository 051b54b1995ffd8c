// SPDX-License-Identifier: GPL-2.0-or-later
// Hotkeys, key by key: what a guest gets and what it never sees.
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "screen/screen-hotkey.h"

#define CTRL_ALT (SCREEN_MODIFIER_CTRL | SCREEN_MODIFIER_ALT)

static struct screen_hotkey_state new_state(void)
{
	return (struct screen_hotkey_state){
		.hotkeys = { .dashboard = { CTRL_ALT, KEY_F1 },
			     .end = { CTRL_ALT, KEY_ESC },
			     .guests = { CTRL_ALT, KEY_F2 } },
	};
}

static void press(struct screen_hotkey_state *state, uint16_t code,
		  enum screen_action_kind expected)
{
	assert_int_equal(screen_hotkey_key(state, code, true).kind, expected);
}

static void release(struct screen_hotkey_state *state, uint16_t code,
		    enum screen_action_kind expected)
{
	assert_int_equal(screen_hotkey_key(state, code, false).kind, expected);
}

static void test_dashboard(void **)
{
	struct screen_hotkey_state state = new_state();

	press(&state, KEY_LEFTCTRL, SCREEN_ACTION_PASS);
	press(&state, KEY_RIGHTALT, SCREEN_ACTION_PASS);
	press(&state, KEY_F1, SCREEN_ACTION_DASHBOARD);
	press(&state, KEY_F1, SCREEN_ACTION_SWALLOW); /* it repeats */
	press(&state, KEY_A, SCREEN_ACTION_PASS);
	release(&state, KEY_F1, SCREEN_ACTION_SWALLOW);
	release(&state, KEY_F1, SCREEN_ACTION_PASS);
	release(&state, KEY_RIGHTALT, SCREEN_ACTION_PASS);
	press(&state, KEY_F1, SCREEN_ACTION_PASS);
}

static void test_modifiers(void **)
{
	struct screen_hotkey_state state = new_state();

	press(&state, KEY_F1, SCREEN_ACTION_PASS);
	release(&state, KEY_F1, SCREEN_ACTION_PASS);
	press(&state, KEY_LEFTALT, SCREEN_ACTION_PASS);
	press(&state, KEY_F4, SCREEN_ACTION_PASS);
	release(&state, KEY_F4, SCREEN_ACTION_PASS);
	press(&state, KEY_LEFTCTRL, SCREEN_ACTION_PASS);
	press(&state, KEY_DELETE, SCREEN_ACTION_PASS); /* the guest's */
	press(&state, KEY_LEFTSHIFT, SCREEN_ACTION_PASS);
	press(&state, KEY_F1, SCREEN_ACTION_PASS); /* one modifier too many */
	release(&state, KEY_F1, SCREEN_ACTION_PASS);
	release(&state, KEY_LEFTSHIFT, SCREEN_ACTION_PASS);
	/* Both of a kind are held; one is enough. */
	press(&state, KEY_RIGHTCTRL, SCREEN_ACTION_PASS);
	release(&state, KEY_LEFTCTRL, SCREEN_ACTION_PASS);
	press(&state, KEY_ESC, SCREEN_ACTION_END);
	screen_hotkey_reset(&state);
	press(&state, KEY_ESC, SCREEN_ACTION_PASS);
}

static void test_guests(void **)
{
	static const uint16_t keys[] = { KEY_F2, KEY_F3, KEY_F4,  KEY_F5,  KEY_F6, KEY_F7,
					 KEY_F8, KEY_F9, KEY_F10, KEY_F11, KEY_F12 };
	struct screen_hotkey_state state = new_state();

	press(&state, KEY_LEFTCTRL, SCREEN_ACTION_PASS);
	press(&state, KEY_LEFTALT, SCREEN_ACTION_PASS);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct screen_action action = screen_hotkey_key(&state, keys[i], true);

		assert_int_equal(action.kind, SCREEN_ACTION_GUEST);
		assert_int_equal(action.guest, i);
		release(&state, keys[i], SCREEN_ACTION_SWALLOW);
	}
	press(&state, KEY_F13, SCREEN_ACTION_PASS);
	press(&state, KEY_NUMLOCK, SCREEN_ACTION_PASS); /* between F10 and F11 */
}

static void test_none(void **)
{
	struct screen_hotkey_state state = {};

	press(&state, KEY_LEFTCTRL, SCREEN_ACTION_PASS);
	press(&state, KEY_LEFTALT, SCREEN_ACTION_PASS);
	press(&state, KEY_F1, SCREEN_ACTION_PASS);
	press(&state, KEY_F2, SCREEN_ACTION_PASS);
	press(&state, KEY_ESC, SCREEN_ACTION_PASS);
	press(&state, KEY_RESERVED, SCREEN_ACTION_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dashboard),
		cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
