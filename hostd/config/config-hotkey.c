// SPDX-License-Identifier: GPL-2.0-or-later
// Hotkeys: "ctrl-alt-f1".
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "config-parse.h"

/* In the order of their bits. */
static const char *const modifier_names[] = { "ctrl", "alt", "shift", "meta", NULL };

static const struct {
	const char *name;
	uint16_t code;
} key_names[] = {
	{ "escape", KEY_ESC },
	{ "backspace", KEY_BACKSPACE },
	{ "tab", KEY_TAB },
	{ "enter", KEY_ENTER },
	{ "space", KEY_SPACE },
	{ "f1", KEY_F1 },
	{ "f2", KEY_F2 },
	{ "f3", KEY_F3 },
	{ "f4", KEY_F4 },
	{ "f5", KEY_F5 },
	{ "f6", KEY_F6 },
	{ "f7", KEY_F7 },
	{ "f8", KEY_F8 },
	{ "f9", KEY_F9 },
	{ "f10", KEY_F10 },
	{ "f11", KEY_F11 },
	{ "f12", KEY_F12 },
	{ "home", KEY_HOME },
	{ "end", KEY_END },
	{ "pageup", KEY_PAGEUP },
	{ "pagedown", KEY_PAGEDOWN },
	{ "insert", KEY_INSERT },
	{ "delete", KEY_DELETE },
	{ "pause", KEY_PAUSE },
	{ "up", KEY_UP },
	{ "down", KEY_DOWN },
	{ "left", KEY_LEFT },
	{ "right", KEY_RIGHT },
	{ "0", KEY_0 },
	{ "1", KEY_1 },
	{ "2", KEY_2 },
	{ "3", KEY_3 },
	{ "4", KEY_4 },
	{ "5", KEY_5 },
	{ "6", KEY_6 },
	{ "7", KEY_7 },
	{ "8", KEY_8 },
	{ "9", KEY_9 },
};

static const char *key_name(uint16_t code)
{
	for (size_t i = 0; i < ELEMENTS(key_names); i++)
		if (key_names[i].code == code)
			return key_names[i].name;
	return NULL;
}

char *hotkey_config_format(const struct hotkey_config *hotkey,
			   char buffer[static HOTKEY_CONFIG_BYTES])
{
	const char *key = key_name(hotkey->code);
	size_t length = 0;

	if (!key) {
		(void)strcpy(buffer, "none");
		return buffer;
	}
	for (size_t i = 0; modifier_names[i]; i++)
		if (hotkey->modifiers & 1U << i)
			length += (size_t)sprintf(buffer + length, "%s-", modifier_names[i]);
	(void)strcpy(buffer + length, key);
	return buffer;
}

/* "ctrl-alt-f1". Returns 0, or -EINVAL. */
static int parse_hotkey(const char *text, struct hotkey_config *ret_hotkey)
{
	struct hotkey_config hotkey = {};

	if (strcmp(text, "none") == 0) {
		*ret_hotkey = hotkey;
		return 0;
	}
	for (const char *dash = strchr(text, '-'); dash; dash = strchr(text, '-')) {
		char word[8] = {};
		int modifier = -1;

		if ((size_t)(dash - text) < sizeof(word)) {
			memcpy(word, text, (size_t)(dash - text));
			modifier = config_name_index(modifier_names, word);
		}
		if (modifier < 0)
			return -EINVAL;
		hotkey.modifiers |= (uint16_t)(1U << modifier);
		text = dash + 1;
	}
	for (size_t i = 0; i < ELEMENTS(key_names); i++)
		if (strcmp(key_names[i].name, text) == 0)
			hotkey.code = key_names[i].code;
	if (!hotkey.code || !hotkey.modifiers || hotkey.modifiers == 1U << 2)
		return -EINVAL; /* it is typed all the time */
	*ret_hotkey = hotkey;
	return 0;
}

static int read_hotkey(const struct config_field *field, const char *text, void *object)
{
	return parse_hotkey(text, config_at(object, field->offset));
}

static const char *write_hotkey(const struct config_field *field, const void *object, char *buffer)
{
	return hotkey_config_format(config_at_const(object, field->offset), buffer);
}

const struct config_form config_hotkey_form = { read_hotkey, write_hotkey };

/* F1 to F10 follow each other, F11 and F12 do not. */
static int read_function_key(const struct config_field *field, const char *text, void *object)
{
	struct hotkey_config hotkey = {};
	uint16_t code = 0;

	if (parse_hotkey(text, &hotkey) < 0)
		return -EINVAL;
	code = hotkey.code;
	if (code && (code < KEY_F1 || code > KEY_F10) && code != KEY_F11 && code != KEY_F12)
		return -ERANGE;
	*(struct hotkey_config *)config_at(object, field->offset) = hotkey;
	return 0;
}

const struct config_form config_function_key_form = { read_function_key, write_hotkey };
