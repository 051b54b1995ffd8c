/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merges events of any number of keyboards and pointers into those of one keyboard and one pointer.
 * Pure. */
#pragma once

#include <linux/input.h>
#include <stddef.h>
#include <stdint.h>

#include "screen/screen-pixel.h"

#define SCREEN_KEY_WORDS ((KEY_CNT + 63) / 64)

/* RFC 6143, 7.5.5. */
enum screen_button {
	SCREEN_BUTTON_LEFT = 1 << 0,
	SCREEN_BUTTON_MIDDLE = 1 << 1,
	SCREEN_BUTTON_RIGHT = 1 << 2,
	SCREEN_BUTTON_WHEEL_UP = 1 << 3,
	SCREEN_BUTTON_WHEEL_DOWN = 1 << 4,
};

struct screen_axis {
	int low, high; /* the device's range; equal: it reports movements only */
};

struct screen_device {
	struct screen_axis x, y;
	uint64_t keys[SCREEN_KEY_WORDS]; /* held on it, buttons too */
	bool dropped; /* the kernel has lost events of it: see screen_input_sync() */
};

/* A pointer's place is on the screen; a movement is as the device reports it. */
struct screen_input_callbacks {
	/* Also for each repetition. */
	void (*key)(uint16_t code, bool down, void *userdata);
	void (*pointer)(unsigned int buttons, int x, int y, void *userdata);
	void *userdata;
};

struct screen_input {
	struct screen_input_callbacks callbacks;
	uint8_t held[KEY_CNT]; /* on how many devices */
	unsigned int held_count; /* keys, without buttons */
	unsigned int screen_width, screen_height;
	struct pixel_rect area; /* where on the screen a pointer may be */
	bool relative; /* the guest wants movements */
	int x, y; /* the pointer's place */
	int moved_x, moved_y, wheel; /* since the last report */
	unsigned int buttons;
	bool pointer_changed;
};

/*
 * Takes an event of a device. Returns true when events were lost: then read what is held from the
 * kernel (EVIOCGKEY) and pass it to screen_input_sync().
 */
bool screen_input_event(struct screen_input *input, struct screen_device *device,
			const struct input_event *event);
/* Sets what is held on a device now; all zero when it is gone. */
void screen_input_sync(struct screen_input *input, struct screen_device *device,
		       const uint64_t keys[static SCREEN_KEY_WORDS]);
/* Keeps the pointer within. */
void screen_input_set_area(struct screen_input *input, const struct pixel_rect *area);
