// SPDX-License-Identifier: GPL-2.0-or-later
// The keys about the machine's own screen: who has it, how it is scaled, and the hotkeys.
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "config-parse.h"

static const char *const scale_names[] = { "none", "integer", "fit", NULL };
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

const char *screen_scale_name(enum screen_scale_config scale)
{
	if ((size_t)scale >= ELEMENTS(scale_names) - 1)
		return NULL;
	return scale_names[scale];
}

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

static void set_hotkey(struct config_parse *parse, const struct config_entry *entry,
		       struct hotkey_config *output)
{
	const char *text = entry->values.items[0];

	if (parse_hotkey(text, output) < 0)
		config_wrong(parse, entry->line,
			     "%s is \"none\", or a key with ctrl, alt or meta like "
			     "\"ctrl-alt-f1\", not \"%s\"",
			     entry->key, text);
}

/* The function key and those behind it: F1 to F10 follow each other, F11 and F12 do not. */
static bool is_function_key(uint16_t code)
{
	return (code >= KEY_F1 && code <= KEY_F10) || code == KEY_F11 || code == KEY_F12;
}

void config_set_screen(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct host_config *config = object;

	if (!text_is_name(entry->values.items[0])) {
		config_wrong(parse, entry->line, "screen is the name of a guest, not \"%s\"",
			     entry->values.items[0]);
		return;
	}
	config_set_text(parse, entry, &config->screen.guest);
	config->screen.line = entry->line;
}

void config_set_scale(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct host_config *config = object;
	int chosen = config_choose(parse, entry, scale_names);

	if (chosen >= 0)
		config->screen.scale = (enum screen_scale_config)chosen;
}

void config_set_hotkey_dashboard(struct config_parse *parse, const struct config_entry *entry,
				 void *object)
{
	set_hotkey(parse, entry, &((struct host_config *)object)->screen.dashboard);
}

void config_set_hotkey_end(struct config_parse *parse, const struct config_entry *entry,
			   void *object)
{
	set_hotkey(parse, entry, &((struct host_config *)object)->screen.end);
}

void config_set_hotkey_guests(struct config_parse *parse, const struct config_entry *entry,
			      void *object)
{
	struct host_config *config = object;
	struct hotkey_config hotkey = config->screen.guests;

	set_hotkey(parse, entry, &hotkey);
	if (hotkey.code && !is_function_key(hotkey.code))
		config_wrong(parse, entry->line,
			     "%s is the first of the function keys for guests, like "
			     "\"ctrl-alt-f2\", not \"%s\"",
			     entry->key, entry->values.items[0]);
	else
		config->screen.guests = hotkey;
}

void screen_config_init(struct screen_config *screen)
{
	enum { CTRL_ALT = 3 };

	*screen = (struct screen_config){
		.dashboard = { CTRL_ALT, KEY_F1 },
		.end = { CTRL_ALT, KEY_ESC },
		.guests = { CTRL_ALT, KEY_F2 },
	};
}

static bool same_key(const struct hotkey_config *a, const struct hotkey_config *b)
{
	return a->code && a->code == b->code && a->modifiers == b->modifiers;
}

/* A guest that is not in the file may be on the data volume. */
void config_check_screen(struct config_parse *parse, const struct config_entry *root)
{
	struct screen_config *screen = &parse->config->screen;
	const struct guest_config *guest = NULL;

	if (same_key(&screen->dashboard, &screen->end)) {
		config_wrong(parse, config_line_of(root, "hotkey-end"),
			     "hotkey-end is the same as hotkey-dashboard: it does what that does");
		screen->end = (struct hotkey_config){};
	}
	if (!screen->guest)
		return;
	guest = host_config_find_guest(parse->config, screen->guest);
	if (guest && guest->display == GUEST_DISPLAY_NONE)
		config_wrong(parse, screen->line,
			     "screen: guest \"%s\" has no display: it wants display = \"vnc\"",
			     screen->guest);
}
