// SPDX-License-Identifier: GPL-2.0-or-later
// struct page -> the terminal, keys -> enum view_key.
#include "terminal.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <ncurses.h>

#include "base/cleanup.h"
#include "terminal-ask.h"
#include "view.h"

#define ROWS_DEFAULT 24
#define COLUMNS_DEFAULT 80
/* A key that sends ESC is told from what is sent by a key with a name. */
#define ESCAPE_MS 50

static struct {
	SCREEN *screen;
	bool utf8, colours;
	struct page shown;
	attr_t attributes[STYLE_COUNT];
	short pairs[STYLE_COUNT];
} terminal;

/* Without colours, and with eight of them. */
static const struct {
	attr_t plain, coloured;
	short foreground, background;
} styles[STYLE_COUNT] = {
	[STYLE_NORMAL] = { A_NORMAL, A_NORMAL, COLOR_WHITE, COLOR_BLACK },
	[STYLE_DIM] = { A_NORMAL, A_NORMAL, COLOR_CYAN, COLOR_BLACK },
	[STYLE_STRONG] = { A_BOLD, A_BOLD, COLOR_WHITE, COLOR_BLACK },
	[STYLE_TITLE] = { A_REVERSE, A_BOLD, COLOR_WHITE, COLOR_BLUE },
	[STYLE_HEAD] = { A_BOLD, A_BOLD, COLOR_CYAN, COLOR_BLACK },
	[STYLE_FRAME] = { A_NORMAL, A_NORMAL, COLOR_BLUE, COLOR_BLACK },
	[STYLE_GOOD] = { A_NORMAL, A_BOLD, COLOR_GREEN, COLOR_BLACK },
	[STYLE_WARNING] = { A_BOLD, A_BOLD, COLOR_YELLOW, COLOR_BLACK },
	[STYLE_BAD] = { A_BOLD, A_BOLD, COLOR_RED, COLOR_BLACK },
	[STYLE_SELECTED] = { A_REVERSE, A_NORMAL, COLOR_BLACK, COLOR_CYAN },
	[STYLE_KEY] = { A_BOLD, A_BOLD, COLOR_YELLOW, COLOR_BLACK },
	[STYLE_BOX] = { A_NORMAL, A_BOLD, COLOR_WHITE, COLOR_BLUE },
};

/* The eight colours on a console whose palette can be set: calmer than those of 1981. */
static const struct {
	short colour, red, green, blue; /* of 1000 */
} palette[] = {
	{ COLOR_BLACK, 55, 67, 86 },    { COLOR_RED, 850, 300, 300 },
	{ COLOR_GREEN, 400, 750, 450 }, { COLOR_YELLOW, 850, 680, 300 },
	{ COLOR_BLUE, 110, 270, 430 },  { COLOR_MAGENTA, 700, 450, 750 },
	{ COLOR_CYAN, 420, 620, 720 },  { COLOR_WHITE, 820, 840, 860 },
};

static void choose_colours(void)
{
	terminal.colours = has_colors() && start_color() == OK && COLORS >= 8 && COLOR_PAIRS > 16;
	if (terminal.colours && can_change_color() && strncmp(getenv("TERM"), "linux", 5) == 0)
		for (size_t i = 0; i < ELEMENTS(palette); i++)
			(void)init_color(palette[i].colour, palette[i].red, palette[i].green,
					 palette[i].blue);
	for (short i = 0; i < STYLE_COUNT; i++) {
		terminal.attributes[i] = terminal.colours ? styles[i].coloured : styles[i].plain;
		terminal.pairs[i] = 0;
		if (terminal.colours &&
		    init_pair((short)(i + 1), styles[i].foreground, styles[i].background) == OK)
			terminal.pairs[i] = (short)(i + 1);
	}
}

static void set_size(int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	(void)ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
}

/* The kernel's own consoles know their size and take UTF-8. */
static void ask_line(void)
{
	struct terminal_answer answer = { .utf8 = true };
	struct winsize size = {};
	const char *type = getenv("TERM");

	if (type && strcmp(type, "linux") == 0) {
		terminal.utf8 = true;
		return;
	}
	terminal_ask(&answer);
	terminal.utf8 = answer.utf8;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    answer.rows == 0)
		return;
	set_size(answer.rows ? answer.rows : ROWS_DEFAULT,
		 answer.columns ? answer.columns : COLUMNS_DEFAULT);
}

static void set_modes(void)
{
	(void)raw();
	(void)noecho();
	(void)nonl();
	(void)intrflush(stdscr, FALSE);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)leaveok(stdscr, FALSE);
	(void)curs_set(0);
	(void)set_escdelay(ESCAPE_MS);
}

int terminal_open(void)
{
	ask_line();
	if (terminal.utf8 && !setlocale(LC_CTYPE, "C.UTF-8"))
		terminal.utf8 = false;
	if (!terminal.utf8)
		(void)setlocale(LC_CTYPE, "C");
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen) {
		/* What nearly everything understands. */
		(void)setenv("TERM", "vt100", 1);
		terminal.screen = newterm(NULL, stdout, stdin);
	}
	if (!terminal.screen)
		return -ENOTTY;
	set_modes();
	choose_colours();
	return 0;
}

void terminal_close(void)
{
	if (!terminal.screen)
		return;
	(void)curs_set(1);
	(void)erase();
	(void)refresh();
	(void)endwin();
	delscreen(terminal.screen);
	terminal.screen = NULL;
	page_done(&terminal.shown);
}

void terminal_suspend(void)
{
	(void)curs_set(1);
	(void)erase();
	(void)refresh();
	(void)endwin();
}

void terminal_resume(void)
{
	/* Whatever a guest has done to it: character sets, colours, modes. */
	static const char reset[] = "\033c", soft[] = "\033[!p\033[?25h\033[?1l\033[?7h\033(B\017";
	const char *type = getenv("TERM");

	if (type && strncmp(type, "linux", 5) == 0)
		(void)!write(STDOUT_FILENO, reset, sizeof(reset) - 1);
	else
		(void)!write(STDOUT_FILENO, soft, sizeof(soft) - 1);
	set_modes();
	terminal_forget();
}

void terminal_forget(void)
{
	page_done(&terminal.shown);
	(void)clearok(stdscr, TRUE);
}

void terminal_resize(bool ask)
{
	struct winsize size = {};

	if (ask) {
		ask_line();
		terminal_forget();
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    is_term_resized(size.ws_row, size.ws_col)) {
		(void)resize_term(size.ws_row, size.ws_col);
		terminal_forget();
	}
}

void terminal_size(int *ret_rows, int *ret_columns)
{
	getmaxyx(stdscr, *ret_rows, *ret_columns);
}

/* What a line without UTF-8 shows instead: its own line drawing characters, or ASCII. */
static const cchar_t *replacement(char32_t character)
{
	switch (character) {
	case U'─':
		return WACS_HLINE;
	case U'│':
		return WACS_VLINE;
	case U'┌':
		return WACS_ULCORNER;
	case U'┐':
		return WACS_URCORNER;
	case U'└':
		return WACS_LLCORNER;
	case U'┘':
		return WACS_LRCORNER;
	default:
		return NULL;
	}
}

static char32_t ascii(char32_t character)
{
	switch (character) {
	case U'█':
		return '#';
	case U'░':
		return '.';
	case U'►':
	case U'»':
		return '>';
	case U'↑':
		return '^';
	case U'↓':
		return 'v';
	default:
		return character < 0x80 ? character : '?';
	}
}

static void put_cell(int row, int column, const struct page_cell *cell)
{
	const cchar_t *line = terminal.utf8 ? NULL : replacement(cell->character);
	wchar_t text[2] = { (wchar_t)(terminal.utf8 ? cell->character : ascii(cell->character)),
			    0 };
	attr_t attributes = terminal.attributes[cell->style];
	cchar_t made;

	if (line) {
		made = *line;
		attributes |= made.attr & A_ALTCHARSET;
		(void)getcchar(line, text, &(attr_t){ 0 }, &(short){ 0 }, NULL);
	}
	(void)setcchar(&made, text, attributes, terminal.pairs[cell->style], NULL);
	(void)mvadd_wch(row, column, &made);
}

/* The last cell of a screen cannot be written without scrolling on some lines: ncurses knows. */
void terminal_show(const struct page *page)
{
	bool all = terminal.shown.rows != page->rows || terminal.shown.columns != page->columns;

	if (all) {
		(void)erase();
		if (page_resize(&terminal.shown, page->rows, page->columns) < 0)
			return;
	}
	for (int row = 0; row < page->rows; row++)
		for (int column = 0; column < page->columns; column++) {
			size_t at = (size_t)(row * page->columns + column);

			if (!all && memcmp(&terminal.shown.cells[at], &page->cells[at],
					   sizeof(page->cells[at])) == 0)
				continue;
			if (page->cells[at].character)
				put_cell(row, column, &page->cells[at]);
			terminal.shown.cells[at] = page->cells[at];
		}
	if (page->cursor_row >= 0)
		(void)move(page->cursor_row, page->cursor_column);
	(void)curs_set(page->cursor_row >= 0);
	(void)refresh();
}

static uint32_t named_key(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return KEY_CODE_UP;
	case KEY_DOWN:
		return KEY_CODE_DOWN;
	case KEY_PPAGE:
		return KEY_CODE_PAGE_UP;
	case KEY_NPAGE:
		return KEY_CODE_PAGE_DOWN;
	case KEY_HOME:
	case KEY_FIND:
		return KEY_CODE_HOME;
	case KEY_END:
	case KEY_SELECT:
		return KEY_CODE_END;
	case KEY_ENTER:
		return KEY_CODE_ENTER;
	case KEY_BACKSPACE:
	case KEY_DC:
		return KEY_CODE_BACKSPACE;
	case KEY_F(1):
	case KEY_HELP:
		return KEY_CODE_HELP;
	default:
		return KEY_CODE_OTHER;
	}
}

uint32_t terminal_read_key(void)
{
	wint_t code = 0;
	int kind = wget_wch(stdscr, &code);

	if (kind == ERR)
		return 0;
	if (kind == KEY_CODE_YES)
		return named_key(code);
	switch (code) {
	case '\r':
	case '\n':
		return KEY_CODE_ENTER;
	case '\t':
		return KEY_CODE_TAB;
	case '\b':
	case 0x7f:
		return KEY_CODE_BACKSPACE;
	case 0x0c:
		return KEY_CODE_REDRAW;
	case 0x1b:
	case 0x03:
		return KEY_CODE_ESCAPE;
	case 0:
		return KEY_CODE_OTHER;
	default:
		return (uint32_t)code;
	}
}
