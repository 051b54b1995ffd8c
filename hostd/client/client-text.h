/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: durations, tables, and nothing that a terminal would obey. */
#pragma once

#include <stdio.h>

#include "base/text.h"

/* Control characters are shown as '?': names and labels come from devices and guests. */
void client_put(FILE *stream, const char *text);
/* The same, but lines stay lines, and tabs tabs. */
void client_put_lines(FILE *stream, const char *text);

/* "3 d 4 h", "2 h 5 min", "12 min 5 s", "7 s"; without the seconds "12 min", "< 1 min". Returns the
 * buffer. */
#define CLIENT_DURATION_MAX 32
char *client_duration(uint64_t usec, bool seconds, char text[static CLIENT_DURATION_MAX]);

/* Rows of cells with aligned columns; a NULL cell is "-". */
struct client_table {
	size_t columns;
	struct text_list cells;
	bool failed; /* out of memory */
};

void client_table_add(struct client_table *table, const char *cell);
void client_table_add_consume(struct client_table *table, char *cell_consume);
void client_table_addf(struct client_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Several of them, a heading for example. */
#define client_table_add_cells(table, ...)                                    \
	client_table_add_array((table), (const char *const[]){ __VA_ARGS__ }, \
			       ELEMENTS(((const char *const[]){ __VA_ARGS__ })))
void client_table_add_array(struct client_table *table, const char *const *cells, size_t count);
/* Prints and empties it. Returns 0 or -ENOMEM. */
int client_table_print(struct client_table *table);
