/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the machine's own screen, keyboard and mouse are: the dashboard's or a guest's. */
#pragma once

#include "base/error.h"

struct host;
struct host_screen;

/*
 * Starts what is needed where a guest has a display, and gives the screen to the guest that
 * mvirt.conf names. Without a screen, or a guest with a display, there is nothing to do. Returns 0
 * or -errno.
 */
int host_screen_start(struct host *host);
void host_screen_free(struct host_screen *screen);
/* A guest is in another state, or there is another one. */
void host_screen_guest_changed(struct host *host);
/* The guest whose the screen is, or NULL: the dashboard's. */
const char *host_screen_guest(const struct host *host);
/* Gives it to a guest, or (NULL) to the dashboard. Returns 0 or -errno. */
int host_screen_give_to(struct host *host, const char *name, struct error *error);
