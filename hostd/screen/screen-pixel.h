/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pixels: the layout of a framebuffer's bits, and conversion between layouts. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A channel's place in a pixel, which is read in the machine's byte order. */
struct pixel_channel {
	uint8_t shift, bits;
};

struct pixel_format {
	uint8_t bits; /* of a pixel: 16, 24 or 32 */
	struct pixel_channel red, green, blue; /* 1 to 16 bits each */
};

/* A rectangle; empty where width or height is 0. */
struct pixel_rect {
	unsigned int x, y, width, height;
};

static inline size_t pixel_bytes(const struct pixel_format *format)
{
	return format->bits / 8;
}

/* Whether every channel is within the pixel, and none is empty or overlaps another. */
bool pixel_format_valid(const struct pixel_format *format);
bool pixel_format_equal(const struct pixel_format *a, const struct pixel_format *b);

/*
 * The format to request from a VNC server so that the least has to be converted: the screen's own
 * if a server can have it (16 or 32 bits a pixel, 8 bits a channel at most), or the nearest.
 */
void pixel_format_nearest(const struct pixel_format *screen, struct pixel_format *ret_format);

/* 0xRRGGBB. from_rgb leaves bits of no channel 0. */
uint32_t pixel_to_rgb(const struct pixel_format *format, uint32_t pixel);
uint32_t pixel_from_rgb(const struct pixel_format *format, uint32_t rgb);
/* Of 2, 3 or 4 bytes. */
uint32_t pixel_load(const struct pixel_format *format, const uint8_t *at);
void pixel_store(const struct pixel_format *format, uint8_t *at, uint32_t pixel);

/* Converts count pixels; from and to do not overlap. */
void pixel_convert(const struct pixel_format *from_format, const uint8_t *from,
		   const struct pixel_format *to_format, uint8_t *to, size_t count);

/* The smallest rectangle around both. */
struct pixel_rect pixel_rect_union(const struct pixel_rect *a, const struct pixel_rect *b);
/* The part of a within width and height. */
struct pixel_rect pixel_rect_clip(const struct pixel_rect *a, unsigned int width,
				  unsigned int height);
