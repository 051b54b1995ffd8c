// SPDX-License-Identifier: GPL-2.0-or-later
// Names of files: where they may lie, and which are not a guest's to name.
#include <string.h>

#include "config-parse.h"

bool config_path_begins(const char *path, const char *start)
{
	return strncmp(path, start, strlen(start)) == 0;
}

static bool has_parent_step(const char *path)
{
	for (const char *part = path; *part; part += strcspn(part, "/"), part += strspn(part, "/"))
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	return false;
}

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

static bool check_data_path(struct config_parse *parse, const struct config_entry *entry)
{
	const char *path = entry->values.items[0], *rest = path + strlen(CONFIG_DATA_GUESTS);
	size_t length = 0;

	if (config_path_begins(path, CONFIG_DATA_IMAGES) &&
	    *without_start(path + strlen(CONFIG_DATA_IMAGES)))
		return true;
	if (config_path_begins(path, CONFIG_DATA_GUESTS))
		length = strcspn(rest, "/");
	if (length == 0 || rest[length] == '\0' || !*without_start(rest + length)) {
		config_wrong(parse, entry->line,
			     "%s \"%s\" is neither \"data:images/FILE\" nor "
			     "\"data:guests/%s/FILE\"",
			     entry->key, path, parse->guest);
		return false;
	}
	if (length != strlen(parse->guest) || strncmp(rest, parse->guest, length) != 0) {
		config_wrong(parse, entry->line,
			     "%s \"%s\" is another guest's: guest \"%s\" has \"data:guests/%s/…\"",
			     entry->key, path, parse->guest, parse->guest);
		return false;
	}
	return true;
}

void config_set_path(struct config_parse *parse, const struct config_entry *entry, char **output)
{
	const char *path = entry->values.items[0];
	bool data = config_path_begins(path, CONFIG_DATA);

	if (has_parent_step(path)) {
		config_wrong(parse, entry->line, "%s \"%s\" leaves %s: \"..\" is not allowed",
			     entry->key, path,
			     data            ? "the data volume"
			     : parse->config ? "the configuration's file system"
					     : "the guest's folder");
		return;
	}
	if (!data && !*without_start(path))
		config_wrong(parse, entry->line, "%s names no file", entry->key);
	else if (!data || check_data_path(parse, entry))
		config_set_text(parse, entry, output);
}

bool config_path_is_reserved(const char *path)
{
	if (config_path_begins(path, CONFIG_DATA_GUESTS)) {
		path += strlen(CONFIG_DATA_GUESTS);
		path += strcspn(path, "/");
	}
	path = without_start(path);
	return *path == '.' || config_path_begins(path, "guest.conf");
}
