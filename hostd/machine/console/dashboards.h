/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a dashboard running on every console: an unprivileged process, which gets its terminal and
 * its connections to the API as open fds. */
#pragma once

#include <systemd/sd-event.h>

struct dashboards;

#define DASHBOARD_PROGRAM "/usr/bin/mvirt-dashboard"
#define DASHBOARD_LINKS 3

struct dashboards_settings {
	const char *program; /* DASHBOARD_PROGRAM */
	const char *shell_terminal; /* mvirt.shell=, or NULL */
	const char *line_type; /* $TERM of serial lines; NULL: vt220 */
	/* Makes a connection; its other end's fd, or -errno. */
	int (*connect)(void *userdata);
	void *userdata;
};

/*
 * Starts one on each console that there is, and again when it ends: at once, or with a growing
 * delay when it does not hold. The settings are copied, their strings must outlive it. 0 or -errno.
 */
int dashboards_new(sd_event *event, const struct dashboards_settings *settings,
		   struct dashboards **ret_dashboards);
/* Ends them. */
void dashboards_free(struct dashboards *dashboards);

/*
 * The kernel's log goes to the screen that is in front, over the dashboard. This prepares its move
 * to a virtual terminal of its own, for which hostd has no right later: to be called first of all.
 * The fd is closed when the move is to happen, by writing one byte; closed without, nothing
 * happens. Returns it, or -errno.
 */
int dashboards_prepare_log(sd_event *event);
/* Moves it. The fd is consumed, -EBADF is none. */
void dashboards_move_log(int fd_consume);
