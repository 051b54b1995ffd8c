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

char *layout_duration(uint64_t usec, char text[static LAYOUT_DURATION_MAX])
{
	uint64_t seconds = usec / 1000000, minutes = seconds / 60, hours = minutes / 60;

	if (hours >= 24)
		(void)snprintf(text, LAYOUT_DURATION_MAX, "%" PRIu64 " d %" PRIu64 " h", hours / 24,
			       hours % 24);
	else if (hours > 0)
		(void)snprintf(text, LAYOUT_DURATION_MAX, "%" PRIu64 " h %" PRIu64 " min", hours,
			       minutes % 60);
	else if (minutes > 0)
		(void)snprintf(text, LAYOUT_DURATION_MAX, "%" PRIu64 " min", minutes);
	else
		(void)snprintf(text, LAYOUT_DURATION_MAX, "< 1 min");
	return text;
}

char *layout_clock(uint64_t usec, bool seconds, char text[static LAYOUT_CLOCK_MAX])
{
	time_t time = (time_t)(usec / 1000000);
	struct tm parts = {};

	if (!gmtime_r(&time, &parts) ||
	    strftime(text, LAYOUT_CLOCK_MAX, seconds ? "%H:%M:%S" : "%H:%M", &parts) == 0)
		text[0] = '\0';
	return text;
}

void layout_head(struct page *page, int row, const char *title)
{
	page_fill(page, row, 0, 1, page->columns, STYLE_FRAME, U'─');
	(void)page_putf(page, row, 2, page->columns - 4, STYLE_HEAD, " %s ", title);
}

static void draw_title(const struct model *model, const struct layout_time *now, struct page *page)
{
	char clock[LAYOUT_CLOCK_MAX], duration[LAYOUT_DURATION_MAX];
	_cleanup_free_ char *right = NULL;
	int width = 0, left = 0;

	page_fill(page, 0, 0, 1, page->columns, STYLE_TITLE, U' ');
	if (model->connected)
		right = text_format(
			"up %s   %s UTC ",
			layout_duration(model->uptime_usec + now->boot_usec - model->uptime_at_usec,
					duration),
			layout_clock(now->real_usec, false, clock));
	width = right ? page_width(right) : 0;
	left = page_putf(page, 0, 1, page->columns - width - 3, STYLE_TITLE, "%s",
			 model->hostname ? model->hostname : "mvirt");
	if (model->version)
		(void)page_putf(page, 0, left + 3, page->columns - width - left - 5, STYLE_TITLE,
				"mvirt %s", model->version);
	if (right && width < page->columns - left - 2)
		(void)page_put(page, 0, page->columns - width, width, STYLE_TITLE, right);
}

/* How many rows the guests want: a line over them, and each. */
static int guest_rows(const struct model *model)
{
	size_t most = PAGE_SIDE_MAX;

	return 1 + (int)(model->guest_count == 0     ? 1
			 : model->guest_count > most ? most
						     : model->guest_count);
}

static size_t notice_count(const struct model *model)
{
	return model->mistakes.count + model->devices.count + model->hardware.count;
}

static void draw_main(const struct model *model, const struct view *view,
		      const struct layout_time *now, struct page *page)
{
	bool spacious = page->rows >= ROWS_SPACIOUS;
	int gap = spacious ? 1 : 0, bottom = page->rows - KEY_ROWS;
	int row = layout_host(model, now, page, 1 + gap), guests = guest_rows(model), left = 0;
	int notices = (int)(notice_count(model) > 40 ? 40 : notice_count(model));
	char title[64];
	size_t running = 0;

	/* Notices get what the others do not need, but never nothing. */
	left = bottom - row - 2 * (1 + gap) - EVENTS_MIN - (guests > 5 ? 5 : guests);
	if (notices > left)
		notices = left < 1 ? 1 : left;
	if (notices > 0 && notice_count(model) > 0)
		row = layout_notices(model, page, row, notices);
	row += gap;
	for (size_t i = 0; i < model->guest_count; i++)
		running += text_equal(model->guests[i].state, "running");
	if (model->guest_count > 0)
		(void)snprintf(title, sizeof(title), "Guests: %zu of %zu running", running,
			       model->guest_count);
	else
		(void)snprintf(title, sizeof(title), "Guests");
	layout_head(page, row++, title);
	left = bottom - row - gap - 1 - EVENTS_MIN;
	if (guests > left)
		guests = left;
	layout_guests(model, view, now, page, row, guests);
	row += guests + gap;
	layout_head(page, row++, "Events");
	layout_events(model, page, row, bottom - row, 0);
}

/* On a screen that is too small for more: where the host is, and what is wrong. */
static void draw_small(const struct model *model, const struct layout_time *now, struct page *page)
{
	int row = layout_host(model, now, page, 1);

	if (notice_count(model) > 0 && row < page->rows)
		row = layout_notices(model, page, row, 1);
	if (row < page->rows - 1)
		(void)page_put(page, page->rows - 1, 0, page->columns, STYLE_DIM,
			       "? Help  (a larger screen shows more)");
}

static void draw_page(const struct model *model, const struct view *view,
		      const struct layout_time *now, struct page *page)
{
	int rows = page->rows - KEY_ROWS - 2;
	_cleanup_free_ char *title = NULL;

	switch (view->page) {
	case VIEW_MAIN:
		draw_main(model, view, now, page);
		break;
	case VIEW_HELP:
		layout_head(page, 1, "Help");
		layout_help(view, page, 2, rows);
		break;
	case VIEW_EVENTS:
		layout_head(page, 1, "Events");
		layout_events(model, page, 2, rows, view->scroll);
		break;
	case VIEW_NOTICES:
		layout_head(page, 1, "Notices");
		if (notice_count(model) == 0)
			(void)page_put(page, 2, 2, page->columns - 3, STYLE_GOOD,
				       "Nothing is wrong.");
		else
			(void)layout_notices(model, page, 2, rows);
		break;
	case VIEW_LOG:
		title = text_format("Log of %s: what it printed on its serial line", view->guest);
		layout_head(page, 1, title ? title : "Log");
		layout_log(view, page, 2, rows);
		break;
	}
}

void layout_draw(const struct model *model, const struct view *view, const struct layout_time *now,
		 struct page *page)
{
	page->cursor_row = page->cursor_column = -1;
	page_fill(page, 0, 0, page->rows, page->columns, STYLE_NORMAL, U' ');
	draw_title(model, now, page);
	if (!model->connected) {
		(void)page_put(page, page->rows / 2, 2, page->columns - 4, STYLE_WARNING,
			       "hostd does not answer. Guests that run go on running.");
		return;
	}
	if (view->page == VIEW_MAIN && (page->rows < ROWS_MIN || page->columns < COLUMNS_MIN)) {
		draw_small(model, now, page);
	} else {
		draw_page(model, view, now, page);
		layout_keys(model, view, page);
	}
	layout_box(model, view, now, page);
}
