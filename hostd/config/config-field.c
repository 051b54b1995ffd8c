// SPDX-License-Identifier: GPL-2.0-or-later
// One value of an object, as its field in the table says: read and written.
#include <string.h>

#include "config-parse.h"

#define MEBIBYTE (1ULL << 20)
/* A key or a hash may be long; this is enough to find it again. */
#define QUOTED_MAX 80

bool config_field_is_list(const struct config_field *field)
{
	return field->kind == FIELD_TEXTS || field->kind == FIELD_ORDER ||
	       field->kind == FIELD_BITS;
}

/* --- mistakes --- */

/* What the table says of the mistake, with the value for its %. */
static void say(struct config_parse *parse, const struct config_entry *entry, const char *message,
		const char *value)
{
	size_t before = strcspn(message, "%");

	if (message[before])
		config_wrong(parse, entry->line, "%.*s%.*s%s", (int)before, message, QUOTED_MAX,
			     value, message + before + 1);
	else
		config_wrong(parse, entry->line, "%s", message);
}

static void say_number(struct config_parse *parse, const struct config_entry *entry,
		       const char *message, uint64_t number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	say(parse, entry, message, text);
}

const char *config_mebibytes(uint64_t bytes, char buffer[static CONFIG_MEBIBYTES_BYTES])
{
	static const char units[] = "MGT";
	uint64_t number = bytes / MEBIBYTE;
	size_t unit = 0;

	for (; units[unit + 1] && number && number % 1024 == 0; unit++)
		number /= 1024;
	(void)snprintf(buffer, CONFIG_MEBIBYTES_BYTES, "%llu%c", (unsigned long long)number,
		       units[unit]);
	return buffer;
}

/* --- reading --- */

static void set_text(struct config_parse *parse, const struct config_field *field,
		     const struct config_entry *entry, char **output)
{
	const char *value = entry->values.items[0];
	char *text = NULL;

	if (field->is && !field->is(value)) {
		say(parse, entry, field->wrong, value);
		return;
	}
	if (field->kind == FIELD_PATH && !config_check_path(parse, entry))
		return;
	if (config_has_control(value)) {
		config_wrong(parse, entry->line, "%s has a control character in it", entry->key);
		return;
	}
	if (field->high && strlen(value) > field->high) {
		config_wrong(parse, entry->line, "%s is longer than %u bytes", entry->key,
			     (unsigned int)field->high);
		return;
	}
	text = strdup(value);
	if (!text) {
		parse->out_of_memory = true;
		return;
	}
	free(*output);
	*output = text;
}

static void set_bool(struct config_parse *parse, const struct config_entry *entry, bool *output)
{
	const char *text = entry->values.items[0];

	if (strcmp(text, "true") == 0)
		*output = true;
	else if (strcmp(text, "false") == 0)
		*output = false;
	else
		config_wrong(parse, entry->line, "%s is true or false, not \"%s\"", entry->key,
			     text);
}

static void set_number(struct config_parse *parse, const struct config_field *field,
		       const struct config_entry *entry, unsigned int *output)
{
	uint64_t value = 0;
	const char *text = entry->values.items[0];

	if (!*text || text[strspn(text, "0123456789")] || text_to_bytes(text, &value) < 0 ||
	    value < field->low || value > field->high)
		config_wrong(parse, entry->line, "%s is a number from %u to %u, not \"%s\"",
			     entry->key, (unsigned int)field->low, (unsigned int)field->high, text);
	else
		*output = (unsigned int)value;
}

static void set_size(struct config_parse *parse, const struct config_field *field,
		     const struct config_entry *entry, uint64_t *output)
{
	const char *text = entry->values.items[0];
	uint64_t bytes = 0;
	char least[CONFIG_MEBIBYTES_BYTES], most[CONFIG_MEBIBYTES_BYTES];
	bool is_size = text_to_bytes(text, &bytes) == 0;
	bool right = is_size && bytes >= field->low && bytes <= field->high;

	if (field->wrong && !right)
		say(parse, entry, field->wrong, text);
	else if (!is_size)
		config_wrong(parse, entry->line, "%s is a size like \"512M\" or \"2G\", not \"%s\"",
			     entry->key, text);
	else if (!field->wrong && (!right || bytes % MEBIBYTE))
		config_wrong(parse, entry->line,
			     "%s is whole MiB from \"%s\" to \"%s\", not \"%s\"", entry->key,
			     config_mebibytes(field->low, least),
			     config_mebibytes(field->high, most), text);
	else
		*output = bytes;
}

bool config_field_may_be(const struct config_field *field, unsigned int index)
{
	return !field->low || (field->low >> index & 1);
}

static void set_choice(struct config_parse *parse, const struct config_field *field,
		       const struct config_entry *entry, unsigned int *output)
{
	char allowed[200] = "";
	int index = config_name_index(field->names, entry->values.items[0]);

	if (index >= 0 && config_field_may_be(field, (unsigned int)index)) {
		*output = (unsigned int)index;
		return;
	}
	for (unsigned int i = 0; field->names[i]; i++) {
		size_t used = strlen(allowed);

		if (config_field_may_be(field, i))
			(void)snprintf(allowed + used, sizeof(allowed) - used, "%s\"%s\"",
				       used ? ", " : "", field->names[i]);
	}
	config_wrong(parse, entry->line, "%s is one of %s, not \"%s\"", entry->key, allowed,
		     entry->values.items[0]);
}

static bool is_first_of_its_kind(const struct text_list *values, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(values->items[i], values->items[index]) == 0)
			return false;
	return true;
}

/* Into bits, or one after the other. */
static void set_names(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, void *object)
{
	unsigned int *output = config_at(object, field->offset);
	size_t count = 0;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *name = entry->values.items[i];
		int index = config_name_index(field->names, name);

		if (index < 0)
			say(parse, entry, field->wrong, name);
		else if (!is_first_of_its_kind(&entry->values, i))
			config_wrong(parse, entry->line, "%s names \"%s\" twice", entry->key, name);
		else if (field->kind == FIELD_BITS)
			*output |= 1U << index;
		else
			output[count++] = (unsigned int)index;
	}
	if (field->kind == FIELD_ORDER)
		*(size_t *)config_at(object, field->count) = count;
}

static void set_texts(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, struct text_list *output)
{
	for (size_t i = 0; i < entry->values.count; i++) {
		const char *text = entry->values.items[i];

		if (!field->is(text))
			say(parse, entry, field->wrong, text);
		else if (field->once && !is_first_of_its_kind(&entry->values, i))
			config_wrong(parse, entry->line, "%s names \"%s\" twice", entry->key, text);
		else if (field->high && output->count == field->high)
			say_number(parse, entry, field->many, field->high);
		else if (text_list_add(output, text) < 0)
			parse->out_of_memory = true;
	}
}

static void set_form(struct config_parse *parse, const struct config_field *field,
		     const struct config_entry *entry, void *object)
{
	const char *text = entry->values.items[0];
	int r = 0;

	if (config_has_control(text)) {
		config_wrong(parse, entry->line, "%s has a control character in it", entry->key);
		return;
	}
	r = field->form->read(field, text, object);
	if (r == -ENOMEM)
		parse->out_of_memory = true;
	else if (r < 0)
		say(parse, entry, r == -ERANGE ? field->many : field->wrong, text);
}

void config_field_set(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, void *object)
{
	void *output = config_at(object, field->offset);

	if (entry->values.count == 0 && field->empty)
		say(parse, entry, field->empty, "");
	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		set_text(parse, field, entry, output);
		break;
	case FIELD_BOOL:
		set_bool(parse, entry, output);
		break;
	case FIELD_NUMBER:
		set_number(parse, field, entry, output);
		break;
	case FIELD_SIZE:
		set_size(parse, field, entry, output);
		break;
	case FIELD_CHOICE:
		set_choice(parse, field, entry, output);
		break;
	case FIELD_BITS:
	case FIELD_ORDER:
		set_names(parse, field, entry, object);
		break;
	case FIELD_TEXTS:
		set_texts(parse, field, entry, output);
		break;
	case FIELD_FORM:
		set_form(parse, field, entry, object);
		break;
	case FIELD_PART:
	case FIELD_PARTS:
	case FIELD_OWNED:
		break;
	}
}

/* --- writing --- */

static const char *size_text(uint64_t bytes, char buffer[static CONFIG_VALUE_BYTES])
{
	unsigned int shift = bytes % MEBIBYTE == 0 ? 20 : bytes % (1 << 10) == 0 ? 10 : 0;

	(void)snprintf(buffer, CONFIG_VALUE_BYTES, "%llu%s", (unsigned long long)(bytes >> shift),
		       shift == 20   ? "M"
		       : shift == 10 ? "K"
				     : "");
	return buffer;
}

const char *config_field_text(const struct config_field *field, const void *object,
			      char buffer[static CONFIG_VALUE_BYTES])
{
	const void *value = config_at_const(object, field->offset);
	unsigned int number = 0;

	switch (field->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
	case FIELD_OWNED:
		return *(char *const *)value;
	case FIELD_BOOL:
		return *(const bool *)value ? "true" : "false";
	case FIELD_NUMBER:
		number = *(const unsigned int *)value;
		(void)snprintf(buffer, CONFIG_VALUE_BYTES, "%u", number);
		return number < field->low ? NULL : buffer;
	case FIELD_SIZE:
		return *(const uint64_t *)value ? size_text(*(const uint64_t *)value, buffer)
						: NULL;
	case FIELD_CHOICE:
		number = *(const unsigned int *)value;
		return config_field_may_be(field, number) ? field->names[number] : NULL;
	case FIELD_FORM:
		return field->form->write(field, object, buffer);
	case FIELD_BITS:
	case FIELD_ORDER:
	case FIELD_TEXTS:
	case FIELD_PART:
	case FIELD_PARTS:
		break;
	}
	return NULL;
}

const char *config_field_item(const struct config_field *field, const void *object, size_t index)
{
	const void *value = config_at_const(object, field->offset);
	const struct text_list *list = value;
	const unsigned int *numbers = value;

	if (field->kind == FIELD_TEXTS)
		return index < list->count ? list->items[index] : NULL;
	if (field->kind == FIELD_ORDER)
		return index < *(const size_t *)config_at_const(object, field->count)
			       ? field->names[numbers[index]]
			       : NULL;
	for (size_t bit = 0; field->names[bit]; bit++)
		if (*numbers >> bit & 1 && index-- == 0)
			return field->names[bit];
	return NULL;
}

void config_field_write(const struct config_field *field, const void *object, const char *indent,
			FILE *out)
{
	char buffer[CONFIG_VALUE_BYTES];
	bool is_list = config_field_is_list(field);
	const char *text = is_list ? config_field_item(field, object, 0)
				   : config_field_text(field, object, buffer);

	if (!text || (field->is_shown && !field->is_shown(object)) ||
	    (field->brief && text_equal(text, field->standard)))
		return;
	(void)fprintf(out, "%s%s = %s", indent, field->key, is_list ? "[" : "");
	for (size_t i = 1; is_list && text; text = config_field_item(field, object, i++)) {
		(void)fputs(i > 1 ? ", " : "", out);
		config_write_quoted(out, text);
	}
	if (is_list)
		(void)fputc(']', out);
	else if (field->kind == FIELD_BOOL || field->kind == FIELD_NUMBER)
		(void)fputs(text, out);
	else
		config_write_quoted(out, text);
	(void)fputc('\n', out);
}
