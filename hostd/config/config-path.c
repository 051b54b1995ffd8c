// SPDX-License-Identifier: GPL-2.0-or-later
// Names of files: where they are, and which are not a guest's to name.
#include "config-path.h"

#include <string.h>

#include "config-parse.h"

/* Past every "/" and "./" that a path begins with. */
static const char *without_start(const char *path)
{
	for (;;) {
		if (path[0] == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

struct config_path config_path_parse(const char *text)
{
	struct config_path path = { .place = CONFIG_PLACE_NONE, .name = "" };

	if (text_begins(text, CONFIG_DATA_IMAGES)) {
		path.place = CONFIG_PLACE_IMAGES;
		path.name = without_start(text + strlen(CONFIG_DATA_IMAGES));
	} else if (text_begins(text, CONFIG_DATA_GUESTS)) {
		path.guest = text + strlen(CONFIG_DATA_GUESTS);
		path.guest_length = strcspn(path.guest, "/");
		path.name = without_start(path.guest + path.guest_length);
		path.place = path.guest_length ? CONFIG_PLACE_GUEST : CONFIG_PLACE_NONE;
	} else if (!text_begins(text, CONFIG_DATA)) {
		path.place = CONFIG_PLACE_NEAR;
		path.name = without_start(text);
	}
	return path;
}

bool config_path_is_of(const struct config_path *path, const char *guest)
{
	return path->place == CONFIG_PLACE_GUEST && path->guest_length == strlen(guest) &&
	       strncmp(path->guest, guest, path->guest_length) == 0;
}

const char *config_path_own_name(const char *text, const char *guest)
{
	struct config_path path = config_path_parse(text);
	bool own = path.place == CONFIG_PLACE_NEAR || config_path_is_of(&path, guest);

	return own && !strchr(path.name, '/') ? path.name : NULL;
}

bool config_path_is_reserved(const struct config_path *path)
{
	return *path->name == '.' || text_begins(path->name, "guest.conf");
}

static bool has_parent_step(const char *path)
{
	for (const char *part = path; *part; part += strcspn(part, "/"), part += strspn(part, "/"))
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	return false;
}

bool config_check_path(struct config_parse *parse, const struct config_entry *entry)
{
	const char *text = entry->values.items[0];
	struct config_path path = config_path_parse(text);

	if (has_parent_step(text)) {
		config_wrong(parse, entry->line, "%s \"%s\" leaves %s: \"..\" is not allowed",
			     entry->key, text,
			     text_begins(text, CONFIG_DATA) ? "the data volume"
			     : parse->config                ? "the configuration's file system"
							    : "the guest's folder");
	} else if (path.place == CONFIG_PLACE_NEAR && !*path.name) {
		config_wrong(parse, entry->line, "%s names no file", entry->key);
	} else if (!*path.name || path.place == CONFIG_PLACE_NONE) {
		config_wrong(parse, entry->line,
			     "%s \"%s\" is neither \"data:images/FILE\" nor "
			     "\"data:guests/%s/FILE\"",
			     entry->key, text, parse->guest->name);
	} else if (path.place == CONFIG_PLACE_GUEST &&
		   !config_path_is_of(&path, parse->guest->name)) {
		config_wrong(parse, entry->line,
			     "%s \"%s\" is another guest's: guest \"%s\" has \"data:guests/%s/…\"",
			     entry->key, text, parse->guest->name, parse->guest->name);
	} else {
		return true;
	}
	return false;
}
