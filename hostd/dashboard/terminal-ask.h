/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking a serial line what is at its other end. */
#pragma once

#include <stddef.h>

struct terminal_answer {
	int rows, columns; /* 0: it has not said */
	bool utf8;
};

/*
 * Asks where the cursor is after a character of three bytes, and in the far corner
 * (ECMA-48, 8.3.35, "device status report"). Waits up to a second; what does not come leaves its
 * field as it is. The terminal is fds 0 and 1.
 */
void terminal_ask(struct terminal_answer *answer);

/*
 * Takes reports "ESC [ ROW ; COLUMN R" off what came: the first is after the character, the second
 * in the corner. Returns how many there are (2 is all).
 */
int terminal_answer_parse(const char *text, size_t length, struct terminal_answer *answer);
