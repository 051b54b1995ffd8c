// SPDX-License-Identifier: GPL-2.0-or-later
// Hotkeys: which modifiers are held, and what a key means with them.
#include "screen-hotkey.h"

#include <linux/input-event-codes.h>
#include <stddef.h>

#include "base/cleanup.h"

static const struct {
	uint16_t left, right;
	enum screen_modifier modifier;
} modifier_keys[] = {
	{ KEY_LEFTCTRL, KEY_RIGHTCTRL, SCREEN_MODIFIER_CTRL },
	{ KEY_LEFTALT, KEY_RIGHTALT, SCREEN_MODIFIER_ALT },
	{ KEY_LEFTSHIFT, KEY_RIGHTSHIFT, SCREEN_MODIFIER_SHIFT },
	{ KEY_LEFTMETA, KEY_RIGHTMETA, SCREEN_MODIFIER_META },
};

/* F1 is 1; 0: none. F11 and F12 do not follow F10. */
static unsigned int function_key(uint16_t code)
{
	if (code >= KEY_F1 && code <= KEY_F10)
		return code - KEY_F1 + 1U;
	if (code == KEY_F11 || code == KEY_F12)
		return code - KEY_F11 + 11U;
	return 0;
}

static bool is_modifier(struct screen_hotkey_state *state, uint16_t code, bool down)
{
	for (size_t i = 0; i < ELEMENTS(modifier_keys); i++) {
		unsigned int *side = NULL;

		if (code == modifier_keys[i].left)
			side = &state->left;
		else if (code == modifier_keys[i].right)
			side = &state->right;
		else
			continue;
		if (down)
			*side |= modifier_keys[i].modifier;
		else
			*side &= ~(unsigned int)modifier_keys[i].modifier;
		return true;
	}
	return false;
}

static bool is_hotkey(const struct screen_hotkey *hotkey, unsigned int held, uint16_t code)
{
	return hotkey->code && hotkey->code == code && hotkey->modifiers == held;
}

static struct screen_action find(const struct screen_hotkeys *hotkeys, unsigned int held,
				 uint16_t code)
{
	unsigned int first = function_key(hotkeys->guests.code), key = function_key(code);

	if (is_hotkey(&hotkeys->dashboard, held, code))
		return (struct screen_action){ .kind = SCREEN_ACTION_DASHBOARD };
	if (is_hotkey(&hotkeys->end, held, code))
		return (struct screen_action){ .kind = SCREEN_ACTION_END };
	if (first && key >= first && hotkeys->guests.modifiers == held)
		return (struct screen_action){ .kind = SCREEN_ACTION_GUEST, .guest = key - first };
	return (struct screen_action){ .kind = SCREEN_ACTION_PASS };
}

struct screen_action screen_hotkey_key(struct screen_hotkey_state *state, uint16_t code, bool down)
{
	struct screen_action action = { .kind = SCREEN_ACTION_PASS };

	if (is_modifier(state, code, down))
		return action;
	if (state->swallowed && code == state->swallowed) {
		if (!down)
			state->swallowed = 0;
		return (struct screen_action){ .kind = SCREEN_ACTION_SWALLOW };
	}
	if (!down)
		return action;
	action = find(&state->hotkeys, state->left | state->right, code);
	if (action.kind != SCREEN_ACTION_PASS)
		state->swallowed = code;
	return action;
}

void screen_hotkey_reset(struct screen_hotkey_state *state)
{
	state->left = state->right = 0;
	state->swallowed = 0;
}
