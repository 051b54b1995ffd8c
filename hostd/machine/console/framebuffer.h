/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first framebuffer, opened, and its memory layout. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct framebuffer_channel {
	unsigned int shift, bits;
};

struct framebuffer {
	int fd; /* owned */
	unsigned int width, height;
	unsigned int bits; /* of a pixel */
	struct framebuffer_channel red, green, blue;
	uint64_t stride, offset; /* bytes: of a row, of the first visible pixel */
};
#define FRAMEBUFFER_NONE { .fd = -EBADF }

/* node is "/dev/fb0". Returns 0, -EOPNOTSUPP when pixels are not true colour, or -errno. */
int framebuffer_open(const char *node, struct framebuffer *ret_framebuffer);
void framebuffer_close(struct framebuffer *framebuffer);
