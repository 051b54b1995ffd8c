/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's life as one table: (state, event, now) -> (state, actions). Pure: no system call. */
#pragma once

#include <stdint.h>

#include "config/config.h"

enum guest_state {
	GUEST_STATE_STOPPED,
	GUEST_STATE_STARTING, /* QEMU is being started, or a restart is due */
	GUEST_STATE_RUNNING,
	GUEST_STATE_STOPPING,
	GUEST_STATE_CRASHED, /* ended by itself, will be started again after the back-off */
	GUEST_STATE_FAILED, /* five fast failures, or cannot be started at all */
	GUEST_STATE_COUNT,
};

/* "stopped", "starting"…, as in the console's and the API's contract. */
const char *guest_state_name(enum guest_state state);
