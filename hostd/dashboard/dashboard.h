/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program's own files share. */
#pragma once

#include <systemd/sd-event.h>

#include "canvas.h"
#include "connections.h"
#include "layout.h"
#include "model.h"
#include "view.h"

/* What was asked for, and waits until the dashboard may act or hostd has answered. */
struct pending {
	const struct action *action; /* NULL: nothing waits */
	bool password_typed; /* for it */
	char name[VIEW_NAME_MAX + 1];
	char text[VIEW_FIELD_MAX + 1], text2[VIEW_FIELD_MAX + 1];
};

/* What is asked for again and again. */
enum question_kind {
	QUESTION_LIST,
	QUESTION_STATS,
	QUESTION_STATUS,
	QUESTION_DEVICES,
	QUESTION_MACHINE,
	QUESTION_QUIET, /* not for its answer */
	QUESTION_COUNT,
};

struct question {
	struct dashboard *dashboard;
	enum question_kind kind;
};

struct guest_console;

struct dashboard {
	sd_event *event;
	struct connections *connections;
	struct model model;
	struct view view;
	struct canvas canvas;
	struct pending pending;
	struct question questions[QUESTION_COUNT]; /* whose answers may still come */
	struct guest_console *guest_console; /* NULL: the screen is ours */
	sd_event_source *keys, *draw, *minute, *second, *refresh, *look, *lock;
	bool on_line; /* a serial line, which also carries the kernel's log */
	bool disconnected;
};

/* The page is out of date: it is drawn when everything that has come is taken in. */
void dashboard_changed(struct dashboard *dashboard);
/* Asks for what events do not tell. */
void dashboard_refresh(struct dashboard *dashboard);

/* dashboard-actions.c: what a key has asked for. */
void dashboard_act(struct dashboard *dashboard, const struct view_request *request);

/* guest-console.c: the terminal as a guest's serial console. Takes the socket over. 0 or -errno.
 */
int guest_console_open(struct dashboard *dashboard, const char *guest, int socket_fd_consume);
void guest_console_free(struct guest_console *console);

/* dashboard-seccomp.c: from here on nothing is opened or executed. Returns 0 or -errno. */
int dashboard_seccomp_load(void);
