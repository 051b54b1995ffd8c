// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's picture on the screen: its place, and its rows with the pointer in them.
#include "screen-draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "screen/screen-scale.h"

void screen_draw_done(struct screen_draw *draw)
{
	uint8_t *pixels = draw->cursor.width ? (uint8_t *)(uintptr_t)draw->cursor.pixels : NULL;

	free(pixels);
	free(draw->columns);
	free(draw->rows[0]);
	free(draw->rows[1]);
	free(draw->rows[2]);
	free(draw->mixed);
	draw->cursor = (struct rfb_cursor){};
	draw->columns = NULL;
	draw->rows[0] = draw->rows[1] = draw->rows[2] = draw->mixed = NULL;
	draw->picture = (struct rfb_picture){};
	draw->place = (struct pixel_rect){};
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static void find_place(struct screen_draw *draw)
{
	const struct rfb_picture *picture = &draw->picture;
	unsigned int width = draw->screen_width, height = draw->screen_height;
	struct pixel_rect *place = &draw->place;

	draw->factor = 1;
	if (draw->scale == SCREEN_SCALE_INTEGER)
		draw->factor = least(width / picture->width, height / picture->height) ?: 1;
	if (draw->scale == SCREEN_SCALE_FIT) {
		place->width = width;
		place->height = (unsigned int)((uint64_t)picture->height * width / picture->width);
		if (place->height > height) {
			place->height = height;
			place->width =
				(unsigned int)((uint64_t)picture->width * height / picture->height);
		}
		place->width = place->width ?: 1;
		place->height = place->height ?: 1;
	} else {
		place->width = least(picture->width * draw->factor, width);
		place->height = least(picture->height * draw->factor, height);
	}
	place->x = (width - place->width) / 2;
	place->y = (height - place->height) / 2;
	/* If nothing has to be mixed, skip it. */
	if (draw->scale == SCREEN_SCALE_FIT && place->width == picture->width &&
	    place->height == picture->height)
		draw->factor = 1;
	else if (draw->scale == SCREEN_SCALE_FIT)
		draw->factor = 0;
}

int screen_draw_set_picture(struct screen_draw *draw, const struct rfb_picture *picture)
{
	free(draw->columns);
	free(draw->rows[0]);
	free(draw->rows[1]);
	free(draw->rows[2]);
	free(draw->mixed);
	draw->picture = *picture;
	find_place(draw);
	draw->columns = calloc(draw->place.width, sizeof(*draw->columns));
	draw->rows[0] = malloc(picture->stride);
	draw->rows[1] = malloc(picture->stride);
	draw->rows[2] = malloc(picture->stride);
	draw->mixed = calloc(draw->place.width, sizeof(uint32_t));
	if (!draw->columns || !draw->rows[0] || !draw->rows[1] || !draw->rows[2] || !draw->mixed) {
		draw->picture = (struct rfb_picture){};
		draw->place = (struct pixel_rect){};
		return -ENOMEM;
	}
	screen_scale_columns(draw->columns, draw->place.width, picture->width);
	return 0;
}

int screen_draw_set_cursor(struct screen_draw *draw, const struct rfb_cursor *cursor)
{
	size_t bytes = (size_t)cursor->width * cursor->height * 4;
	uint8_t *pixels = NULL, *old = NULL;

	if (bytes > 0) {
		pixels = malloc(bytes);
		if (!pixels)
			return -ENOMEM;
		memcpy(pixels, cursor->pixels, bytes);
	}
	old = draw->cursor.width ? (uint8_t *)(uintptr_t)draw->cursor.pixels : NULL;
	free(old);
	draw->cursor = *cursor;
	draw->cursor.pixels = pixels;
	return 0;
}

struct pixel_rect screen_draw_cursor_rect(const struct screen_draw *draw)
{
	const struct rfb_cursor *cursor = &draw->cursor;
	unsigned int x = draw->cursor_x, y = draw->cursor_y;
	unsigned int left = least(x, cursor->hot_x), up = least(y, cursor->hot_y);
	struct pixel_rect rect;

	if (cursor->width <= cursor->hot_x - left || cursor->height <= cursor->hot_y - up)
		return (struct pixel_rect){};
	rect = (struct pixel_rect){ x - left, y - up, cursor->width - (cursor->hot_x - left),
				    cursor->height - (cursor->hot_y - up) };
	return pixel_rect_clip(&rect, draw->picture.width, draw->picture.height);
}

struct pixel_rect screen_draw_map(const struct screen_draw *draw, const struct pixel_rect *part)
{
	const struct pixel_rect *place = &draw->place;
	struct pixel_rect rect = pixel_rect_clip(part, draw->picture.width, draw->picture.height);

	if (rect.width == 0 || rect.height == 0)
		return (struct pixel_rect){};
	if (draw->factor > 0) {
		rect.x *= draw->factor;
		rect.y *= draw->factor;
		rect.width *= draw->factor;
		rect.height *= draw->factor;
	} else {
		rect = screen_scale_rect(&rect, &draw->picture, place);
	}
	rect = pixel_rect_clip(&rect, place->width, place->height);
	rect.x += place->x;
	rect.y += place->y;
	return rect;
}

static unsigned int unmap(unsigned int at, unsigned int start, unsigned int length,
			  unsigned int factor, unsigned int picture)
{
	unsigned int within = at < start ? 0 : least(at - start, length - 1);

	within = factor > 0 ? within / factor : (unsigned int)((uint64_t)within * picture / length);
	return least(within, picture - 1);
}

void screen_draw_unmap(const struct screen_draw *draw, unsigned int x, unsigned int y,
		       unsigned int *ret_x, unsigned int *ret_y)
{
	const struct pixel_rect *place = &draw->place;

	*ret_x = *ret_y = 0;
	if (place->width == 0 || place->height == 0)
		return;
	*ret_x = unmap(x, place->x, place->width, draw->factor, draw->picture.width);
	*ret_y = unmap(y, place->y, place->height, draw->factor, draw->picture.height);
}

/* --- rows --- */

static uint32_t blend_channel(uint32_t below, uint32_t above, uint32_t alpha, unsigned int shift)
{
	uint32_t sum = (below >> shift & 0xff) * (255 - alpha) / 255 + (above >> shift & 0xff);

	return (sum > 255 ? 255 : sum) << shift;
}

static void blend_cursor(const struct screen_draw *draw, const struct pixel_rect *covered,
			 unsigned int y, uint8_t *row)
{
	const struct rfb_cursor *cursor = &draw->cursor;
	unsigned int from_x = covered->x + cursor->hot_x - draw->cursor_x;
	unsigned int from_y = y + cursor->hot_y - draw->cursor_y;
	const uint8_t *from = cursor->pixels + ((size_t)from_y * cursor->width + from_x) * 4;
	uint8_t *to = row + covered->x * pixel_bytes(&draw->from);

	for (unsigned int i = 0; i < covered->width; i++) {
		uint32_t above = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16;
		uint32_t alpha = from[3];
		uint32_t below = pixel_to_rgb(&draw->from, pixel_load(&draw->from, to));
		uint32_t rgb = blend_channel(below, above, alpha, 16) |
			       blend_channel(below, above, alpha, 8) |
			       blend_channel(below, above, alpha, 0);

		if (alpha > 0)
			pixel_store(&draw->from, to, pixel_from_rgb(&draw->from, rgb));
		from += 4;
		to += pixel_bytes(&draw->from);
	}
}

static bool has_cursor(const struct pixel_rect *covered, unsigned int y)
{
	return covered->width > 0 && y >= covered->y && y - covered->y < covered->height;
}

/* A row of the picture; it is copied only where the pointer is. */
static const uint8_t *picture_row(struct screen_draw *draw, unsigned int y, uint8_t *copy)
{
	const struct pixel_rect covered = screen_draw_cursor_rect(draw);
	const uint8_t *row = draw->picture.pixels + y * draw->picture.stride;

	if (!has_cursor(&covered, y))
		return row;
	memcpy(copy, row, draw->picture.stride);
	blend_cursor(draw, &covered, y, copy);
	return copy;
}

/* Pixels of place's row y in the picture's format; mixed holds them unless they are the picture's
 * own. */
static const uint8_t *scaled_row(struct screen_draw *draw, unsigned int y, unsigned int x,
				 unsigned int count)
{
	struct screen_column line = {};

	if (draw->factor == 1)
		return picture_row(draw, y, draw->rows[0]) + x * pixel_bytes(&draw->from);
	if (draw->factor > 1) {
		screen_scale_repeat(picture_row(draw, y / draw->factor, draw->rows[0]),
				    pixel_bytes(&draw->from), draw->factor, x, count, draw->mixed);
		return draw->mixed;
	}
	line = screen_scale_at(y, draw->place.height, draw->picture.height);
	screen_scale_mix(&draw->from, picture_row(draw, line.index, draw->rows[0]),
			 line.weight ? picture_row(draw, line.index + 1, draw->rows[1]) : NULL,
			 line.weight, draw->columns + x, count, draw->rows[2], draw->mixed);
	return draw->mixed;
}

const uint8_t *screen_draw_row(struct screen_draw *draw, unsigned int y, unsigned int x,
			       unsigned int count, uint8_t *buffer)
{
	const uint8_t *row = scaled_row(draw, y - draw->place.y, x - draw->place.x, count);

	if (pixel_format_equal(&draw->from, &draw->to))
		return row;
	pixel_convert(&draw->from, row, &draw->to, buffer, count);
	return buffer;
}

bool screen_draw_is_plain(const struct screen_draw *draw, const struct pixel_rect *on_screen)
{
	const struct pixel_rect covered = screen_draw_cursor_rect(draw);
	unsigned int first = on_screen->y - draw->place.y;

	return draw->factor == 1 && pixel_format_equal(&draw->from, &draw->to) &&
	       (covered.width == 0 || covered.y >= first + on_screen->height ||
		covered.y + covered.height <= first);
}
