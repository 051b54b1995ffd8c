// SPDX-License-Identifier: GPL-2.0-or-later
// Writes rows of the screen to the framebuffer's file.
#include "screen-framebuffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_AT_ONCE 16

int screen_framebuffer_init(struct screen_framebuffer *framebuffer, int fd, uint64_t stride,
			    uint64_t offset)
{
	uint8_t *buffer = calloc(LINES_AT_ONCE, stride);

	if (!buffer)
		return -ENOMEM;
	*framebuffer = (struct screen_framebuffer){
		.fd = fd, .stride = stride, .offset = offset, .buffer = buffer
	};
	return 0;
}

void screen_framebuffer_done(struct screen_framebuffer *framebuffer)
{
	free(framebuffer->buffer);
	framebuffer->buffer = NULL;
}

/* The kernel's file takes all of it, unless a signal comes. */
static int put(struct screen_framebuffer *framebuffer, const uint8_t *data, size_t length,
	       uint64_t at)
{
	while (length > 0) {
		ssize_t n =
			pwrite(framebuffer->fd, data, length, (off_t)(framebuffer->offset + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		framebuffer->bytes_written += (uint64_t)n;
		data += n;
		length -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

/* A whole line of the screen: the picture, and black beside it. */
static void compose(struct screen_draw *draw, unsigned int y, uint8_t *line)
{
	const struct pixel_rect *place = &draw->place;
	const size_t bytes = pixel_bytes(&draw->to);
	uint8_t *to = line + place->x * bytes;
	const uint8_t *row = NULL;

	memset(line, 0, draw->screen_width * bytes);
	if (y < place->y || y - place->y >= place->height || place->width == 0)
		return;
	row = screen_draw_row(draw, y, place->x, place->width, to);
	if (row != to)
		memcpy(to, row, place->width * bytes);
}

/* At least two lines at once if there is no gap between them. */
static int draw_lines(struct screen_framebuffer *framebuffer, struct screen_draw *draw,
		      unsigned int y, unsigned int count)
{
	const size_t bytes = draw->screen_width * pixel_bytes(&draw->to);
	const unsigned int at_once = bytes == framebuffer->stride ? LINES_AT_ONCE : 1;
	int r = 0;

	while (count > 0 && r == 0) {
		unsigned int lines = count < at_once ? count : at_once;

		if (count - lines == 1 && lines > 2)
			lines--;
		for (unsigned int i = 0; i < lines; i++)
			compose(draw, y + i, framebuffer->buffer + i * bytes);
		r = put(framebuffer, framebuffer->buffer, lines * bytes, y * framebuffer->stride);
		y += lines;
		count -= lines;
	}
	return r;
}

static int draw_rows(struct screen_framebuffer *framebuffer, struct screen_draw *draw,
		     const struct pixel_rect *rect, unsigned int at_once)
{
	const size_t bytes = pixel_bytes(&draw->to);
	int r = 0;

	for (unsigned int y = rect->y; y < rect->y + rect->height && r == 0; y += at_once) {
		const uint8_t *row =
			screen_draw_row(draw, y, rect->x, rect->width, framebuffer->buffer);

		r = put(framebuffer, row, rect->width * bytes * at_once,
			y * framebuffer->stride + rect->x * bytes);
	}
	return r;
}

/*
 * The kernel (drm_fb_helper_memory_range_to_clip(), 6.12) computes an empty range for a write of
 * one line that ends at the line's end, and does not show it, so there are always two lines.
 */
int screen_framebuffer_draw(struct screen_framebuffer *framebuffer, struct screen_draw *draw,
			    const struct pixel_rect *rect)
{
	const size_t bytes = pixel_bytes(&draw->to);
	bool is_whole = rect->width * bytes == framebuffer->stride;
	unsigned int y = rect->y;

	if (rect->width == 0)
		return 0;
	if (draw->screen_width * bytes != framebuffer->stride ||
	    rect->x + rect->width < draw->screen_width)
		return draw_rows(framebuffer, draw, rect, 1);
	if (is_whole && rect->height > 1 && framebuffer->stride == draw->picture.stride &&
	    screen_draw_is_plain(draw, rect))
		return draw_rows(framebuffer, draw, rect, rect->height);
	if (rect->height > 1 || draw->screen_height == 1)
		return draw_lines(framebuffer, draw, y, rect->height);
	return draw_lines(framebuffer, draw, y > 0 ? y - 1 : 0, 2);
}

int screen_framebuffer_draw_screen(struct screen_framebuffer *framebuffer, struct screen_draw *draw)
{
	return draw_lines(framebuffer, draw, 0, draw->screen_height);
}
