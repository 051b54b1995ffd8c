// SPDX-License-Identifier: GPL-2.0-or-later
// Who has the machine's screen: the dashboard, or a guest. Everything that happens (a guest's end,
// a hotkey, a switch of terminals) leads to refresh(), which compares what is with what is wanted.
#include "host-screen.h"

#include <string.h>

#include "base/log.h"
#include "host-catalogue.h"
#include "host-internal.h"
#include "host-screen-process.h"
#include "machine/console/framebuffer.h"
#include "machine/console/terminal.h"
#include "machine/device/input-devices.h"

#define FRAMEBUFFER "/dev/fb0"
/* After a connection has ended: by then it is known whether the guest has. */
#define LOST_USEC UINT64_C(300000)
#define ACCURACY_USEC UINT64_C(10000)

enum shows { SHOWS_NOTHING, SHOWS_TEXT, SHOWS_QUESTION, SHOWS_DISPLAY };

struct host_screen {
	struct host *host;
	struct framebuffer framebuffer;
	struct terminal *terminal;
	struct input_devices *devices;
	struct screen_process *process;
	sd_event_source *timer;
	char *wanted; /* the guest whose the screen is, or NULL: the dashboard's */
	char *returning; /* to whom it goes when the process is there again */
	bool asking; /* whether to end the guest */
	enum shows shows;
	char *text; /* SHOWS_TEXT */
};

static void refresh_later(struct host_screen *screen, uint64_t usec);

static struct guest *wanted_guest(const struct host_screen *screen)
{
	return screen->wanted ? guests_find(screen->host->guests, screen->wanted) : NULL;
}

/* --- what is on it --- */

static bool has_display(const struct guest *guest)
{
	const struct guest_config *config = guest_running_config(guest);

	return (config ? config : guest_config(guest))->display != GUEST_DISPLAY_NONE;
}

static char *hint(const struct host_screen *screen)
{
	char text[HOTKEY_CONFIG_BYTES];
	const struct screen_config *config = &screen->host->config->screen;

	if (!config->dashboard.code)
		return strdup("");
	return text_format("\n\n%s: the dashboard", hotkey_config_format(&config->dashboard, text));
}

static char *describe(const struct host_screen *screen)
{
	const struct guest *guest = wanted_guest(screen);
	_cleanup_free_ char *keys = hint(screen);
	const char *reason = guest ? guest_reason(guest) : NULL;

	if (!guest)
		return text_format("There is no guest \"%s\".%s", screen->wanted, keys ?: "");
	if (!has_display(guest))
		return text_format("Guest \"%s\" has no display.%s", screen->wanted, keys ?: "");
	return text_format("Guest \"%s\": %s%s%s%s", screen->wanted,
			   guest_is_paused(guest) ? "paused" : guest_state_name(guest_state(guest)),
			   reason ? "\n" : "", reason ?: "", keys ?: "");
}

static void show_text(struct host_screen *screen, enum shows kind, char *text_consume)
{
	_cleanup_free_ char *text = text_consume;

	if (!text || (screen->shows == kind && text_equal(screen->text, text)))
		return;
	(void)screen_process_send(
		screen->process,
		kind == SHOWS_QUESTION ? SCREEN_REQUEST_ASK : SCREEN_REQUEST_MESSAGE, -EBADF);
	(void)terminal_set_text(screen->terminal, text);
	free(screen->text);
	screen->text = take_ptr(text);
	screen->shows = kind;
}

static void show_display(struct host_screen *screen, struct guest *guest)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	/* After a question: the connection is still there. */
	if (screen->shows != SHOWS_QUESTION) {
		r = guest_open_display(guest, &fd);
		if (r == -EAGAIN || r == -EBUSY)
			refresh_later(screen, LOST_USEC);
		if (r < 0) {
			show_text(screen, SHOWS_TEXT, describe(screen));
			return;
		}
	}
	(void)terminal_set_picture(screen->terminal);
	(void)screen_process_send(screen->process, SCREEN_REQUEST_DISPLAY, take_fd(&fd));
	screen->shows = SHOWS_DISPLAY;
}

static void leave(struct host_screen *screen)
{
	if (screen->shows != SHOWS_NOTHING)
		(void)screen_process_send(screen->process, SCREEN_REQUEST_ASIDE, -EBADF);
	screen->shows = SHOWS_NOTHING;
	screen->asking = false;
	if (terminal_is_shown(screen->terminal))
		(void)terminal_leave(screen->terminal);
}

static void refresh(struct host_screen *screen)
{
	struct guest *guest = wanted_guest(screen);
	bool runs = guest && has_display(guest) && guest_state(guest) == GUEST_STATE_RUNNING;

	if (!screen->wanted) {
		leave(screen);
		return;
	}
	/* Without the process nobody hears the hotkeys: nobody gets stuck here. */
	if (!screen_process_runs(screen->process))
		return;
	if (!terminal_is_shown(screen->terminal)) {
		(void)terminal_show(screen->terminal);
		return;
	}
	if (!runs)
		screen->asking = false;
	if (screen->asking)
		show_text(screen, SHOWS_QUESTION,
			  text_format("End guest \"%s\" now, as if its power were cut?\n\n"
				      "Enter: end it        Escape: go on",
				      screen->wanted));
	else if (!runs)
		show_text(screen, SHOWS_TEXT, describe(screen));
	else if (screen->shows != SHOWS_DISPLAY)
		show_display(screen, guest);
}

static int on_timer(sd_event_source *, uint64_t, void *userdata)
{
	struct host_screen *screen = userdata;

	screen->timer = sd_event_source_disable_unref(screen->timer);
	refresh(screen);
	return 0;
}

/* From the loop: what calls may be in the middle of something. */
static void refresh_later(struct host_screen *screen, uint64_t usec)
{
	screen->timer = sd_event_source_disable_unref(screen->timer);
	(void)sd_event_add_time_relative(screen->host->event, &screen->timer, CLOCK_MONOTONIC, usec,
					 ACCURACY_USEC, on_timer, screen);
}

static int give_to(struct host_screen *screen, const char *name)
{
	char *copy = name ? strdup(name) : NULL;

	if (name && !copy)
		return -ENOMEM;
	if (!text_equal(screen->wanted, name) && screen->shows != SHOWS_NOTHING) {
		(void)screen_process_send(screen->process, SCREEN_REQUEST_MESSAGE, -EBADF);
		screen->shows = SHOWS_TEXT;
		free(screen->text);
		screen->text = NULL;
	}
	free(screen->wanted);
	screen->wanted = copy;
	screen->asking = false;
	refresh_later(screen, 0);
	return 0;
}

/* --- what happens --- */

static struct guest *nth_guest(const struct host_screen *screen, unsigned int n)
{
	struct guests *guests = screen->host->guests;

	for (size_t i = 0; i < guests_count(guests); i++)
		if (has_display(guests_at(guests, i)) && n-- == 0)
			return guests_at(guests, i);
	return NULL;
}

static void end_guest(struct host_screen *screen)
{
	struct guest *guest = wanted_guest(screen);
	_cleanup_free_ char *why = NULL;

	screen->asking = false;
	if (!guest)
		return;
	log_notice("screen", "guest %s is ended at the machine's keyboard", screen->wanted);
	if (guest_kill(guest, &why) < 0)
		log_warning("screen", "guest %s: %s", screen->wanted, why ?: "it cannot be ended");
}

static void on_report(enum screen_report_kind kind, unsigned int value, void *userdata)
{
	struct host_screen *screen = userdata;
	struct guest *guest = NULL;

	switch (kind) {
	case SCREEN_REPORT_DASHBOARD:
		(void)give_to(screen, NULL);
		return;
	case SCREEN_REPORT_GUEST:
		guest = nth_guest(screen, value);
		if (guest)
			(void)give_to(screen, guest_config(guest)->name);
		return;
	case SCREEN_REPORT_END:
		screen->asking = screen->shows == SHOWS_DISPLAY;
		break;
	case SCREEN_REPORT_YES:
		if (screen->asking)
			end_guest(screen);
		break;
	case SCREEN_REPORT_NO:
		screen->asking = false;
		break;
	case SCREEN_REPORT_DRAWN:
		log_debug("screen", "guest %s is on the screen", screen->wanted ?: "-");
		return;
	case SCREEN_REPORT_LOST:
		if (screen->shows == SHOWS_NOTHING)
			return;
		screen->shows = SHOWS_TEXT;
		free(screen->text);
		screen->text = NULL;
		refresh_later(screen, LOST_USEC);
		return;
	}
	refresh_later(screen, 0);
}

static void on_process_started(void *userdata)
{
	struct host_screen *screen = userdata;

	screen->shows = SHOWS_NOTHING;
	if (screen->devices)
		input_devices_scan(screen->devices);
	if (!screen->wanted)
		screen->wanted = take_ptr(screen->returning);
	refresh_later(screen, 0);
}

static void on_process_ended(void *userdata)
{
	struct host_screen *screen = userdata;

	screen->shows = SHOWS_NOTHING;
	free(screen->returning);
	screen->returning = take_ptr(screen->wanted);
	refresh_later(screen, 0);
}

static void on_shown(void *userdata)
{
	struct host_screen *screen = userdata;
	const struct guest *first = NULL;

	/* Somebody switched terminals at the keyboard. */
	if (!screen->wanted) {
		first = nth_guest(screen, 0);
		if (screen->host->config->screen.guest)
			(void)give_to(screen, screen->host->config->screen.guest);
		else if (first)
			(void)give_to(screen, guest_config(first)->name);
	}
	refresh_later(screen, 0);
}

static void on_hidden(void *userdata)
{
	struct host_screen *screen = userdata;

	free(screen->wanted);
	screen->wanted = NULL;
	refresh(screen);
}

static void on_device(int fd_consume, void *userdata)
{
	struct host_screen *screen = userdata;

	if (!screen->process) {
		fd_close(fd_consume);
		return;
	}
	(void)screen_process_send(screen->process, SCREEN_REQUEST_DEVICE, fd_consume);
}

/* --- the beginning --- */

static struct screen_hotkey hotkey_of(const struct hotkey_config *config)
{
	return (struct screen_hotkey){ config->modifiers, config->code };
}

static struct pixel_channel channel_of(const struct framebuffer_channel *channel)
{
	return (struct pixel_channel){ (uint8_t)channel->shift, (uint8_t)channel->bits };
}

static_assert((int)SCREEN_SCALE_CONFIG_FIT == (int)SCREEN_SCALE_FIT);
static_assert((int)SCREEN_SCALE_CONFIG_INTEGER == (int)SCREEN_SCALE_INTEGER);

static void make_setup(const struct host_screen *screen, struct screen_setup *ret_setup)
{
	const struct framebuffer *framebuffer = &screen->framebuffer;
	const struct screen_config *config = &screen->host->config->screen;

	*ret_setup = (struct screen_setup){
		.width = framebuffer->width,
		.height = framebuffer->height,
		.stride = framebuffer->stride,
		.offset = framebuffer->offset,
		.format = { .bits = (uint8_t)framebuffer->bits,
			    .red = channel_of(&framebuffer->red),
			    .green = channel_of(&framebuffer->green),
			    .blue = channel_of(&framebuffer->blue) },
		.scale = (uint32_t)config->scale,
		.hotkeys = { .dashboard = hotkey_of(&config->dashboard),
			     .end = hotkey_of(&config->end),
			     .guests = hotkey_of(&config->guests) },
	};
}

/* Only where somebody may want it: on other hosts nothing of it runs. */
static bool is_wanted(const struct host *host)
{
	if (host->config->screen.guest)
		return true;
	for (size_t i = 0; i < guests_count(host->guests); i++)
		if (has_display(guests_at(host->guests, i)))
			return true;
	return false;
}

static int start(struct host_screen *screen)
{
	const struct terminal_callbacks terminal_callbacks = { .shown = on_shown,
							       .hidden = on_hidden,
							       .userdata = screen };
	const struct screen_process_callbacks process_callbacks = { .started = on_process_started,
								    .ended = on_process_ended,
								    .report = on_report,
								    .userdata = screen };
	struct screen_setup setup;
	int r = framebuffer_open(FRAMEBUFFER, &screen->framebuffer);

	if (r < 0)
		return r;
	make_setup(screen, &setup);
	r = terminal_new(screen->host->event, &terminal_callbacks, &screen->terminal);
	if (r >= 0)
		r = screen_process_new(screen->host->event, screen->framebuffer.fd, &setup,
				       &process_callbacks, &screen->process);
	if (r >= 0)
		r = input_devices_new(screen->host->event, on_device, screen, &screen->devices);
	if (r >= 0 && screen->host->config->screen.guest)
		r = give_to(screen, screen->host->config->screen.guest);
	return r;
}

void host_screen_free(struct host_screen *screen)
{
	if (!screen)
		return;
	sd_event_source_disable_unref(screen->timer);
	input_devices_free(screen->devices);
	screen_process_free(screen->process);
	terminal_free(screen->terminal);
	framebuffer_close(&screen->framebuffer);
	free(screen->wanted);
	free(screen->returning);
	free(screen->text);
	free(screen);
}

DEFINE_CLEANUP(struct host_screen *, host_screen_free);

int host_screen_start(struct host *host)
{
	_cleanup_(host_screen_freep) struct host_screen *screen = NULL;
	int r = 0;

	if (host->machine_screen || !host->screen.present || !is_wanted(host))
		return 0;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return -ENOMEM;
	screen->host = host;
	screen->framebuffer.fd = -EBADF;
	r = start(screen);
	if (r < 0)
		return r;
	host->machine_screen = take_ptr(screen);
	return 0;
}

void host_screen_guest_changed(struct host *host)
{
	if (!host->machine_screen)
		(void)host_screen_start(host);
	else if (host->machine_screen->wanted)
		refresh_later(host->machine_screen, 0);
}

const char *host_screen_guest(const struct host *host)
{
	return host->machine_screen ? host->machine_screen->wanted : NULL;
}

int host_screen_give_to(struct host *host, const char *name, struct error *error)
{
	const struct guest *guest = name ? host_find_guest(host, name, error) : NULL;

	if (!host->machine_screen) {
		error_done(error);
		return error_set(error, ERROR_UNSUPPORTED, "%s",
				 host->screen.present ? "no guest has a display"
						      : "this machine has no screen");
	}
	if (guest && !has_display(guest))
		return error_set(error, ERROR_UNSUPPORTED, "guest \"%s\" has no display", name);
	return name && !guest ? -ENOENT : give_to(host->machine_screen, name);
}
