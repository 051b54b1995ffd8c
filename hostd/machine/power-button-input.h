/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One input device of the power button. For power.c and its test. */
#pragma once

#include "power.h"

/* Returns 1 when the device has a power key and is watched now, 0 when it has none, or -errno. */
int power_button_add_input(struct power_button *button, const char *node);
