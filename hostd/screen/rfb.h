/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The needed part of RFB 3.8 (RFC 6143) with QEMU's extensions: takes a server's bytes, gives a
 * picture and events. No system call; a hostile server can use memory only within the limits below.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "screen/screen-pixel.h"

#define RFB_PIXELS_MAX (7680U * 4320U)
#define RFB_CURSOR_SIDE_MAX 512
#define RFB_TEXT_MAX (1U << 20) /* a clipboard or a name, both skipped */

/* Lock keys whose light is on (LED state pseudo-encoding), a set. */
enum rfb_led {
	RFB_LED_SCROLL = 1 << 0,
	RFB_LED_NUM = 1 << 1,
	RFB_LED_CAPS = 1 << 2,
};

/* The picture, in the requested format; valid until the next resized(). */
struct rfb_picture {
	unsigned int width, height;
	size_t stride; /* bytes from a row to the next */
	uint8_t *pixels;
};

/* A pointer's shape; 0 x 0 shows none. Pixels are in QEMU's format: 0xAARRGGBB, little-endian,
 * premultiplied by alpha. */
struct rfb_cursor {
	unsigned int width, height, hot_x, hot_y;
	const uint8_t *pixels;
};

/* Each may be NULL. None may call rfb_feed(), rfb_filled() or rfb_free(). */
struct rfb_callbacks {
	/* The picture has been replaced by a black one; also once after the handshake. */
	void (*resized)(void *userdata);
	/* Pixels have changed. */
	void (*damaged)(const struct pixel_rect *rect, void *userdata);
	/* The server has sent the whole update. */
	void (*updated)(void *userdata);
	void (*cursor)(const struct rfb_cursor *cursor, void *userdata);
	void (*leds)(unsigned int leds, void *userdata);
	/* What the guest's pointing device reports: a place, or a movement. Absolute until the
	 * server says otherwise. */
	void (*pointer_mode)(bool absolute, void *userdata);
	/* Bytes for the server. */
	void (*send)(const void *data, size_t length, void *userdata);
	void *userdata;
};

struct rfb;

/* format: of the pixels, 16 or 32 bits. Returns 0 or -ENOMEM. */
int rfb_new(const struct pixel_format *format, const struct rfb_callbacks *callbacks,
	    struct rfb **ret_rfb);
void rfb_free(struct rfb *rfb);

/*
 * Takes bytes from the server. Returns 0, -EPROTO for anything but the expected RFB, -EACCES when
 * the server refuses, or -ENOMEM; after a failure the connection is unusable.
 */
int rfb_feed(struct rfb *rfb, const void *data, size_t length);

/*
 * Where the next bytes belong if they are pixels, at most count pieces: read them there and call
 * rfb_filled() with their number, instead of rfb_feed(). Returns the number of pieces, 0 for none.
 */
size_t rfb_target(const struct rfb *rfb, struct iovec *ret_pieces, size_t count);
int rfb_filled(struct rfb *rfb, size_t length);

/* Whether the handshake is done: nothing may be sent before. */
bool rfb_is_ready(const struct rfb *rfb);
const struct rfb_picture *rfb_picture(const struct rfb *rfb);
/* Whether the server takes raw key codes. */
bool rfb_has_key_codes(const struct rfb *rfb);
/* The reason of the failure, a constant string. */
const char *rfb_why(const struct rfb *rfb);

/* Requests the changes from now on; the server answers when something changes. */
void rfb_request_update(struct rfb *rfb, bool incremental);
/* A key by its number (screen-keys.h). */
void rfb_send_key(struct rfb *rfb, uint16_t number, bool down);
/* buttons: RFC 6143, 7.5.5. A place in the picture, or in relative mode a movement. */
void rfb_send_pointer(struct rfb *rfb, unsigned int buttons, int x, int y, bool absolute);
/* Requests another size of the picture. resized() may follow, or never. */
void rfb_ask_size(struct rfb *rfb, unsigned int width, unsigned int height);
