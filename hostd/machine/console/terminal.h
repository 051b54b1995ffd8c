/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual terminal that shows either a picture that another program draws or a text of ours, and
 * switching to it and back. */
#pragma once

#include <systemd/sd-event.h>

/* No function key leads to it. */
#define TERMINAL_NUMBER 63
/* The dashboard's terminal. */
#define TERMINAL_HOME 1

struct terminal;

struct terminal_callbacks {
	/* The terminal is on the screen now; or is about to leave it, and nothing may be drawn from
	 * now on. */
	void (*shown)(void *userdata);
	void (*hidden)(void *userdata);
	void *userdata;
};

/* Returns 0 or -errno. */
int terminal_new(sd_event *event, const struct terminal_callbacks *callbacks,
		 struct terminal **ret_terminal);
/* Returns the screen to the other terminal. */
void terminal_free(struct terminal *terminal);

bool terminal_is_shown(const struct terminal *terminal);
/* Asks for the screen: shown() follows. Or goes back: hidden() follows. Both return 0 or -errno. */
int terminal_show(struct terminal *terminal);
int terminal_leave(struct terminal *terminal);
/* From now on another program draws. Returns 0 or -errno. */
int terminal_set_picture(struct terminal *terminal);
/* Shows a few lines in the middle, separated by \n. Returns 0 or -errno. */
int terminal_set_text(struct terminal *terminal, const char *text);

/* The lines centred in this many rows and columns, as bytes for a terminal: a new string, or NULL.
 * Pure. */
char *terminal_layout(const char *text, unsigned int rows, unsigned int columns);
