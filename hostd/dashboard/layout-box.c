// SPDX-License-Identifier: GPL-2.0-or-later
// The keys at the bottom, the help, and the boxes that ask.
#include <inttypes.h>
#include <string.h>

#include "layout-internal.h"

#define BOX_COLUMNS 62
#define BOX_MARGIN 3

struct hint {
	const char *key, *text;
};

static const struct hint main_hints[] = {
	{ "S", "Start" },   { "T", "Stop" },    { "R", "Restart" }, { "K", "Kill" },
	{ "C", "Console" }, { "L", "Log" },     { "V", "Screen" },  { "A", "Address" },
	{ "E", "Events" },  { "N", "Notices" }, { "P", "Power" },   { "!", "Shell" },
	{ "?", "F1 Help" },
};
static const struct hint page_hints[] = {
	{ "↑↓", "Scroll" },
	{ "PgUp PgDn", "Page" },
	{ "Home End", "Ends" },
	{ "Q", "Back" },
};
static const struct hint help_hints[] = { { "↑↓", "Scroll" }, { "Q", "Back" } };
static const struct hint leave_hint = { "Q", "Leave" };

/* Returns the column behind, or -1 when it does not fit. */
static int put_hint(struct canvas *canvas, int row, int column, const struct hint *hint)
{
	int width = canvas_width(hint->key) + 1 + canvas_width(hint->text);

	if (column + width > canvas->columns - 1)
		return -1;
	column += canvas_put(canvas, row, column, canvas->columns, STYLE_KEY, hint->key);
	column += 1;
	column += canvas_put(canvas, row, column, canvas->columns, STYLE_NORMAL, hint->text);
	return column + 2;
}

static void put_hints(struct canvas *canvas, int *row, int *column, const struct hint *hints,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int next = put_hint(canvas, *row, *column, &hints[i]);

		if (next < 0 && *row + 1 < canvas->rows) {
			*row += 1;
			*column = 1;
			next = put_hint(canvas, *row, *column, &hints[i]);
		}
		if (next > 0)
			*column = next;
	}
}

static bool fits_one_row(const struct canvas *canvas, const struct hint *hints, size_t count,
			 bool leave)
{
	int width = leave ? 9 : 1;

	for (size_t i = 0; i < count; i++)
		width += canvas_width(hints[i].key) + canvas_width(hints[i].text) + 3;
	return width <= canvas->columns;
}

void layout_keys(const struct model *model [[maybe_unused]], const struct view *view,
		 struct canvas *canvas)
{
	int row = canvas->rows - 2, column = 1;
	bool short_list = view->page != VIEW_MAIN ||
			  fits_one_row(canvas, main_hints, ELEMENTS(main_hints), view->can_leave);

	/* A message has the upper of the rows until the next key. */
	if (view->message[0]) {
		canvas_fill(canvas, row, 0, 1, canvas->columns, STYLE_NORMAL, U' ');
		(void)canvas_put(canvas, row++, 1, canvas->columns - 2,
				 view->failed ? STYLE_BAD : STYLE_GOOD, view->message);
	} else if (short_list) {
		canvas_fill(canvas, row++, 0, 1, canvas->columns, STYLE_FRAME, U'─');
	}
	switch (view->page) {
	case VIEW_MAIN:
		if (row + 1 == canvas->rows && !short_list) {
			put_hints(canvas, &row, &column, main_hints + ELEMENTS(main_hints) - 1, 1);
			break;
		}
		put_hints(canvas, &row, &column, main_hints, ELEMENTS(main_hints));
		if (view->can_leave)
			put_hints(canvas, &row, &column, &leave_hint, 1);
		break;
	case VIEW_HELP:
		put_hints(canvas, &row, &column, help_hints, ELEMENTS(help_hints));
		break;
	case VIEW_EVENTS:
	case VIEW_NOTICES:
	case VIEW_LOG:
		put_hints(canvas, &row, &column, page_hints, ELEMENTS(page_hints));
		break;
	}
}

static const struct hint help[] = {
	{ "↑ ↓", "select a guest; the keys below act on it" },
	{ "S", "start it" },
	{ "T", "stop it: ask it to power off, as by its power button" },
	{ "R", "restart it: stop, then start" },
	{ "K", "kill it: end it at once" },
	{ "C Enter", "attach to its serial console; Ctrl-] returns here" },
	{ "L", "what it printed on its serial console" },
	{ "V", "show it on the machine's own screen, with keyboard and mouse" },
	{ "A", "set a static address for the host; the old one returns" },
	{ "", "after 60 s unless you confirm it" },
	{ "E", "what happened on this host" },
	{ "N", "problems: mistakes in mvirt.conf, devices without a driver," },
	{ "", "disks that are not used" },
	{ "P", "power off or reboot; guests are stopped first" },
	{ "!", "where the rescue shell is, if mvirt.shell= allows one" },
	{ "? H F1", "this page" },
	{ "Ctrl-L", "redraw, after asking the terminal for its size" },
	{ "Q", "back; on a serial line, leave the dashboard for the log" },
	{ "", "" },
	{ "", "Viewing needs no password. Changes do," },
	{ "", "if mvirt.conf sets one (console-password)." },
	{ "", "Alt+F12 shows the kernel's log, Alt+F1 returns here." },
};

void layout_help(const struct view *view, struct canvas *canvas, int row, int rows)
{
	size_t shown = rows > 0 ? (size_t)rows : 0, first = view->scroll;

	if (shown > ELEMENTS(help))
		shown = ELEMENTS(help);
	if (first > ELEMENTS(help) - shown)
		first = ELEMENTS(help) - shown;
	for (size_t i = 0; i < shown; i++) {
		const struct hint *line = &help[first + i];

		(void)canvas_put(canvas, row, 2, 8, STYLE_KEY, line->key);
		(void)canvas_put(canvas, row++, 11, canvas->columns - 12, STYLE_NORMAL, line->text);
	}
}

/* --- boxes --- */

struct box {
	struct canvas *canvas;
	int row, column, columns; /* of the next line in it */
};

/* A box with room for so many lines, in the middle of the page. */
static struct box open_box(struct canvas *canvas, const char *title, int lines)
{
	int columns = canvas->columns < BOX_COLUMNS ? canvas->columns : BOX_COLUMNS,
	    rows = lines + 4;
	int row = 0, column = (canvas->columns - columns) / 2;

	if (rows > canvas->rows)
		rows = canvas->rows;
	row = (canvas->rows - rows) / 2;
	canvas_box(canvas, row, column, rows, columns, title);
	return (struct box){ .canvas = canvas,
			     .row = row + (rows > lines + 2 ? 2 : 1),
			     .column = column + BOX_MARGIN,
			     .columns = columns - 2 * BOX_MARGIN };
}

static void box_line(struct box *box, const char *text)
{
	(void)canvas_put(box->canvas, box->row++, box->column, box->columns, STYLE_BOX, text);
}

static void box_keys(struct box *box, const struct hint *hints, size_t count)
{
	int column = box->column;

	for (size_t i = 0; i < count; i++) {
		column += canvas_put(box->canvas, box->row, column, box->columns, STYLE_BOX_KEY,
				     hints[i].key);
		column += 1 + canvas_put(box->canvas, box->row, column + 1, box->columns, STYLE_BOX,
					 hints[i].text);
		column += 3;
	}
	box->row++;
}

/* A field that is typed into: its end is what is seen. */
static void box_field(struct box *box, const char *label, const char *text, bool active)
{
	int column = box->column, width = 0, length = canvas_width(text);

	column += canvas_put(box->canvas, box->row, column, box->columns, STYLE_BOX, label);
	width = box->columns - (column - box->column);
	if (width <= 1)
		return;
	canvas_fill(box->canvas, box->row, column, 1, width, STYLE_SELECTED, U' ');
	while (length >= width && *text) {
		text++;
		while (((unsigned char)*text & 0xc0) == 0x80)
			text++;
		length = canvas_width(text);
	}
	(void)canvas_put(box->canvas, box->row, column, width, STYLE_SELECTED, text);
	if (active) {
		box->canvas->cursor_row = box->row;
		box->canvas->cursor_column = column + length;
	}
	box->row++;
}

static void draw_question(const struct model *model, const struct view *view, struct canvas *canvas)
{
	static const struct hint keys[] = { { "Y", "Yes" }, { "N", "No" } };
	_cleanup_free_ char *text = action_text(view->asked->question, view->guest);
	_cleanup_free_ char *way_back = NULL;
	struct box box = open_box(canvas, "Confirm", 4);

	if (view->asked->id == ACTION_SCREEN && model->dashboard_hotkey)
		way_back = text_format("%s returns here.", model->dashboard_hotkey);
	box_line(&box, text ? text : "");
	box_line(&box, view->asked->detail);
	box_line(&box, way_back ? way_back : "");
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_password(const struct view *view, struct canvas *canvas)
{
	static const struct hint keys[] = { { "Enter", "OK" }, { "Esc", "Cancel" } };
	char stars[VIEW_FIELD_MAX + 1] = "";
	size_t length = 0;
	struct box box = open_box(canvas, "Console password", 4);

	for (const char *c = view->fields[0]; *c; c++)
		if (((unsigned char)*c & 0xc0) != 0x80)
			stars[length++] = '*';
	box_line(&box, "Enter the console password to make changes.");
	box_field(&box, "Password ", stars, true);
	box.row++;
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_address(const struct view *view, struct canvas *canvas)
{
	static const struct hint keys[] = { { "Tab", "Other field" },
					    { "Enter", "Try it for 60 s" },
					    { "Esc", "Cancel" } };
	_cleanup_free_ char *title = text_format("Static address on %s", view->network);
	struct box box = open_box(canvas, title, 6);

	box_line(&box, "IPv4 with prefix length, 192.0.2.7/24; empty: DHCP.");
	box_field(&box, "Address ", view->fields[0], view->field == 0);
	box_field(&box, "Gateway ", view->fields[1], view->field == 1);
	box.row++;
	box_line(&box, "mvirt.conf sets one that outlasts a reboot.");
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_trial(const struct model *model, const struct layout_time *now,
		       struct canvas *canvas)
{
	static const struct hint keys[] = { { "Y", "Keep it" }, { "N", "Revert" } };
	uint64_t left_s = model->trial.ends_usec > now->boot_usec
				  ? (model->trial.ends_usec - now->boot_usec + 999999) / 1000000
				  : 0;
	_cleanup_free_ char *text = NULL, *left = NULL;
	struct box box = open_box(canvas, "New address", 4);

	text = text_format("%s now has the address %s.",
			   model->trial.network ? model->trial.network : "?",
			   model->trial.address ? model->trial.address : "?");
	left = text_format("The old address returns in %" PRIu64 " s.", left_s);
	box_line(&box, text ? text : "");
	box_line(&box, left ? left : "");
	box.row++;
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_power(struct canvas *canvas)
{
	static const struct hint keys[] = {
		{ "P", "Power off" }, { "R", "Reboot" }, { "K", "Kill guests" }, { "Esc", "Cancel" }
	};
	struct box box = open_box(canvas, "Power", 2);

	box_line(&box, "Guests are stopped first, each within its own time.");
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_shell(const struct model *model, struct canvas *canvas)
{
	static const struct hint none[] = { { "Esc", "Back" } };
	static const struct hint keys[] = { { "Enter", "Switch" }, { "Esc", "Back" } };
	bool here = model->shell_terminal && strncmp(model->shell_terminal, "tty", 3) == 0 &&
		    model->shell_terminal[3] >= '0' && model->shell_terminal[3] <= '9';
	_cleanup_free_ char *text = NULL, *way = NULL;
	struct box box = open_box(canvas, "Rescue shell", 3);

	if (!model->shell_terminal) {
		box_line(&box, "There is none. Boot with mvirt.shell=tty2 on the kernel's");
		box_line(&box, "command line for a root shell on Alt+F2.");
		box_keys(&box, none, ELEMENTS(none));
		return;
	}
	text = text_format("It is on %s, because of mvirt.shell=.", model->shell_terminal);
	box_line(&box, text ? text : "");
	way = here ? text_format("At the machine's keyboard: Alt+F%s.", model->shell_terminal + 3)
		   : strdup("That is not this terminal.");
	box_line(&box, way ? way : "");
	box_keys(&box, here ? keys : none, here ? ELEMENTS(keys) : ELEMENTS(none));
}

void layout_box(const struct model *model, const struct view *view, const struct layout_time *now,
		struct canvas *canvas)
{
	switch (view->box) {
	case BOX_NONE:
		break;
	case BOX_QUESTION:
		draw_question(model, view, canvas);
		break;
	case BOX_PASSWORD:
		draw_password(view, canvas);
		break;
	case BOX_ADDRESS:
		draw_address(view, canvas);
		break;
	case BOX_TRIAL:
		draw_trial(model, now, canvas);
		break;
	case BOX_POWER:
		draw_power(canvas);
		break;
	case BOX_SHELL:
		draw_shell(model, canvas);
		break;
	}
}
