/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's input devices as evdev's files, found by libudev from the kernel's own events: no
 * udevd runs here. */
#pragma once

#include <systemd/sd-event.h>

struct input_nodes;

/* A device that is there, or has come: /dev/input/eventN. What goes away tells it itself: reading
 * it fails with ENODEV. */
typedef void (*input_node_found_t)(const char *path, void *userdata);

/* Listens for hot-plug; nothing is found before input_nodes_scan(). Returns 0 or -errno. */
int input_nodes_new(sd_event *event, input_node_found_t found, void *userdata,
		    struct input_nodes **ret_nodes);
void input_nodes_free(struct input_nodes *nodes);
/* Finds all of them, each time again. */
void input_nodes_scan(struct input_nodes *nodes);
