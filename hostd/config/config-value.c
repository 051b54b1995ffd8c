// SPDX-License-Identifier: GPL-2.0-or-later
// Mistakes, keys as tables, and values of each type.
#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "config-parse.h"

#define SUGGESTION_DISTANCE_MAX 2

void config_wrong(struct config_parse *parse, unsigned int line, const char *format, ...)
{
	struct config_mistake *grown = NULL;
	va_list arguments;
	char *message = NULL;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	/* What the file says is quoted, and a message is one line. */
	for (char *c = message; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	grown = reallocarray(parse->mistakes.items, parse->mistakes.count + 1, sizeof(*grown));
	if (grown)
		parse->mistakes.items = grown;
	if (!message || !grown) {
		parse->out_of_memory = true;
		free(message);
		return;
	}
	grown[parse->mistakes.count++] = (struct config_mistake){ line, message };
}

/* Levenshtein's distance, for short words; a long one is far from everything. */
static size_t distance(const char *a, const char *b)
{
	size_t row[33], length = strlen(b);

	if (length > 32)
		return length;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= length; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[length];
}

static void unknown_key(struct config_parse *parse, const struct config_entry *entry,
			const char *where, const struct config_key *keys, size_t key_count)
{
	const char *nearest = NULL;
	size_t least = SUGGESTION_DISTANCE_MAX + 1;

	for (size_t i = 0; i < key_count; i++) {
		size_t d = distance(entry->key, keys[i].name);

		if (d < least) {
			least = d;
			nearest = keys[i].name;
		}
	}
	if (nearest)
		config_wrong(parse, entry->line, "unknown key \"%s\" in %s: did you mean \"%s\"?",
			     entry->key, where, nearest);
	else
		config_wrong(parse, entry->line, "unknown key \"%s\" in %s", entry->key, where);
}

static bool repeated(const struct config_entry *block, const struct config_entry *entry,
		     unsigned int *ret_line)
{
	for (const struct config_entry *other = block->entries; other < entry; other++)
		if (strcmp(other->key, entry->key) == 0) {
			*ret_line = other->line;
			return true;
		}
	return false;
}

static void apply_one(struct config_parse *parse, const struct config_entry *block,
		      const struct config_entry *entry, const char *where,
		      const struct config_key *key, void *object)
{
	bool is_block = entry->kind == CONFIG_BLOCK;
	unsigned int line = 0;

	if (is_block != (key->kind == CONFIG_BLOCK)) {
		/* An empty list and an empty block look alike only with =; say which is wanted. */
		config_wrong(parse, entry->line,
			     is_block ? "%s in %s wants = and a value, not a block"
				      : "%s in %s is a block: %s { … }",
			     entry->key, where, entry->key);
		return;
	}
	if (is_block)
		return;
	if (entry->kind == CONFIG_LIST && key->kind == CONFIG_ATTRIBUTE) {
		config_wrong(parse, entry->line, "%s in %s takes one value, not a list", entry->key,
			     where);
		return;
	}
	if (repeated(block, entry, &line)) {
		config_wrong(parse, entry->line, "%s is given twice in %s, first in line %u",
			     entry->key, where, line);
		return;
	}
	if (key->set)
		key->set(parse, entry, object);
}

void config_apply(struct config_parse *parse, const struct config_entry *block, const char *where,
		  const struct config_key *keys, size_t key_count, void *object)
{
	for (size_t i = 0; i < block->entry_count; i++) {
		const struct config_entry *entry = &block->entries[i];
		const struct config_key *key = NULL;

		for (size_t k = 0; k < key_count && !key; k++)
			if (strcmp(keys[k].name, entry->key) == 0)
				key = &keys[k];
		if (key)
			apply_one(parse, block, entry, where, key, object);
		else
			unknown_key(parse, entry, where, keys, key_count);
	}
}

/* An attribute has exactly one value. */
static const char *value_of(const struct config_entry *entry)
{
	return entry->values.items[0];
}

void config_set_text(struct config_parse *parse, const struct config_entry *entry, char **output)
{
	char *text = NULL;

	for (const char *c = value_of(entry); *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			config_wrong(parse, entry->line, "%s has a control character in it",
				     entry->key);
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

int config_choose(struct config_parse *parse, const struct config_entry *entry,
		  const char *const *names)
{
	char allowed[200] = "";

	for (int i = 0; names[i]; i++) {
		size_t used = strlen(allowed);

		if (strcmp(names[i], value_of(entry)) == 0)
			return i;
		(void)snprintf(allowed + used, sizeof(allowed) - used, "%s\"%s\"", i ? ", " : "",
			       names[i]);
	}
	config_wrong(parse, entry->line, "%s is one of %s, not \"%s\"", entry->key, allowed,
		     value_of(entry));
	return -1;
}

void config_set_path(struct config_parse *parse, const struct config_entry *entry, char **output)
{
	const char *path = value_of(entry);

	for (const char *part = path; *part; part += strcspn(part, "/"), part += strspn(part, "/"))
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
			config_wrong(parse, entry->line,
				     "%s \"%s\" leaves the configuration's file system: \"..\" is "
				     "not allowed",
				     entry->key, path);
			return;
		}
	if (!path[strspn(path, "/")])
		config_wrong(parse, entry->line, "%s names no file", entry->key);
	else
		config_set_text(parse, entry, output);
}

int config_parse_mac(const char *text, uint8_t ret_mac[static 6])
{
	unsigned int byte[6];
	char rest = 0;

	if (strlen(text) != 17 || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1],
					 &byte[2], &byte[3], &byte[4], &byte[5], &rest) != 6)
		return -EINVAL;
	if ((byte[0] & 1) || !(byte[0] | byte[1] | byte[2] | byte[3] | byte[4] | byte[5]))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		ret_mac[i] = (uint8_t)byte[i];
	return 0;
}

int config_check_prefix(const char *text)
{
	char address[INET6_ADDRSTRLEN + 1], binary[16];
	const char *slash = strchr(text, '/');
	uint64_t length = 0;
	bool ipv6 = strchr(text, ':');

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !slash[1] ||
	    slash[1 + strspn(slash + 1, "0123456789")] || text_to_bytes(slash + 1, &length) < 0)
		return -EINVAL;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (length < 1 || length > (ipv6 ? 128 : 32) ||
	    inet_pton(ipv6 ? AF_INET6 : AF_INET, address, binary) != 1)
		return -EINVAL;
	return 0;
}
