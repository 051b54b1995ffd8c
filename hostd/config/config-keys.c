// SPDX-License-Identifier: GPL-2.0-or-later
// Keys as tables: what a block may have, what it has too much, and what was meant.
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

static void unknown_key(struct config_parse *parse, const struct config_entry *entry,
			const char *where, const struct config_keys *keys)
{
	const char *nearest = NULL;
	size_t least = SUGGESTION_DISTANCE_MAX + 1;

	for (size_t i = 0; i < keys->count && strlen(entry->key) <= 32; i++) {
		size_t d = distance(entry->key, keys->items[i].name);

		if (d < least) {
			least = d;
			nearest = keys->items[i].name;
		}
	}
	if (nearest)
		config_wrong(parse, entry->line, "unknown key \"%s\" in %s: did you mean \"%s\"?",
			     entry->key, where, nearest);
	else
		config_wrong(parse, entry->line, "unknown key \"%s\" in %s", entry->key, where);
}

/* first: the entry that had this key before, or NULL. */
static void apply_one(struct config_parse *parse, const struct config_entry *entry,
		      const struct config_entry *first, const char *where,
		      const struct config_key *key, void *object)
{
	bool is_block = entry->kind == CONFIG_BLOCK;

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
	if (first) {
		config_wrong(parse, entry->line, "%s is given twice in %s, first in line %u",
			     entry->key, where, first->line);
		return;
	}
	if (key->set)
		key->set(parse, entry, object);
}

const struct config_key *config_key_find(const struct config_keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->items[i].name, name) == 0)
			return &keys->items[i];
	return NULL;
}

void config_apply(struct config_parse *parse, const struct config_entry *block, const char *where,
		  const struct config_keys *keys, void *object)
{
	const struct config_entry *first[CONFIG_KEYS_MAX] = {};

	for (size_t i = 0; i < block->entry_count; i++) {
		const struct config_entry *entry = &block->entries[i];
		const struct config_key *key = config_key_find(keys, entry->key);
		size_t index = key ? (size_t)(key - keys->items) : 0;

		if (!key) {
			unknown_key(parse, entry, where, keys);
			continue;
		}
		apply_one(parse, entry, first[index], where, key, object);
		if (!first[index])
			first[index] = entry;
	}
}

bool config_has_key(const struct config_entry *block, const char *key)
{
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, key) == 0)
			return true;
	return false;
}

unsigned int config_line_of(const struct config_entry *block, const char *key)
{
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, key) == 0)
			return block->entries[i].line;
	return block->line;
}
