// SPDX-License-Identifier: GPL-2.0-or-later
// /sys/class/tty/console/active -> terminals.
#include "consoles.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define ACTIVE "/sys/class/tty/console/active"
#define SCREEN "tty1"
/* For the dashboard, if the shell has the first. */
#define SCREEN_OTHER "tty2"

static bool is_virtual(const char *name)
{
	return strncmp(name, "tty", 3) == 0 && name[3] >= '0' && name[3] <= '9';
}

static void add(struct console *consoles, size_t *count, const char *name, bool on_screen,
		const char *shell)
{
	if (*count == CONSOLES_MAX || strlen(name) > CONSOLE_NAME_MAX || strchr(name, '/') ||
	    text_equal(name, shell))
		return;
	for (size_t i = 0; i < *count; i++)
		if (strcmp(consoles[i].name, name) == 0)
			return;
	(void)snprintf(consoles[*count].name, sizeof(consoles[*count].name), "%s", name);
	consoles[(*count)++].on_screen = on_screen;
}

size_t consoles_choose(const char *active, bool has_hvc, const char *shell,
		       struct console ret_consoles[static CONSOLES_MAX])
{
	/* tty0 is the one in front. */
	bool taken = text_equal(shell, SCREEN) || text_equal(shell, "tty0");
	_cleanup_free_ char *names = strdup(active);
	char *state = NULL;
	size_t count = 0;

	for (char *name = names ? strtok_r(names, " \n", &state) : NULL; name;
	     name = strtok_r(NULL, " \n", &state))
		if (is_virtual(name))
			add(ret_consoles, &count, taken ? SCREEN_OTHER : SCREEN, true, shell);
		else
			add(ret_consoles, &count, name, false, shell);
	if (has_hvc)
		add(ret_consoles, &count, "hvc0", false, shell);
	return count;
}

/* The driver makes the device node; only a hypervisor provides the terminal. */
static bool has_hvc(void)
{
	int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	bool has = fd >= 0;

	fd_close(fd);
	return has;
}

size_t consoles_find(const char *shell, struct console ret_consoles[static CONSOLES_MAX])
{
	_cleanup_free_ char *active = NULL;

	if (file_read_line(AT_FDCWD, ACTIVE, &active) < 0)
		return 0;
	return consoles_choose(active, has_hvc(), shell, ret_consoles);
}
