/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screenful of characters with styles, in memory: what layout writes and the terminal shows.
 * Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

enum canvas_style {
	STYLE_NORMAL,
	STYLE_DIM,
	STYLE_STRONG,
	STYLE_TITLE, /* the bar at the top */
	STYLE_HEAD, /* a section's heading */
	STYLE_FRAME, /* lines */
	STYLE_GOOD,
	STYLE_WARNING,
	STYLE_BAD,
	STYLE_SELECTED,
	STYLE_KEY, /* a key that can be pressed */
	STYLE_BOX, /* inside of a question */
	STYLE_BOX_KEY,
	STYLE_COUNT,
};

/* character 0 is the right half of the wide one before it. */
struct canvas_cell {
	char32_t character;
	uint8_t style;
};

struct canvas {
	int rows, columns;
	struct canvas_cell *cells;
	int cursor_row, cursor_column; /* -1: it is not shown */
};

/* At least 1x1, at most CANVAS_SIDE_MAX in each direction. */
#define CANVAS_SIDE_MAX 512

/* Makes it that large and blank. Returns 0 or -ENOMEM with the canvas as it was. */
int canvas_resize(struct canvas *canvas, int rows, int columns);
void canvas_done(struct canvas *canvas);

/*
 * Writes text at a place, into at most width columns; what does not fit is cut, which '»' says.
 * What is outside of the canvas is not written. Control characters and what is not UTF-8 become
 * '?', combining characters are left out. Returns the columns that were used.
 */
int canvas_put(struct canvas *canvas, int row, int column, int width, enum canvas_style style,
	       const char *text);
int canvas_putf(struct canvas *canvas, int row, int column, int width, enum canvas_style style,
		const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Fills a rectangle with one character. */
void canvas_fill(struct canvas *canvas, int row, int column, int rows, int columns,
		 enum canvas_style style, char32_t character);
/* Gives a rectangle another style. */
void canvas_restyle(struct canvas *canvas, int row, int column, int columns,
		    enum canvas_style style);
/* A frame of single lines with a title in it; its inside is blank and STYLE_BOX. */
void canvas_box(struct canvas *canvas, int row, int column, int rows, int columns,
		const char *title);

/* The columns that a text takes on a screen. */
int canvas_width(const char *text);
/* A character as UTF-8, without a NUL. Returns its length. */
#define CANVAS_CHARACTER_MAX 4
size_t canvas_encode(char32_t character, char bytes[static CANVAS_CHARACTER_MAX]);
/* One row as UTF-8 without blanks at its end, for tests. New string or NULL. */
char *canvas_row_text(const struct canvas *canvas, int row);
