// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of an update: rectangles of pixels, and pseudo-rectangles with other information.
#include <errno.h>
#include <stdlib.h>

#include "rfb-internal.h"

#define CURSOR_PIXEL_BYTES 4
#define SCREEN_BYTES 16

/* A rectangle is complete: next comes another one, or the end of the update. */
static void next_rect(struct rfb *rfb)
{
	if (rfb->rects > 0)
		rfb->rects--;
	if (rfb->rects > 0) {
		rfb_expect(rfb, RFB_STATE_RECT, 12);
		return;
	}
	rfb_expect(rfb, RFB_STATE_MESSAGE, 1);
	if (rfb->callbacks.updated)
		rfb->callbacks.updated(rfb->callbacks.userdata);
}

int rfb_on_update(struct rfb *rfb)
{
	rfb->rects = rfb_u16(rfb->head + 1);
	if (rfb->rects == 0)
		next_rect(rfb);
	else
		rfb_expect(rfb, RFB_STATE_RECT, 12);
	return 0;
}

static int expect_pixels(struct rfb *rfb, uint8_t *first, size_t row_bytes, size_t stride,
			 unsigned int rows)
{
	rfb_expect(rfb, RFB_STATE_PIXELS, 0);
	rfb->row = first;
	rfb->row_filled = 0;
	rfb->row_bytes = row_bytes;
	rfb->row_stride = stride;
	rfb->rows = rows;
	return 0;
}

static int on_raw(struct rfb *rfb)
{
	const struct pixel_rect *rect = &rfb->rect;
	const struct rfb_picture *picture = &rfb->picture;
	size_t bytes = pixel_bytes(&rfb->format);

	if (rect->x + rect->width > picture->width || rect->y + rect->height > picture->height)
		return rfb_fail(rfb, -EPROTO, "pixels outside the picture");
	if (rect->width == 0 || rect->height == 0) {
		next_rect(rfb);
		return 0;
	}
	return expect_pixels(rfb, picture->pixels + rect->y * picture->stride + rect->x * bytes,
			     rect->width * bytes, picture->stride, rect->height);
}

static int resize(struct rfb *rfb)
{
	int r = rfb_resize(rfb, rfb->rect.width, rfb->rect.height);

	if (r == 0)
		next_rect(rfb);
	return r;
}

static int on_pointer_mode(struct rfb *rfb)
{
	if (rfb->callbacks.pointer_mode)
		rfb->callbacks.pointer_mode(rfb->rect.x != 0, rfb->callbacks.userdata);
	next_rect(rfb);
	return 0;
}

int rfb_on_rect(struct rfb *rfb)
{
	rfb->rect = (struct pixel_rect){ rfb_u16(rfb->head), rfb_u16(rfb->head + 2),
					 rfb_u16(rfb->head + 4), rfb_u16(rfb->head + 6) };
	rfb->encoding = (int32_t)rfb_u32(rfb->head + 8);
	switch (rfb->encoding) {
	case RFB_ENCODING_RAW:
		return on_raw(rfb);
	case RFB_ENCODING_DESKTOP_SIZE:
		return resize(rfb);
	case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
		rfb_expect(rfb, RFB_STATE_SCREENS, 4);
		return 0;
	case RFB_ENCODING_KEY_CODES:
		rfb->has_key_codes = true;
		next_rect(rfb);
		return 0;
	case RFB_ENCODING_POINTER_MODE:
		return on_pointer_mode(rfb);
	case RFB_ENCODING_LEDS:
		rfb_expect(rfb, RFB_STATE_LEDS, 1);
		return 0;
	case RFB_ENCODING_ALPHA_CURSOR:
		rfb_expect(rfb, RFB_STATE_CURSOR, 4);
		return 0;
	}
	return rfb_fail(rfb, -EPROTO, "an encoding that was not requested");
}

int rfb_on_leds(struct rfb *rfb)
{
	if (rfb->callbacks.leds)
		rfb->callbacks.leds(rfb->head[0], rfb->callbacks.userdata);
	next_rect(rfb);
	return 0;
}

/*
 * x is the reason, y the result of an attempt to set the size. If x says that the attempt was ours
 * and y that it failed, the size is the old one. The layout of the desktop's screens does not
 * matter.
 */
int rfb_on_screens(struct rfb *rfb)
{
	rfb->skip = rfb->head[0] * (uint32_t)SCREEN_BYTES;
	if (rfb->rect.x == 0 || rfb->rect.y == 0)
		return resize(rfb);
	next_rect(rfb);
	return 0;
}

int rfb_on_cursor(struct rfb *rfb)
{
	const struct pixel_rect *rect = &rfb->rect;
	size_t row_bytes = (size_t)rect->width * CURSOR_PIXEL_BYTES;

	if ((int32_t)rfb_u32(rfb->head) != RFB_ENCODING_RAW)
		return rfb_fail(rfb, -EPROTO, "a cursor in an encoding that was not requested");
	if (rect->width > RFB_CURSOR_SIDE_MAX || rect->height > RFB_CURSOR_SIDE_MAX)
		return rfb_fail(rfb, -EPROTO, "a cursor of an invalid size");
	free(rfb->cursor_pixels);
	rfb->cursor = (struct rfb_cursor){ .hot_x = rect->x, .hot_y = rect->y };
	rfb->cursor_pixels = NULL;
	if (rect->width == 0 || rect->height == 0) {
		rfb_on_pixels(rfb);
		return 0;
	}
	rfb->cursor_pixels = calloc(rect->height, row_bytes);
	if (!rfb->cursor_pixels)
		return rfb_fail(rfb, -ENOMEM, "no memory for a cursor");
	rfb->cursor.width = rect->width;
	rfb->cursor.height = rect->height;
	rfb->cursor.pixels = rfb->cursor_pixels;
	return expect_pixels(rfb, rfb->cursor_pixels, row_bytes, row_bytes, rect->height);
}

void rfb_on_pixels(struct rfb *rfb)
{
	if (rfb->encoding == RFB_ENCODING_ALPHA_CURSOR) {
		if (rfb->callbacks.cursor)
			rfb->callbacks.cursor(&rfb->cursor, rfb->callbacks.userdata);
	} else if (rfb->callbacks.damaged) {
		rfb->callbacks.damaged(&rfb->rect, rfb->callbacks.userdata);
	}
	next_rect(rfb);
}
