/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the parser (rfb.c, rfb-rect.c) and the sender (rfb-send.c). */
#pragma once

#include "screen/rfb.h"

/* RFC 6143, 7.7 and 7.8, and QEMU's documentation of its own. */
enum rfb_encoding {
	RFB_ENCODING_RAW = 0,
	RFB_ENCODING_DESKTOP_SIZE = -223,
	RFB_ENCODING_POINTER_MODE = -257,
	RFB_ENCODING_KEY_CODES = -258,
	RFB_ENCODING_LEDS = -261,
	RFB_ENCODING_EXTENDED_DESKTOP_SIZE = -308,
	RFB_ENCODING_ALPHA_CURSOR = -314,
};

/* What comes next. */
enum rfb_state {
	RFB_STATE_VERSION,
	RFB_STATE_SECURITY_COUNT,
	RFB_STATE_SECURITY_TYPES,
	RFB_STATE_SECURITY_RESULT,
	RFB_STATE_SERVER_INIT,
	RFB_STATE_MESSAGE,
	RFB_STATE_COLORS,
	RFB_STATE_CUT_TEXT,
	RFB_STATE_UPDATE,
	RFB_STATE_RECT,
	RFB_STATE_LEDS,
	RFB_STATE_SCREENS,
	RFB_STATE_CURSOR,
	RFB_STATE_PIXELS, /* of the picture, or of the cursor */
	RFB_STATE_COUNT,
};

#define RFB_HEAD_MAX 255 /* a count of one-byte security types, in one byte */

struct rfb {
	struct rfb_callbacks callbacks;
	struct pixel_format format;
	struct rfb_picture picture;
	enum rfb_state state;
	int error;
	const char *why;
	uint8_t head[RFB_HEAD_MAX]; /* what is to be understood as one */
	size_t head_length, head_needed;
	uint32_t skip; /* bytes to skip */
	unsigned int rects; /* bytes still to come in this update */
	struct pixel_rect rect;
	int32_t encoding;
	/* RFB_STATE_PIXELS: rows of bytes; the first row has some already. */
	uint8_t *row;
	size_t row_filled, row_bytes, row_stride;
	unsigned int rows;
	struct rfb_cursor cursor;
	uint8_t *cursor_pixels;
	bool has_key_codes;
	bool ready;
};

static inline uint16_t rfb_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t rfb_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The next state, and the size of its head. */
void rfb_expect(struct rfb *rfb, enum rfb_state state, size_t bytes);
/* Keeps the first reason. Returns error. */
int rfb_fail(struct rfb *rfb, int error, const char *why);
/* A new picture, black. Returns 0 or -errno. */
int rfb_resize(struct rfb *rfb, unsigned int width, unsigned int height);

/* --- rfb-rect.c: the heads in an update; 0 or -errno --- */
int rfb_on_update(struct rfb *rfb);
int rfb_on_rect(struct rfb *rfb);
int rfb_on_leds(struct rfb *rfb);
int rfb_on_screens(struct rfb *rfb);
int rfb_on_cursor(struct rfb *rfb);
/* The last row is full. */
void rfb_on_pixels(struct rfb *rfb);

/* --- rfb-send.c --- */
void rfb_send(struct rfb *rfb, const void *data, size_t length);
/* SetPixelFormat and SetEncodings. */
void rfb_send_preferences(struct rfb *rfb);
