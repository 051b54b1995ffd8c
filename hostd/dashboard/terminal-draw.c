// SPDX-License-Identifier: GPL-2.0-or-later
// Cells -> bytes. ncurses' own screens would be three more copies of 28 bytes a cell: on a large
// screen more than all the rest of the dashboard.
#include "terminal-draw.h"

#include <stdlib.h>
#include <string.h>

#include <curses.h>
#include <term.h>
/* term.h has macros of these names. */
#undef columns
#undef lines

#include "base/cleanup.h"

#define UNKNOWN (-1)

static struct {
	bool utf8, colours;
	char lines[128]; /* character of the alternate set for VT100's; 0: none */
	struct terminal_output *output; /* of the call, for tputs() */
} draw;

enum { BOLD = 1, REVERSE = 2 };

/* Without colours, and with eight of them. */
static const struct {
	int plain, coloured, foreground, background;
} styles[STYLE_COUNT] = {
	[STYLE_NORMAL] = { 0, 0, COLOR_WHITE, COLOR_BLACK },
	[STYLE_DIM] = { 0, 0, COLOR_CYAN, COLOR_BLACK },
	[STYLE_STRONG] = { BOLD, BOLD, COLOR_WHITE, COLOR_BLACK },
	[STYLE_TITLE] = { REVERSE, BOLD, COLOR_WHITE, COLOR_BLUE },
	[STYLE_HEAD] = { BOLD, BOLD, COLOR_CYAN, COLOR_BLACK },
	[STYLE_FRAME] = { 0, BOLD, COLOR_BLACK, COLOR_BLACK },
	[STYLE_GOOD] = { 0, BOLD, COLOR_GREEN, COLOR_BLACK },
	[STYLE_WARNING] = { BOLD, BOLD, COLOR_YELLOW, COLOR_BLACK },
	[STYLE_BAD] = { BOLD, BOLD, COLOR_RED, COLOR_BLACK },
	[STYLE_SELECTED] = { REVERSE, 0, COLOR_BLACK, COLOR_CYAN },
	[STYLE_KEY] = { BOLD, BOLD, COLOR_YELLOW, COLOR_BLACK },
	[STYLE_BOX] = { REVERSE, 0, COLOR_WHITE, COLOR_BLUE },
	[STYLE_BOX_KEY] = { BOLD | REVERSE, BOLD, COLOR_YELLOW, COLOR_BLUE },
};

void terminal_put(struct terminal_output *output, const char *bytes, size_t length)
{
	if (output->length + length > output->room) {
		size_t room = 2 * (output->length + length) + 256;
		char *more = realloc(output->bytes, room);

		if (!more) {
			output->failed = true;
			return;
		}
		output->bytes = more;
		output->room = room;
	}
	memcpy(output->bytes + output->length, bytes, length);
	output->length += length;
}

static int put_byte(int byte)
{
	char c = (char)byte;

	terminal_put(draw.output, &c, 1);
	return byte;
}

void terminal_put_capability(struct terminal_output *output, const char *capability)
{
	if (!capability)
		return;
	draw.output = output;
	(void)tputs(capability, 1, put_byte);
}

void terminal_draw_setup(bool utf8)
{
	draw.utf8 = utf8;
	draw.colours = max_colors >= 8 && set_a_foreground && set_a_background;
	memset(draw.lines, 0, sizeof(draw.lines));
	/* Pairs: VT100's character, and this terminal's. */
	for (const char *c = enter_alt_charset_mode ? acs_chars : NULL; c && c[0] && c[1]; c += 2)
		if ((unsigned char)c[0] < sizeof(draw.lines))
			draw.lines[(unsigned char)c[0]] = c[1];
}

static void set_style(struct terminal_output *output, unsigned int style)
{
	int attributes = draw.colours ? styles[style].coloured : styles[style].plain;

	terminal_put_capability(output, exit_attribute_mode);
	if (draw.colours) {
		terminal_put_capability(output, tiparm(set_a_foreground, styles[style].foreground));
		terminal_put_capability(output, tiparm(set_a_background, styles[style].background));
	}
	if (attributes & BOLD)
		terminal_put_capability(output, enter_bold_mode);
	if (attributes & REVERSE)
		terminal_put_capability(output, enter_reverse_mode);
}

/* VT100's name of a line drawing character, and ASCII's nearest. */
static char32_t replacement(char32_t character, char *ret_line)
{
	static const struct {
		char32_t character;
		char line, ascii;
	} table[] = {
		{ U'─', 'q', '-' }, { U'│', 'x', '|' }, { U'┌', 'l', '+' }, { U'┐', 'k', '+' },
		{ U'└', 'm', '+' }, { U'┘', 'j', '+' }, { U'·', 0, '.' },   { U'■', 0, '#' },
		{ U'►', 0, '>' },   { U'»', 0, '>' },   { U'↑', 0, '^' },   { U'↓', 0, 'v' },
	};

	*ret_line = 0;
	for (size_t i = 0; i < ELEMENTS(table); i++)
		if (table[i].character == character) {
			*ret_line = draw.lines[(unsigned char)table[i].line];
			return (char32_t)table[i].ascii;
		}
	return character < 0x80 ? character : U'?';
}

static void put_character(struct terminal_output *output, char32_t character)
{
	char bytes[CANVAS_CHARACTER_MAX], line = 0;

	if (draw.utf8) {
		terminal_put(output, bytes, canvas_encode(character, bytes));
		return;
	}
	bytes[0] = (char)replacement(character, &line);
	if (line) {
		terminal_put_capability(output, enter_alt_charset_mode);
		terminal_put(output, &line, 1);
		terminal_put_capability(output, exit_alt_charset_mode);
	} else {
		terminal_put(output, bytes, 1);
	}
}

/* Writing into the last cell scrolls where the cursor does not wait at the margin. */
static bool may_write(const struct canvas *canvas, int row, int column)
{
	return row < canvas->rows - 1 || column < canvas->columns - 1 || eat_newline_glitch ||
	       !auto_right_margin;
}

struct pen {
	int row, column, style;
};

static void draw_cell(struct terminal_output *output, const struct canvas *canvas, int row,
		      int column, struct pen *pen)
{
	const struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column];

	if (pen->row != row || pen->column != column)
		terminal_put_capability(output, tiparm(cursor_address, row, column));
	if (pen->style != cell->style)
		set_style(output, cell->style);
	put_character(output, cell->character);
	pen->style = cell->style;
	pen->row = row;
	pen->column = column + 1;
	/* Behind a wide one, or at the margin, it is where the terminal thinks it is. */
	if (pen->column >= canvas->columns ||
	    canvas->cells[row * canvas->columns + column + 1].character == 0)
		pen->row = UNKNOWN;
}

/* A wide character is drawn anew when its right half differs. */
static bool differs(const struct canvas *canvas, const struct canvas *shown, size_t at)
{
	if (canvas->cells[at].character != shown->cells[at].character ||
	    canvas->cells[at].style != shown->cells[at].style)
		return true;
	return at + 1 < (size_t)canvas->rows * (size_t)canvas->columns &&
	       canvas->cells[at + 1].character == 0 && shown->cells[at + 1].character != 0;
}

static void draw_changes(struct terminal_output *output, const struct canvas *canvas,
			 struct canvas *shown, bool all)
{
	struct pen pen = { UNKNOWN, UNKNOWN, UNKNOWN };

	for (int row = 0; row < canvas->rows; row++)
		for (int column = 0; column < canvas->columns; column++) {
			size_t at = (size_t)row * (size_t)canvas->columns + (size_t)column;

			if ((all || differs(canvas, shown, at)) && canvas->cells[at].character &&
			    may_write(canvas, row, column))
				draw_cell(output, canvas, row, column, &pen);
		}
	memcpy(shown->cells, canvas->cells,
	       (size_t)(canvas->rows * canvas->columns) * sizeof(*canvas->cells));
	if (pen.style != UNKNOWN)
		terminal_put_capability(output, exit_attribute_mode);
}

void terminal_draw(struct terminal_output *output, const struct canvas *canvas,
		   struct canvas *shown)
{
	bool all =
		!shown->cells || shown->rows != canvas->rows || shown->columns != canvas->columns;
	bool moved = all || shown->cursor_row != canvas->cursor_row ||
		     shown->cursor_column != canvas->cursor_column;
	size_t before = output->length;

	if (all) {
		if (canvas_resize(shown, canvas->rows, canvas->columns) < 0) {
			output->failed = true;
			return;
		}
		set_style(output, STYLE_NORMAL);
		terminal_put_capability(output, clear_screen);
	}
	draw_changes(output, canvas, shown, all);
	shown->cursor_row = canvas->cursor_row;
	shown->cursor_column = canvas->cursor_column;
	if (!moved && output->length == before)
		return;
	if (canvas->cursor_row >= 0)
		terminal_put_capability(output, tiparm(cursor_address, canvas->cursor_row,
						       canvas->cursor_column));
	if (moved)
		terminal_put_capability(output,
					canvas->cursor_row >= 0 ? cursor_normal : cursor_invisible);
}
