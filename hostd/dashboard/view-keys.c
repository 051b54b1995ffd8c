// SPDX-License-Identifier: GPL-2.0-or-later
// What each key does on each page and in each box.
#include <string.h>
#include <strings.h>

#include "view-internal.h"

#define PAGE_STEP 10

static void select_guest(struct view *view, const struct model *model, ptrdiff_t step)
{
	const struct model_guest *guest = model_find_guest(model, view->guest);
	ptrdiff_t at = guest ? guest - model->guests : 0, last = (ptrdiff_t)model->guest_count - 1;

	at += step;
	at = at > last ? last : at;
	at = at < 0 ? 0 : at;
	if (last >= 0)
		view_set_name(view->guest, model->guests[at].name);
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
		view_say(view, true, "No network can have an address");
		return;
	}
	view_clear_fields(view);
	view_set_name(view->network, network->name);
	(void)snprintf(view->fields[0], sizeof(view->fields[0]), "%s",
		       network->bare_address ? network->bare_address : "");
	(void)snprintf(view->fields[1], sizeof(view->fields[1]), "%s",
		       network->gateway ? network->gateway : "");
	view->box = BOX_ADDRESS;
}

/* What is asked about first is asked for with 'y'. */
static struct view_request ask_first(struct view *view, const struct action *action)
{
	struct view_request request = { .action = action->id, .name = view->guest };

	if (!action->question)
		return request;
	view->asked = action;
	view->box = BOX_QUESTION;
	return (struct view_request){};
}

static struct view_request on_guest_key(struct view *view, const struct model *model, char key)
{
	const struct action *action = action_of_key(ACTION_OF_GUEST, key);

	if (!action)
		return (struct view_request){};
	if (!view->guest[0])
		view_say(view, false, "No guest is selected");
	else if (action->id == ACTION_SCREEN && !model->can_choose_screen)
		view_say(view, true, "This machine has no screen to give to a guest");
	else
		return ask_first(view, action);
	return (struct view_request){};
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
		view_open_page(view, VIEW_EVENTS);
		break;
	case 'n':
		view_open_page(view, VIEW_NOTICES);
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
		view_open_page(view, view->page == VIEW_HELP ? VIEW_MAIN : VIEW_HELP);
		return none;
	}
	if (view->page == VIEW_MAIN)
		return on_main(view, model, key);
	if (!scroll(view, key) && (key == KEY_CODE_ESCAPE || key == 'q' || key == KEY_CODE_ENTER))
		view_open_page(view, VIEW_MAIN);
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
		request = (struct view_request){ .action = view->asked->id, .name = view->guest };
		view->box = BOX_NONE;
	} else if (key == 'n' || key == KEY_CODE_ESCAPE || key == 'q') {
		view->box = BOX_NONE;
	}
	return request;
}

static struct view_request on_trial(struct view *view, uint32_t key)
{
	const struct action *action = NULL;

	if (key == KEY_CODE_ESCAPE)
		action = action_find(ACTION_REVERT_ADDRESS);
	else if (key < 0x80)
		action = action_of_key(ACTION_OF_TRIAL, (char)key);
	return (struct view_request){ .action = action ? action->id : ACTION_NONE,
				      .name = view->network };
}

static struct view_request on_power(struct view *view, uint32_t key)
{
	const struct action *action = key < 0x80 ? action_of_key(ACTION_OF_POWER, (char)key) : NULL;

	view->box = BOX_NONE;
	return action ? ask_first(view, action) : (struct view_request){};
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
