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
static int put_hint(struct page *page, int row, int column, const struct hint *hint)
{
	int width = page_width(hint->key) + 1 + page_width(hint->text);

	if (column + width > page->columns - 1)
		return -1;
	column += page_put(page, row, column, page->columns, STYLE_KEY, hint->key);
	column += 1;
	column += page_put(page, row, column, page->columns, STYLE_NORMAL, hint->text);
	return column + 2;
}

static void put_hints(struct page *page, int *row, int *column, const struct hint *hints,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int next = put_hint(page, *row, *column, &hints[i]);

		if (next < 0 && *row + 1 < page->rows) {
			*row += 1;
			*column = 1;
			next = put_hint(page, *row, *column, &hints[i]);
		}
		if (next > 0)
			*column = next;
	}
}

static bool fits_one_row(const struct page *page, const struct hint *hints, size_t count,
			 bool leave)
{
	int width = leave ? 9 : 1;

	for (size_t i = 0; i < count; i++)
		width += page_width(hints[i].key) + page_width(hints[i].text) + 3;
	return width <= page->columns;
}

void layout_keys(const struct model *model [[maybe_unused]], const struct view *view,
		 struct page *page)
{
	int row = page->rows - 2, column = 1;
	bool short_list = view->page != VIEW_MAIN ||
			  fits_one_row(page, main_hints, ELEMENTS(main_hints), view->can_leave);

	/* A message has the upper of the rows until the next key. */
	if (view->message[0]) {
		page_fill(page, row, 0, 1, page->columns, STYLE_NORMAL, U' ');
		(void)page_put(page, row++, 1, page->columns - 2,
			       view->failed ? STYLE_BAD : STYLE_GOOD, view->message);
	} else if (short_list) {
		page_fill(page, row++, 0, 1, page->columns, STYLE_FRAME, U'─');
	}
	switch (view->page) {
	case VIEW_MAIN:
		if (row + 1 == page->rows && !short_list) {
			put_hints(page, &row, &column, main_hints + ELEMENTS(main_hints) - 1, 1);
			break;
		}
		put_hints(page, &row, &column, main_hints, ELEMENTS(main_hints));
		if (view->can_leave)
			put_hints(page, &row, &column, &leave_hint, 1);
		break;
	case VIEW_HELP:
		put_hints(page, &row, &column, help_hints, ELEMENTS(help_hints));
		break;
	case VIEW_EVENTS:
	case VIEW_NOTICES:
	case VIEW_LOG:
		put_hints(page, &row, &column, page_hints, ELEMENTS(page_hints));
		break;
	}
}

static const struct hint help[] = {
	{ "↑ ↓", "select a guest; what follows is about the selected one" },
	{ "S", "start it" },
	{ "T", "stop it: it is asked to power off, as by its power button" },
	{ "R", "restart it: stop, then start" },
	{ "K", "kill it: as if its power were cut" },
	{ "C Enter", "its serial console; Ctrl-] comes back here" },
	{ "L", "what it has printed on its serial console" },
	{ "V", "show it on the machine's own screen, with keyboard and mouse" },
	{ "A", "set a static address for the host; it goes back to the old one" },
	{ "", "after 60 s unless you confirm it" },
	{ "E", "what has happened on this host" },
	{ "N", "what is wrong: mistakes in mvirt.conf, hardware without a driver," },
	{ "", "disks that are left alone" },
	{ "P", "power off or reboot; guests are stopped first" },
	{ "!", "where the rescue shell is, if mvirt.shell= allows one" },
	{ "? H F1", "this page" },
	{ "Ctrl-L", "draw the screen again, after asking the terminal for its size" },
	{ "Q", "back; on a serial line the dashboard is left for the log" },
	{ "", "" },
	{ "", "Looking is free. For what changes something the password is asked" },
	{ "", "when mvirt.conf sets one (console-password)." },
	{ "", "Alt+F12 shows the kernel's log, Alt+F1 comes back here." },
};

void layout_help(const struct view *view, struct page *page, int row, int rows)
{
	size_t shown = rows > 0 ? (size_t)rows : 0, first = view->scroll;

	if (shown > ELEMENTS(help))
		shown = ELEMENTS(help);
	if (first > ELEMENTS(help) - shown)
		first = ELEMENTS(help) - shown;
	for (size_t i = 0; i < shown; i++) {
		const struct hint *line = &help[first + i];

		(void)page_put(page, row, 2, 8, STYLE_KEY, line->key);
		(void)page_put(page, row++, 11, page->columns - 12, STYLE_NORMAL, line->text);
	}
}

/* --- boxes --- */

struct box {
	struct page *page;
	int row, column, columns; /* of the next line in it */
};

/* A box with room for so many lines, in the middle of the page. */
static struct box open_box(struct page *page, const char *title, int lines)
{
	int columns = page->columns < BOX_COLUMNS ? page->columns : BOX_COLUMNS, rows = lines + 4;
	int row = 0, column = (page->columns - columns) / 2;

	if (rows > page->rows)
		rows = page->rows;
	row = (page->rows - rows) / 2;
	page_box(page, row, column, rows, columns, title);
	return (struct box){ .page = page,
			     .row = row + (rows > lines + 2 ? 2 : 1),
			     .column = column + BOX_MARGIN,
			     .columns = columns - 2 * BOX_MARGIN };
}

static void box_line(struct box *box, const char *text)
{
	(void)page_put(box->page, box->row++, box->column, box->columns, STYLE_BOX, text);
}

static void box_keys(struct box *box, const struct hint *hints, size_t count)
{
	int column = box->column;

	for (size_t i = 0; i < count; i++) {
		column += page_put(box->page, box->row, column, box->columns, STYLE_BOX_KEY,
				   hints[i].key);
		column += 1 + page_put(box->page, box->row, column + 1, box->columns, STYLE_BOX,
				       hints[i].text);
		column += 3;
	}
	box->row++;
}

/* A field that is typed into: its end is what is seen. */
static void box_field(struct box *box, const char *label, const char *text, bool active)
{
	int column = box->column, width = 0, length = page_width(text);

	column += page_put(box->page, box->row, column, box->columns, STYLE_BOX, label);
	width = box->columns - (column - box->column);
	if (width <= 1)
		return;
	page_fill(box->page, box->row, column, 1, width, STYLE_SELECTED, U' ');
	while (length >= width && *text) {
		text++;
		while (((unsigned char)*text & 0xc0) == 0x80)
			text++;
		length = page_width(text);
	}
	(void)page_put(box->page, box->row, column, width, STYLE_SELECTED, text);
	if (active) {
		box->page->cursor_row = box->row;
		box->page->cursor_column = column + length;
	}
	box->row++;
}

static const char *question_detail(enum view_action action)
{
	switch (action) {
	case ACTION_STOP:
		return "It is asked to power off, and killed if it does not in time.";
	case ACTION_RESTART:
		return "It is asked to power off, and started again then.";
	case ACTION_KILL:
		return "Its power is cut: what it has not written is lost.";
	case ACTION_SCREEN:
		return "It gets screen, keyboard and mouse. Ctrl+Alt+F1: back.";
	case ACTION_POWER_OFF:
	case ACTION_REBOOT:
		return "All guests are stopped first.";
	case ACTION_POWER_OFF_NOW:
		return "Also when it goes down already, and waits for them.";
	case ACTION_NONE:
	case ACTION_START:
	case ACTION_CONSOLE:
	case ACTION_ADDRESS:
	case ACTION_KEEP_ADDRESS:
	case ACTION_REVERT_ADDRESS:
	case ACTION_LOG:
	case ACTION_PASSWORD:
	case ACTION_SHELL:
	case ACTION_LEAVE:
	case ACTION_REDRAW:
		break;
	}
	return "";
}

static void draw_question(const struct view *view, struct page *page)
{
	static const struct hint keys[] = { { "Y", "Yes" }, { "N", "No" } };
	_cleanup_free_ char *text = NULL;
	struct box box = open_box(page, "Sure?", 4);

	if (view->asked == ACTION_POWER_OFF)
		text = strdup("Power this machine off?");
	else if (view->asked == ACTION_REBOOT)
		text = strdup("Reboot this machine?");
	else if (view->asked == ACTION_POWER_OFF_NOW)
		text = strdup("Kill all guests, and power this machine off?");
	else if (view->asked == ACTION_SCREEN)
		text = text_format("Give the screen to guest %s?", view->guest);
	else
		text = text_format("Really %s guest %s?", view_action_name(view->asked),
				   view->guest);
	box_line(&box, text ? text : "Sure?");
	box_line(&box, question_detail(view->asked));
	box.row++;
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_password(const struct view *view, struct page *page)
{
	static const struct hint keys[] = { { "Enter", "Go on" }, { "Esc", "Never mind" } };
	char stars[VIEW_FIELD_MAX + 1] = "";
	size_t length = 0;
	struct box box = open_box(page, "Console password", 4);

	for (const char *c = view->fields[0]; *c; c++)
		if (((unsigned char)*c & 0xc0) != 0x80)
			stars[length++] = '*';
	box_line(&box, "What changes something is for who knows it.");
	box_field(&box, "Password ", stars, true);
	box.row++;
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_address(const struct view *view, struct page *page)
{
	static const struct hint keys[] = { { "Tab", "Other field" },
					    { "Enter", "Try it for 60 s" },
					    { "Esc", "Never mind" } };
	_cleanup_free_ char *title = text_format("Static address on %s", view->network);
	struct box box = open_box(page, title, 6);

	box_line(&box, "IPv4 with prefix length, 192.0.2.7/24; empty: DHCP.");
	box_field(&box, "Address ", view->fields[0], view->field == 0);
	box_field(&box, "Gateway ", view->fields[1], view->field == 1);
	box.row++;
	box_line(&box, "It is kept until the machine goes down: see mvirt.conf.");
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_trial(const struct model *model, const struct layout_time *now, struct page *page)
{
	static const struct hint keys[] = { { "Y", "Keep it" }, { "N", "Back to the old one" } };
	uint64_t left_s = model->trial.ends_usec > now->boot_usec
				  ? (model->trial.ends_usec - now->boot_usec + 999999) / 1000000
				  : 0;
	_cleanup_free_ char *text = NULL, *left = NULL;
	struct box box = open_box(page, "New address", 4);

	text = text_format("%s has the address %s now.",
			   model->trial.network ? model->trial.network : "?",
			   model->trial.address ? model->trial.address : "?");
	left = text_format("It goes back to the old one in %" PRIu64 " s.", left_s);
	box_line(&box, text ? text : "");
	box_line(&box, left ? left : "");
	box.row++;
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_power(struct page *page)
{
	static const struct hint keys[] = { { "P", "Power off" },
					    { "R", "Reboot" },
					    { "K", "Kill guests" },
					    { "Esc", "Never mind" } };
	struct box box = open_box(page, "Power", 2);

	box_line(&box, "The guests are stopped first, each within its own time.");
	box_keys(&box, keys, ELEMENTS(keys));
}

static void draw_shell(const struct model *model, struct page *page)
{
	static const struct hint none[] = { { "Esc", "Back" } };
	static const struct hint keys[] = { { "Enter", "Go there" }, { "Esc", "Back" } };
	bool here = model->shell_terminal && strncmp(model->shell_terminal, "tty", 3) == 0 &&
		    model->shell_terminal[3] >= '0' && model->shell_terminal[3] <= '9';
	_cleanup_free_ char *text = NULL, *way = NULL;
	struct box box = open_box(page, "Rescue shell", 3);

	if (!model->shell_terminal) {
		box_line(&box, "There is none. Boot with mvirt.shell=tty2 on the kernel's");
		box_line(&box, "command line for a root shell on Alt+F2.");
		box_keys(&box, none, ELEMENTS(none));
		return;
	}
	text = text_format("It is on %s, because of mvirt.shell=.", model->shell_terminal);
	box_line(&box, text ? text : "");
	way = here ? text_format("At the machine's keyboard: Alt+F%s.", model->shell_terminal + 3)
		   : strdup("That is another terminal than this one.");
	box_line(&box, way ? way : "");
	box_keys(&box, here ? keys : none, here ? ELEMENTS(keys) : ELEMENTS(none));
}

void layout_box(const struct model *model, const struct view *view, const struct layout_time *now,
		struct page *page)
{
	switch (view->box) {
	case BOX_NONE:
		break;
	case BOX_QUESTION:
		draw_question(view, page);
		break;
	case BOX_PASSWORD:
		draw_password(view, page);
		break;
	case BOX_ADDRESS:
		draw_address(view, page);
		break;
	case BOX_TRIAL:
		draw_trial(model, now, page);
		break;
	case BOX_POWER:
		draw_power(page);
		break;
	case BOX_SHELL:
		draw_shell(model, page);
		break;
	}
}
