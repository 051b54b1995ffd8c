/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards and pointers as evdev's files: taken for us alone and given back, read, lit. */
#pragma once

#include <poll.h>

#include "screen/screen-control.h"
#include "screen/screen-input.h"

struct screen_devices {
	struct screen_input input;
	struct {
		int fd; /* owned */
		struct screen_device device;
		bool has_keys; /* that hotkeys may consist of */
		bool grabbed;
	} items[SCREEN_DEVICES_MAX];
	size_t count;
	bool want_grab;
	unsigned int leds;
};

void screen_devices_done(struct screen_devices *devices);
/* Consumes fd. Returns 0, or -ENOSPC when there are too many. */
int screen_devices_add(struct screen_devices *devices, int fd_consume);
/*
 * Whether what is typed is for us alone. It changes when no key is held: the kernel's console would
 * miss a release, or repeat a key that it did not see pressed.
 */
void screen_devices_grab(struct screen_devices *devices, bool grab);
/* The lock keys' lights (enum rfb_led), as long as the devices are ours. */
void screen_devices_set_leds(struct screen_devices *devices, unsigned int leds);
/* Fills in what to wait for, one for each device; those that are not to be read have no fd. */
void screen_devices_poll(const struct screen_devices *devices, struct pollfd *ret_polls);
/* Reads what poll() found; devices that are gone are closed. */
void screen_devices_read(struct screen_devices *devices, const struct pollfd *polls, size_t count);
