// SPDX-License-Identifier: GPL-2.0-or-later
// One key of a guest set, in the tree of its canonical text.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

/* The canonical text's lines are nobody's. */
static void clear_lines(struct config_entry *entry)
{
	entry->line = 0;
	for (size_t i = 0; i < entry->entry_count; i++)
		clear_lines(&entry->entries[i]);
}

static void remove_entry(struct config_entry *block, struct config_entry *entry)
{
	size_t index = (size_t)(entry - block->entries);

	config_entry_done(entry);
	block->entry_count--;
	memmove(entry, entry + 1, (block->entry_count - index) * sizeof(*entry));
}

/* The n-th entry of a key, or NULL; *ret_count is how many there are. */
static struct config_entry *find_entry(struct config_entry *block, const char *key, uint64_t index,
				       size_t *ret_count)
{
	struct config_entry *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, key) == 0 && (*ret_count)++ == index)
			found = &block->entries[i];
	return found;
}

static struct config_entry *add_entry(struct config_parse *parse, struct config_entry *block,
				      enum config_kind kind, const char *key)
{
	struct config_entry entry = { .kind = kind, .key = strdup(key) };

	if (!entry.key || array_grow(block->entries, block->entry_count) < 0) {
		parse->out_of_memory = true;
		free(entry.key);
		return NULL;
	}
	block->entries[block->entry_count] = entry;
	return &block->entries[block->entry_count++];
}

/* A key that is unknown is not set; one that another hostd wrote can be taken away. */
static void set_attribute(struct config_parse *parse, struct config_entry *guest,
			  struct config_entry *block, const struct config_block *table,
			  const char *key, const char *value)
{
	const struct config_field *field = config_field_find(table, key);
	size_t count = 0;
	struct config_entry *entry = find_entry(block, key, 0, &count);

	if (!field && (!entry || *value)) {
		_cleanup_free_ char *where = text_format("guest \"%s\"", guest->label);

		parse->out_of_memory |= !where;
		config_unknown_key(parse, 0, key, where ? where : "", table);
		return;
	}
	if (entry)
		remove_entry(block, entry);
	if (!*value)
		return;
	entry = add_entry(parse, block, CONFIG_ATTRIBUTE, key);
	if (entry && config_entry_add_values(entry, value, config_field_is_list(field)) < 0)
		parse->out_of_memory = true;
	for (size_t i = 0; entry && i < entry->values.count; i++)
		if (strlen(entry->values.items[i]) > CONFIG_STRING_LENGTH_MAX)
			config_wrong(parse, 0, "%s is longer than %d bytes", key,
				     CONFIG_STRING_LENGTH_MAX);
}

/* rest is behind the part's name: "0.readonly", "0", "hostname", or NULL. */
static void set_in_part(struct config_parse *parse, struct config_entry *guest,
			const struct config_field *part, const char *rest, const char *value)
{
	bool repeated = part->kind == FIELD_PARTS;
	uint64_t index = 0;
	size_t count = 0, digits = rest ? strspn(rest, "0123456789") : 0;
	struct config_entry *block = NULL;

	if (repeated) {
		if (digits == 0 || digits > 4 || (rest[digits] && rest[digits] != '.')) {
			config_wrong(parse, 0, "a key of a %s is set as \"%s.0.KEY\"", part->key,
				     part->key);
			return;
		}
		for (size_t i = 0; i < digits; i++)
			index = index * 10 + (uint64_t)(rest[i] - '0');
		rest = rest[digits] ? rest + digits + 1 : NULL;
	}
	block = find_entry(guest, part->key, index, &count);
	if (!rest && !*value && block) {
		remove_entry(guest, block);
	} else if (!rest && (block || !repeated)) {
		if (*value)
			config_wrong(parse, 0, "%s is a block: its keys are set as \"%s%s.KEY\"",
				     part->key, part->key, repeated ? ".0" : "");
	} else if (!rest || (!block && index > count)) {
		config_wrong(parse, 0, "there is no %s %llu: the guest has %zu, counted from 0",
			     part->key, (unsigned long long)index, count);
	} else {
		if (!block)
			block = add_entry(parse, guest, CONFIG_BLOCK, part->key);
		if (block)
			set_attribute(parse, guest, block, part->block, rest, value);
	}
}

static void set_in_guest(struct config_parse *parse, struct config_entry *guest, const char *key,
			 const char *value)
{
	size_t length = strcspn(key, ".");
	const struct config_field *field = config_field_find_part(&config_guest_block, key, length);

	if (field && config_field_is_block(field))
		set_in_part(parse, guest, field, key[length] ? key + length + 1 : NULL, value);
	else if (strcmp(key, "name") == 0)
		config_wrong(parse, 0, "a guest's name is not set: rename the guest");
	else
		set_attribute(parse, guest, guest, &config_guest_block, key, value);
}

int guest_config_set(const struct guest_config *config, const char *key, const char *value,
		     struct guest_config **ret_config, struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	_cleanup_free_ char *text = guest_config_format(config), *message = NULL;
	struct config_parse parse = { .trust = CONFIG_CHANGED };
	struct guest_config guest = {};
	unsigned int line = 0;
	bool right = false;

	/* A definition that is none has nothing that could be set. */
	if (!text || config_tree_parse(text, &root, &line, &message) < 0)
		return -ENOMEM;
	clear_lines(&root);
	set_in_guest(&parse, &root.entries[0], key, value);
	if (parse.mistakes.count == 0 && !parse.out_of_memory)
		right = config_parse_guest(&parse, &root.entries[0], &guest);
	return config_guest_finish(&parse, &guest, right, ret_config, ret_mistakes);
}
