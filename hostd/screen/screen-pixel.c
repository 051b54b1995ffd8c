// SPDX-License-Identifier: GPL-2.0-or-later
// Converts pixels from one layout of channels to another.
#include "screen-pixel.h"

#include <string.h>

static uint32_t channel_mask(const struct pixel_channel *channel)
{
	return ((UINT32_C(1) << channel->bits) - 1) << channel->shift;
}

static bool channel_valid(const struct pixel_channel *channel, unsigned int bits)
{
	return channel->bits >= 1 && channel->bits <= 16 && channel->shift + channel->bits <= bits;
}

bool pixel_format_valid(const struct pixel_format *format)
{
	uint32_t red = 0, green = 0, blue = 0;

	if ((format->bits != 16 && format->bits != 24 && format->bits != 32) ||
	    !channel_valid(&format->red, format->bits) ||
	    !channel_valid(&format->green, format->bits) ||
	    !channel_valid(&format->blue, format->bits))
		return false;
	red = channel_mask(&format->red);
	green = channel_mask(&format->green);
	blue = channel_mask(&format->blue);
	return !(red & green) && !(red & blue) && !(green & blue);
}

bool pixel_format_equal(const struct pixel_format *a, const struct pixel_format *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void pixel_format_nearest(const struct pixel_format *screen, struct pixel_format *ret_format)
{
	*ret_format = *screen;
	/* Its three bytes are the lower ones of 32 bits. */
	if (screen->bits == 24)
		ret_format->bits = 32;
	if (screen->red.bits > 8 || screen->green.bits > 8 || screen->blue.bits > 8)
		*ret_format = (struct pixel_format){
			.bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 }
		};
}

static uint32_t to_eight_bits(const struct pixel_channel *channel, uint32_t pixel)
{
	uint32_t value = pixel >> channel->shift & ((UINT32_C(1) << channel->bits) - 1);

	if (channel->bits >= 8)
		return value >> (channel->bits - 8);
	return value * 255 / ((UINT32_C(1) << channel->bits) - 1);
}

static uint32_t from_eight_bits(const struct pixel_channel *channel, uint32_t value)
{
	if (channel->bits >= 8)
		value = value << (channel->bits - 8) | value >> (16 - channel->bits);
	else
		value >>= 8 - channel->bits;
	return value << channel->shift;
}

uint32_t pixel_to_rgb(const struct pixel_format *format, uint32_t pixel)
{
	return to_eight_bits(&format->red, pixel) << 16 |
	       to_eight_bits(&format->green, pixel) << 8 | to_eight_bits(&format->blue, pixel);
}

uint32_t pixel_from_rgb(const struct pixel_format *format, uint32_t rgb)
{
	return from_eight_bits(&format->red, rgb >> 16 & 0xff) |
	       from_eight_bits(&format->green, rgb >> 8 & 0xff) |
	       from_eight_bits(&format->blue, rgb & 0xff);
}

uint32_t pixel_load(const struct pixel_format *format, const uint8_t *at)
{
	switch (format->bits) {
	case 16:
		return at[0] | (uint32_t)at[1] << 8;
	case 24:
		return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
	}
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void pixel_store(const struct pixel_format *format, uint8_t *at, uint32_t pixel)
{
	for (size_t i = 0; i < pixel_bytes(format); i++)
		at[i] = (uint8_t)(pixel >> 8 * i);
}

static bool same_channels(const struct pixel_format *a, const struct pixel_format *b)
{
	struct pixel_format other = *b;

	other.bits = a->bits;
	return pixel_format_equal(a, &other);
}

void pixel_convert(const struct pixel_format *from_format, const uint8_t *from,
		   const struct pixel_format *to_format, uint8_t *to, size_t count)
{
	size_t from_bytes = pixel_bytes(from_format), to_bytes = pixel_bytes(to_format);

	if (pixel_format_equal(from_format, to_format)) {
		memcpy(to, from, count * from_bytes);
		return;
	}
	if (from_bytes == 4 && to_bytes == 3 && same_channels(from_format, to_format)) {
		for (size_t i = 0; i < count; i++, from += 4, to += 3)
			memcpy(to, from, 3);
		return;
	}
	for (size_t i = 0; i < count; i++, from += from_bytes, to += to_bytes)
		pixel_store(to_format, to,
			    pixel_from_rgb(to_format, pixel_to_rgb(from_format,
								   pixel_load(from_format, from))));
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int most(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

struct pixel_rect pixel_rect_union(const struct pixel_rect *a, const struct pixel_rect *b)
{
	struct pixel_rect both;

	if (!a->width || !a->height)
		return *b;
	if (!b->width || !b->height)
		return *a;
	both.x = least(a->x, b->x);
	both.y = least(a->y, b->y);
	both.width = most(a->x + a->width, b->x + b->width) - both.x;
	both.height = most(a->y + a->height, b->y + b->height) - both.y;
	return both;
}

struct pixel_rect pixel_rect_clip(const struct pixel_rect *a, unsigned int width,
				  unsigned int height)
{
	if (a->x >= width || a->y >= height)
		return (struct pixel_rect){};
	return (struct pixel_rect){ a->x, a->y, least(a->width, width - a->x),
				    least(a->height, height - a->y) };
}
