/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's input devices as evdev files, found by libudev from the kernel's own events: no
 * udevd runs here. */
#pragma once

#include <systemd/sd-event.h>

struct input_nodes;

/* A present or new device: /dev/input/eventN. Reading a removed one fails with ENODEV. */
typedef void (*input_node_found_t)(const char *path, void *userdata);

/* Listens for hot-plug; input_nodes_scan() finds the present ones. Returns 0 or -errno. */
int input_nodes_new(sd_event *event, input_node_found_t found, void *userdata,
		    struct input_nodes **ret_nodes);
void input_nodes_free(struct input_nodes *nodes);
/* Reports all of them, each time again. */
void input_nodes_scan(struct input_nodes *nodes);
