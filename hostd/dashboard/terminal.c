// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal of this process: its modes, its size, what is read and written.
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>
/* term.h has macros of these names. */
#undef columns
#undef lines

#include "base/cleanup.h"
#include "base/file.h"
#include "terminal-ask.h"
#include "terminal-draw.h"
#include "terminal-key.h"

#define ROWS_DEFAULT 24
#define COLUMNS_DEFAULT 80
/* The key Escape is told from a sequence by what does not follow it. */
#define ESCAPE_MS 50

static struct {
	bool open, utf8;
	struct termios before;
	struct canvas shown;
	char typed[256];
	size_t typed_length;
} terminal;

/*
 * The sixteen colours of the kernel's consoles, where a colour is set with "ESC ] P N RRGGBB":
 * calmer than those of 1981.
 */
static const char palette[] = "\033]P00d1117\033]P1c5484d\033]P24f9d69\033]P3c9a227\033]P41b3a57"
			      "\033]P58d6a9f\033]P65b8fa8\033]P7c9d1d9\033]P8405060\033]P9f07178"
			      "\033]PA7fd09a\033]PBf2cc60\033]PC4f8fbf\033]PDb58fd0\033]PE8fd0e8"
			      "\033]PFffffff";

static bool is_kernels(void)
{
	const char *type = getenv("TERM");

	return type && strncmp(type, "linux", 5) == 0;
}

static void send(const char *bytes, size_t length)
{
	(void)file_write_all(STDOUT_FILENO, bytes, length);
}

static void set_size(int rows, int columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	(void)ioctl(STDOUT_FILENO, TIOCSWINSZ, &size);
}

/* The kernel's own consoles know their size and take UTF-8. */
static void ask_line(void)
{
	struct terminal_answer answer = { .utf8 = false };
	struct winsize size = {};

	if (is_kernels()) {
		terminal.utf8 = true;
		return;
	}
	terminal_ask(&answer);
	terminal.utf8 = answer.utf8;
	if (answer.rows == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
	    size.ws_col > 0)
		return;
	set_size(answer.rows ? answer.rows : ROWS_DEFAULT,
		 answer.columns ? answer.columns : COLUMNS_DEFAULT);
}

static void set_raw(void)
{
	struct termios modes = terminal.before;

	cfmakeraw(&modes);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
}

static void enter(void)
{
	struct terminal_output output = {};

	set_raw();
	if (is_kernels())
		terminal_put(&output, palette, sizeof(palette) - 1);
	if (!terminal.utf8)
		terminal_put_capability(&output, ena_acs);
	terminal_put_capability(&output, cursor_invisible);
	send(output.bytes, output.length);
	free(output.bytes);
	terminal_forget();
}

static void leave(void)
{
	struct terminal_output output = {};

	terminal_put_capability(&output, exit_attribute_mode);
	terminal_put_capability(&output, orig_pair);
	terminal_put_capability(&output, clear_screen);
	terminal_put_capability(&output, cursor_normal);
	send(output.bytes, output.length);
	free(output.bytes);
}

int terminal_open(void)
{
	int error = 0;

	if (tcgetattr(STDIN_FILENO, &terminal.before) < 0)
		return -errno;
	ask_line();
	if (setupterm(NULL, STDOUT_FILENO, &error) == ERR || !cursor_address || !clear_screen) {
		/* What nearly everything understands. */
		(void)setenv("TERM", "vt100", 1);
		if (setupterm("vt100", STDOUT_FILENO, &error) == ERR)
			return -ENOTTY;
	}
	terminal_draw_setup(terminal.utf8);
	terminal.open = true;
	enter();
	return 0;
}

void terminal_close(void)
{
	if (!terminal.open)
		return;
	terminal.open = false;
	leave();
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	canvas_done(&terminal.shown);
}

void terminal_suspend(void)
{
	leave();
}

void terminal_resume(void)
{
	/* Whatever a guest has done to it: character sets, colours, modes. */
	static const char reset[] = "\033c", soft[] = "\033[!p\033[?25h\033[?1l\033[?7h\033(B\017";

	if (is_kernels())
		send(reset, sizeof(reset) - 1);
	else
		send(soft, sizeof(soft) - 1);
	enter();
}

void terminal_forget(void)
{
	canvas_done(&terminal.shown);
}

void terminal_resize(bool ask)
{
	if (ask) {
		ask_line();
		terminal_draw_setup(terminal.utf8);
		set_raw();
	}
	terminal_forget();
}

void terminal_size(int *ret_rows, int *ret_columns)
{
	struct winsize size = {};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = ROWS_DEFAULT, .ws_col = COLUMNS_DEFAULT };
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
}

void terminal_show(const struct canvas *canvas)
{
	struct terminal_output output = {};

	terminal_draw(&output, canvas, &terminal.shown);
	if (output.failed)
		terminal_forget();
	if (output.length > 0)
		send(output.bytes, output.length);
	free(output.bytes);
}

static bool has_more(int timeout_ms)
{
	struct pollfd polled = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&polled, 1, timeout_ms) > 0 && (polled.revents & POLLIN);
}

/* Returns whether anything came. */
static bool read_more(int timeout_ms)
{
	size_t room = terminal.typed_length < sizeof(terminal.typed)
			      ? sizeof(terminal.typed) - terminal.typed_length
			      : 0;
	ssize_t n = 0;

	if (room == 0 || !has_more(timeout_ms))
		return false;
	n = read(STDIN_FILENO, terminal.typed + terminal.typed_length, room);
	if (n > 0)
		terminal.typed_length += (size_t)n;
	return n > 0;
}

uint32_t terminal_read_key(void)
{
	uint32_t key = 0;
	size_t taken = 0;

	(void)read_more(0);
	for (bool all_there = false; taken == 0 && terminal.typed_length > 0;) {
		taken = terminal_key(terminal.typed, terminal.typed_length, all_there, &key);
		if (taken == 0)
			all_there = !read_more(ESCAPE_MS);
	}
	terminal.typed_length -= taken;
	memmove(terminal.typed, terminal.typed + taken, terminal.typed_length);
	return taken > 0 ? key : 0;
}
