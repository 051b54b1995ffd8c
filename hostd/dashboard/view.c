// SPDX-License-Identifier: GPL-2.0-or-later
// What each key does on each page and in each box.
#include "view.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define PAGE_STEP 10

/* Keys of the main page that are about the selected guest. */
static const struct {
	char key;
	enum view_action action;
	bool asks;
} guest_keys[] = {
	{ 's', ACTION_START, false }, { 't', ACTION_STOP, true },     { 'r', ACTION_RESTART, true },
	{ 'k', ACTION_KILL, true },   { 'c', ACTION_CONSOLE, false }, { 'l', ACTION_LOG, false },
	{ 'v', ACTION_SCREEN, true },
};

const char *view_action_name(enum view_action action)
{
	switch (action) {
	case ACTION_START:
		return "start";
	case ACTION_STOP:
		return "stop";
	case ACTION_RESTART:
		return "restart";
	case ACTION_KILL:
		return "kill";
	case ACTION_CONSOLE:
		return "console";
	case ACTION_SCREEN:
		return "screen";
	case ACTION_ADDRESS:
		return "address";
	case ACTION_KEEP_ADDRESS:
		return "keep address";
	case ACTION_REVERT_ADDRESS:
		return "old address";
	case ACTION_POWER_OFF:
		return "power off";
	case ACTION_REBOOT:
		return "reboot";
	case ACTION_POWER_OFF_NOW:
		return "power off at once";
	case ACTION_LOG:
		return "log";
	case ACTION_NONE:
	case ACTION_PASSWORD:
	case ACTION_SHELL:
	case ACTION_LEAVE:
	case ACTION_REDRAW:
		break;
	}
	return "";
}

bool view_action_is_acting(enum view_action action)
{
	return action > ACTION_NONE && action < ACTION_LOG;
}

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

static void set_name(char name[static NAME_LENGTH_MAX + 1], const char *text)
{
	(void)snprintf(name, NAME_LENGTH_MAX + 1, "%s", text ? text : "");
}

void view_settle(struct view *view, const struct model *model)
{
	size_t at = 0;

	if (view->box == BOX_TRIAL && !model->trial.address)
		view->box = BOX_NONE;
	if (view->box == BOX_NONE && model->trial.address) {
		view->box = BOX_TRIAL;
		set_name(view->network, model->trial.network);
	}
	if (model_find_guest(model, view->guest))
		return;
	/* The one that is now where the gone one would be. */
	while (at + 1 < model->guest_count && strcmp(model->guests[at].name, view->guest) < 0)
		at++;
	set_name(view->guest, at < model->guest_count ? model->guests[at].name : NULL);
	if (view->box == BOX_QUESTION && view->asked < ACTION_ADDRESS)
		view->box = BOX_NONE;
}

static void select_guest(struct view *view, const struct model *model, ptrdiff_t step)
{
	const struct model_guest *guest = model_find_guest(model, view->guest);
	ptrdiff_t at = guest ? guest - model->guests : 0, last = (ptrdiff_t)model->guest_count - 1;

	at += step;
	at = at > last ? last : at;
	at = at < 0 ? 0 : at;
	if (last >= 0)
		set_name(view->guest, model->guests[at].name);
}

static void open_page(struct view *view, enum view_page page)
{
	view->page = page;
	view->scroll = 0;
}

static bool scroll(struct view *view, uint32_t key)
{
	/* What is shown from its end goes the other way. */
	bool from_end = view->page == VIEW_EVENTS || view->page == VIEW_LOG;
	ptrdiff_t step = key == KEY_CODE_UP                        ? -1
			 : key == KEY_CODE_DOWN                    ? 1
			 : key == KEY_CODE_PAGE_UP                 ? -PAGE_STEP
			 : key == KEY_CODE_PAGE_DOWN || key == ' ' ? PAGE_STEP
								   : 0;

	if (key == KEY_CODE_HOME || key == KEY_CODE_END) {
		view->scroll = (key == KEY_CODE_HOME) == from_end ? SIZE_MAX / 2 : 0;
		return true;
	}
	if (step == 0)
		return false;
	step = from_end ? -step : step;
	if (step < 0 && view->scroll < (size_t)-step)
		view->scroll = 0;
	else
		view->scroll += (size_t)step;
	return true;
}

static void ask_address(struct view *view, const struct model *model)
{
	const struct model_network *network = model->network_count ? &model->networks[0] : NULL;

	if (!network) {
		view_say(view, true, "There is no network that could have an address");
		return;
	}
	view_clear_fields(view);
	set_name(view->network, network->name);
	(void)snprintf(view->fields[0], sizeof(view->fields[0]), "%s",
		       network->bare_address ? network->bare_address : "");
	(void)snprintf(view->fields[1], sizeof(view->fields[1]), "%s",
		       network->gateway ? network->gateway : "");
	view->box = BOX_ADDRESS;
}

static struct view_request on_guest_key(struct view *view, const struct model *model, char key)
{
	struct view_request none = {};

	for (size_t i = 0; i < ELEMENTS(guest_keys); i++) {
		struct view_request request = { .action = guest_keys[i].action,
						.name = view->guest };

		if (guest_keys[i].key != key)
			continue;
		if (!view->guest[0]) {
			view_say(view, false, "There is no guest to %s",
				 view_action_name(request.action));
			return none;
		}
		if (request.action == ACTION_SCREEN && !model->can_choose_screen) {
			view_say(view, true, "This machine has no screen that a guest could have");
			return none;
		}
		if (!guest_keys[i].asks)
			return request;
		view->asked = request.action;
		view->box = BOX_QUESTION;
		return none;
	}
	return none;
}

static struct view_request on_main(struct view *view, const struct model *model, uint32_t key)
{
	struct view_request request = {};

	switch (key) {
	case KEY_CODE_UP:
		select_guest(view, model, -1);
		break;
	case KEY_CODE_DOWN:
	case KEY_CODE_TAB:
		select_guest(view, model, 1);
		break;
	case KEY_CODE_PAGE_UP:
		select_guest(view, model, -PAGE_STEP);
		break;
	case KEY_CODE_PAGE_DOWN:
		select_guest(view, model, PAGE_STEP);
		break;
	case KEY_CODE_ENTER:
		return on_guest_key(view, model, 'c');
	case 'e':
		open_page(view, VIEW_EVENTS);
		break;
	case 'n':
		open_page(view, VIEW_NOTICES);
		break;
	case 'a':
		ask_address(view, model);
		break;
	case 'p':
		view->box = BOX_POWER;
		break;
	case '!':
		view->box = BOX_SHELL;
		break;
	case 'q':
		if (view->can_leave)
			request.action = ACTION_LEAVE;
		break;
	default:
		if (key < 0x80)
			return on_guest_key(view, model, (char)key);
		break;
	}
	return request;
}

static struct view_request on_page(struct view *view, const struct model *model, uint32_t key)
{
	struct view_request none = {};

	view->message[0] = '\0';
	if (key == KEY_CODE_HELP || key == '?' || key == 'h') {
		open_page(view, view->page == VIEW_HELP ? VIEW_MAIN : VIEW_HELP);
		return none;
	}
	if (view->page == VIEW_MAIN)
		return on_main(view, model, key);
	if (!scroll(view, key) && (key == KEY_CODE_ESCAPE || key == 'q' || key == KEY_CODE_ENTER))
		open_page(view, VIEW_MAIN);
	return none;
}

/* Typing into a field. Returns whether the key was for it. */
static bool type(char field[static VIEW_FIELD_MAX + 1], uint32_t key)
{
	size_t length = strlen(field);

	if (key == KEY_CODE_BACKSPACE) {
		/* A character of UTF-8 is taken off as one. */
		while (length > 0 && ((unsigned char)field[length - 1] & 0xc0) == 0x80)
			length--;
		field[length > 0 ? length - 1 : 0] = '\0';
		return true;
	}
	if (key == 0x15) { /* Ctrl-U */
		explicit_bzero(field, VIEW_FIELD_MAX + 1);
		return true;
	}
	if (key < 0x20 || key >= KEY_CODE_UP || length + 4 > VIEW_FIELD_MAX)
		return false;
	if (key < 0x80) {
		field[length++] = (char)key;
	} else if (key < 0x800) {
		field[length++] = (char)(0xc0 | key >> 6);
		field[length++] = (char)(0x80 | (key & 0x3f));
	} else if (key < 0x10000) {
		field[length++] = (char)(0xe0 | key >> 12);
		field[length++] = (char)(0x80 | (key >> 6 & 0x3f));
		field[length++] = (char)(0x80 | (key & 0x3f));
	}
	field[length] = '\0';
	return true;
}

static struct view_request on_password(struct view *view, uint32_t key)
{
	struct view_request request = {};

	if (key == KEY_CODE_ENTER || key == KEY_CODE_ESCAPE) {
		view->box = BOX_NONE;
		request.action = ACTION_PASSWORD;
		request.text = key == KEY_CODE_ENTER ? view->fields[0] : NULL;
	} else {
		(void)type(view->fields[0], key);
	}
	return request;
}

static struct view_request on_address(struct view *view, uint32_t key)
{
	struct view_request request = {};

	if (key == KEY_CODE_ESCAPE) {
		view->box = BOX_NONE;
	} else if (key == KEY_CODE_TAB || key == KEY_CODE_UP || key == KEY_CODE_DOWN) {
		view->field = 1 - view->field;
	} else if (key == KEY_CODE_ENTER) {
		view->box = BOX_NONE;
		request = (struct view_request){
			.action = ACTION_ADDRESS,
			.name = view->network,
			.text = view->fields[0],
			.text2 = view->fields[1],
		};
	} else {
		(void)type(view->fields[view->field], key);
	}
	return request;
}

/* What is asked before it is done. */
static struct view_request on_question(struct view *view, uint32_t key)
{
	struct view_request request = {};

	if (key == 'y') {
		request = (struct view_request){ .action = view->asked, .name = view->guest };
		view->box = BOX_NONE;
	} else if (key == 'n' || key == KEY_CODE_ESCAPE || key == 'q') {
		view->box = BOX_NONE;
	}
	return request;
}

static struct view_request on_trial(struct view *view, uint32_t key)
{
	struct view_request request = { .name = view->network };

	if (key == 'y')
		request.action = ACTION_KEEP_ADDRESS;
	else if (key == 'n' || key == KEY_CODE_ESCAPE)
		request.action = ACTION_REVERT_ADDRESS;
	return request;
}

static struct view_request on_power(struct view *view, uint32_t key)
{
	view->box = BOX_NONE;
	if (key == 'p' || key == 'r' || key == 'k') {
		view->asked = key == 'p'   ? ACTION_POWER_OFF
			      : key == 'r' ? ACTION_REBOOT
					   : ACTION_POWER_OFF_NOW;
		view->box = BOX_QUESTION;
	}
	return (struct view_request){};
}

struct view_request view_key(struct view *view, const struct model *model, uint32_t key)
{
	bool typed = view->box == BOX_PASSWORD || view->box == BOX_ADDRESS;

	if (key == KEY_CODE_REDRAW)
		return (struct view_request){ .action = ACTION_REDRAW };
	/* With the shift key held or the lock on it is the same key. */
	if (!typed && key >= 'A' && key <= 'Z')
		key += 'a' - 'A';
	switch (view->box) {
	case BOX_NONE:
		return on_page(view, model, key);
	case BOX_QUESTION:
		return on_question(view, key);
	case BOX_PASSWORD:
		return on_password(view, key);
	case BOX_ADDRESS:
		return on_address(view, key);
	case BOX_TRIAL:
		return on_trial(view, key);
	case BOX_POWER:
		return on_power(view, key);
	case BOX_SHELL:
		view->box = BOX_NONE;
		if (key == KEY_CODE_ENTER && model->shell_terminal)
			return (struct view_request){ .action = ACTION_SHELL,
						      .text = model->shell_terminal };
		break;
	}
	return (struct view_request){};
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
	open_page(view, VIEW_LOG);
	return 0;
}
