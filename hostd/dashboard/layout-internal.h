/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the layout's files share. */
#pragma once

#include "client/client-text.h"
#include "layout.h"

/* "12:34:56" of CLOCK_REALTIME, UTC. */
#define LAYOUT_CLOCK_MAX 16
char *layout_clock(uint64_t usec, bool seconds, char text[static LAYOUT_CLOCK_MAX]);

/* A heading over the whole width. */
void layout_head(struct canvas *canvas, int row, const char *title);

/* From a row on; each returns the row behind. */
int layout_host(const struct model *model, const struct layout_time *now, struct canvas *canvas,
		int row);
int layout_notices(const struct model *model, struct canvas *canvas, int row, int rows);
void layout_guests(const struct model *model, const struct view *view,
		   const struct layout_time *now, struct canvas *canvas, int row, int rows);
void layout_events(const struct model *model, struct canvas *canvas, int row, int rows,
		   size_t skip);

/* The keys that mean something now, in the last two rows. */
void layout_keys(const struct model *model, const struct view *view, struct canvas *canvas);
void layout_help(const struct view *view, struct canvas *canvas, int row, int rows);
void layout_log(const struct view *view, struct canvas *canvas, int row, int rows);
/* The box over the page, if there is one. */
void layout_box(const struct model *model, const struct view *view, const struct layout_time *now,
		struct canvas *canvas);
