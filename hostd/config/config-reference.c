// SPDX-License-Identifier: GPL-2.0-or-later
// hostd --keys: the tables for people, and for the manual and the completions.
#include <string.h>

#include "config-check.h"
#include "config-parse.h"

static void write_names(const struct config_field *field, FILE *out)
{
	const char *before = "";

	for (unsigned int i = 0; field->names[i]; i++)
		if (config_field_may_be(field, i)) {
			(void)fprintf(out, "%s`\"%s\"`", before, field->names[i]);
			before = ", ";
		}
}

static void write_range(const struct config_field *field, FILE *out)
{
	char least[CONFIG_MEBIBYTES_BYTES], most[CONFIG_MEBIBYTES_BYTES];

	switch (field->kind) {
	case FIELD_NUMBER:
		(void)fprintf(out, "%u to %u", (unsigned int)field->low, (unsigned int)field->high);
		break;
	case FIELD_SIZE:
		(void)fprintf(out, "whole MiB from `\"%s\"` to `\"%s\"`",
			      config_mebibytes(field->low, least),
			      config_mebibytes(field->high, most));
		break;
	case FIELD_CHOICE:
	case FIELD_BITS:
	case FIELD_ORDER:
		write_names(field, out);
		break;
	case FIELD_TEXT:
	case FIELD_TEXTS:
		(void)fprintf(out, "up to %u", (unsigned int)field->high);
		break;
	case FIELD_PATH:
	case FIELD_BOOL:
	case FIELD_FORM:
	case FIELD_PART:
	case FIELD_PARTS:
	case FIELD_OWNED:
		break;
	}
}

static void write_field(const char *where, const struct config_field *field, FILE *out)
{
	size_t before = strcspn(field->meaning, "%");
	bool is_bare = field->kind == FIELD_NUMBER || field->kind == FIELD_BOOL;

	(void)fprintf(out, "%s\t%s\t%.*s", where, field->key, (int)before, field->meaning);
	if (field->meaning[before]) {
		write_range(field, out);
		(void)fputs(field->meaning + before + 1, out);
	}
	if (field->otherwise)
		(void)fprintf(out, "\t%s", field->otherwise);
	else
		(void)fprintf(out, is_bare ? "\t`%s`" : "\t`\"%s\"`", field->standard);
	(void)fprintf(out, "\t%s\n", field->now ? "now" : "next start");
}

/* A block's own keys first, then its parts. */
static void write_block(const char *where, const struct config_block *block, FILE *out)
{
	for (size_t i = 0; i < block->count; i++)
		if (block->fields[i].meaning)
			write_field(where, &block->fields[i], out);
	for (size_t i = 0; i < block->count; i++)
		if (config_field_is_block(&block->fields[i]))
			write_block(block->fields[i].key, block->fields[i].block, out);
}

int config_print_keys(void)
{
	write_block("file", &config_host_block, stdout);
	return fflush(stdout) != 0 || ferror(stdout);
}
