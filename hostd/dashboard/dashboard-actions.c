// SPDX-License-Identifier: GPL-2.0-or-later
// What was asked for with a key -> calls to hostd. What changes something may need the password.
#include <errno.h>
#include <linux/vt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dashboard.h"
#include "terminal.h"

/* So long after the last key the password is asked again. */
#define LOCK_USEC (UINT64_C(300) * 1000000)
#define LOCK_ACCURACY_USEC 1000000

static void say_done(struct dashboard *dashboard)
{
	const struct pending *pending = &dashboard->pending;
	_cleanup_free_ char *text = NULL;

	if (!pending->action->done)
		return;
	text = action_text(pending->action->done, pending->name);
	view_say(&dashboard->view, false, "%s", text ? text : "");
}

/* It ends without having been done. */
static void give_up(struct dashboard *dashboard, const char *why)
{
	view_say(&dashboard->view, true, "%s", why);
	dashboard->pending.action = NULL;
}

static void on_done(const char *error, sd_json_variant *answer [[maybe_unused]], int fd_consume,
		    void *userdata)
{
	struct dashboard *dashboard = userdata;
	struct pending *pending = &dashboard->pending;
	int r = 0;

	if (error) {
		view_say(&dashboard->view, true, "%s", error);
	} else if (pending->action->id == ACTION_CONSOLE) {
		r = guest_console_open(dashboard, pending->name, fd_consume);
		if (r < 0)
			view_say(&dashboard->view, true, "Cannot attach to the console: %s",
				 strerror(-r));
		fd_consume = -EBADF;
	} else {
		say_done(dashboard);
	}
	fd_close(fd_consume);
	pending->action = NULL;
	dashboard_refresh(dashboard);
	dashboard_changed(dashboard);
}

/* An empty address: DHCP again. */
static int build(const struct pending *pending, sd_json_variant **ret)
{
	const struct action *action = pending->action;

	if (action->id == ACTION_ADDRESS)
		return sd_json_buildo(
			ret, SD_JSON_BUILD_PAIR_STRING("network", pending->name),
			SD_JSON_BUILD_PAIR_CONDITION(pending->text[0] != '\0', "address",
						     SD_JSON_BUILD_STRING(pending->text)),
			SD_JSON_BUILD_PAIR_CONDITION(pending->text2[0] != '\0', "gateway",
						     SD_JSON_BUILD_STRING(pending->text2)));
	if (action->id == ACTION_CONSOLE)
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("name", pending->name),
				      SD_JSON_BUILD_PAIR_BOOLEAN("replay", true));
	if (action->id == ACTION_POWER_OFF_NOW)
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_BOOLEAN("now", true));
	if (!action->parameter)
		return 0;
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING(action->parameter, pending->name));
}

static void act(struct dashboard *dashboard)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = build(&dashboard->pending, &parameters);

	if (r >= 0)
		r = connections_act(dashboard->connections, dashboard->pending.action->method,
				    parameters, on_done, dashboard);
	if (r < 0)
		give_up(dashboard, strerror(-r));
}

static int on_lock(sd_event_source *, uint64_t, void *userdata)
{
	struct dashboard *dashboard = userdata;

	connections_lock(dashboard->connections);
	return 0;
}

static void lock_later(struct dashboard *dashboard)
{
	dashboard->lock = sd_event_source_disable_unref(dashboard->lock);
	if (dashboard->model.password_needed && connections_is_unlocked(dashboard->connections))
		(void)sd_event_add_time_relative(dashboard->event, &dashboard->lock,
						 CLOCK_MONOTONIC, LOCK_USEC, LOCK_ACCURACY_USEC,
						 on_lock, dashboard);
}

static void on_unlock(const char *error, sd_json_variant *answer [[maybe_unused]], int fd_consume,
		      void *userdata)
{
	struct dashboard *dashboard = userdata;
	int r = error ? -EACCES : connections_unlock(dashboard->connections, fd_consume);

	if (error)
		fd_close(fd_consume);
	/* A key that came before hostd had said that it wants one. */
	if (error && !dashboard->pending.password_typed && dashboard->model.password_needed) {
		view_ask_password(&dashboard->view);
	} else if (r < 0) {
		give_up(dashboard, error ? error : "Unlocking failed");
	} else {
		lock_later(dashboard);
		act(dashboard);
	}
	dashboard_changed(dashboard);
}

static void unlock(struct dashboard *dashboard, const char *password)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters,
			       SD_JSON_BUILD_PAIR_CONDITION(password != NULL, "password",
							    SD_JSON_BUILD_STRING(password)));

	dashboard->pending.password_typed = password;
	if (r >= 0) {
		(void)sd_json_variant_sensitive(parameters);
		r = connections_ask(dashboard->connections, "io.mvirt.Console.Unlock", parameters,
				    on_unlock, dashboard);
	}
	if (r < 0)
		give_up(dashboard, strerror(-r));
}

static void set_text(char field[static VIEW_FIELD_MAX + 1], const char *text)
{
	(void)snprintf(field, VIEW_FIELD_MAX + 1, "%s", text ? text : "");
}

static void act_if_unlocked(struct dashboard *dashboard, const struct action *action,
			    const struct view_request *request)
{
	struct pending *pending = &dashboard->pending;

	if (pending->action) {
		view_say(&dashboard->view, true, "The previous request is still pending");
		return;
	}
	pending->action = action;
	(void)snprintf(pending->name, sizeof(pending->name), "%s",
		       request->name ? request->name : "");
	set_text(pending->text, request->text);
	set_text(pending->text2, request->text2);
	if (connections_is_unlocked(dashboard->connections)) {
		lock_later(dashboard);
		act(dashboard);
	} else if (dashboard->model.password_needed) {
		view_ask_password(&dashboard->view);
	} else {
		unlock(dashboard, NULL);
	}
}

static void on_password(struct dashboard *dashboard, const char *password)
{
	if (password) {
		view_say(&dashboard->view, false, "Checking the password");
		unlock(dashboard, password);
	} else {
		dashboard->pending.action = NULL;
	}
	view_clear_fields(&dashboard->view);
}

static void on_log(const char *error, sd_json_variant *answer, int fd_consume, void *userdata)
{
	struct dashboard *dashboard = userdata;
	_cleanup_free_ void *data = NULL;
	size_t length = 0;
	int r = 0;

	fd_close(fd_consume);
	if (!error)
		r = sd_json_variant_unbase64(sd_json_variant_by_key(answer, "data"), &data,
					     &length);
	if (!error && r >= 0)
		r = view_show_log(&dashboard->view, data, length);
	if (error || r < 0)
		view_say(&dashboard->view, true, "%s", error ? error : strerror(-r));
	dashboard_changed(dashboard);
}

static void show_log(struct dashboard *dashboard, const char *guest)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", guest));

	if (r >= 0)
		r = connections_ask(dashboard->connections, "io.mvirt.Guest.Log", parameters,
				    on_log, dashboard);
	if (r < 0)
		view_say(&dashboard->view, true, "%s", strerror(-r));
}

/* A process may do that on the console that it is on. */
static void go_to_shell(struct dashboard *dashboard, const char *terminal)
{
	int number = strncmp(terminal, "tty", 3) == 0 ? atoi(terminal + 3) : 0;

	if (number < 1 || ioctl(STDIN_FILENO, VT_ACTIVATE, number) < 0)
		view_say(&dashboard->view, false, "The shell is on another terminal: %s", terminal);
}

void dashboard_act(struct dashboard *dashboard, const struct view_request *request)
{
	const struct action *action = action_find(request->action);

	if (action && action->acting)
		act_if_unlocked(dashboard, action, request);
	else if (request->action == ACTION_LOG)
		show_log(dashboard, request->name);
	else if (request->action == ACTION_PASSWORD)
		on_password(dashboard, request->text);
	else if (request->action == ACTION_SHELL)
		go_to_shell(dashboard, request->text);
	else if (request->action == ACTION_LEAVE)
		(void)sd_event_exit(dashboard->event, 0);
	else if (request->action == ACTION_REDRAW)
		terminal_resize(dashboard->on_line);
}
