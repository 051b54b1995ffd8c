/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screenful of characters with styles, in memory: what layout writes and the terminal shows.
 * Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

enum page_style {
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
struct page_cell {
	char32_t character;
	uint8_t style;
};

struct page {
	int rows, columns;
	struct page_cell *cells;
	int cursor_row, cursor_column; /* -1: it is not shown */
};

/* At least 1x1, at most PAGE_SIDE_MAX in each direction. */
#define PAGE_SIDE_MAX 512

/* Makes it that large and blank. Returns 0 or -ENOMEM with the page as it was. */
int page_resize(struct page *page, int rows, int columns);
void page_done(struct page *page);

/*
 * Writes text at a place, into at most width columns; what does not fit is cut, which '»' says.
 * What is outside of the page is not written. Control characters and what is not UTF-8 become '?',
 * combining characters are left out. Returns the columns that were used.
 */
int page_put(struct page *page, int row, int column, int width, enum page_style style,
	     const char *text);
int page_putf(struct page *page, int row, int column, int width, enum page_style style,
	      const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Fills a rectangle with one character. */
void page_fill(struct page *page, int row, int column, int rows, int columns, enum page_style style,
	       char32_t character);
/* Gives a rectangle another style. */
void page_restyle(struct page *page, int row, int column, int columns, enum page_style style);
/* A frame of single lines with a title in it; its inside is blank and STYLE_BOX. */
void page_box(struct page *page, int row, int column, int rows, int columns, const char *title);

/* The columns that a text takes on a screen. */
int page_width(const char *text);
/* A character as UTF-8, without a NUL. Returns its length. */
#define PAGE_CHARACTER_MAX 4
size_t page_encode(char32_t character, char bytes[static PAGE_CHARACTER_MAX]);
/* One row as UTF-8 without blanks at its end, for tests. New string or NULL. */
char *page_row_text(const struct page *page, int row);
