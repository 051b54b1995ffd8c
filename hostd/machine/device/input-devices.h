/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keyboards and pointers of this machine, as evdev's files; hot-plug of all of them. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

struct input_devices;

/* An open keyboard or pointer, which is the callee's from now on. What is removed tells it itself:
 * reading it fails with ENODEV. */
typedef void (*input_device_added_t)(int fd_consume, void *userdata);

/* Listens for hot-plug first, then scans. Returns 0 or -errno. */
int input_devices_new(sd_event *event, input_device_added_t added, void *userdata,
		      struct input_devices **ret_devices);
void input_devices_free(struct input_devices *devices);
/* Opens all of them once more. */
void input_devices_scan(struct input_devices *devices);

/* What is typed or pointed with: the power button, sleep buttons and the speaker are not. The bits
 * are those of EVIOCGBIT. Pure. */
#define INPUT_BITS_WORDS 12
bool input_device_is_wanted(const uint64_t keys[static INPUT_BITS_WORDS], uint64_t movements,
			    uint64_t places);
