// SPDX-License-Identifier: GPL-2.0-or-later
// One guest: parsed, written, copied, renamed, compared. A mistake inside costs this guest alone.
#include <string.h>

#include "config-parse.h"

void guest_config_done(struct guest_config *guest)
{
	config_block_done(&config_guest_block, guest);
}

void guest_config_free(struct guest_config *config)
{
	if (config)
		guest_config_done(config);
	free(config);
}

void config_remove_guests(struct host_config *config, const bool *wrong)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->guest_count; i++)
		if (wrong[i])
			guest_config_done(&config->guests[i]);
		else
			config->guests[kept++] = config->guests[i];
	config->guest_count = kept;
}

/* --- parsing --- */

bool config_parse_guest(struct config_parse *parse, const struct config_entry *block,
			struct guest_config *ret_guest)
{
	struct guest_config guest = {};
	_cleanup_free_ char *where = NULL;
	size_t right = parse->mistakes.count - parse->kept;

	if (!block->label || !config_is_name(block->label)) {
		config_wrong(
			parse, block->line,
			"a guest is guest \"NAME\" { … } with a name of 1 to %d of a-z, 0-9 and -",
			NAME_LENGTH_MAX);
		return false;
	}
	config_block_init(parse, &config_guest_block, &guest);
	guest.name = strdup(block->label);
	where = text_format("guest \"%s\"", block->label);
	parse->guest = &guest;
	if (where && guest.name)
		config_block_read(parse, &config_guest_block, block, where, &guest);
	else
		parse->out_of_memory = true;
	parse->guest = NULL;
	if (parse->out_of_memory ||
	    (parse->trust != CONFIG_RUNNING && parse->mistakes.count - parse->kept > right)) {
		guest_config_done(&guest);
		return false;
	}
	*ret_guest = guest;
	return true;
}

/* Hands out either the guest or its mistakes. */
int config_guest_finish(struct config_parse *parse, struct guest_config *guest, bool right,
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

static int parse_text(const char *text, enum config_trust trust, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	struct config_parse parse = { .trust = trust };
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
		right = config_parse_guest(&parse, block, &guest);
	/* What is outside of the block is no key of another hostd. */
	if (right && trust != CONFIG_RUNNING && parse.mistakes.count > parse.kept) {
		guest_config_done(&guest);
		right = false;
	}
	return config_guest_finish(&parse, &guest, right, ret_config, ret_mistakes);
}

int guest_config_parse(const char *text, struct guest_config **ret_config,
		       struct config_mistakes *ret_mistakes)
{
	return parse_text(text, CONFIG_BY_PEOPLE, ret_config, ret_mistakes);
}

int guest_config_load(const char *text, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	return parse_text(text, CONFIG_STORED, ret_config, ret_mistakes);
}

int guest_config_read(const char *text, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	return parse_text(text, CONFIG_RUNNING, ret_config, ret_mistakes);
}

/* --- writing, comparing --- */

static char *guest_text(const struct guest_config *config, bool next_start)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	(void)fprintf(out, "guest \"%s\" {\n", config->name);
	config_block_write(&config_guest_block, config, "\t", next_start, out);
	(void)fputs("}\n", out);
	return config_text_finish(out, &text);
}

char *guest_config_format(const struct guest_config *config)
{
	return guest_text(config, false);
}

bool guest_config_starts_alike(const struct guest_config *a, const struct guest_config *b)
{
	_cleanup_free_ char *text_a = guest_text(a, true), *text_b = guest_text(b, true);

	return !text_a || !text_b || strcmp(text_a, text_b) == 0;
}

bool guest_config_counts_now(const char *key)
{
	/* Of a disk or another part nothing counts before the next start. */
	const struct config_field *field = config_field_find(&config_guest_block, key);

	return field && field->now;
}

/* Counts *index down at each path; the one that it gets to, or NULL. */
static const char *find_path(const struct config_block *block, const void *object, size_t *index)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct config_field *field = &block->fields[i];
		size_t parts = config_field_is_block(field) ? config_part_count(field, object) : 0;
		const char *path = NULL;

		if (field->kind == FIELD_PATH)
			path = *(char *const *)config_at_const(object, field->offset);
		if (path && (*index)-- == 0)
			return path;
		for (size_t k = 0; k < parts; k++) {
			path = find_path(field->block, config_part(field, object, k), index);
			if (path)
				return path;
		}
	}
	return NULL;
}

const char *guest_config_path(const struct guest_config *config, size_t index)
{
	return find_path(&config_guest_block, config, &index);
}

/* --- copying --- */

int guest_config_copy(const struct guest_config *config, struct guest_config **ret_config)
{
	_cleanup_(guest_config_freep) struct guest_config *to = malloc(sizeof(*to));

	if (!to)
		return -ENOMEM;
	*to = *config;
	if (config_block_copy(&config_guest_block, to) < 0)
		return -ENOMEM;
	*ret_config = take_ptr(to);
	return 0;
}

/* "data:guests/OLD/x" -> "data:guests/NEW/x"; any other path stays. Returns 0 or -ENOMEM. */
static int rename_path(char **text, const char *from, const char *to)
{
	struct config_path path = config_path_parse(*text ? *text : "");
	char *renamed = NULL;

	if (!config_path_is_of(&path, from))
		return 0;
	renamed = text_format(CONFIG_DATA_GUESTS "%s/%s", to, path.name);
	if (!renamed)
		return -ENOMEM;
	free(*text);
	*text = renamed;
	return 0;
}

static int rename_paths(const struct config_block *block, void *object, const char *from,
			const char *to)
{
	int r = 0;

	for (size_t i = 0; i < block->count && r == 0; i++) {
		const struct config_field *field = &block->fields[i];

		if (field->kind == FIELD_PATH)
			r = rename_path(config_at(object, field->offset), from, to);
		for (size_t k = 0;
		     r == 0 && config_field_is_block(field) && k < config_part_count(field, object);
		     k++)
			r = rename_paths(field->block, config_part_of(field, object, k), from, to);
	}
	return r;
}

int guest_config_rename(const struct guest_config *config, const char *name,
			struct guest_config **ret_config)
{
	_cleanup_(guest_config_freep) struct guest_config *to = NULL;

	if (!config_is_name(name))
		return -EINVAL;
	if (guest_config_copy(config, &to) < 0)
		return -ENOMEM;
	free(to->name);
	to->name = strdup(name);
	if (!to->name || rename_paths(&config_guest_block, to, config->name, name) < 0)
		return -ENOMEM;
	*ret_config = take_ptr(to);
	return 0;
}
