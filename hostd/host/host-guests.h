/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests at the boot, and what they need of the machine. */
#pragma once

#include "guest/guest.h"

struct host;

/* Defines the guests of mvirt.conf and those kept in memory. Returns 0 or -errno. */
int host_start_guests(struct host *host);

/* --- for data-volume.h: userdata is the host --- */

/* The data volume came, with the guests on it; or went. */
void host_data_mounted(int root_fd, void *userdata);
void host_data_lost(void *userdata);
/* It was found, and cannot be used. */
void host_data_failed(const char *why, void *userdata);
/* It was being checked, and is there now, or not. */
void host_data_decided(void *userdata);

/* --- host-needs.c --- */

/* The callbacks by which guests get files, disks and taps. */
void host_connect_needs(struct host *host, struct guests_callbacks *callbacks);
/* Taps of guests that run, before they are defined. */
void host_adopt_taps(struct host *host);
