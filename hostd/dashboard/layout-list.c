// SPDX-License-Identifier: GPL-2.0-or-later
// The lists: guests, events, a guest's log.
#include <inttypes.h>
#include <string.h>

#include "layout-internal.h"

/* Widths of the table's columns. */
#define NAME_MIN 12
#define STATE_COLUMNS 8
#define CPU_COLUMNS 6
#define MEMORY_COLUMNS 9
#define UPTIME_COLUMNS 11
#define ADDRESS_COLUMNS 18
#define MARGIN 2
#define GAP 1

static enum canvas_style style_of(const struct model_guest *guest)
{
	if (guest->paused)
		return STYLE_WARNING;
	if (text_equal(guest->state, "running"))
		return STYLE_GOOD;
	if (text_equal(guest->state, "failed") || text_equal(guest->state, "crashed"))
		return STYLE_BAD;
	if (text_equal(guest->state, "stopped"))
		return STYLE_DIM;
	return STYLE_WARNING;
}

/* Columns for the names: as many as the longest needs, if what follows still fits. */
static int name_columns(const struct model *model, const struct canvas *canvas)
{
	int rest = STATE_COLUMNS + CPU_COLUMNS + MEMORY_COLUMNS + UPTIME_COLUMNS + 5 * GAP +
		   ADDRESS_COLUMNS;
	int room = canvas->columns - MARGIN - rest, wanted = NAME_MIN;

	for (size_t i = 0; i < model->guest_count; i++) {
		int width = canvas_width(model->guests[i].name);

		wanted = width > wanted ? width : wanted;
	}
	if (room < NAME_MIN)
		room = NAME_MIN;
	return wanted < room ? wanted : room;
}

/* What is to be said of it besides; new string or NULL. */
static char *remark(const struct model_guest *guest)
{
	if (guest->reason)
		return strdup(guest->reason);
	if (guest->waiting)
		return strdup(guest->waiting);
	if (guest->emulated)
		return text_format("%s%semulated: slow, no isolation",
				   guest->address ? guest->address : "",
				   guest->address ? "  " : "");
	return guest->address ? strdup(guest->address) : NULL;
}

static void draw_guest(const struct model_guest *guest, const struct layout_time *now,
		       struct canvas *canvas, int row, int names, bool screen)
{
	char bytes[TEXT_BYTES_MAX], duration[CLIENT_DURATION_MAX];
	_cleanup_free_ char *text = remark(guest);
	int column = MARGIN;

	(void)canvas_put(canvas, row, column, names, STYLE_STRONG, guest->name);
	column += names + GAP;
	(void)canvas_put(canvas, row, column, STATE_COLUMNS, style_of(guest),
			 guest->paused  ? "paused"
			 : guest->state ? guest->state
					: "?");
	column += STATE_COLUMNS + GAP;
	if (guest->cpu_percent != MODEL_UNKNOWN)
		(void)canvas_putf(canvas, row, column, CPU_COLUMNS, STYLE_NORMAL, "%3" PRIu64 " %%",
				  guest->cpu_percent);
	column += CPU_COLUMNS + GAP;
	(void)canvas_putf(canvas, row, column, MEMORY_COLUMNS, STYLE_NORMAL, "%9s",
			  text_from_bytes(guest->used_bytes == MODEL_UNKNOWN ? guest->memory_bytes
									     : guest->used_bytes,
					  bytes));
	column += MEMORY_COLUMNS + GAP;
	if (guest->started_usec != MODEL_UNKNOWN && now->boot_usec >= guest->started_usec)
		(void)canvas_putf(canvas, row, column, UPTIME_COLUMNS, STYLE_NORMAL, "%10s",
				  client_duration(now->boot_usec - guest->started_usec, false,
						  duration));
	column += UPTIME_COLUMNS + GAP;
	(void)canvas_putf(canvas, row, column, canvas->columns - column - 1,
			  guest->reason ? STYLE_BAD : STYLE_NORMAL, "%s%s",
			  screen ? "[screen] " : "", text ? text : "");
}

static void draw_header(struct canvas *canvas, int row, int names)
{
	const struct {
		const char *text;
		int columns;
	} heads[] = {
		{ "NAME", names },
		{ "STATE", STATE_COLUMNS },
		{ "  CPU", CPU_COLUMNS },
		{ "   MEMORY", MEMORY_COLUMNS },
		{ "    UPTIME", UPTIME_COLUMNS },
		{ "ADDRESS", ADDRESS_COLUMNS },
	};
	int column = MARGIN;

	for (size_t i = 0; i < ELEMENTS(heads); i++) {
		(void)canvas_put(canvas, row, column, heads[i].columns, STYLE_DIM, heads[i].text);
		column += heads[i].columns + GAP;
	}
}

/* The first of them that is shown, so that the selected one is in sight. */
static size_t first_shown(const struct model *model, const struct view *view, size_t rows)
{
	const struct model_guest *guest = model_find_guest(model, view->guest);
	size_t at = guest ? (size_t)(guest - model->guests) : 0;

	if (model->guest_count <= rows || at < rows / 2)
		return 0;
	at -= rows / 2;
	return at + rows > model->guest_count ? model->guest_count - rows : at;
}

void layout_guests(const struct model *model, const struct view *view,
		   const struct layout_time *now, struct canvas *canvas, int row, int rows)
{
	int names = name_columns(model, canvas);
	size_t first = 0, shown = rows > 1 ? (size_t)rows - 1 : 0;

	if (model->guest_count == 0) {
		(void)canvas_put(
			canvas, row, MARGIN, canvas->columns - MARGIN - 1, STYLE_NORMAL,
			"No guests yet: define them in mvirt.conf on a volume labelled MVIRT.");
		return;
	}
	draw_header(canvas, row++, names);
	first = first_shown(model, view, shown);
	for (size_t i = 0; i < shown && first + i < model->guest_count; i++, row++) {
		const struct model_guest *guest = &model->guests[first + i];
		bool more = (i == 0 && first > 0) ||
			    (i + 1 == shown && first + shown < model->guest_count);

		draw_guest(guest, now, canvas, row, names,
			   text_equal(guest->name, model->screen_guest));
		if (more)
			canvas_fill(canvas, row, 0, 1, 1, STYLE_DIM,
				    i == 0 && first > 0 ? U'↑' : U'↓');
		if (text_equal(guest->name, view->guest)) {
			canvas_fill(canvas, row, 0, 1, 1, STYLE_SELECTED, U'►');
			canvas_restyle(canvas, row, 0, canvas->columns, STYLE_SELECTED);
		}
	}
}

static enum canvas_style style_of_level(unsigned int level)
{
	return level <= 3 ? STYLE_BAD : level == 4 ? STYLE_WARNING : STYLE_NORMAL;
}

void layout_events(const struct model *model, struct canvas *canvas, int row, int rows, size_t skip)
{
	size_t shown = rows > 0 ? (size_t)rows : 0, first = 0;

	if (shown > model->line_count)
		shown = model->line_count;
	if (skip > model->line_count - shown)
		skip = model->line_count - shown;
	first = model->line_count - shown - skip;
	for (size_t i = 0; i < shown; i++) {
		const struct model_line *line = model_line(model, first + i);
		char clock[LAYOUT_CLOCK_MAX];
		int column = MARGIN;

		column += canvas_put(canvas, row, column, canvas->columns - column, STYLE_DIM,
				     layout_clock(line->time_usec, true, clock));
		column += 2;
		column += canvas_put(canvas, row, column, canvas->columns - column - 1,
				     STYLE_STRONG, line->subject);
		(void)canvas_putf(canvas, row, column, canvas->columns - column - 1,
				  style_of_level(line->level), ": %s", line->message);
		row++;
	}
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; lines++) {
		const char *end = strchr(text, '\n');

		if (!end)
			return lines + 1;
		text = end + 1;
	}
	return lines;
}

void layout_log(const struct view *view, struct canvas *canvas, int row, int rows)
{
	const char *text = view->log ? view->log : "";
	size_t lines = count_lines(text), shown = rows > 0 ? (size_t)rows : 0, skip = view->scroll;

	if (lines == 0)
		(void)canvas_put(canvas, row, MARGIN, canvas->columns - MARGIN - 1, STYLE_DIM,
				 "It has not printed anything.");
	if (shown > lines)
		shown = lines;
	if (skip > lines - shown)
		skip = lines - shown;
	for (size_t i = 0; *text; i++) {
		size_t length = strcspn(text, "\n");

		if (i >= lines - shown - skip && i < lines - skip)
			(void)canvas_putf(canvas, row++, 0, canvas->columns, STYLE_NORMAL, "%.*s",
					  (int)(length > CANVAS_SIDE_MAX * 4 ? CANVAS_SIDE_MAX * 4
									     : length),
					  text);
		text += length + (text[length] == '\n');
	}
}
