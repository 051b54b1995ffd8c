/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's end: who may ask for it, and how hostd sees to it that the guests come first. */
#pragma once

#include "machine/power.h"

struct host;

/* From here on PID 1 may say that the machine goes down. Returns 0 or -errno. */
int host_await_end(struct host *host);
/* Asks PID 1 for it. now: what still runs is killed and not waited for. */
void host_end(struct host *host, enum power_action action, bool now);

/* For power.h and guest.h: userdata is the host. */
void host_on_power_button(void *userdata);
void host_on_all_stopped(void *userdata);
