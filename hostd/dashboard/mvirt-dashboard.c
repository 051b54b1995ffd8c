// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt-dashboard: the text screen on a console. This file is the order in which it comes up, and
// the event loop's handlers.
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/client-call.h"
#include "dashboard.h"
#include "terminal.h"

#define MINUTE_USEC UINT64_C(60000000)
#define SECOND_USEC UINT64_C(1000000)
/* After events, which come in numbers, the rest is asked for once. */
#define REFRESH_USEC 300000
/* The second sample, so that there is a load to show before the first minute is over. */
#define SAMPLE_USEC (2 * SECOND_USEC)
/* So long after its start, and so often, a guest's address is looked for. */
#define YOUNG_USEC (2 * MINUTE_USEC)
#define LOOK_USEC (5 * SECOND_USEC)

/* --- drawing --- */

static int on_second(sd_event_source *, uint64_t, void *userdata);

/* Seconds are counted only while they matter. */
static void count_seconds(struct dashboard *dashboard)
{
	bool wanted = model_is_waiting(&dashboard->model) || dashboard->model.trial.address;

	if (!wanted)
		dashboard->second = sd_event_source_disable_unref(dashboard->second);
	else if (!dashboard->second)
		(void)sd_event_add_time_relative(dashboard->event, &dashboard->second,
						 CLOCK_MONOTONIC, SECOND_USEC, SECOND_USEC / 10,
						 on_second, dashboard);
}

static int on_second(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		     void *userdata)
{
	struct dashboard *dashboard = userdata;

	dashboard->second = sd_event_source_disable_unref(dashboard->second);
	dashboard_changed(dashboard);
	return 0;
}

static int on_draw(sd_event_source *source [[maybe_unused]], void *userdata)
{
	struct dashboard *dashboard = userdata;
	const struct layout_time now = { .boot_usec = clock_usec(CLOCK_BOOTTIME),
					 .real_usec = clock_usec(CLOCK_REALTIME) };
	int rows = 0, columns = 0;

	dashboard->draw = sd_event_source_disable_unref(dashboard->draw);
	if (dashboard->guest_console)
		return 0;
	view_settle(&dashboard->view, &dashboard->model);
	terminal_size(&rows, &columns);
	if (canvas_resize(&dashboard->canvas, rows, columns) < 0)
		return 0;
	layout_draw(&dashboard->model, &dashboard->view, &now, &dashboard->canvas);
	terminal_show(&dashboard->canvas);
	count_seconds(dashboard);
	return 0;
}

void dashboard_changed(struct dashboard *dashboard)
{
	if (!dashboard->draw &&
	    sd_event_add_defer(dashboard->event, &dashboard->draw, on_draw, dashboard) >= 0)
		(void)sd_event_source_set_priority(dashboard->draw, SD_EVENT_PRIORITY_IDLE);
}

/* --- what is asked for --- */

static bool take_nothing(struct model *, sd_json_variant *, uint64_t)
{
	return false;
}

static const struct {
	const char *method;
	bool (*take)(struct model *model, sd_json_variant *answer, uint64_t now_usec);
} questions[QUESTION_COUNT] = {
	[QUESTION_LIST] = { "io.mvirt.Guest.List", model_take_list },
	[QUESTION_STATS] = { "io.mvirt.Guest.Stats", model_take_stats },
	[QUESTION_STATUS] = { "io.mvirt.Host.Status", model_take_status },
	[QUESTION_DEVICES] = { "io.mvirt.Host.Devices", model_take_devices },
	[QUESTION_MACHINE] = { "io.mvirt.Console.Machine", model_take_machine },
	[QUESTION_QUIET] = { "io.mvirt.Console.Quiet", take_nothing },
};

static void on_answer(const char *error, sd_json_variant *answer, int fd_consume, void *userdata)
{
	const struct question *question = userdata;
	struct dashboard *dashboard = question->dashboard;

	fd_close(fd_consume);
	if (!error &&
	    questions[question->kind].take(&dashboard->model, answer, clock_usec(CLOCK_BOOTTIME)))
		dashboard_changed(dashboard);
}

static void ask(struct dashboard *dashboard, enum question_kind kind, sd_json_variant *parameters)
{
	struct question *question = &dashboard->questions[kind];

	*question = (struct question){ dashboard, kind };
	(void)connections_ask(dashboard->connections, questions[kind].method, parameters, on_answer,
			      question);
}

/* No event tells of a guest's address: it tells the network. */
static bool is_looked_for(const struct model_guest *guest, uint64_t now_usec)
{
	return guest->address_unknown && guest->started_usec != MODEL_UNKNOWN &&
	       now_usec - guest->started_usec < YOUNG_USEC;
}

static int on_look(sd_event_source *source, uint64_t now_usec, void *userdata);

static void ask_list(struct dashboard *dashboard)
{
	uint64_t now_usec = clock_usec(CLOCK_BOOTTIME);
	bool again = false;

	ask(dashboard, QUESTION_LIST, NULL);
	for (size_t i = 0; i < dashboard->model.guest_count; i++)
		again |= is_looked_for(&dashboard->model.guests[i], now_usec);
	if (again && !dashboard->look)
		(void)sd_event_add_time_relative(dashboard->event, &dashboard->look,
						 CLOCK_MONOTONIC, LOOK_USEC, SECOND_USEC, on_look,
						 dashboard);
}

static int on_look(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		   void *userdata)
{
	struct dashboard *dashboard = userdata;

	dashboard->look = sd_event_source_disable_unref(dashboard->look);
	ask_list(dashboard);
	return 0;
}

static void ask_everything(struct dashboard *dashboard)
{
	ask_list(dashboard);
	ask(dashboard, QUESTION_STATUS, NULL);
	ask(dashboard, QUESTION_MACHINE, NULL);
	ask(dashboard, QUESTION_DEVICES, NULL);
	for (size_t i = 0; i < dashboard->model.guest_count; i++) {
		const struct model_guest *guest = &dashboard->model.guests[i];
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;

		if (guest->started_usec != MODEL_UNKNOWN &&
		    sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", guest->name)) >=
			    0)
			ask(dashboard, QUESTION_STATS, parameters);
	}
}

static int on_refresh(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		      void *userdata)
{
	struct dashboard *dashboard = userdata;

	dashboard->refresh = sd_event_source_disable_unref(dashboard->refresh);
	ask_everything(dashboard);
	return 0;
}

static void refresh_in(struct dashboard *dashboard, uint64_t usec)
{
	if (!dashboard->refresh)
		(void)sd_event_add_time_relative(dashboard->event, &dashboard->refresh,
						 CLOCK_MONOTONIC, usec, REFRESH_USEC / 3,
						 on_refresh, dashboard);
}

void dashboard_refresh(struct dashboard *dashboard)
{
	refresh_in(dashboard, REFRESH_USEC);
}

/* The clock on the screen; with it comes what only polling finds. */
static int on_minute(sd_event_source *source, uint64_t now_usec, void *userdata)
{
	struct dashboard *dashboard = userdata;

	(void)sd_event_source_set_time(source, now_usec - now_usec % MINUTE_USEC + MINUTE_USEC);
	(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (!dashboard->guest_console)
		ask_everything(dashboard);
	dashboard_changed(dashboard);
	return 0;
}

/* --- what happens --- */

static void on_event(sd_json_variant *event, void *userdata)
{
	struct dashboard *dashboard = userdata;
	const char *kind = json_text(event, "kind");

	/* The event has the new name alone. */
	if (text_equal(kind, "renamed"))
		ask(dashboard, QUESTION_LIST, NULL);
	if (!model_take_event(&dashboard->model, event, clock_usec(CLOCK_BOOTTIME)))
		return;
	dashboard_refresh(dashboard);
	dashboard_changed(dashboard);
}

static void on_line(sd_json_variant *line, void *userdata)
{
	struct dashboard *dashboard = userdata;

	if (model_take_line(&dashboard->model, line))
		dashboard_changed(dashboard);
}

static void on_lost(void *userdata)
{
	struct dashboard *dashboard = userdata;

	dashboard->disconnected = true;
	(void)sd_event_exit(dashboard->event, 0);
}

static int on_keys(sd_event_source *, int, uint32_t events, void *userdata)
{
	struct dashboard *dashboard = userdata;
	uint32_t key = 0;

	if (events & (EPOLLHUP | EPOLLERR))
		return sd_event_exit(dashboard->event, 0);
	while (!dashboard->guest_console && (key = terminal_read_key()) != 0) {
		struct view_request request = view_key(&dashboard->view, &dashboard->model, key);

		dashboard_act(dashboard, &request);
		dashboard_changed(dashboard);
	}
	return 0;
}

static int on_size(sd_event_source *source [[maybe_unused]],
		   const struct signalfd_siginfo *info [[maybe_unused]], void *userdata)
{
	struct dashboard *dashboard = userdata;

	if (!dashboard->guest_console)
		terminal_resize(false);
	dashboard_changed(dashboard);
	return 0;
}

/* --- the order of things --- */

static int add_sources(struct dashboard *dashboard)
{
	uint64_t now_usec = clock_usec(CLOCK_REALTIME);
	int r = sd_event_add_io(dashboard->event, &dashboard->keys, STDIN_FILENO, EPOLLIN, on_keys,
				dashboard);

	if (r >= 0)
		r = sd_event_add_signal(dashboard->event, NULL, SIGWINCH | SD_EVENT_SIGNAL_PROCMASK,
					on_size, dashboard);
	if (r >= 0)
		r = sd_event_add_signal(dashboard->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
					NULL, NULL);
	if (r >= 0)
		r = sd_event_add_time(dashboard->event, &dashboard->minute, CLOCK_REALTIME,
				      now_usec - now_usec % MINUTE_USEC + MINUTE_USEC,
				      SECOND_USEC / 4, on_minute, dashboard);
	return r;
}

static void quiet_the_log(struct dashboard *dashboard)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;

	if (sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_BOOLEAN("quiet", true)) >= 0)
		ask(dashboard, QUESTION_QUIET, parameters);
}

static void dashboard_done(struct dashboard *dashboard)
{
	guest_console_free(dashboard->guest_console);
	connections_free(dashboard->connections);
	sd_event_source *sources[] = { dashboard->keys,   dashboard->draw,    dashboard->minute,
				       dashboard->second, dashboard->refresh, dashboard->look,
				       dashboard->lock };

	for (size_t i = 0; i < ELEMENTS(sources); i++)
		sd_event_source_disable_unref(sources[i]);
	sd_event_unref(dashboard->event);
	model_done(&dashboard->model);
	view_done(&dashboard->view);
	canvas_done(&dashboard->canvas);
}

static int connect_hostd(struct dashboard *dashboard, const char *path)
{
	const struct connections_callbacks callbacks = {
		.event = on_event, .line = on_line, .lost = on_lost, .userdata = dashboard
	};
	int r = sd_event_default(&dashboard->event);

	if (r >= 0)
		r = connections_new(dashboard->event, path, &callbacks, &dashboard->connections);
	return r;
}

/* A model that nothing was asked for yet knows no load. */
static void begin(struct dashboard *dashboard)
{
	dashboard->model.cpu_percent = MODEL_UNKNOWN;
	if (dashboard->on_line)
		quiet_the_log(dashboard);
	(void)connections_watch(dashboard->connections);
	ask_everything(dashboard);
	refresh_in(dashboard, SAMPLE_USEC);
}

static int run(const char *path, bool on_serial)
{
	_cleanup_(dashboard_done) struct dashboard dashboard = {
		.on_line = on_serial, .view = { .can_leave = on_serial || path }
	};
	int r = connect_hostd(&dashboard, path);

	if (r >= 0)
		r = terminal_open();
	if (r < 0)
		return r;
	r = dashboard_seccomp_load();
	if (r >= 0)
		r = add_sources(&dashboard);
	if (r >= 0) {
		begin(&dashboard);
		r = sd_event_loop(dashboard.event);
	}
	if (dashboard.guest_console)
		terminal_resume();
	/* What is there stays until the next one draws it: hostd will be back in a second. */
	if (r >= 0 && dashboard.disconnected) {
		dashboard.model.connected = false;
		(void)on_draw(NULL, &dashboard);
	}
	terminal_close();
	return r;
}

/*
 * A serial line carries the log until somebody presses Enter. Returns 0 then, or -errno when hostd
 * has gone.
 */
static int wait_for_enter(void)
{
	static const char prompt[] = "\r\nmvirt: press Enter for the dashboard\r\n";
	struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				   { .fd = CONNECTIONS_FD_FIRST } };
	struct termios modes;

	if (tcgetattr(STDIN_FILENO, &modes) == 0) {
		cfmakeraw(&modes);
		/* The kernel's log has line feeds alone. */
		modes.c_oflag |= OPOST | ONLCR;
		modes.c_cflag |= CLOCAL | CREAD;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes);
	}
	(void)!write(STDOUT_FILENO, prompt, sizeof(prompt) - 1);
	for (;;) {
		char typed[64];
		ssize_t n = 0;

		if (poll(polled, ELEMENTS(polled), -1) < 0)
			return -errno;
		if (polled[1].revents)
			return -ECONNRESET;
		n = read(STDIN_FILENO, typed, sizeof(typed));
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (ssize_t i = 0; i < n; i++)
			if (typed[i] == '\r' || typed[i] == '\n')
				return 0;
	}
}

static int usage(FILE *stream, int status)
{
	(void)fprintf(
		stream,
		"usage: mvirt-dashboard [--socket PATH] | --passed [--wait]\n"
		"The text screen of this host. hostd starts it on every console with --passed:\n"
		"its connections are then open fds; with --wait it waits for Enter first.\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "passed", no_argument, NULL, 'p' },
		{ "wait", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	const char *path = CLIENT_SOCKET;
	bool wait = false;
	int option = 0, r = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 's':
			path = optarg;
			break;
		case 'p':
			path = NULL;
			break;
		case 'w':
			wait = true;
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	if (optind != argc)
		return usage(stderr, 2);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		(void)fprintf(stderr, "mvirt-dashboard needs a terminal\n");
		return 1;
	}
	r = wait ? wait_for_enter() : 0;
	if (r >= 0)
		r = run(path, wait);
	if (r < 0 && r != -ECONNRESET) {
		(void)fprintf(stderr, "mvirt-dashboard: %s\n", strerror(-r));
		return 1;
	}
	return 0;
}
