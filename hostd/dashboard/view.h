/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the person at the screen looks at, and what a key does: (view, key) -> (view, request).
 * Pure. */
#pragma once

#include "action.h"
#include "model.h"

/* Keys that are no characters; beyond Unicode. */
enum view_key {
	KEY_CODE_UP = 0x200000,
	KEY_CODE_DOWN,
	KEY_CODE_PAGE_UP,
	KEY_CODE_PAGE_DOWN,
	KEY_CODE_HOME,
	KEY_CODE_END,
	KEY_CODE_ENTER,
	KEY_CODE_ESCAPE,
	KEY_CODE_BACKSPACE,
	KEY_CODE_TAB,
	KEY_CODE_HELP, /* F1 */
	KEY_CODE_REDRAW, /* Ctrl-L */
	KEY_CODE_OTHER,
};

enum view_page { VIEW_MAIN, VIEW_HELP, VIEW_EVENTS, VIEW_NOTICES, VIEW_LOG };

enum view_box {
	BOX_NONE,
	BOX_QUESTION, /* about view->asked */
	BOX_PASSWORD,
	BOX_ADDRESS,
	BOX_TRIAL, /* an address is being tried out: keep it? */
	BOX_POWER,
	BOX_SHELL,
};

/* What the program is to do. */
struct view_request {
	enum action_id action;
	const char *name; /* guest or network; the view's, until the next key */
	const char *text, *text2; /* password; or address and gateway. The view's, as above */
};

/* Of a guest or a network: hostd takes no longer one. */
#define VIEW_NAME_MAX 32
#define VIEW_FIELD_MAX 127

struct view {
	enum view_page page;
	enum view_box box;
	const struct action *asked; /* in BOX_QUESTION */
	bool can_leave; /* a serial line: the dashboard may be left */
	char guest[VIEW_NAME_MAX + 1]; /* the selected one */
	char network[VIEW_NAME_MAX + 1]; /* of BOX_ADDRESS and BOX_TRIAL */
	size_t scroll; /* lines from the end (events, log) or the beginning (help, notices) */
	char fields[2][VIEW_FIELD_MAX + 1];
	size_t field; /* the one that is typed into */
	bool failed; /* the message is of something that went wrong */
	char message[200]; /* or "" */
	char *log; /* of the guest, plain text; or NULL */
};

void view_done(struct view *view);
struct view_request view_key(struct view *view, const struct model *model, uint32_t key);
/* Brings the selection in line with the guests that there are, and closes what is over. */
void view_settle(struct view *view, const struct model *model);
void view_say(struct view *view, bool failed, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void view_ask_password(struct view *view);
/* Shows a guest's log: what came over its serial line, escape sequences left out. 0 or -ENOMEM. */
int view_show_log(struct view *view, const char *data, size_t length);

/* Forgets what was typed. */
void view_clear_fields(struct view *view);
