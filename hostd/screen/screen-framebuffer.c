// SPDX-License-Identifier: GPL-2.0-or-later
// Rows of the screen, to the framebuffer's file.
#include "screen-framebuffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int screen_framebuffer_init(struct screen_framebuffer *framebuffer, int fd, uint64_t stride,
			    uint64_t offset)
{
	uint8_t *buffer = calloc(1, stride);

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

/* A file of the kernel's takes it all, but a signal may come between. */
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

int screen_framebuffer_draw(struct screen_framebuffer *framebuffer, struct screen_draw *draw,
			    const struct pixel_rect *rect)
{
	const size_t bytes = pixel_bytes(&draw->to);
	unsigned int end = rect->y + rect->height, rows = 1;
	int r = 0;

	if (rect->width == 0)
		return 0;
	/* Whole lines of both are one piece. */
	if (rect->width * bytes == framebuffer->stride &&
	    framebuffer->stride == draw->picture.stride && screen_draw_is_plain(draw, rect))
		rows = rect->height;
	for (unsigned int y = rect->y; y < end && r == 0; y += rows) {
		const uint8_t *row =
			screen_draw_row(draw, y, rect->x, rect->width, framebuffer->buffer);

		r = put(framebuffer, row, rect->width * bytes * rows,
			y * framebuffer->stride + rect->x * bytes);
	}
	return r;
}

static int clear(struct screen_framebuffer *framebuffer, size_t bytes,
		 const struct pixel_rect *rect)
{
	int r = 0;

	memset(framebuffer->buffer, 0, rect->width * bytes);
	for (unsigned int y = rect->y; rect->width > 0 && y < rect->y + rect->height && r == 0; y++)
		r = put(framebuffer, framebuffer->buffer, rect->width * bytes,
			y * framebuffer->stride + rect->x * bytes);
	return r;
}

int screen_framebuffer_clear_borders(struct screen_framebuffer *framebuffer,
				     const struct screen_draw *draw)
{
	const struct pixel_rect *place = &draw->place;
	unsigned int right = place->x + place->width, below = place->y + place->height;
	const struct pixel_rect borders[] = {
		{ 0, 0, draw->screen_width, place->y },
		{ 0, below, draw->screen_width, draw->screen_height - below },
		{ 0, place->y, place->x, place->height },
		{ right, place->y, draw->screen_width - right, place->height },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]) && r == 0; i++)
		r = clear(framebuffer, pixel_bytes(&draw->to), &borders[i]);
	return r;
}
