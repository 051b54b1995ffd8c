// SPDX-License-Identifier: GPL-2.0-or-later
// What connects hostd with a guest's process: its pidfd, the VMM and the console. All of it can be
// dropped and taken up again while the guest runs.
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"

/* sd-event gathers wake-ups within this time. */
#define TIMER_ACCURACY_USEC 100000
#define RECONNECT_MIN_USEC UINT64_C(500000)
#define RECONNECT_MAX_USEC UINT64_C(60000000)

static void connect_vmm(struct guest *guest);

static char *place(const struct guest *guest, const char *file)
{
	return text_format("%s/%s%s%s", guest->guests->folder, guest->config->name,
			   *file ? "/" : "", file);
}

static void on_powerdown_reply(int, const char *why, void *userdata)
{
	const struct guest *guest = userdata;

	/* Also called when the VMM is gone before it answered, as it was asked to. */
	if (why)
		log_debug(guest_subject(guest).text, "its power button: %s", why);
}

static int on_press_again(sd_event_source *, uint64_t, void *userdata)
{
	struct guest *guest = userdata;

	guest->press_source = sd_event_source_disable_unref(guest->press_source);
	guest_handle(guest, GUEST_EVENT_PRESS_AGAIN, GUEST_EXIT_UNKNOWN);
	return 0;
}

void guest_powerdown(struct guest *guest)
{
	if (guest->vmm_ready)
		(void)vmm_powerdown(guest->vmm, on_powerdown_reply, guest);
	guest->press_source = sd_event_source_disable_unref(guest->press_source);
	(void)sd_event_add_time_relative(guest->guests->event, &guest->press_source, CLOCK_BOOTTIME,
					 GUEST_PRESS_AGAIN_USEC, TIMER_ACCURACY_USEC,
					 on_press_again, guest);
}

static void on_halt_reply(int error, const char *why, void *userdata)
{
	struct guest *guest = userdata;

	if (!error)
		return;
	guest->record.life.switching = false;
	/* Whether it has been done is seen at the next connection, if there is one. */
	if (error == -ENOTCONN)
		return;
	log_warning(guest_subject(guest).text, "cannot be paused or resumed: %s", why);
	guest_tell(guest, "pause-failed", why);
}

void guest_halt(struct guest *guest)
{
	int r = guest->vmm_ready ? vmm_pause(guest->vmm, on_halt_reply, guest) : 0;

	if (r < 0)
		on_halt_reply(r, strerror(-r), guest);
}

void guest_go_on(struct guest *guest)
{
	int r = guest->vmm_ready ? vmm_resume(guest->vmm, on_halt_reply, guest) : 0;

	if (r < 0)
		on_halt_reply(r, strerror(-r), guest);
}

static int on_reconnect(sd_event_source *, uint64_t, void *userdata)
{
	connect_vmm(userdata);
	return 0;
}

static void reconnect_later(struct guest *guest)
{
	int r = 0;

	guest->vmm_ready = false;
	guest->reconnect_source = sd_event_source_disable_unref(guest->reconnect_source);
	r = sd_event_add_time_relative(guest->guests->event, &guest->reconnect_source,
				       CLOCK_BOOTTIME, guest->reconnect_delay_usec,
				       TIMER_ACCURACY_USEC, on_reconnect, guest);
	if (r < 0)
		log_error(guest_subject(guest).text, "no timer: %s", strerror(-r));
	if (guest->reconnect_delay_usec < RECONNECT_MAX_USEC)
		guest->reconnect_delay_usec *= 2;
}

static void on_ready(void *userdata)
{
	struct guest *guest = userdata;

	guest->vmm_ready = true;
	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &guest->vmm_ready_usec);
	guest_handle(guest, GUEST_EVENT_VMM_READY, GUEST_EXIT_UNKNOWN);
	guest_ask_state(guest);
}

/* It ends with the process as a rule; then guest_on_exit() comes before the timer. One that has not
 * held for long is not tried again at once. */
static void on_closed(int error, void *userdata)
{
	struct guest *guest = userdata;
	uint64_t now_usec = 0;

	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &now_usec);
	if (guest->vmm_ready && now_usec - guest->vmm_ready_usec >= RECONNECT_MAX_USEC)
		guest->reconnect_delay_usec = RECONNECT_MIN_USEC;
	log_debug(guest_subject(guest).text, "the connection to its VMM is closed: %s",
		  strerror(abs(error)));
	reconnect_later(guest);
}

/* Every verb without its answer is answered by this, so those who asked find no connection. */
static void disconnect_vmm(struct guest *guest)
{
	guest->vmm_ready = false;
	vmm_free(take_ptr(guest->vmm));
}

static void connect_vmm(struct guest *guest)
{
	const struct vmm_callbacks callbacks = {
		.ready = on_ready,
		.event = guest_on_vmm_event,
		.closed = on_closed,
		.userdata = guest,
	};
	_cleanup_free_ char *folder = place(guest, "");
	int r = 0;

	disconnect_vmm(guest);
	r = folder ? vmm_connect(guest_vmm_type(guest), guest->guests->event, folder, &callbacks,
				 &guest->vmm)
		   : -ENOMEM;
	if (r < 0)
		reconnect_later(guest);
}

static void echo_line(const char *text, void *userdata)
{
	const struct guest *guest = userdata;

	log_echo(guest->config->name, text);
}

static guest_console_line_t line_of_port(const struct guest *guest, size_t port)
{
	return port == 0 && guest->config->echo_console ? echo_line : NULL;
}

/* "console.ring", "console2.ring"…: of the first port without a number. */
static char *place_of_port(const struct guest *guest, const char *stem, size_t port,
			   const char *suffix)
{
	char name[32];

	if (port == 0)
		(void)snprintf(name, sizeof(name), "%s.%s", stem, suffix);
	else
		(void)snprintf(name, sizeof(name), "%s%zu.%s", stem, port + 1, suffix);
	return place(guest, name);
}

/* Of the process that runs, or else of the next. */
static size_t count_ports(const struct guest *guest)
{
	return guest->pidfd >= 0 && guest->record.config ? guest->record.config->serial_ports
							 : guest->config->serial_ports;
}

int guest_open_console(struct guest *guest, size_t port)
{
	_cleanup_free_ char *path = NULL;

	if (port >= count_ports(guest))
		return -ENODEV;
	if (guest->consoles[port])
		return 0;
	path = place_of_port(guest, "console", port, "ring");
	if (!path)
		return -ENOMEM;
	if (mkdirat(guest->guests->folder_fd, guest->config->name, 0700) < 0 && errno != EEXIST)
		return -errno;
	return guest_console_new(path, line_of_port(guest, port), guest, &guest->consoles[port]);
}

void guest_echo_redefined(struct guest *guest)
{
	if (guest->consoles[0])
		guest_console_set_line(guest->consoles[0], line_of_port(guest, 0));
}

static void connect_console(struct guest *guest, size_t port)
{
	_cleanup_free_ char *path = place_of_port(guest, "serial", port, "sock");
	int r = path ? guest_open_console(guest, port) : -ENOMEM;

	if (r >= 0)
		r = guest_console_connect(guest->consoles[port], guest->guests->event, path);
	if (r < 0)
		log_warning(guest_subject(guest).text, "no console on serial port %zu: %s",
			    port + 1, strerror(-r));
}

int guest_attach(struct guest *guest, int pidfd_consume)
{
	_cleanup_fd_ int pidfd = pidfd_consume;
	int r = sd_event_add_io(guest->guests->event, &guest->exit_source, pidfd, EPOLLIN,
				guest->guests->exited, guest);

	if (r < 0)
		return r;
	/* The last words of the VMM and on the console come first. */
	(void)sd_event_source_set_priority(guest->exit_source, SD_EVENT_PRIORITY_NORMAL + 10);
	guest->pidfd = take_fd(&pidfd);
	guest->disk_error_told = false;
	guest->watchdog_told_usec = 0;
	guest->reconnect_delay_usec = RECONNECT_MIN_USEC;
	guest->learned = false;
	guest->noise.told = 0;
	guest->noise.ask = guest_ask_state;
	guest->state_due = false;
	for (size_t i = 0; i < count_ports(guest); i++)
		connect_console(guest, i);
	guest_display_listen(guest);
	connect_vmm(guest);
	return 0;
}

void guest_detach(struct guest *guest)
{
	guest->exit_source = sd_event_source_disable_unref(guest->exit_source);
	guest->reconnect_source = sd_event_source_disable_unref(guest->reconnect_source);
	guest->press_source = sd_event_source_disable_unref(guest->press_source);
	guest->killed_usec = 0;
	guest->given_up = false;
	disconnect_vmm(guest);
	guest_noise_end(guest);
	guest->display_source = sd_event_source_disable_unref(guest->display_source);
	for (size_t i = 0; i < GUEST_SERIAL_PORTS_MAX; i++)
		if (guest->consoles[i])
			guest_console_disconnect(guest->consoles[i]);
	guest->pidfd = fd_close(guest->pidfd);
	guest->record.process.pid = 0;
	guest->record.process.start_time = 0;
	free(take_ptr(guest->pending_reason));
}
