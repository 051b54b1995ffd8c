// SPDX-License-Identifier: GPL-2.0-or-later
// RFB from the handshake to the messages: a table of states, each with a head of fixed size.
#include "rfb-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define VERSION_BYTES 12
#define SECURITY_NONE 1

enum message { MESSAGE_UPDATE, MESSAGE_COLORS, MESSAGE_BELL, MESSAGE_CUT_TEXT };

void rfb_expect(struct rfb *rfb, enum rfb_state state, size_t bytes)
{
	rfb->state = state;
	rfb->head_length = 0;
	rfb->head_needed = bytes;
}

int rfb_fail(struct rfb *rfb, int error, const char *why)
{
	if (rfb->error == 0) {
		rfb->error = error;
		rfb->why = why;
	}
	return rfb->error;
}

int rfb_resize(struct rfb *rfb, unsigned int width, unsigned int height)
{
	size_t stride = (size_t)width * pixel_bytes(&rfb->format);
	uint8_t *pixels = NULL;

	if (width == 0 || height == 0 || (uint64_t)width * height > RFB_PIXELS_MAX)
		return rfb_fail(rfb, -EPROTO, "a picture of an invalid size");
	if (rfb->picture.pixels && width == rfb->picture.width && height == rfb->picture.height)
		return 0;
	pixels = calloc(height, stride);
	if (!pixels)
		return rfb_fail(rfb, -ENOMEM, "no memory for a picture of this size");
	free(rfb->picture.pixels);
	rfb->picture = (struct rfb_picture){ width, height, stride, pixels };
	if (rfb->callbacks.resized)
		rfb->callbacks.resized(rfb->callbacks.userdata);
	return 0;
}

/* --- the handshake: RFC 6143, 7.1 to 7.3 --- */

static int on_version(struct rfb *rfb)
{
	static const char ours[] = "RFB 003.008\n";

	if (memcmp(rfb->head, ours, VERSION_BYTES) != 0)
		return rfb_fail(rfb, -EPROTO, "the server does not speak RFB 3.8");
	rfb_send(rfb, ours, VERSION_BYTES);
	rfb_expect(rfb, RFB_STATE_SECURITY_COUNT, 1);
	return 0;
}

static int on_security_count(struct rfb *rfb)
{
	if (rfb->head[0] == 0)
		return rfb_fail(rfb, -EACCES, "the server refuses the connection");
	rfb_expect(rfb, RFB_STATE_SECURITY_TYPES, rfb->head[0]);
	return 0;
}

static int on_security_types(struct rfb *rfb)
{
	static const uint8_t none = SECURITY_NONE;

	if (!memchr(rfb->head, SECURITY_NONE, rfb->head_length))
		return rfb_fail(rfb, -EACCES, "the server wants a password");
	rfb_send(rfb, &none, sizeof(none));
	rfb_expect(rfb, RFB_STATE_SECURITY_RESULT, 4);
	return 0;
}

static int on_security_result(struct rfb *rfb)
{
	static const uint8_t shared = 1;

	if (rfb_u32(rfb->head) != 0)
		return rfb_fail(rfb, -EACCES, "the server refuses the connection");
	rfb_send(rfb, &shared, sizeof(shared));
	rfb_expect(rfb, RFB_STATE_SERVER_INIT, 24);
	return 0;
}

static int skip(struct rfb *rfb, uint32_t bytes)
{
	if (bytes > RFB_TEXT_MAX)
		return rfb_fail(rfb, -EPROTO, "a text of an invalid length");
	rfb->skip = bytes;
	return 0;
}

static int on_server_init(struct rfb *rfb)
{
	unsigned int width = rfb_u16(rfb->head), height = rfb_u16(rfb->head + 2);
	int r = skip(rfb, rfb_u32(rfb->head + 20));

	if (r < 0)
		return r;
	rfb->ready = true;
	r = rfb_resize(rfb, width, height);
	if (r < 0)
		return r;
	rfb_send_preferences(rfb);
	rfb_request_update(rfb, false);
	rfb_expect(rfb, RFB_STATE_MESSAGE, 1);
	return 0;
}

/* --- messages: RFC 6143, 7.6 --- */

static int on_message(struct rfb *rfb)
{
	switch (rfb->head[0]) {
	case MESSAGE_UPDATE:
		rfb_expect(rfb, RFB_STATE_UPDATE, 3);
		return 0;
	case MESSAGE_COLORS:
		rfb_expect(rfb, RFB_STATE_COLORS, 5);
		return 0;
	case MESSAGE_BELL:
		rfb_expect(rfb, RFB_STATE_MESSAGE, 1);
		return 0;
	case MESSAGE_CUT_TEXT:
		rfb_expect(rfb, RFB_STATE_CUT_TEXT, 7);
		return 0;
	}
	return rfb_fail(rfb, -EPROTO, "a message of an unexpected kind");
}

static int on_colors(struct rfb *rfb)
{
	int r = skip(rfb, rfb_u16(rfb->head + 3) * 6U);

	rfb_expect(rfb, RFB_STATE_MESSAGE, 1);
	return r;
}

static int on_cut_text(struct rfb *rfb)
{
	int r = skip(rfb, rfb_u32(rfb->head + 3));

	rfb_expect(rfb, RFB_STATE_MESSAGE, 1);
	return r;
}

static int (*const on_head[RFB_STATE_COUNT])(struct rfb *rfb) = {
	[RFB_STATE_VERSION] = on_version,
	[RFB_STATE_SECURITY_COUNT] = on_security_count,
	[RFB_STATE_SECURITY_TYPES] = on_security_types,
	[RFB_STATE_SECURITY_RESULT] = on_security_result,
	[RFB_STATE_SERVER_INIT] = on_server_init,
	[RFB_STATE_MESSAGE] = on_message,
	[RFB_STATE_COLORS] = on_colors,
	[RFB_STATE_CUT_TEXT] = on_cut_text,
	[RFB_STATE_UPDATE] = rfb_on_update,
	[RFB_STATE_RECT] = rfb_on_rect,
	[RFB_STATE_LEDS] = rfb_on_leds,
	[RFB_STATE_SCREENS] = rfb_on_screens,
	[RFB_STATE_CURSOR] = rfb_on_cursor,
};

/* --- bytes --- */

size_t rfb_target(const struct rfb *rfb, struct iovec *ret_pieces, size_t count)
{
	size_t filled = rfb->row_filled, n = 0;

	if (rfb->error < 0 || rfb->skip > 0 || rfb->state != RFB_STATE_PIXELS)
		return 0;
	/* Rows without a gap are one piece. */
	if (rfb->row_bytes == rfb->row_stride && count > 0) {
		ret_pieces[0] =
			(struct iovec){ rfb->row + filled, rfb->rows * rfb->row_bytes - filled };
		return 1;
	}
	for (; n < count && n < rfb->rows; n++, filled = 0)
		ret_pieces[n] = (struct iovec){ rfb->row + n * rfb->row_stride + filled,
						rfb->row_bytes - filled };
	return n;
}

int rfb_filled(struct rfb *rfb, size_t length)
{
	size_t rows = (rfb->row_filled + length) / rfb->row_bytes;

	rfb->row_filled = (rfb->row_filled + length) % rfb->row_bytes;
	rfb->row += rows * rfb->row_stride;
	rfb->rows -= (unsigned int)rows;
	if (rfb->rows == 0)
		rfb_on_pixels(rfb);
	return rfb->error;
}

/* Returns how many bytes it used: at least one. */
static size_t take(struct rfb *rfb, const uint8_t *data, size_t length)
{
	struct iovec piece;
	size_t n = 0;

	if (rfb->skip > 0) {
		n = length < rfb->skip ? length : rfb->skip;
		rfb->skip -= (uint32_t)n;
		return n;
	}
	if (rfb_target(rfb, &piece, 1) == 1) {
		n = length < piece.iov_len ? length : piece.iov_len;
		memcpy(piece.iov_base, data, n);
		(void)rfb_filled(rfb, n);
		return n;
	}
	n = rfb->head_needed - rfb->head_length;
	if (length < n)
		n = length;
	memcpy(rfb->head + rfb->head_length, data, n);
	rfb->head_length += n;
	if (rfb->head_length == rfb->head_needed)
		(void)on_head[rfb->state](rfb);
	return n;
}

int rfb_feed(struct rfb *rfb, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	while (length > 0 && rfb->error == 0) {
		size_t n = take(rfb, bytes, length);

		bytes += n;
		length -= n;
	}
	return rfb->error;
}

int rfb_new(const struct pixel_format *format, const struct rfb_callbacks *callbacks,
	    struct rfb **ret_rfb)
{
	struct rfb *rfb = calloc(1, sizeof(*rfb));

	if (!rfb)
		return -ENOMEM;
	rfb->format = *format;
	rfb->callbacks = *callbacks;
	rfb_expect(rfb, RFB_STATE_VERSION, VERSION_BYTES);
	*ret_rfb = rfb;
	return 0;
}

void rfb_free(struct rfb *rfb)
{
	if (!rfb)
		return;
	free(rfb->picture.pixels);
	free(rfb->cursor_pixels);
	free(rfb);
}

bool rfb_is_ready(const struct rfb *rfb)
{
	return rfb->ready && rfb->error == 0;
}

const struct rfb_picture *rfb_picture(const struct rfb *rfb)
{
	return &rfb->picture;
}

bool rfb_has_key_codes(const struct rfb *rfb)
{
	return rfb->has_key_codes;
}

const char *rfb_why(const struct rfb *rfb)
{
	return rfb->why;
}
