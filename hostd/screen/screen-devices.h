/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards and pointers as evdev files: grabbed and released, read, their lights set. */
#pragma once

#include <poll.h>

#include "screen/screen-control.h"
#include "screen/screen-input.h"

struct screen_devices {
	struct screen_input input;
	struct {
		int fd; /* owned */
		struct screen_device device;
		bool has_keys; /* keys that hotkeys may consist of */
		bool grabbed;
	} items[SCREEN_DEVICES_MAX];
	size_t count;
	bool want_grab;
	unsigned int leds;
};

void screen_devices_done(struct screen_devices *devices);
/* Takes over fd. Returns 0, or -ENOSPC when there are too many. */
int screen_devices_add(struct screen_devices *devices, int fd_consume);
/*
 * Grabs or releases the devices, once no key is held: otherwise the kernel's console would miss a
 * release, or repeat a key whose press it did not see.
 */
void screen_devices_grab(struct screen_devices *devices, bool grab);
/* The lock keys' lights (enum rfb_led), while the devices are grabbed. */
void screen_devices_set_leds(struct screen_devices *devices, unsigned int leds);
/* Fills in what to wait for, one entry for each device; devices that are not to be read have no fd.
 */
void screen_devices_poll(const struct screen_devices *devices, struct pollfd *ret_polls);
/* Reads the devices that poll() reported; closes those that are gone. */
void screen_devices_read(struct screen_devices *devices, const struct pollfd *polls, size_t count);
