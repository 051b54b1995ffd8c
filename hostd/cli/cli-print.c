// SPDX-License-Identifier: GPL-2.0-or-later
// Text for people: tables, durations, and nothing that a terminal would obey.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

#define COLUMN_GAP 2

void cli_put(FILE *stream, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			(void)fputc('?', stream);
		else if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
			/* U+0080 to U+009F, control characters of eight bits */
			(void)fputc('?', stream);
			c++;
		} else
			(void)fputc(*c, stream);
	}
}

char *cli_duration(uint64_t usec)
{
	uint64_t seconds = usec / 1000000, minutes = seconds / 60, hours = minutes / 60;

	if (hours >= 24)
		return text_format("%" PRIu64 " d %" PRIu64 " h", hours / 24, hours % 24);
	if (hours > 0)
		return text_format("%" PRIu64 " h %" PRIu64 " min", hours, minutes % 60);
	if (minutes > 0)
		return text_format("%" PRIu64 " min %" PRIu64 " s", minutes, seconds % 60);
	return text_format("%" PRIu64 " s", seconds);
}

void cli_table_add(struct cli_table *table, const char *cell)
{
	if (text_list_add(&table->cells, cell && cell[0] ? cell : "-") < 0)
		table->failed = true;
}

void cli_table_add_consume(struct cli_table *table, char *cell_consume)
{
	if (text_list_add_consume(&table->cells, cell_consume) < 0)
		table->failed = true;
}

/* Columns on the screen: bytes that begin a character. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_cells(const struct cli_table *table, const size_t *widths)
{
	for (size_t i = 0; i < table->cells.count; i++) {
		size_t column = i % table->columns;

		cli_put(stdout, table->cells.items[i]);
		if (column == table->columns - 1)
			(void)fputc('\n', stdout);
		else
			(void)printf("%*s",
				     (int)(widths[column] - width_of(table->cells.items[i])) +
					     COLUMN_GAP,
				     "");
	}
}

int cli_table_print(struct cli_table *table)
{
	_cleanup_free_ size_t *widths = calloc(table->columns, sizeof(*widths));
	bool failed = table->failed || !widths;

	if (failed)
		cli_error("out of memory");
	for (size_t i = 0; !failed && i < table->cells.count; i++) {
		size_t width = width_of(table->cells.items[i]);

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	if (!failed)
		print_cells(table, widths);
	text_list_done(&table->cells);
	return failed;
}
