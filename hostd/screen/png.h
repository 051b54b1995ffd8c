/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture as a PNG file. Pure but for the stream. */
#pragma once

#include <stdio.h>

#include "screen/rfb.h"

/* Returns 0, -EIO when the stream fails, or -ENOMEM. */
int png_write(FILE *stream, const struct rfb_picture *picture, const struct pixel_format *format);
