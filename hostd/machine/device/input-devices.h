/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's keyboards and pointers as evdev files, with hot-plug. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

struct input_devices;

/* An open keyboard or pointer, which the callee owns now. Reading a removed one fails with ENODEV.
 */
typedef void (*input_device_added_t)(int fd_consume, void *userdata);

/* Listens for hot-plug first, then scans. Returns 0 or -errno. */
int input_devices_new(sd_event *event, input_device_added_t added, void *userdata,
		      struct input_devices **ret_devices);
void input_devices_free(struct input_devices *devices);
/* Opens all of them again. */
void input_devices_scan(struct input_devices *devices);

/* Whether one types or points with it: not power buttons, sleep buttons and the speaker. The bits
 * are those of EVIOCGBIT. Pure. */
#define INPUT_BITS_WORDS 12
bool input_device_is_wanted(const uint64_t keys[static INPUT_BITS_WORDS], uint64_t movements,
			    uint64_t places);
