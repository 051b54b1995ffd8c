/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scales rows, by whole factors and smoothly. Pure. */
#pragma once

#include "screen/screen-draw.h"

/* The two of from pixels between which the middle of pixel at (of to) lies. The right one exists if
 * it has weight. */
struct screen_column screen_scale_at(unsigned int at, unsigned int to, unsigned int from);
void screen_scale_columns(struct screen_column *columns, unsigned int to, unsigned int from);
/* The part of place (which begins at 0) that changes with a part of the picture. */
struct pixel_rect screen_scale_rect(const struct pixel_rect *part,
				    const struct rfb_picture *picture,
				    const struct pixel_rect *place);
/* Repeats each pixel factor times; x and count are of the result. */
void screen_scale_repeat(const uint8_t *row, size_t bytes, unsigned int factor, unsigned int x,
			 unsigned int count, uint8_t *to);
/* Mixes pixels between the columns of two rows; below may be NULL if it has no weight. scratch has
 * room for a row of the picture. */
void screen_scale_mix(const struct pixel_format *format, const uint8_t *above, const uint8_t *below,
		      unsigned int weight, const struct screen_column *columns, unsigned int count,
		      uint8_t *scratch, uint8_t *to);
