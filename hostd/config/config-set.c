// SPDX-License-Identifier: GPL-2.0-or-later
// One guest alone: parsed, and with one key set in the tree of its canonical text.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

/* The end of both: hands out either the guest or its mistakes. */
static int finish(struct config_parse *parse, struct guest_config *guest, bool right,
		  struct guest_config **ret_config, struct config_mistakes *ret_mistakes)
{
	struct guest_config *config = right ? malloc(sizeof(*config)) : NULL;

	if ((right && !config) || parse->out_of_memory ||
	    config_mistakes_sort(&parse->mistakes) < 0) {
		if (right)
			guest_config_done(guest);
		free(config);
		config_mistakes_done(&parse->mistakes);
		return -ENOMEM;
	}
	*ret_mistakes = parse->mistakes;
	if (!right)
		return -EBADMSG;
	*config = *guest;
	*ret_config = config;
	return 0;
}

/* The only entry of the file that is right, or NULL with mistakes for the others. */
static const struct config_entry *only_block(struct config_parse *parse,
					     const struct config_entry *root)
{
	const struct config_entry *block = NULL;

	for (size_t i = 0; i < root->entry_count; i++) {
		const struct config_entry *entry = &root->entries[i];

		if (entry->kind == CONFIG_BLOCK && strcmp(entry->key, "guest") == 0 && !block)
			block = entry;
		else
			config_wrong(parse, entry->line,
				     "a guest's definition is one block guest \"NAME\" { … } and "
				     "nothing else: \"%s\" is too much",
				     entry->key);
	}
	if (root->entry_count == 0)
		config_wrong(parse, root->line,
			     "a guest's definition is one block guest \"NAME\" { … }, and there is "
			     "none");
	return block;
}

static int parse_text(const char *text, bool strict, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	struct config_parse parse = {};
	struct guest_config guest = {};
	_cleanup_free_ char *message = NULL;
	const struct config_entry *block = NULL;
	unsigned int line = 0;
	bool right = false;
	int r = config_tree_parse(text, &root, &line, &message);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		config_wrong(&parse, line, "%s", message);
	else
		block = only_block(&parse, &root);
	if (block)
		right = config_read_guest(&parse, block, &guest);
	if (right && strict && parse.mistakes.count > 0) {
		guest_config_done(&guest);
		right = false;
	}
	return finish(&parse, &guest, right, ret_config, ret_mistakes);
}

int guest_config_parse(const char *text, struct guest_config **ret_config,
		       struct config_mistakes *ret_mistakes)
{
	return parse_text(text, true, ret_config, ret_mistakes);
}

int guest_config_read(const char *text, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	return parse_text(text, false, ret_config, ret_mistakes);
}

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

static struct config_entry *add_entry(struct config_entry *block, enum config_kind kind,
				      const char *key)
{
	struct config_entry entry = { .kind = kind, .key = strdup(key) };

	if (!entry.key || array_grow(block->entries, block->entry_count) < 0) {
		free(entry.key);
		return NULL;
	}
	block->entries[block->entry_count] = entry;
	return &block->entries[block->entry_count++];
}

/* One value, or those between the commas of a list. */
static void add_values(struct config_parse *parse, struct config_entry *entry, const char *value)
{
	bool more = true;

	while (more) {
		size_t length = entry->kind == CONFIG_LIST ? strcspn(value, ",") : strlen(value);
		const char *end = value + length;
		char *one = NULL;

		more = *end != '\0';
		while (entry->kind == CONFIG_LIST && value < end && *value == ' ')
			value++;
		for (length = (size_t)(end - value);
		     entry->kind == CONFIG_LIST && length > 0 && value[length - 1] == ' '; length--)
			;
		if (length > CONFIG_STRING_LENGTH_MAX)
			config_wrong(parse, 0, "%s is longer than %d bytes", entry->key,
				     CONFIG_STRING_LENGTH_MAX);
		one = strndup(value, length);
		if (text_list_add_consume(&entry->values, one) < 0)
			parse->out_of_memory = true;
		value = end + more;
	}
}

static void set_attribute(struct config_parse *parse, struct config_entry *block,
			  const struct config_keys *keys, const char *name, const char *value)
{
	const struct config_key *key = config_key_find(keys, name);
	struct config_entry *entry = NULL;
	size_t count = 0;

	if (key && key->kind == CONFIG_BLOCK) {
		config_wrong(parse, 0, "%s is a block: its keys are set as \"%s%s.KEY\"", name,
			     name, strcmp(name, "cloud-init") == 0 ? "" : ".0");
		return;
	}
	entry = find_entry(block, name, 0, &count);
	if (entry)
		remove_entry(block, entry);
	/* A key that is not known is added whatever its value is, for the parser to say so. */
	if (key && !*value)
		return;
	entry = add_entry(block, key ? key->kind : CONFIG_ATTRIBUTE, name);
	if (!entry)
		parse->out_of_memory = true;
	else
		add_values(parse, entry, value);
}

struct part {
	const char *name;
	bool repeated;
	const struct config_keys *keys;
};

static const struct part parts[] = {
	{ "disk", true, &config_disk_keys },
	{ "cdrom", true, &config_cdrom_keys },
	{ "nic", true, &config_nic_keys },
	{ "cloud-init", false, &config_cloud_init_keys },
};

/* rest is behind the block's name: "0.readonly", "0", "hostname", or NULL. */
static void set_in_part(struct config_parse *parse, struct config_entry *guest,
			const struct part *part, const char *rest, const char *value)
{
	uint64_t index = 0;
	size_t count = 0, digits = rest ? strspn(rest, "0123456789") : 0;
	struct config_entry *block = NULL;

	if (part->repeated) {
		if (digits == 0 || digits > 4 || (rest[digits] && rest[digits] != '.')) {
			config_wrong(parse, 0, "a key of a %s is set as \"%s.0.KEY\"", part->name,
				     part->name);
			return;
		}
		for (size_t i = 0; i < digits; i++)
			index = index * 10 + (uint64_t)(rest[i] - '0');
		rest = rest[digits] ? rest + digits + 1 : NULL;
	}
	block = find_entry(guest, part->name, index, &count);
	if (!rest && !*value && block) {
		remove_entry(guest, block);
	} else if (!rest && (block || !part->repeated)) {
		if (*value)
			config_wrong(parse, 0, "%s is a block: its keys are set as \"%s%s.KEY\"",
				     part->name, part->name, part->repeated ? ".0" : "");
	} else if (!rest || (!block && index > count)) {
		config_wrong(parse, 0, "there is no %s %llu: the guest has %zu, counted from 0",
			     part->name, (unsigned long long)index, count);
	} else {
		if (!block)
			block = add_entry(guest, CONFIG_BLOCK, part->name);
		if (block)
			set_attribute(parse, block, part->keys, rest, value);
		else
			parse->out_of_memory = true;
	}
}

static void set_in_guest(struct config_parse *parse, struct config_entry *guest, const char *key,
			 const char *value)
{
	size_t length = strcspn(key, ".");
	const char *rest = key[length] ? key + length + 1 : NULL;

	for (size_t i = 0; i < ELEMENTS(parts); i++)
		if (strlen(parts[i].name) == length && strncmp(key, parts[i].name, length) == 0) {
			set_in_part(parse, guest, &parts[i], rest, value);
			return;
		}
	if (strcmp(key, "name") == 0)
		config_wrong(parse, 0, "a guest's name is not set: rename the guest");
	else
		set_attribute(parse, guest, &config_guest_keys, key, value);
}

int guest_config_set(const struct guest_config *config, const char *key, const char *value,
		     struct guest_config **ret_config, struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	_cleanup_free_ char *text = guest_config_format(config), *message = NULL;
	struct config_parse parse = {};
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
	return finish(&parse, &guest, right, ret_config, ret_mistakes);
}
