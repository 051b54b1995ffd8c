/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminals that a person may use: the screen's, serial lines, the hypervisor's console. */
#pragma once

#include <stddef.h>

#define CONSOLE_NAME_MAX 31
#define CONSOLES_MAX 16

struct console {
	char name[CONSOLE_NAME_MAX + 1]; /* "tty1", "ttyS0", "hvc0" */
	bool on_screen; /* a virtual terminal of the machine's own screen */
};

/*
 * Which ones get a dashboard. active is the kernel's list ("tty0 ttyS0"); has_hvc: there is an
 * hvc0; shell is mvirt.shell='s terminal, which the shell keeps, or NULL. Pure. Returns their
 * number.
 */
size_t consoles_choose(const char *active, bool has_hvc, const char *shell,
		       struct console ret_consoles[static CONSOLES_MAX]);
/* The same for this machine. */
size_t consoles_find(const char *shell, struct console ret_consoles[static CONSOLES_MAX]);
