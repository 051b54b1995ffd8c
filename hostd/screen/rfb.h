/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The needed part of RFB 3.8 (RFC 6143) with QEMU's extensions: bytes of a server in, a picture and
 * events out. No system call; a hostile server costs memory within the limits below, and no more.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "screen/screen-pixel.h"

#define RFB_PIXELS_MAX (7680U * 4320U)
#define RFB_CURSOR_SIDE_MAX 512
#define RFB_TEXT_MAX (1U << 20) /* a clipboard or a name, which is skipped */

/* Lock keys whose light is on (LED state pseudo-encoding), a set. */
enum rfb_led {
	RFB_LED_SCROLL = 1 << 0,
	RFB_LED_NUM = 1 << 1,
	RFB_LED_CAPS = 1 << 2,
};

/* The picture, in the format that was asked for; valid until the next resized(). */
struct rfb_picture {
	unsigned int width, height;
	size_t stride; /* bytes from a row to the next */
	uint8_t *pixels;
};

/* A pointer's shape; 0 x 0 shows none. Its pixels are as QEMU has them: 0xAARRGGBB, little-endian,
 * multiplied by alpha already. */
struct rfb_cursor {
	unsigned int width, height, hot_x, hot_y;
	const uint8_t *pixels;
};

/* Each may be NULL. None may call rfb_feed(), rfb_filled() or rfb_free(). */
struct rfb_callbacks {
	/* The picture is another one, black; also once after the handshake. */
	void (*resized)(void *userdata);
	/* Pixels have changed. */
	void (*damaged)(const struct pixel_rect *rect, void *userdata);
	/* The server has sent all that it announced. */
	void (*updated)(void *userdata);
	void (*cursor)(const struct rfb_cursor *cursor, void *userdata);
	void (*leds)(unsigned int leds, void *userdata);
	/* What the guest's pointing device reports: a place, or a movement. Absolute until told. */
	void (*pointer_mode)(bool absolute, void *userdata);
	/* Bytes for the server. */
	void (*send)(const void *data, size_t length, void *userdata);
	void *userdata;
};

struct rfb;

/* format: what pixels shall be, of 16 or 32 bits. Returns 0 or -ENOMEM. */
int rfb_new(const struct pixel_format *format, const struct rfb_callbacks *callbacks,
	    struct rfb **ret_rfb);
void rfb_free(struct rfb *rfb);

/*
 * Takes what came from the server. Returns 0, -EPROTO when it is no RFB that we asked for, -EACCES
 * when the server refuses, or -ENOMEM; after a failure the connection is of no more use.
 */
int rfb_feed(struct rfb *rfb, const void *data, size_t length);

/*
 * Where the next bytes belong if they are pixels, at most count pieces: they may be read there,
 * and rfb_filled() told how many, instead of being fed. Returns the number of pieces, 0 for none.
 */
size_t rfb_target(const struct rfb *rfb, struct iovec *ret_pieces, size_t count);
int rfb_filled(struct rfb *rfb, size_t length);

/* Whether the handshake is done: before it nothing may be sent. */
bool rfb_is_ready(const struct rfb *rfb);
const struct rfb_picture *rfb_picture(const struct rfb *rfb);
/* Whether the server takes raw key codes. */
bool rfb_has_key_codes(const struct rfb *rfb);
/* Why it failed, a constant string. */
const char *rfb_why(const struct rfb *rfb);

/* Asks for what changes from now on; the server answers when something does. */
void rfb_request_update(struct rfb *rfb, bool incremental);
/* A key by its number (screen-keys.h). */
void rfb_send_key(struct rfb *rfb, uint16_t number, bool down);
/* buttons: RFC 6143, 7.5.5. A place in the picture, or in relative mode a movement. */
void rfb_send_pointer(struct rfb *rfb, unsigned int buttons, int x, int y, bool absolute);
/* Asks for another size of the picture. It may come as resized(), or never. */
void rfb_ask_size(struct rfb *rfb, unsigned int width, unsigned int height);
