// SPDX-License-Identifier: GPL-2.0-or-later
// All of an object by its block's table: defaults, read, written, copied, freed.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

static unsigned int *line_of(const struct config_block *block, void *object)
{
	return config_at(object, block->line);
}

/* Where the array of a field of parts is, and how many. */
static void **array_of(const struct config_field *field, void *object)
{
	return config_at(object, field->offset);
}

static size_t *count_of(const struct config_field *field, void *object)
{
	return config_at(object, field->count);
}

size_t config_part_count(const struct config_field *field, const void *object)
{
	if (field->kind == FIELD_PART)
		return *(const bool *)config_at_const(object, field->offset);
	return *(const size_t *)config_at_const(object, field->count);
}

const void *config_part(const struct config_field *field, const void *object, size_t index)
{
	const void *value = config_at_const(object, field->offset);

	return field->kind == FIELD_PART
		       ? value
		       : config_at_const(*(void *const *)value, index * field->block->size);
}

void *config_part_of(const struct config_field *field, void *object, size_t index)
{
	return field->kind == FIELD_PART
		       ? config_at(object, field->offset)
		       : config_at(*array_of(field, object), index * field->block->size);
}

/* --- the table --- */

const struct config_field *config_field_find_part(const struct config_block *block, const char *key,
						  size_t length)
{
	for (size_t i = 0; i < block->count; i++) {
		const char *known = block->fields[i].key;

		if (known && strlen(known) == length && strncmp(known, key, length) == 0)
			return &block->fields[i];
	}
	return NULL;
}

const struct config_field *config_field_find(const struct config_block *block, const char *key)
{
	return config_field_find_part(block, key, strlen(key));
}

/* --- defaults --- */

static void set_standard(struct config_parse *parse, const struct config_field *field, void *object)
{
	struct config_entry entry = { .key = NULL };

	if (config_entry_add_values(&entry, field->standard, config_field_is_list(field)) < 0)
		parse->out_of_memory = true;
	else
		config_field_set(parse, field, &entry, object);
	text_list_done(&entry.values);
}

void config_block_init(struct config_parse *parse, const struct config_block *block, void *object)
{
	memset(object, 0, block->size);
	for (size_t i = 0; i < block->count; i++)
		if (block->fields[i].standard)
			set_standard(parse, &block->fields[i], object);
}

/* --- reading --- */

/* A key of another hostd, or of nobody. */
static void keep_unknown(struct config_parse *parse, const struct config_block *block,
			 const struct config_entry *entry, const char *where, void *object)
{
	char **unknown = config_at(object, block->unknown);
	char *more = NULL;

	if (parse->trust != CONFIG_CHANGED) {
		config_unknown_key(parse, entry->line, entry->key, where, block);
		parse->kept += parse->trust == CONFIG_STORED && block->unknown;
	}
	if (parse->trust == CONFIG_BY_PEOPLE || !block->unknown)
		return;
	more = config_entry_text(entry, *unknown);
	if (!more) {
		parse->out_of_memory = true;
		return;
	}
	free(*unknown);
	*unknown = more;
}

/* first: the entry that had this key before, or NULL. */
static void read_one(struct config_parse *parse, const struct config_field *field,
		     const struct config_entry *entry, const struct config_entry *first,
		     const char *where, void *object)
{
	bool is_block = entry->kind == CONFIG_BLOCK;

	if (is_block != config_field_is_block(field))
		/* An empty list and an empty block look alike only with =; say which is wanted. */
		config_wrong(parse, entry->line,
			     is_block ? "%s in %s wants = and a value, not a block"
				      : "%s in %s is a block: %s { … }",
			     entry->key, where, entry->key);
	else if (is_block)
		return;
	else if (entry->kind == CONFIG_LIST && !config_field_is_list(field))
		config_wrong(parse, entry->line, "%s in %s takes one value, not a list", entry->key,
			     where);
	else if (first)
		config_wrong(parse, entry->line, "%s is given twice in %s, first in line %u",
			     entry->key, where, first->line);
	else
		config_field_set(parse, field, entry, object);
}

/* The new part's object, or NULL. */
static void *add_part(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, const char *where, void *object)
{
	const struct config_block *block = field->block;
	void *part = NULL, **array = array_of(field, object);
	size_t count = config_part_count(field, object);

	if (field->kind == FIELD_PART) {
		part = config_at(object, field->offset);
		if (count == 0) {
			config_block_init(parse, block, part);
			*(bool *)part = true;
			return part;
		}
		config_wrong(parse, entry->line, "%s is given twice in %s, first in line %u",
			     entry->key, where, *line_of(block, part));
		return NULL;
	}
	if (count == field->high) {
		config_wrong(parse, entry->line, "%s has more than %zu %s", where, count,
			     field->many);
		return NULL;
	}
	part = array_room(*array, count, block->size);
	if (!part) {
		parse->out_of_memory = true;
		return NULL;
	}
	*array = part;
	part = config_at(part, count * block->size);
	config_block_init(parse, block, part);
	++*count_of(field, object);
	return part;
}

static void read_part(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, const char *where, void *object)
{
	void *part = NULL;

	if (entry->label) {
		config_wrong(parse, entry->line, "%s takes no name", entry->key);
		return;
	}
	part = add_part(parse, field, entry, where, object);
	if (part)
		config_block_read(parse, field->block, entry, where, part);
}

void config_block_read(struct config_parse *parse, const struct config_block *block,
		       const struct config_entry *entry, const char *where, void *object)
{
	const struct config_entry *first[CONFIG_FIELDS_MAX] = {};

	*line_of(block, object) = entry->line;
	for (size_t i = 0; i < entry->entry_count; i++) {
		const struct config_entry *one = &entry->entries[i];
		const struct config_field *field = config_field_find(block, one->key);
		size_t index = field ? (size_t)(field - block->fields) : 0;

		if (!field) {
			keep_unknown(parse, block, one, where, object);
			continue;
		}
		read_one(parse, field, one, first[index], where, object);
		if (!first[index])
			first[index] = one;
	}
	for (size_t i = 0; i < entry->entry_count; i++) {
		const struct config_entry *one = &entry->entries[i];
		const struct config_field *field = config_field_find(block, one->key);

		/* What has a name is read when the rest of the file is known. */
		if (field && one->kind == CONFIG_BLOCK && config_field_is_block(field) &&
		    !field->block->is_named)
			read_part(parse, field, one, where, object);
	}
	if (!parse->out_of_memory && block->check)
		block->check(parse, entry, object);
}

/* --- writing --- */

static void write_unknown(const char *text, const char *indent, FILE *out)
{
	while (text && *text) {
		size_t length = strcspn(text, "\n");

		(void)fprintf(out, "%s%.*s\n", indent, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void write_parts(const struct config_field *field, const void *object, const char *indent,
			bool next_start, FILE *out)
{
	char deeper[8];

	(void)snprintf(deeper, sizeof(deeper), "%s\t", indent);
	for (size_t i = 0; i < config_part_count(field, object); i++) {
		const void *part = config_part(field, object, i);

		(void)fprintf(out, "%s%s ", indent, field->key);
		if (field->block->is_named)
			(void)fprintf(out, "\"%s\" ", *(char *const *)part);
		(void)fputs("{\n", out);
		config_block_write(field->block, part, deeper, next_start, out);
		(void)fprintf(out, "%s}\n", indent);
	}
}

void config_block_write(const struct config_block *block, const void *object, const char *indent,
			bool next_start, FILE *out)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct config_field *field = &block->fields[i];

		if (field->kind == FIELD_OWNED || (next_start && field->now))
			continue;
		if (!config_field_is_block(field))
			config_field_write(field, object, indent, out);
		else
			write_parts(field, object, indent, next_start, out);
	}
	if (block->unknown)
		write_unknown(*(char *const *)config_at_const(object, block->unknown), indent, out);
}

/* --- freeing and copying --- */

static void free_parts(const struct config_field *field, void *object)
{
	for (size_t i = 0; i < config_part_count(field, object); i++)
		config_block_done(field->block, config_part_of(field, object, i));
	free(*array_of(field, object));
}

void config_block_done(const struct config_block *block, void *object)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct config_field *field = &block->fields[i];
		void *value = config_at(object, field->offset);

		if (field->kind == FIELD_TEXT || field->kind == FIELD_PATH ||
		    field->kind == FIELD_OWNED)
			free(*(char **)value);
		else if (field->kind == FIELD_TEXTS)
			text_list_done(value);
		else if (field->kind == FIELD_PART)
			config_block_done(field->block, value);
		else if (field->kind == FIELD_PARTS)
			free_parts(field, object);
	}
	memset(object, 0, block->size);
}

static int copy_text(char **text)
{
	const char *from = *text;

	*text = from ? strdup(from) : NULL;
	return from && !*text ? -ENOMEM : 0;
}

static int copy_list(struct text_list *list)
{
	struct text_list from = *list;
	int r = 0;

	*list = (struct text_list){};
	for (size_t i = 0; i < from.count && r == 0; i++)
		r = text_list_add(list, from.items[i]);
	return r;
}

static int copy_parts(const struct config_field *field, void *object)
{
	size_t count = config_part_count(field, object), size = field->block->size;
	const void *from = *array_of(field, object);
	void *to = count > 0 ? calloc(count, size) : NULL;
	int r = count > 0 && !to ? -ENOMEM : 0;

	*array_of(field, object) = to;
	*count_of(field, object) = to ? count : 0;
	for (size_t i = 0; i < count && to; i++) {
		memcpy(config_at(to, i * size), config_at_const(from, i * size), size);
		if (config_block_copy(field->block, config_at(to, i * size)) < 0)
			r = -ENOMEM;
	}
	return r;
}

int config_block_copy(const struct config_block *block, void *object)
{
	int r = 0;

	/* To the end, without memory too: nothing of the original's is left in it. */
	for (size_t i = 0; i < block->count; i++) {
		const struct config_field *field = &block->fields[i];
		void *value = config_at(object, field->offset);
		int one = 0;

		if (field->kind == FIELD_TEXT || field->kind == FIELD_PATH ||
		    field->kind == FIELD_OWNED)
			one = copy_text(value);
		else if (field->kind == FIELD_TEXTS)
			one = copy_list(value);
		else if (field->kind == FIELD_PARTS)
			one = copy_parts(field, object);
		else if (field->kind == FIELD_PART)
			one = config_block_copy(field->block, value);
		if (one < 0)
			r = one;
	}
	return r;
}
