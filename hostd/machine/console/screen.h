/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's own screen: the first framebuffer. */
#pragma once

struct screen_status {
	bool present;
	unsigned int width, height, bits_per_pixel;
	char driver[32];
};

/* Reads /dev/fb0 (root is "" on the host, a folder in tests). No screen is a result, not a failure.
 */
void screen_probe(const char *root, struct screen_status *ret_status);
