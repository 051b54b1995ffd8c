/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal would show, as plain lines: for the echo of a guest's console. Pure. */
#pragma once

#include <stddef.h>

#include "guest/guest-console.h"

enum guest_lines_state {
	GUEST_LINES_TEXT,
	GUEST_LINES_ESCAPE, /* after ESC */
	GUEST_LINES_CONTROL, /* in a control sequence, "ESC [ 0 ; 3 1 m" */
	GUEST_LINES_STRING, /* in an operating system command and the like, up to BEL or "ESC \" */
};

/* Zero-initialised but for line, which may be NULL, and userdata. */
struct guest_lines {
	guest_console_line_t line;
	void *userdata;
	enum guest_lines_state state;
	size_t length;
	char text[GUEST_CONSOLE_LINE_BYTES_MAX + 1];
};

/*
 * Calls line for each whole line that is not empty, without control characters (a tab is a blank)
 * and sequences (ECMA-48, section 5); it is cut at GUEST_CONSOLE_LINE_BYTES_MAX. A sequence that
 * does not end ends with its line.
 */
void guest_lines_feed(struct guest_lines *lines, const void *data, size_t length);
