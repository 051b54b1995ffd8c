/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person can ask for: one table of keys, names, questions and calls. Pure. */
#pragma once

enum action_id {
	ACTION_NONE,
	ACTION_START,
	ACTION_STOP,
	ACTION_RESTART,
	ACTION_KILL,
	ACTION_CONSOLE,
	ACTION_SCREEN,
	ACTION_LOG,
	ACTION_ADDRESS,
	ACTION_KEEP_ADDRESS,
	ACTION_REVERT_ADDRESS,
	ACTION_POWER_OFF,
	ACTION_REBOOT,
	ACTION_POWER_OFF_NOW,
	ACTION_PASSWORD, /* it has been typed, or given up: text is NULL */
	ACTION_SHELL,
	ACTION_LEAVE,
	ACTION_REDRAW,
};

/* Where an action's key counts. */
enum action_place {
	ACTION_ANYWHERE_ELSE, /* it has no key of its own */
	ACTION_OF_GUEST, /* on the main page, about the selected guest */
	ACTION_OF_POWER, /* in the box about power */
	ACTION_OF_TRIAL, /* in the box about an address that is tried out */
};

struct action {
	enum action_id id;
	enum action_place place;
	char key;
	const char *name; /* "stop" */
	bool acting; /* it changes something, and needs the right to */
	/* What is asked first, and more about it; NULL: nothing is asked. "%s" is the guest. */
	const char *question, *detail;
	const char *method,
		*parameter; /* parameter: what the call names the guest or network, or NULL */
	const char *done; /* what is said then; "%s" is the name. NULL: nothing */
};

/* NULL: it is no more than a word to the program. */
const struct action *action_find(enum action_id id);
/* NULL: no key of that place. */
const struct action *action_of_key(enum action_place place, char key);
/* The text with the name in it. New string or NULL. */
char *action_text(const char *text, const char *name);
