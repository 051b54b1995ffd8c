// SPDX-License-Identifier: GPL-2.0-or-later
// Entries of the tree from text without a file, and as text again.
#include <string.h>

#include "config-tree.h"

int config_entry_add_values(struct config_entry *entry, const char *text, bool is_list)
{
	entry->kind = is_list ? CONFIG_LIST : CONFIG_ATTRIBUTE;
	for (bool more = true; more;) {
		size_t length = is_list ? strcspn(text, ",") : strlen(text);
		const char *end = text + length;
		int r = 0;

		more = *end != '\0';
		while (is_list && text < end && *text == ' ')
			text++;
		for (length = (size_t)(end - text);
		     is_list && length > 0 && text[length - 1] == ' ';)
			length--;
		r = text_list_add_consume(&entry->values, strndup(text, length));
		if (r < 0)
			return r;
		text = end + more;
	}
	return 0;
}

void config_write_quoted(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || *text == '\n')
			(void)fputc('\\', out);
		(void)fputc(*text == '\n' ? 'n' : *text, out);
	}
	(void)fputc('"', out);
}

static void write_entry(FILE *out, const struct config_entry *entry, unsigned int depth)
{
	for (unsigned int i = 0; i < depth; i++)
		(void)fputc('\t', out);
	(void)fputs(entry->key, out);
	(void)fputs(entry->kind == CONFIG_BLOCK  ? " "
		    : entry->kind == CONFIG_LIST ? " = ["
						 : " = ",
		    out);
	if (entry->label) {
		config_write_quoted(out, entry->label);
		(void)fputc(' ', out);
	}
	if (entry->kind == CONFIG_BLOCK)
		(void)fputs("{\n", out);
	for (size_t i = 0; i < entry->values.count; i++) {
		(void)fputs(i > 0 ? ", " : "", out);
		config_write_quoted(out, entry->values.items[i]);
	}
	for (size_t i = 0; i < entry->entry_count; i++)
		write_entry(out, &entry->entries[i], depth + 1);
	for (unsigned int i = 0; entry->kind == CONFIG_BLOCK && i < depth; i++)
		(void)fputc('\t', out);
	(void)fputs(entry->kind == CONFIG_BLOCK  ? "}\n"
		    : entry->kind == CONFIG_LIST ? "]\n"
						 : "\n",
		    out);
}

char *config_entry_text(const struct config_entry *entry, const char *before)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	(void)fputs(before ? before : "", out);
	write_entry(out, entry, 0);
	return config_text_finish(out, &text);
}

char *config_text_finish(FILE *out, char **text)
{
	bool failed = ferror(out);

	if (fclose(out) != 0 || failed) {
		free(*text);
		return NULL;
	}
	return *text;
}
