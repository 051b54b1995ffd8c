/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a guest's picture is on the screen, and the content of a row of the screen. Pure. */
#pragma once

#include "screen/rfb.h"
#include "screen/screen-pixel.h"

/* The values are part of messages to the process (screen-message.h) and of config.h. */
enum screen_scale { SCREEN_SCALE_NONE, SCREEN_SCALE_INTEGER, SCREEN_SCALE_FIT };

/* A column of the screen between two of the picture. */
struct screen_column {
	uint32_t index; /* of the left column */
	uint32_t weight; /* of the right column, of 256 */
};

/*
 * Everything that drawing needs. picture is weak. A picture larger than the screen is cut at its
 * right and lower edge, except for SCREEN_SCALE_FIT.
 */
struct screen_draw {
	struct pixel_format from, to; /* of the picture, of the screen */
	struct rfb_picture picture;
	struct rfb_cursor cursor; /* pixels owned; shown with its hot spot at cursor_x, cursor_y */
	unsigned int cursor_x, cursor_y;
	unsigned int screen_width, screen_height;
	enum screen_scale scale;
	struct pixel_rect place; /* of the picture on the screen */
	unsigned int factor; /* for NONE and INTEGER */
	struct screen_column *columns; /* for FIT: one for each column of place */
	uint8_t *rows[3]; /* of the picture: two with the cursor in them, and the two mixed */
	uint8_t *mixed; /* a row of place, in the picture's format */
};

void screen_draw_done(struct screen_draw *draw);
/* Sets another picture, and finds its place. Returns 0, or -ENOMEM with nothing to draw. */
int screen_draw_set_picture(struct screen_draw *draw, const struct rfb_picture *picture);
/* Copies the cursor. Returns 0 or -ENOMEM. */
int screen_draw_set_cursor(struct screen_draw *draw, const struct rfb_cursor *cursor);
/* The part of the picture that the cursor covers now. */
struct pixel_rect screen_draw_cursor_rect(const struct screen_draw *draw);

/* The part of the screen that changes with this part of the picture; may be empty. */
struct pixel_rect screen_draw_map(const struct screen_draw *draw, const struct pixel_rect *part);
/* The pixel of the picture at a place on the screen, or the nearest one. */
void screen_draw_unmap(const struct screen_draw *draw, unsigned int x, unsigned int y,
		       unsigned int *ret_x, unsigned int *ret_y);

/*
 * The pixels x to x + count - 1 of the screen's row y, all within place. Returns where they are: in
 * buffer, which has room for them, or in the picture itself.
 */
const uint8_t *screen_draw_row(struct screen_draw *draw, unsigned int y, unsigned int x,
			       unsigned int count, uint8_t *buffer);
/* Whether rows are the picture's own, without gaps, so that many may be taken at once. */
bool screen_draw_is_plain(const struct screen_draw *draw, const struct pixel_rect *on_screen);
