// SPDX-License-Identifier: GPL-2.0-or-later
// Values of each type.
#include <string.h>

#include "config-parse.h"

/* An attribute has exactly one value. */
static const char *value_of(const struct config_entry *entry)
{
	return entry->values.items[0];
}

bool config_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool config_is_word(const char *text, const char *others, size_t most)
{
	size_t length = 0;

	for (; text[length]; length++) {
		char c = text[length];

		if (length == most || (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
				       !(c >= '0' && c <= '9') && !strchr(others, c)))
			return false;
	}
	return length > 0;
}

bool config_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

void config_add_text(struct config_parse *parse, struct text_list *list, const char *text)
{
	if (text_list_add(list, text) < 0)
		parse->out_of_memory = true;
}

void config_set_text(struct config_parse *parse, const struct config_entry *entry, char **output)
{
	char *text = NULL;

	if (config_has_control(value_of(entry))) {
		config_wrong(parse, entry->line, "%s has a control character in it", entry->key);
		return;
	}
	text = strdup(value_of(entry));
	if (!text) {
		parse->out_of_memory = true;
		return;
	}
	free(*output);
	*output = text;
}

void config_set_bool(struct config_parse *parse, const struct config_entry *entry, bool *output)
{
	const char *text = value_of(entry);

	if (strcmp(text, "true") == 0)
		*output = true;
	else if (strcmp(text, "false") == 0)
		*output = false;
	else
		config_wrong(parse, entry->line, "%s is true or false, not \"%s\"", entry->key,
			     text);
}

void config_set_unsigned(struct config_parse *parse, const struct config_entry *entry,
			 unsigned int low, unsigned int high, unsigned int *output)
{
	uint64_t value = 0;
	const char *text = value_of(entry);

	if (!*text || text[strspn(text, "0123456789")] || text_to_bytes(text, &value) < 0 ||
	    value < low || value > high)
		config_wrong(parse, entry->line, "%s is a number from %u to %u, not \"%s\"",
			     entry->key, low, high, text);
	else
		*output = (unsigned int)value;
}

/* Up to whole TiB; the buffer needs 24 bytes. */
static const char *format_mebibytes(uint64_t mebibytes, char buffer[static 24])
{
	static const char units[] = "MGT";
	size_t unit = 0;

	for (; units[unit + 1] && mebibytes && mebibytes % 1024 == 0; unit++)
		mebibytes /= 1024;
	(void)snprintf(buffer, 24, "%llu%c", (unsigned long long)mebibytes, units[unit]);
	return buffer;
}

void config_set_mebibytes(struct config_parse *parse, const struct config_entry *entry,
			  uint64_t low, uint64_t high, uint64_t *output_bytes)
{
	const char *text = value_of(entry);
	uint64_t bytes = 0;
	char least[24], most[24];

	if (text_to_bytes(text, &bytes) < 0)
		config_wrong(parse, entry->line, "%s is a size like \"512M\" or \"2G\", not \"%s\"",
			     entry->key, text);
	else if (bytes < low << 20 || bytes > high << 20 || bytes % (1 << 20))
		config_wrong(parse, entry->line,
			     "%s is whole MiB from \"%s\" to \"%s\", not \"%s\"", entry->key,
			     format_mebibytes(low, least), format_mebibytes(high, most), text);
	else
		*output_bytes = bytes;
}

int config_choose(struct config_parse *parse, const struct config_entry *entry,
		  const char *const *names)
{
	char allowed[200] = "";
	int index = config_name_index(names, value_of(entry));

	if (index >= 0)
		return index;
	for (int i = 0; names[i]; i++) {
		size_t used = strlen(allowed);

		(void)snprintf(allowed + used, sizeof(allowed) - used, "%s\"%s\"", i ? ", " : "",
			       names[i]);
	}
	config_wrong(parse, entry->line, "%s is one of %s, not \"%s\"", entry->key, allowed,
		     value_of(entry));
	return -1;
}
