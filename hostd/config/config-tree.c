// SPDX-License-Identifier: GPL-2.0-or-later
// The syntax of mvirt.conf: a small recursive-descent parser of the subset that HCL shares.
#include "config-tree.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/array.h"

enum token { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_CHAR, TOKEN_BAD };

struct parser {
	const char *next;
	unsigned int line;
	enum token token;
	unsigned int token_line;
	char character; /* of TOKEN_CHAR: one of = { } [ ] , */
	char text[CONFIG_STRING_LENGTH_MAX + 1]; /* of TOKEN_WORD and TOKEN_STRING */
	unsigned int error_line;
	char *message;
};

void config_entry_done(struct config_entry *entry)
{
	for (size_t i = 0; i < entry->entry_count; i++)
		config_entry_done(&entry->entries[i]);
	free(entry->entries);
	text_list_done(&entry->values);
	free(entry->key);
	free(entry->label);
	*entry = (struct config_entry){};
}

/* The first error is kept: what comes after it is often its consequence. Returns -EBADMSG. */
static int wrong(struct parser *parser, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int wrong(struct parser *parser, unsigned int line, const char *format, ...)
{
	va_list arguments;

	if (parser->message)
		return -EBADMSG;
	va_start(arguments, format);
	if (vasprintf(&parser->message, format, arguments) < 0)
		parser->message = NULL;
	va_end(arguments);
	parser->error_line = line;
	return parser->message ? -EBADMSG : -ENOMEM;
}

static void skip_blanks(struct parser *parser)
{
	for (;; parser->next++) {
		if (*parser->next == '#' || (parser->next[0] == '/' && parser->next[1] == '/'))
			parser->next += strcspn(parser->next, "\n");
		if (*parser->next == '\n')
			parser->line++;
		else if (!isspace((unsigned char)*parser->next))
			return;
	}
}

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-_.:/+", c));
}

static int read_string(struct parser *parser)
{
	size_t length = 0;

	for (parser->next++; *parser->next != '"'; parser->next++) {
		char c = *parser->next;

		if (c == '\0' || c == '\n')
			return wrong(parser, parser->line, "the string has no closing quote");
		if (c == '\\') {
			c = *++parser->next;
			if (c == 'n')
				c = '\n';
			else if (c == 't')
				c = '\t';
			else if (c != '"' && c != '\\')
				return wrong(parser, parser->line,
					     "in strings \\ is followed by \", \\, n or t");
		} else if ((unsigned char)c < 0x20 && c != '\t') {
			return wrong(parser, parser->line,
				     "there is a control character in the string");
		}
		if (length == CONFIG_STRING_LENGTH_MAX)
			return wrong(parser, parser->line, "the string is longer than %d bytes",
				     CONFIG_STRING_LENGTH_MAX);
		parser->text[length++] = c;
	}
	parser->next++;
	parser->text[length] = '\0';
	parser->token = TOKEN_STRING;
	return 0;
}

static int read_word(struct parser *parser)
{
	size_t length = 0;

	while (is_word_character(*parser->next) && length < CONFIG_STRING_LENGTH_MAX)
		parser->text[length++] = *parser->next++;
	parser->text[length] = '\0';
	parser->token = TOKEN_WORD;
	return 0;
}

/* Reads the next token into the parser. Returns 0 or what wrong() returns. */
static int advance(struct parser *parser)
{
	skip_blanks(parser);
	parser->token_line = parser->line;
	parser->token = TOKEN_BAD;
	if (*parser->next == '\0') {
		parser->token = TOKEN_END;
		return 0;
	}
	if (strchr("={}[],", *parser->next)) {
		parser->token = TOKEN_CHAR;
		parser->character = *parser->next++;
		return 0;
	}
	if (*parser->next == '"')
		return read_string(parser);
	if (is_word_character(*parser->next))
		return read_word(parser);
	if (isprint((unsigned char)*parser->next))
		return wrong(parser, parser->line, "unexpected '%c'", *parser->next);
	return wrong(parser, parser->line, "unexpected byte 0x%02x", (unsigned char)*parser->next);
}

static bool at(const struct parser *parser, char character)
{
	return parser->token == TOKEN_CHAR && parser->character == character;
}

static bool at_value(const struct parser *parser)
{
	return parser->token == TOKEN_WORD || parser->token == TOKEN_STRING;
}

static int parse_list(struct parser *parser, struct config_entry *entry)
{
	char closing = parser->character == '{' ? '}' : ']';
	unsigned int line = parser->token_line;
	int r = advance(parser);

	entry->kind = CONFIG_LIST;
	while (r == 0 && !at(parser, closing)) {
		if (parser->token == TOKEN_END)
			return wrong(parser, line, "the list of %s has no closing %c", entry->key,
				     closing);
		if (!at_value(parser))
			return wrong(parser, parser->token_line,
				     "a value of the list of %s is missing", entry->key);
		r = text_list_add(&entry->values, parser->text);
		if (r == 0)
			r = advance(parser);
		if (r == 0 && at(parser, ','))
			r = advance(parser);
		else if (r == 0 && !at(parser, closing))
			return wrong(parser, parser->token_line,
				     "a , or %c is missing in the list of %s", closing, entry->key);
	}
	return r < 0 ? r : advance(parser);
}

static int parse_value(struct parser *parser, struct config_entry *entry)
{
	int r = advance(parser);

	if (r < 0)
		return r;
	if (at(parser, '{') || at(parser, '['))
		return parse_list(parser, entry);
	if (!at_value(parser))
		return wrong(parser, entry->line, "%s has no value", entry->key);
	entry->kind = CONFIG_ATTRIBUTE;
	r = text_list_add(&entry->values, parser->text);
	return r < 0 ? r : advance(parser);
}

static int parse_entries(struct parser *parser, struct config_entry *block, unsigned int depth);

static int parse_block(struct parser *parser, struct config_entry *entry, unsigned int depth)
{
	int r = 0;

	entry->kind = CONFIG_BLOCK;
	if (depth == CONFIG_DEPTH_MAX)
		return wrong(parser, entry->line, "blocks are nested too deep");
	r = advance(parser);
	if (r == 0)
		r = parse_entries(parser, entry, depth + 1);
	if (r < 0)
		return r;
	if (!at(parser, '}'))
		return wrong(parser, entry->line, "the block %s that starts here has no closing }",
			     entry->key);
	return advance(parser);
}

static int parse_entry(struct parser *parser, struct config_entry *entry, unsigned int depth)
{
	int r = 0;

	if (parser->token != TOKEN_WORD)
		return wrong(parser, parser->token_line, "a key or a block is expected here");
	entry->line = parser->token_line;
	entry->key = strdup(parser->text);
	if (!entry->key)
		return -ENOMEM;
	r = advance(parser);
	if (r < 0)
		return r;
	if (at(parser, '='))
		return parse_value(parser, entry);
	if (at_value(parser)) {
		entry->label = strdup(parser->text);
		if (!entry->label)
			return -ENOMEM;
		r = advance(parser);
		if (r < 0)
			return r;
	}
	if (!at(parser, '{'))
		return wrong(parser, entry->line,
			     "behind %s comes = and a value, or a block in { }", entry->key);
	return parse_block(parser, entry, depth);
}

static int parse_entries(struct parser *parser, struct config_entry *block, unsigned int depth)
{
	while (parser->token != TOKEN_END && !at(parser, '}')) {
		int r = array_grow(block->entries, block->entry_count);

		if (r < 0)
			return r;
		block->entries[block->entry_count] = (struct config_entry){};
		r = parse_entry(parser, &block->entries[block->entry_count++], depth);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_tree_parse(const char *text, struct config_entry *ret_root, unsigned int *ret_line,
		      char **ret_message)
{
	struct parser parser = { .next = text, .line = 1 };
	struct config_entry root = { .kind = CONFIG_BLOCK, .line = 1 };
	int r = 0;

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		parser.next += 3;
	r = advance(&parser);
	if (r == 0)
		r = parse_entries(&parser, &root, 0);
	if (r == 0 && parser.token != TOKEN_END)
		r = wrong(&parser, parser.token_line, "this } closes nothing");
	if (r < 0) {
		config_entry_done(&root);
		if (r == -EBADMSG) {
			*ret_line = parser.error_line;
			*ret_message = parser.message;
		} else {
			free(parser.message);
		}
		return r;
	}
	*ret_root = root;
	return 0;
}
