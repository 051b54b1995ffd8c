/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminals that a person may sit at: the screen's, serial lines, the hypervisor's console. */
#pragma once

#include <stddef.h>

#define CONSOLE_NAME_MAX 31
#define CONSOLES_MAX 16

struct console {
	char name[CONSOLE_NAME_MAX + 1]; /* "tty1", "ttyS0", "hvc0" */
	bool on_screen; /* a virtual terminal of the machine's own screen */
};

/*
 * Which ones get a dashboard. active is the kernel's list ("tty0 ttyS0"); has_hvc: there is a hvc0;
 * shell is mvirt.shell='s terminal, which is left to the shell, or NULL. Pure. Returns how many.
 */
size_t consoles_choose(const char *active, bool has_hvc, const char *shell,
		       struct console ret_consoles[static CONSOLES_MAX]);
/* The same of this machine. */
size_t consoles_find(const char *shell, struct console ret_consoles[static CONSOLES_MAX]);
