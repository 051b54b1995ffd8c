// SPDX-License-Identifier: GPL-2.0-or-later
// The pages: what goes where at a size.
#include "layout.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "layout-internal.h"

#define KEY_ROWS 2
#define EVENTS_MIN 3
/* Below these only the most important is shown. */
#define ROWS_MIN 14
#define COLUMNS_MIN 40
/* From so many on there is room for blank lines. */
#define ROWS_SPACIOUS 32

char *layout_clock(uint64_t usec, bool seconds, char text[static LAYOUT_CLOCK_MAX])
{
	time_t time = (time_t)(usec / 1000000);
	struct tm parts = {};

	if (!gmtime_r(&time, &parts) ||
	    strftime(text, LAYOUT_CLOCK_MAX, seconds ? "%H:%M:%S" : "%H:%M", &parts) == 0)
		text[0] = '\0';
	return text;
}

void layout_head(struct canvas *canvas, int row, const char *title)
{
	canvas_fill(canvas, row, 0, 1, canvas->columns, STYLE_FRAME, U'─');
	(void)canvas_putf(canvas, row, 2, canvas->columns - 4, STYLE_HEAD, " %s ", title);
}

static void draw_title(const struct model *model, const struct layout_time *now,
		       struct canvas *canvas)
{
	char clock[LAYOUT_CLOCK_MAX], duration[CLIENT_DURATION_MAX];
	_cleanup_free_ char *right = NULL;
	int width = 0, left = 0;

	canvas_fill(canvas, 0, 0, 1, canvas->columns, STYLE_TITLE, U' ');
	if (model->connected)
		right = text_format(
			"up %s   %s UTC ",
			client_duration(model->uptime_usec + now->boot_usec - model->uptime_at_usec,
					false, duration),
			layout_clock(now->real_usec, false, clock));
	width = right ? canvas_width(right) : 0;
	left = canvas_putf(canvas, 0, 1, canvas->columns - width - 3, STYLE_TITLE, "%s",
			   model->hostname ? model->hostname : "mvirt");
	if (model->version)
		(void)canvas_putf(canvas, 0, left + 3, canvas->columns - width - left - 5,
				  STYLE_TITLE, "mvirt %s", model->version);
	if (right && width < canvas->columns - left - 2)
		(void)canvas_put(canvas, 0, canvas->columns - width, width, STYLE_TITLE, right);
}

/* How many rows the guests want: a line over them, and each. */
static int guest_rows(const struct model *model)
{
	size_t most = CANVAS_SIDE_MAX;

	return 1 + (int)(model->guest_count == 0     ? 1
			 : model->guest_count > most ? most
						     : model->guest_count);
}

static size_t notice_count(const struct model *model)
{
	return model->mistakes.count + model->devices.count + model->hardware.count;
}

static void draw_main(const struct model *model, const struct view *view,
		      const struct layout_time *now, struct canvas *canvas)
{
	bool spacious = canvas->rows >= ROWS_SPACIOUS;
	int gap = spacious ? 1 : 0, bottom = canvas->rows - KEY_ROWS;
	int row = layout_host(model, now, canvas, 1 + gap), guests = guest_rows(model), left = 0;
	int notices = (int)(notice_count(model) > 40 ? 40 : notice_count(model));
	char title[64];
	size_t running = 0;

	/* Notices get what the others do not need, but never nothing. */
	left = bottom - row - 2 * (1 + gap) - EVENTS_MIN - (guests > 5 ? 5 : guests);
	if (notices > left)
		notices = left < 1 ? 1 : left;
	if (notices > 0 && notice_count(model) > 0)
		row = layout_notices(model, canvas, row, notices);
	row += gap;
	for (size_t i = 0; i < model->guest_count; i++)
		running += text_equal(model->guests[i].state, "running");
	if (model->guest_count > 0)
		(void)snprintf(title, sizeof(title), "Guests: %zu of %zu running", running,
			       model->guest_count);
	else
		(void)snprintf(title, sizeof(title), "Guests");
	layout_head(canvas, row++, title);
	left = bottom - row - gap - 1 - EVENTS_MIN;
	if (guests > left)
		guests = left;
	layout_guests(model, view, now, canvas, row, guests);
	row += guests + gap;
	layout_head(canvas, row++, "Events");
	layout_events(model, canvas, row, bottom - row, 0);
}

/* On a screen that is too small for more: where the host is, and what is wrong. */
static void draw_small(const struct model *model, const struct layout_time *now,
		       struct canvas *canvas)
{
	int row = layout_host(model, now, canvas, 1);

	if (notice_count(model) > 0 && row < canvas->rows)
		row = layout_notices(model, canvas, row, 1);
	if (row < canvas->rows - 1)
		(void)canvas_put(canvas, canvas->rows - 1, 0, canvas->columns, STYLE_DIM,
				 "? Help  (a larger terminal shows more)");
}

static void draw_page(const struct model *model, const struct view *view,
		      const struct layout_time *now, struct canvas *canvas)
{
	int rows = canvas->rows - KEY_ROWS - 2;
	_cleanup_free_ char *title = NULL;

	switch (view->page) {
	case VIEW_MAIN:
		draw_main(model, view, now, canvas);
		break;
	case VIEW_HELP:
		layout_head(canvas, 1, "Help");
		layout_help(view, canvas, 2, rows);
		break;
	case VIEW_EVENTS:
		layout_head(canvas, 1, "Events");
		layout_events(model, canvas, 2, rows, view->scroll);
		break;
	case VIEW_NOTICES:
		layout_head(canvas, 1, "Notices");
		if (notice_count(model) == 0)
			(void)canvas_put(canvas, 2, 2, canvas->columns - 3, STYLE_GOOD,
					 "No problems.");
		else
			(void)layout_notices(model, canvas, 2, rows);
		break;
	case VIEW_LOG:
		title = text_format("Log of %s: the output on its console", view->guest);
		layout_head(canvas, 1, title ? title : "Log");
		layout_log(view, canvas, 2, rows);
		break;
	}
}

void layout_draw(const struct model *model, const struct view *view, const struct layout_time *now,
		 struct canvas *canvas)
{
	canvas->cursor_row = canvas->cursor_column = -1;
	canvas_fill(canvas, 0, 0, canvas->rows, canvas->columns, STYLE_NORMAL, U' ');
	draw_title(model, now, canvas);
	if (!model->connected) {
		(void)canvas_put(canvas, canvas->rows / 2, 2, canvas->columns - 4, STYLE_WARNING,
				 "hostd does not answer. Running guests are not affected.");
		return;
	}
	if (view->page == VIEW_MAIN && (canvas->rows < ROWS_MIN || canvas->columns < COLUMNS_MIN)) {
		draw_small(model, now, canvas);
	} else {
		draw_page(model, view, now, canvas);
		layout_keys(model, view, canvas);
	}
	layout_box(model, view, now, canvas);
}
