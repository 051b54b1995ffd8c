// SPDX-License-Identifier: GPL-2.0-or-later
// Text into cells: UTF-8, wide characters, cutting.
#include "canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define CUT U'»'

struct range {
	char32_t first, last;
};

/* East Asian Width W and F (Unicode's EastAsianWidth.txt), in as few ranges as names need. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xa960, 0xa97f },
	{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};
/* Nothing of their own: marks on the character before, joiners, direction, variants. */
static const struct range invisible[] = {
	{ 0x00ad, 0x00ad }, { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },
	{ 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x200b, 0x200f }, { 0x202a, 0x202e }, { 0x2060, 0x206f }, { 0x20d0, 0x20ff },
	{ 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0xe0000, 0xe01ef },
};

static bool is_in(const struct range *ranges, size_t count, char32_t character)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

static int width_of(char32_t character)
{
	if (is_in(invisible, ELEMENTS(invisible), character))
		return 0;
	return is_in(wide, ELEMENTS(wide), character) ? 2 : 1;
}

/* Takes one character off the text; '?' for what is none. */
static char32_t next(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	static const char32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = 1;
	char32_t character = at[0];

	if (at[0] >= 0xc0)
		length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (at[0] >= 0x80)
		character = at[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			*text += i;
			return U'?';
		}
		character = character << 6 | (at[i] & 0x3f);
	}
	*text += length;
	if ((at[0] >= 0x80 && (length == 1 || character < least[length])) || character < 0x20 ||
	    (character >= 0x7f && character < 0xa0) || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return U'?';
	return character;
}

int canvas_width(const char *text)
{
	int width = 0;

	while (*text)
		width += width_of(next(&text));
	return width;
}

int canvas_resize(struct canvas *canvas, int rows, int columns)
{
	struct canvas_cell *cells = NULL;

	rows = rows < 1 ? 1 : rows > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : rows;
	columns = columns < 1 ? 1 : columns > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : columns;
	if (!canvas->cells || rows != canvas->rows || columns != canvas->columns) {
		cells = reallocarray(NULL, (size_t)rows * (size_t)columns, sizeof(*cells));
		if (!cells)
			return -ENOMEM;
		free(canvas->cells);
		canvas->cells = cells;
		canvas->rows = rows;
		canvas->columns = columns;
	}
	canvas->cursor_row = canvas->cursor_column = -1;
	canvas_fill(canvas, 0, 0, rows, columns, STYLE_NORMAL, U' ');
	return 0;
}

void canvas_done(struct canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct canvas){};
}

static struct canvas_cell *cell_at(struct canvas *canvas, int row, int column)
{
	if (row < 0 || row >= canvas->rows || column < 0 || column >= canvas->columns)
		return NULL;
	return &canvas->cells[row * canvas->columns + column];
}

/* Half of a wide character that is written over becomes a blank. */
static void set(struct canvas *canvas, int row, int column, enum canvas_style style,
		char32_t character)
{
	struct canvas_cell *cell = cell_at(canvas, row, column), *after = NULL, *before = NULL;

	if (!cell)
		return;
	after = cell_at(canvas, row, column + 1);
	before = cell_at(canvas, row, column - 1);
	if (cell->character == 0 && character != 0 && before)
		before->character = U' ';
	if (cell->character != 0 && after && after->character == 0)
		after->character = U' ';
	*cell = (struct canvas_cell){ .character = character, .style = (uint8_t)style };
}

void canvas_fill(struct canvas *canvas, int row, int column, int rows, int columns,
		 enum canvas_style style, char32_t character)
{
	for (int y = row; y < row + rows; y++)
		for (int x = column; x < column + columns; x++)
			if (y >= 0 && y < canvas->rows && x >= 0 && x < canvas->columns)
				canvas->cells[y * canvas->columns + x] = (struct canvas_cell){
					.character = character,
					.style = (uint8_t)style,
				};
}

void canvas_restyle(struct canvas *canvas, int row, int column, int columns,
		    enum canvas_style style)
{
	for (int x = column; x < column + columns; x++) {
		struct canvas_cell *cell = cell_at(canvas, row, x);

		if (cell)
			cell->style = (uint8_t)style;
	}
}

int canvas_put(struct canvas *canvas, int row, int column, int width, enum canvas_style style,
	       const char *text)
{
	int used = 0;
	bool fits = false;

	if (width > canvas->columns - column)
		width = canvas->columns - column;
	if (width <= 0 || row < 0 || row >= canvas->rows)
		return 0;
	fits = canvas_width(text) <= width;
	while (*text) {
		char32_t character = next(&text);
		int columns = width_of(character);

		if (columns == 0)
			continue;
		/* The last column is for the mark. */
		if (used + columns > width - (fits ? 0 : 1))
			break;
		set(canvas, row, column + used, style, character);
		if (columns == 2)
			set(canvas, row, column + used + 1, style, 0);
		used += columns;
	}
	if (!fits && used < width)
		set(canvas, row, column + used++, style, CUT);
	return used;
}

int canvas_putf(struct canvas *canvas, int row, int column, int width, enum canvas_style style,
		const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text ? canvas_put(canvas, row, column, width, style, text) : 0;
}

void canvas_box(struct canvas *canvas, int row, int column, int rows, int columns,
		const char *title)
{
	int bottom = row + rows - 1, right = column + columns - 1;

	canvas_fill(canvas, row, column, rows, columns, STYLE_BOX, U' ');
	canvas_fill(canvas, row, column, 1, columns, STYLE_BOX, U'─');
	canvas_fill(canvas, bottom, column, 1, columns, STYLE_BOX, U'─');
	canvas_fill(canvas, row, column, rows, 1, STYLE_BOX, U'│');
	canvas_fill(canvas, row, right, rows, 1, STYLE_BOX, U'│');
	canvas_fill(canvas, row, column, 1, 1, STYLE_BOX, U'┌');
	canvas_fill(canvas, row, right, 1, 1, STYLE_BOX, U'┐');
	canvas_fill(canvas, bottom, column, 1, 1, STYLE_BOX, U'└');
	canvas_fill(canvas, bottom, right, 1, 1, STYLE_BOX, U'┘');
	if (title)
		(void)canvas_putf(canvas, row, column + 2, columns - 4, STYLE_BOX, " %s ", title);
}

size_t canvas_encode(char32_t c, char bytes[static CANVAS_CHARACTER_MAX])
{
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (length == 1) {
		bytes[0] = (char)c;
		return 1;
	}
	for (size_t i = length - 1; i > 0; i--, c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)((0xf00U >> length & 0xf0) | c);
	return length;
}

char *canvas_row_text(const struct canvas *canvas, int row)
{
	char *text = malloc((size_t)canvas->columns * 4 + 1), *end = text;

	if (!text)
		return NULL;
	for (int x = 0; x < canvas->columns; x++)
		if (canvas->cells[row * canvas->columns + x].character)
			end += canvas_encode(canvas->cells[row * canvas->columns + x].character,
					     end);
	while (end > text && end[-1] == ' ')
		end--;
	*end = '\0';
	return text;
}
