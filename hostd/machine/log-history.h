/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last lines of hostd's log, including those of the previous hostd of this boot. One a process.
 */
#pragma once

#include <stdint.h>

#include "base/log.h"

#define LOG_HISTORY_LINES 200

struct log_history_line {
	uint64_t sequence; /* counts up from 1 */
	uint64_t time_usec; /* CLOCK_REALTIME */
	enum log_level level;
	char *subject, *message;
};

/*
 * Reads hostd's lines from the kernel's log, then keeps every line that is logged (it takes the
 * log's hook). Call it while the kernel's log may be read, before privileges are dropped. path is
 * "/dev/kmsg"; what cannot be read is missing.
 */
void log_history_start(const char *path);
void log_history_stop(void);

/* Called after every new line; must not log. NULL: no call. */
void log_history_set_listener(void (*listener)(void *userdata), void *userdata);

/* The first line with this sequence or a later one, or NULL. Valid until the next line is logged.
 */
const struct log_history_line *log_history_from(uint64_t sequence);
