/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The framebuffer, written by pwrite(): docs/decisions/screen.md says why it is not mapped. */
#pragma once

#include "screen/screen-draw.h"

struct screen_framebuffer {
	int fd; /* weak */
	uint64_t stride, offset;
	uint8_t *buffer; /* lines */
	uint64_t bytes_written; /* for the benchmark */
};

/* Returns 0 or -ENOMEM. */
int screen_framebuffer_init(struct screen_framebuffer *framebuffer, int fd, uint64_t stride,
			    uint64_t offset);
void screen_framebuffer_done(struct screen_framebuffer *framebuffer);
/* A part of the screen that the picture covers. Returns 0 or -errno. */
int screen_framebuffer_draw(struct screen_framebuffer *framebuffer, struct screen_draw *draw,
			    const struct pixel_rect *rect);
/* The whole screen: the picture, and black around it. Returns 0 or -errno. */
int screen_framebuffer_draw_screen(struct screen_framebuffer *framebuffer,
				   struct screen_draw *draw);
