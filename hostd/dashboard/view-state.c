// SPDX-License-Identifier: GPL-2.0-or-later
// What is looked at: page, selection, messages, a guest's log.
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "view-internal.h"

void view_done(struct view *view)
{
	view_clear_fields(view);
	free(view->log);
	*view = (struct view){};
}

void view_say(struct view *view, bool failed, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(view->message, sizeof(view->message), format, arguments);
	va_end(arguments);
	view->failed = failed;
}

void view_clear_fields(struct view *view)
{
	explicit_bzero(view->fields, sizeof(view->fields));
	view->field = 0;
}

void view_ask_password(struct view *view)
{
	view_clear_fields(view);
	view->box = BOX_PASSWORD;
}

void view_set_name(char name[static VIEW_NAME_MAX + 1], const char *text)
{
	(void)snprintf(name, VIEW_NAME_MAX + 1, "%s", text ? text : "");
}

void view_settle(struct view *view, const struct model *model)
{
	size_t at = 0;

	if (view->box == BOX_TRIAL && !model->trial.address)
		view->box = BOX_NONE;
	if (view->box == BOX_NONE && model->trial.address) {
		view->box = BOX_TRIAL;
		view_set_name(view->network, model->trial.network);
	}
	if (model_find_guest(model, view->guest))
		return;
	/* The one that is now where the gone one would be. */
	while (at + 1 < model->guest_count && strcmp(model->guests[at].name, view->guest) < 0)
		at++;
	view_set_name(view->guest, at < model->guest_count ? model->guests[at].name : NULL);
	if (view->box == BOX_QUESTION && view->asked->place == ACTION_OF_GUEST)
		view->box = BOX_NONE;
}

void view_open_page(struct view *view, enum view_page page)
{
	view->page = page;
	view->scroll = 0;
}

/* Leaves out what a terminal would obey: ESC [ … letter, ESC ] … BEL, ESC and a letter. */
static size_t skip_escape(const char *data, size_t length, size_t at)
{
	if (at + 1 >= length)
		return length;
	if (data[at + 1] == '[') {
		for (at += 2; at < length && (unsigned char)data[at] < 0x40;)
			at++;
		return at + 1;
	}
	if (data[at + 1] == ']') {
		while (at < length && data[at] != '\a' && data[at] != '\n')
			at++;
		return at + 1;
	}
	return at + 2;
}

int view_show_log(struct view *view, const char *data, size_t length)
{
	char *text = malloc(length + 1), *end = text;

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < length;) {
		if (data[i] == '\033') {
			i = skip_escape(data, length, i);
			continue;
		}
		if (data[i] == '\n' || (unsigned char)data[i] >= 0x20)
			*end++ = data[i];
		else if (data[i] == '\t')
			*end++ = ' ';
		i++;
	}
	*end = '\0';
	free(view->log);
	view->log = text;
	view_open_page(view, VIEW_LOG);
	return 0;
}
