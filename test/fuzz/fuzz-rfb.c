// SPDX-License-Identifier: GPL-2.0-or-later
// Anything as a VNC server, drawn on a small screen as the process draws it. The first two bytes
// choose the pieces that it comes in, how they are read, and the screen.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "screen/rfb.h"
#include "screen/screen-draw.h"

#define WIDTH 61
#define HEIGHT 47

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pixel_format formats[] = {
	{ .bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
	{ .bits = 24, .red = { 0, 8 }, .green = { 8, 8 }, .blue = { 16, 8 } },
	{ .bits = 16, .red = { 11, 5 }, .green = { 5, 6 }, .blue = { 0, 5 } },
	{ .bits = 32, .red = { 20, 10 }, .green = { 10, 10 }, .blue = { 0, 10 } },
};

struct run {
	struct rfb *rfb;
	struct screen_draw draw;
	bool failed;
};

static void on_resized(void *userdata)
{
	struct run *run = userdata;

	run->failed = screen_draw_set_picture(&run->draw, rfb_picture(run->rfb)) < 0;
}

static void on_damaged(const struct pixel_rect *part, void *userdata)
{
	struct run *run = userdata;
	struct pixel_rect rect = screen_draw_map(&run->draw, part);
	uint8_t row[WIDTH * 4];

	if (run->failed || rect.width == 0)
		return;
	if (rect.x + rect.width > WIDTH || rect.y + rect.height > HEIGHT)
		__builtin_trap();
	for (unsigned int y = rect.y; y < rect.y + rect.height; y++)
		(void)screen_draw_row(&run->draw, y, rect.x, rect.width, row);
}

static void on_cursor(const struct rfb_cursor *cursor, void *userdata)
{
	struct run *run = userdata;
	struct pixel_rect rect;

	run->draw.cursor_x = cursor->hot_x / 2;
	run->draw.cursor_y = cursor->hot_y;
	if (screen_draw_set_cursor(&run->draw, cursor) < 0)
		return;
	rect = screen_draw_cursor_rect(&run->draw);
	on_damaged(&rect, userdata);
}

static void on_send(const void *data, size_t length, void *)
{
	if (!data || length == 0)
		__builtin_trap();
}

static int give(struct rfb *rfb, const uint8_t *data, size_t length, bool to_target)
{
	struct iovec pieces[3];
	size_t count = to_target ? rfb_target(rfb, pieces, 3) : 0, filled = 0;
	int r = 0;

	for (size_t i = 0; i < count && filled < length; i++) {
		size_t n =
			pieces[i].iov_len < length - filled ? pieces[i].iov_len : length - filled;

		memcpy(pieces[i].iov_base, data + filled, n);
		filled += n;
	}
	if (filled > 0)
		r = rfb_filled(rfb, filled);
	return r == 0 ? rfb_feed(rfb, data + filled, length - filled) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .draw = { .screen_width = WIDTH, .screen_height = HEIGHT } };
	const struct rfb_callbacks callbacks = { .resized = on_resized,
						 .damaged = on_damaged,
						 .cursor = on_cursor,
						 .send = on_send,
						 .userdata = &run };
	size_t piece = 0;

	if (size < 2)
		return 0;
	piece = data[0] ? data[0] : size;
	run.draw.to = formats[data[1] & 3];
	run.draw.scale = (enum screen_scale)((data[1] >> 2 & 3) % 3);
	pixel_format_nearest(&run.draw.to, &run.draw.from);
	if (rfb_new(&run.draw.from, &callbacks, &run.rfb) < 0)
		return 0;
	for (size_t at = 2; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;

		if (give(run.rfb, data + at, length, data[1] & 16) < 0)
			break;
		rfb_send_key(run.rfb, 1, true);
		rfb_send_pointer(run.rfb, 1, (int)at, -1, data[1] & 32);
	}
	screen_draw_done(&run.draw);
	rfb_free(run.rfb);
	return 0;
}
