// SPDX-License-Identifier: GPL-2.0-or-later
// A client's messages: RFC 6143, 7.5, and QEMU's extended key event.
#include <string.h>

#include "base/cleanup.h"
#include "rfb-internal.h"

enum client_message {
	CLIENT_SET_PIXEL_FORMAT = 0,
	CLIENT_SET_ENCODINGS = 2,
	CLIENT_UPDATE_REQUEST = 3,
	CLIENT_POINTER = 5,
	CLIENT_SET_DESKTOP_SIZE = 251,
	CLIENT_QEMU = 255,
};
#define QEMU_EXTENDED_KEY 0

/* QEMU's origin in relative mode. */
#define RELATIVE_ZERO 0x7fff

static uint8_t *put_u16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	return put_u16(put_u16(at, value >> 16), value & 0xffff);
}

void rfb_send(struct rfb *rfb, const void *data, size_t length)
{
	if (rfb->callbacks.send)
		rfb->callbacks.send(data, length, rfb->callbacks.userdata);
}

static unsigned int channel_max(const struct pixel_channel *channel)
{
	return (1U << channel->bits) - 1;
}

static void send_pixel_format(struct rfb *rfb)
{
	const struct pixel_format *format = &rfb->format;
	uint8_t message[20] = {};
	uint8_t *at = message + 8;

	message[0] = CLIENT_SET_PIXEL_FORMAT;
	message[4] = format->bits;
	message[5] = (uint8_t)(format->red.bits + format->green.bits + format->blue.bits);
	message[6] = 0; /* little-endian */
	message[7] = 1; /* true color */
	at = put_u16(at, channel_max(&format->red));
	at = put_u16(at, channel_max(&format->green));
	at = put_u16(at, channel_max(&format->blue));
	at[0] = format->red.shift;
	at[1] = format->green.shift;
	at[2] = format->blue.shift;
	rfb_send(rfb, message, sizeof(message));
}

void rfb_send_preferences(struct rfb *rfb)
{
	static const int32_t encodings[] = {
		RFB_ENCODING_RAW,          RFB_ENCODING_EXTENDED_DESKTOP_SIZE,
		RFB_ENCODING_DESKTOP_SIZE, RFB_ENCODING_KEY_CODES,
		RFB_ENCODING_POINTER_MODE, RFB_ENCODING_LEDS,
		RFB_ENCODING_ALPHA_CURSOR,
	};
	uint8_t message[4 + 4 * ELEMENTS(encodings)] = { CLIENT_SET_ENCODINGS };
	uint8_t *at = put_u16(message + 2, ELEMENTS(encodings));

	send_pixel_format(rfb);
	for (size_t i = 0; i < ELEMENTS(encodings); i++)
		at = put_u32(at, (uint32_t)encodings[i]);
	rfb_send(rfb, message, sizeof(message));
}

void rfb_request_update(struct rfb *rfb, bool incremental)
{
	uint8_t message[10] = { CLIENT_UPDATE_REQUEST, incremental };

	if (!rfb_is_ready(rfb))
		return;
	(void)put_u16(put_u16(message + 6, rfb->picture.width), rfb->picture.height);
	rfb_send(rfb, message, sizeof(message));
}

void rfb_send_key(struct rfb *rfb, uint16_t number, bool down)
{
	uint8_t message[12] = { CLIENT_QEMU, QEMU_EXTENDED_KEY };

	if (!rfb_is_ready(rfb) || !rfb->has_key_codes)
		return;
	/* No keysym: the number is enough, and the lock keys follow the guest's lights. */
	(void)put_u32(put_u32(put_u16(message + 2, down), 0), number);
	rfb_send(rfb, message, sizeof(message));
}

static unsigned int limit(int value, int high)
{
	return (unsigned int)(value < 0 ? 0 : value > high ? high : value);
}

void rfb_send_pointer(struct rfb *rfb, unsigned int buttons, int x, int y, bool absolute)
{
	uint8_t message[6] = { CLIENT_POINTER, (uint8_t)buttons };
	uint8_t *at = message + 2;

	if (!rfb_is_ready(rfb))
		return;
	if (absolute) {
		at = put_u16(at, limit(x, (int)rfb->picture.width - 1));
		(void)put_u16(at, limit(y, (int)rfb->picture.height - 1));
	} else {
		at = put_u16(at, limit(x + RELATIVE_ZERO, 0xffff));
		(void)put_u16(at, limit(y + RELATIVE_ZERO, 0xffff));
	}
	rfb_send(rfb, message, sizeof(message));
}

/* One screen that covers the desktop. */
void rfb_ask_size(struct rfb *rfb, unsigned int width, unsigned int height)
{
	uint8_t message[24] = { CLIENT_SET_DESKTOP_SIZE };
	uint8_t *at = NULL;

	if (!rfb_is_ready(rfb))
		return;
	at = put_u16(put_u16(message + 2, width), height);
	at[0] = 1;
	at = put_u32(at + 2, 0);
	at = put_u32(at, 0);
	(void)put_u16(put_u16(at, width), height);
	rfb_send(rfb, message, sizeof(message));
}
