/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The power button, and how PID 1 is told to stop the machine. */
#pragma once

#include <systemd/sd-event.h>

enum power_action { POWER_OFF, POWER_REBOOT };

struct power_button;

/*
 * Watches every input device with KEY_POWER, hot-plugged ones too, without polling; calls pressed
 * once a press. Returns 0 or -errno; a machine without such a button is not an error.
 */
int power_button_new(sd_event *event, void (*pressed)(void *userdata), void *userdata,
		     struct power_button **ret_button);
void power_button_free(struct power_button *button);

/* Tells PID 1 (SIGUSR2 power off, SIGTERM reboot, busybox init's meanings), which stops hostd. */
int power_request(enum power_action action);
/* Then call this regularly: it tells PID 1 that hostd still works and that it has to wait
 * (SIGALRM). */
void power_tell_progress(void);
