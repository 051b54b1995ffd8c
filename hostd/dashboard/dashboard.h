/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program's own files share. */
#pragma once

#include <systemd/sd-event.h>

#include "layout.h"
#include "link.h"
#include "model.h"
#include "page.h"
#include "view.h"

/* What waits until the dashboard may act. */
struct wish {
	enum view_action action; /* ACTION_NONE: nothing waits */
	bool password_typed; /* with this wish */
	char name[NAME_LENGTH_MAX + 1];
	char text[VIEW_FIELD_MAX + 1], text2[VIEW_FIELD_MAX + 1];
};

struct guest_terminal;

struct dashboard {
	sd_event *event;
	struct link *link;
	struct model model;
	struct view view;
	struct page page;
	struct wish wish;
	struct guest_terminal *guest_terminal; /* NULL: the screen is ours */
	sd_event_source *keys, *draw, *minute, *second, *refresh, *look, *lock;
	bool on_line; /* a serial line, which also carries the kernel's log */
	bool disconnected;
};

/* The page is out of date: it is drawn when everything that has come is taken in. */
void dashboard_changed(struct dashboard *dashboard);
/* Asks for what events do not tell. */
void dashboard_refresh(struct dashboard *dashboard);

/* act.c: what a key has asked for. */
void dashboard_act(struct dashboard *dashboard, const struct view_request *request);

/* guest-terminal.c: the terminal as a guest's serial console. Takes the socket over. 0 or -errno.
 */
int guest_terminal_open(struct dashboard *dashboard, const char *guest, int socket_fd_consume);
void guest_terminal_free(struct guest_terminal *terminal);

/* dashboard-seccomp.c: from here on nothing is opened or executed. Returns 0 or -errno. */
int dashboard_seccomp_load(void);
