/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual terminal of the kernel's that shows either a picture that somebody else draws or a text
 * of ours; and the way there and back. */
#pragma once

#include <systemd/sd-event.h>

/* No function key leads there. */
#define TERMINAL_NUMBER 63
/* Where the dashboard is. */
#define TERMINAL_HOME 1

struct terminal;

struct terminal_callbacks {
	/* It is on the screen now; or will be no more, and nothing may be drawn from now on. */
	void (*shown)(void *userdata);
	void (*hidden)(void *userdata);
	void *userdata;
};

/* Returns 0 or -errno. */
int terminal_new(sd_event *event, const struct terminal_callbacks *callbacks,
		 struct terminal **ret_terminal);
/* Gives the screen back to the other terminal. */
void terminal_free(struct terminal *terminal);

bool terminal_is_shown(const struct terminal *terminal);
/* Asks for the screen: shown() comes. Or goes home: hidden() comes. Return 0 or -errno. */
int terminal_show(struct terminal *terminal);
int terminal_leave(struct terminal *terminal);
/* From now on somebody else draws. Returns 0 or -errno. */
int terminal_set_picture(struct terminal *terminal);
/* A few lines in the middle, separated by \n. Returns 0 or -errno. */
int terminal_set_text(struct terminal *terminal, const char *text);

/* The lines in the middle of so many rows and columns, as bytes for a terminal: a new string, or
 * NULL. Pure. */
char *terminal_layout(const char *text, unsigned int rows, unsigned int columns);
