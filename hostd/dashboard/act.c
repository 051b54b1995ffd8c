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

static const struct {
	enum view_action action;
	const char *method, *parameter; /* parameter: what it calls the name, or NULL */
	const char *done; /* what is said, with the name */
} calls[] = {
	{ ACTION_START, "io.mvirt.Guest.Start", "name", "%s is started" },
	{ ACTION_STOP, "io.mvirt.Guest.Stop", "name", "%s was asked to power off" },
	{ ACTION_RESTART, "io.mvirt.Guest.Restart", "name", "%s will be restarted" },
	{ ACTION_KILL, "io.mvirt.Guest.Kill", "name", "%s was killed" },
	{ ACTION_CONSOLE, "io.mvirt.Guest.Console", "name", NULL },
	{ ACTION_SCREEN, "io.mvirt.Console.ShowGuest", "name", "%s has the screen" },
	{ ACTION_ADDRESS, "io.mvirt.Console.TryAddress", "network", NULL },
	{ ACTION_KEEP_ADDRESS, "io.mvirt.Console.KeepAddress", "network",
	  "The new address of %s stays until the machine goes down" },
	{ ACTION_REVERT_ADDRESS, "io.mvirt.Console.RevertAddress", "network",
	  "%s has its old address again" },
	{ ACTION_POWER_OFF, "io.mvirt.Host.Shutdown", NULL, "The machine is powered off" },
	{ ACTION_REBOOT, "io.mvirt.Host.Reboot", NULL, "The machine reboots" },
	{ ACTION_POWER_OFF_NOW, "io.mvirt.Host.Shutdown", NULL, "The guests are killed" },
};

static size_t index_of(enum view_action action)
{
	size_t i = 0;

	while (i < ELEMENTS(calls) && calls[i].action != action)
		i++;
	return i;
}

static void say_done(struct dashboard *dashboard, size_t index)
{
	const char *format = calls[index].done, *place = format ? strstr(format, "%s") : NULL;

	if (place)
		view_say(&dashboard->view, false, "%.*s%s%s", (int)(place - format), format,
			 dashboard->wish.name, place + 2);
	else if (format)
		view_say(&dashboard->view, false, "%s", format);
}

static void on_done(const char *error, sd_json_variant *answer [[maybe_unused]], int fd_consume,
		    void *userdata)
{
	struct dashboard *dashboard = userdata;
	size_t index = index_of(dashboard->wish.action);
	int r = 0;

	if (error) {
		view_say(&dashboard->view, true, "%s", error);
	} else if (dashboard->wish.action == ACTION_CONSOLE) {
		r = guest_terminal_open(dashboard, dashboard->wish.name, fd_consume);
		if (r < 0)
			view_say(&dashboard->view, true, "The console cannot be shown: %s",
				 strerrordesc_np(-r));
		fd_consume = -EBADF;
	} else if (index < ELEMENTS(calls)) {
		say_done(dashboard, index);
	}
	fd_close(fd_consume);
	dashboard->wish.action = ACTION_NONE;
	dashboard_refresh(dashboard);
	dashboard_changed(dashboard);
}

/* An empty address: DHCP again. */
static int build(const struct wish *wish, const char *parameter, sd_json_variant **ret)
{
	if (wish->action == ACTION_ADDRESS)
		return sd_json_buildo(
			ret, SD_JSON_BUILD_PAIR_STRING("network", wish->name),
			SD_JSON_BUILD_PAIR_CONDITION(wish->text[0] != '\0', "address",
						     SD_JSON_BUILD_STRING(wish->text)),
			SD_JSON_BUILD_PAIR_CONDITION(wish->text2[0] != '\0', "gateway",
						     SD_JSON_BUILD_STRING(wish->text2)));
	if (wish->action == ACTION_CONSOLE)
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("name", wish->name),
				      SD_JSON_BUILD_PAIR_BOOLEAN("replay", true));
	if (wish->action == ACTION_POWER_OFF_NOW)
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_BOOLEAN("now", true));
	if (!parameter)
		return 0;
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING(parameter, wish->name));
}

static void act(struct dashboard *dashboard)
{
	size_t index = index_of(dashboard->wish.action);
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = 0;

	if (index == ELEMENTS(calls))
		return;
	r = build(&dashboard->wish, calls[index].parameter, &parameters);
	if (r >= 0)
		r = link_act(dashboard->link, calls[index].method, parameters, on_done, dashboard);
	if (r < 0) {
		view_say(&dashboard->view, true, "%s", strerrordesc_np(-r));
		dashboard->wish.action = ACTION_NONE;
	}
}

static int on_lock(sd_event_source *, uint64_t, void *userdata)
{
	struct dashboard *dashboard = userdata;

	link_lock(dashboard->link);
	return 0;
}

static void lock_later(struct dashboard *dashboard)
{
	dashboard->lock = sd_event_source_disable_unref(dashboard->lock);
	if (dashboard->model.password_needed && link_is_unlocked(dashboard->link))
		(void)sd_event_add_time_relative(dashboard->event, &dashboard->lock,
						 CLOCK_MONOTONIC, LOCK_USEC, LOCK_ACCURACY_USEC,
						 on_lock, dashboard);
}

static void on_unlock(const char *error, sd_json_variant *answer [[maybe_unused]], int fd_consume,
		      void *userdata)
{
	struct dashboard *dashboard = userdata;
	int r = error ? -EACCES : link_unlock(dashboard->link, fd_consume);

	/* A key that came before hostd had said that it wants one. */
	if (error && !dashboard->wish.password_typed && dashboard->model.password_needed) {
		fd_close(fd_consume);
		view_ask_password(&dashboard->view);
		dashboard_changed(dashboard);
		return;
	}
	if (error)
		view_say(&dashboard->view, true, "%s", error);
	else if (r < 0)
		view_say(&dashboard->view, true, "hostd has given no right to act: %s",
			 strerrordesc_np(-r));
	if (error)
		fd_close(fd_consume);
	if (r < 0) {
		dashboard->wish.action = ACTION_NONE;
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

	dashboard->wish.password_typed = password;
	if (r >= 0) {
		(void)sd_json_variant_sensitive(parameters);
		r = link_ask(dashboard->link, "io.mvirt.Console.Unlock", parameters, on_unlock,
			     dashboard);
	}
	if (r < 0) {
		view_say(&dashboard->view, true, "%s", strerrordesc_np(-r));
		dashboard->wish.action = ACTION_NONE;
	}
}

static void wish(struct dashboard *dashboard, const struct view_request *request)
{
	struct wish *wished = &dashboard->wish;

	if (wished->action != ACTION_NONE) {
		view_say(&dashboard->view, true, "hostd has not answered the last wish yet");
		return;
	}
	wished->action = request->action;
	(void)snprintf(wished->name, sizeof(wished->name), "%s",
		       request->name ? request->name : "");
	(void)snprintf(wished->text, sizeof(wished->text), "%s",
		       request->text ? request->text : "");
	(void)snprintf(wished->text2, sizeof(wished->text2), "%s",
		       request->text2 ? request->text2 : "");
	if (link_is_unlocked(dashboard->link)) {
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
		view_say(&dashboard->view, false, "The password is checked");
		unlock(dashboard, password);
	} else {
		dashboard->wish.action = ACTION_NONE;
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
		view_say(&dashboard->view, true, "%s", error ? error : strerrordesc_np(-r));
	dashboard_changed(dashboard);
}

static void show_log(struct dashboard *dashboard, const char *guest)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", guest));

	if (r >= 0)
		r = link_ask(dashboard->link, "io.mvirt.Guest.Log", parameters, on_log, dashboard);
	if (r < 0)
		view_say(&dashboard->view, true, "%s", strerrordesc_np(-r));
}

/* A process may do that on the console that it is on. */
static void go_to_shell(struct dashboard *dashboard, const char *terminal)
{
	int number = strncmp(terminal, "tty", 3) == 0 ? atoi(terminal + 3) : 0;

	if (number < 1 || ioctl(STDIN_FILENO, VT_ACTIVATE, number) < 0)
		view_say(&dashboard->view, false, "The shell is on %s, which is another terminal",
			 terminal);
}

void dashboard_act(struct dashboard *dashboard, const struct view_request *request)
{
	switch (request->action) {
	case ACTION_NONE:
		break;
	case ACTION_START:
	case ACTION_STOP:
	case ACTION_RESTART:
	case ACTION_KILL:
	case ACTION_CONSOLE:
	case ACTION_SCREEN:
	case ACTION_ADDRESS:
	case ACTION_KEEP_ADDRESS:
	case ACTION_REVERT_ADDRESS:
	case ACTION_POWER_OFF:
	case ACTION_REBOOT:
	case ACTION_POWER_OFF_NOW:
		wish(dashboard, request);
		break;
	case ACTION_LOG:
		show_log(dashboard, request->name);
		break;
	case ACTION_PASSWORD:
		on_password(dashboard, request->text);
		break;
	case ACTION_SHELL:
		go_to_shell(dashboard, request->text);
		break;
	case ACTION_LEAVE:
		(void)sd_event_exit(dashboard->event, 0);
		break;
	case ACTION_REDRAW:
		terminal_resize(dashboard->on_line);
		break;
	}
}
