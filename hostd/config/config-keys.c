// SPDX-License-Identifier: GPL-2.0-or-later
// Keys of a block: which it has, and what was meant by one that is unknown.
#include <string.h>

#include "config-parse.h"

#define SUGGESTION_DISTANCE_MAX 2

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

void config_unknown_key(struct config_parse *parse, unsigned int line, const char *key,
			const char *where, const struct config_block *block)
{
	const char *nearest = NULL;
	size_t least = SUGGESTION_DISTANCE_MAX + 1;

	for (size_t i = 0; i < block->count && strlen(key) <= 32; i++) {
		const char *known = block->fields[i].key;
		size_t d = known ? distance(key, known) : SIZE_MAX;

		if (d < least) {
			least = d;
			nearest = known;
		}
	}
	if (nearest)
		config_wrong(parse, line, "unknown key \"%s\" in %s: did you mean \"%s\"?", key,
			     where, nearest);
	else
		config_wrong(parse, line, "unknown key \"%s\" in %s", key, where);
}

const struct config_entry *config_entry_of(const struct config_entry *block, const char *key)
{
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, key) == 0)
			return &block->entries[i];
	return NULL;
}

bool config_has_key(const struct config_entry *block, const char *key)
{
	return config_entry_of(block, key);
}

unsigned int config_line_of(const struct config_entry *block, const char *key)
{
	const struct config_entry *entry = config_entry_of(block, key);

	return entry ? entry->line : block->line;
}
