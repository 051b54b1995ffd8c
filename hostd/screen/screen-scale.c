// SPDX-License-Identifier: GPL-2.0-or-later
// Scaling: pixels are repeated, or mixed from the four around (bilinear), whatever their channels.
#include "screen-scale.h"

#include <string.h>

#define WEIGHTS 256

struct screen_column screen_scale_at(unsigned int at, unsigned int to, unsigned int from)
{
	/* (at + 1/2) * from / to - 1/2, in 256ths */
	int64_t place = ((2 * (int64_t)at + 1) * from * WEIGHTS / to - WEIGHTS) / 2;
	struct screen_column column;

	if (place < 0)
		place = 0;
	column.index = (uint32_t)(place / WEIGHTS);
	column.weight = (uint32_t)(place % WEIGHTS);
	if (column.index + 1 >= from)
		column = (struct screen_column){ .index = from - 1 };
	return column;
}

void screen_scale_columns(struct screen_column *columns, unsigned int to, unsigned int from)
{
	for (unsigned int i = 0; i < to; i++)
		columns[i] = screen_scale_at(i, to, from);
}

/* One more pixel at each end: a pixel is mixed from its neighbours. */
static void scale_span(unsigned int *start, unsigned int *length, unsigned int from,
		       unsigned int to)
{
	uint64_t first = *start > 0 ? *start - 1 : 0, end = (uint64_t)*start + *length + 1;

	first = first * to / from;
	end = (end * to + from - 1) / from;
	if (end > to)
		end = to;
	*start = (unsigned int)first;
	*length = (unsigned int)(end - first);
}

struct pixel_rect screen_scale_rect(const struct pixel_rect *part,
				    const struct rfb_picture *picture,
				    const struct pixel_rect *place)
{
	struct pixel_rect rect = *part;

	scale_span(&rect.x, &rect.width, picture->width, place->width);
	scale_span(&rect.y, &rect.height, picture->height, place->height);
	return rect;
}

void screen_scale_repeat(const uint8_t *row, size_t bytes, unsigned int factor, unsigned int x,
			 unsigned int count, uint8_t *to)
{
	const uint8_t *from = row + x / factor * bytes;
	unsigned int left = factor - x % factor;

	for (unsigned int i = 0; i < count; i++, to += bytes) {
		memcpy(to, from, bytes);
		if (--left == 0) {
			left = factor;
			from += bytes;
		}
	}
}

/* Four channels of 8 bits at once, in any order. */
static uint32_t mix32(uint32_t a, uint32_t b, uint32_t weight)
{
	uint32_t even = (a & 0xff00ff) * (WEIGHTS - weight) + (b & 0xff00ff) * weight;
	uint32_t odd = (a >> 8 & 0xff00ff) * (WEIGHTS - weight) + (b >> 8 & 0xff00ff) * weight;

	return (even >> 8 & 0xff00ff) | (odd & 0xff00ff00);
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t value = 0;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* Mixes two rows into one, as far as the columns reach: a loop without a jump, many pixels at once.
 */
static void mix_rows32(const uint8_t *above, const uint8_t *below, unsigned int weight,
		       const struct screen_column *columns, unsigned int count, uint8_t *to)
{
	size_t first = columns[0].index, last = columns[count - 1].index;

	if (columns[count - 1].weight)
		last++;
	for (size_t i = first; i <= last; i++)
		store32(to + 4 * i, mix32(load32(above + 4 * i), load32(below + 4 * i), weight));
}

static void mix_columns32(const uint8_t *row, const struct screen_column *columns,
			  unsigned int count, uint8_t *to)
{
	for (unsigned int i = 0; i < count; i++, to += 4) {
		size_t left = (size_t)columns[i].index * 4;
		size_t right = left + (columns[i].weight ? 4 : 0);

		store32(to, mix32(load32(row + left), load32(row + right), columns[i].weight));
	}
}

static uint32_t mix_pixels(const struct pixel_format *format, const uint8_t *row,
			   const struct screen_column *column)
{
	const uint8_t *left = row + column->index * pixel_bytes(format);
	uint32_t rgb = pixel_to_rgb(format, pixel_load(format, left));

	if (column->weight)
		rgb = mix32(rgb,
			    pixel_to_rgb(format, pixel_load(format, left + pixel_bytes(format))),
			    column->weight);
	return rgb;
}

static bool is_bytes(const struct pixel_format *format)
{
	return format->bits == 32 && format->red.bits == 8 && format->green.bits == 8 &&
	       format->blue.bits == 8 && format->red.shift % 8 == 0 &&
	       format->green.shift % 8 == 0 && format->blue.shift % 8 == 0;
}

void screen_scale_mix(const struct pixel_format *format, const uint8_t *above, const uint8_t *below,
		      unsigned int weight, const struct screen_column *columns, unsigned int count,
		      uint8_t *scratch, uint8_t *to)
{
	if (is_bytes(format)) {
		if (weight)
			mix_rows32(above, below, weight, columns, count, scratch);
		mix_columns32(weight ? scratch : above, columns, count, to);
		return;
	}
	for (unsigned int i = 0; i < count; i++, to += pixel_bytes(format)) {
		uint32_t rgb = mix_pixels(format, above, &columns[i]);

		if (weight)
			rgb = mix32(rgb, mix_pixels(format, below, &columns[i]), weight);
		pixel_store(format, to, pixel_from_rgb(format, rgb));
	}
}
