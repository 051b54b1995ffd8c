// SPDX-License-Identifier: GPL-2.0-or-later
// Text for people; docs/decisions/tables.md says why tables are printed by ourselves.
#include "client-text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define COLUMN_GAP 2

static void put(FILE *stream, const char *text, const char *kept)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if ((*c < 0x20 || *c == 0x7f) && !strchr(kept, *c))
			(void)fputc('?', stream);
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			/* U+0080 to U+009F, control characters of eight bits */
			(void)fputc('?', stream);
			c++;
		} else
			(void)fputc(*c, stream);
	}
}

void client_put(FILE *stream, const char *text)
{
	put(stream, text, "");
}

void client_put_lines(FILE *stream, const char *text)
{
	put(stream, text, "\n\t");
}

char *client_duration(uint64_t usec, bool seconds, char text[static CLIENT_DURATION_MAX])
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	size_t last = seconds ? 3 : 2, unit = 0;
	uint64_t left = usec / 1000000;

	while (unit < last && left < units[unit].seconds)
		unit++;
	if (left < units[unit].seconds && !seconds)
		(void)snprintf(text, CLIENT_DURATION_MAX, "< 1 min");
	else if (unit == last)
		(void)snprintf(text, CLIENT_DURATION_MAX, "%" PRIu64 " %s",
			       left / units[unit].seconds, units[unit].name);
	else
		(void)snprintf(text, CLIENT_DURATION_MAX, "%" PRIu64 " %s %" PRIu64 " %s",
			       left / units[unit].seconds, units[unit].name,
			       left % units[unit].seconds / units[unit + 1].seconds,
			       units[unit + 1].name);
	return text;
}

void client_table_add(struct client_table *table, const char *cell)
{
	if (text_list_add(&table->cells, cell && cell[0] ? cell : "-") < 0)
		table->failed = true;
}

void client_table_add_array(struct client_table *table, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		client_table_add(table, cells[i]);
}

void client_table_add_consume(struct client_table *table, char *cell_consume)
{
	if (text_list_add_consume(&table->cells, cell_consume) < 0)
		table->failed = true;
}

void client_table_addf(struct client_table *table, const char *format, ...)
{
	va_list arguments;
	char *cell = NULL;

	va_start(arguments, format);
	if (vasprintf(&cell, format, arguments) < 0)
		cell = NULL;
	va_end(arguments);
	client_table_add_consume(table, cell);
}

/* Columns on the screen: bytes that begin a character. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_cells(const struct client_table *table, const size_t *widths)
{
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns, width = width_of(table->cells.items[i]);

		client_put(stdout, table->cells.items[i]);
		if (column == table->columns - 1)
			(void)fputc('\n', stdout);
		else
			(void)printf("%*s", (int)(widths[column] - width) + COLUMN_GAP, "");
	}
}

int client_table_print(struct client_table *table)
{
	_cleanup_free_ size_t *widths = calloc(table->columns, sizeof(*widths));
	bool failed = table->failed || !widths;

	for (size_t i = 0; !failed && i < table->cells.count; i++) {
		size_t width = width_of(table->cells.items[i]);

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	if (!failed)
		print_cells(table, widths);
	text_list_done(&table->cells);
	return failed ? -ENOMEM : 0;
}
