/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key combinations that a guest never sees. Pure. */
#pragma once

#include <stdint.h>

/* A modifier is either of its two keys. */
enum screen_modifier {
	SCREEN_MODIFIER_CTRL = 1 << 0,
	SCREEN_MODIFIER_ALT = 1 << 1,
	SCREEN_MODIFIER_SHIFT = 1 << 2,
	SCREEN_MODIFIER_META = 1 << 3,
};

/* code is a KEY_ of linux/input-event-codes.h; 0: no such hotkey. */
struct screen_hotkey {
	uint16_t modifiers, code;
};

/* guests: the first of the function keys for guests; the next one is the second guest's. */
struct screen_hotkeys {
	struct screen_hotkey dashboard, end, guests;
};

enum screen_action_kind {
	SCREEN_ACTION_PASS, /* for the guest */
	SCREEN_ACTION_SWALLOW, /* the release of a hotkey, or its repetition */
	SCREEN_ACTION_DASHBOARD,
	SCREEN_ACTION_END,
	SCREEN_ACTION_GUEST,
};

struct screen_action {
	enum screen_action_kind kind;
	unsigned int guest; /* for SCREEN_ACTION_GUEST, from 0 */
};

struct screen_hotkey_state {
	struct screen_hotkeys hotkeys;
	unsigned int left, right; /* held modifiers, sets */
	uint16_t swallowed; /* the key of a hotkey, until it is released */
};

/* A key was pressed (or repeats), or released. All keyboards act as one. */
struct screen_action screen_hotkey_key(struct screen_hotkey_state *state, uint16_t code, bool down);
/* Nothing is held any more: the keyboards are gone or released. */
void screen_hotkey_reset(struct screen_hotkey_state *state);
