// SPDX-License-Identifier: GPL-2.0-or-later
// What connects hostd with a guest's process: its pidfd, QMP and the console. All of it can be
// dropped and taken up again while the guest runs.
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"

/* sd-event gathers wake-ups within this time. */
#define TIMER_ACCURACY_USEC 100000
#define WATCHDOG_LOG_USEC UINT64_C(60000000)
#define RECONNECT_MIN_USEC UINT64_C(500000)
#define RECONNECT_MAX_USEC UINT64_C(60000000)

static void connect_qmp(struct guest *guest);

static char *place(const struct guest *guest, const char *file)
{
	return text_format("%s/%s/%s", guest->guests->folder, guest->config->name, file);
}

static void on_powerdown_reply(sd_json_variant *, const char *error, void *userdata)
{
	const struct guest *guest = userdata;

	/* Also called when QEMU is gone before it answered, as it was asked to. */
	if (error)
		log_debug(guest_subject(guest).text, "system_powerdown: %s", error);
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
	if (guest->qmp_ready)
		(void)qemu_qmp_execute(guest->qmp, "system_powerdown", NULL, on_powerdown_reply,
				       guest);
	guest->press_source = sd_event_source_disable_unref(guest->press_source);
	(void)sd_event_add_time_relative(guest->guests->event, &guest->press_source, CLOCK_BOOTTIME,
					 GUEST_PRESS_AGAIN_USEC, TIMER_ACCURACY_USEC,
					 on_press_again, guest);
}

static void on_halt_reply(sd_json_variant *, const char *error, void *userdata)
{
	struct guest *guest = userdata;

	if (!error)
		return;
	log_warning(guest_subject(guest).text, "cannot be paused or resumed: %s", error);
	guest->record.life.switching = false;
	guest_tell(guest, "pause-failed", error);
}

void guest_halt(struct guest *guest)
{
	if (guest->qmp_ready)
		(void)qemu_qmp_execute(guest->qmp, "stop", NULL, on_halt_reply, guest);
}

void guest_go_on(struct guest *guest)
{
	if (guest->qmp_ready)
		(void)qemu_qmp_execute(guest->qmp, "cont", NULL, on_halt_reply, guest);
}

/* What its QEMU was told when it was started, whatever the definition says by now. */
static bool pauses_on_panic(const struct guest *guest)
{
	return guest->record.config->on_panic == GUEST_ON_PAUSE;
}

/* Once: it is killed, and what it says until it is gone makes no difference. */
static void break_off(struct guest *guest)
{
	if (guest->record.life.ending != GUEST_ENDING_BAD)
		guest_handle(guest, GUEST_EVENT_BROKEN, GUEST_EXIT_UNKNOWN);
}

static void on_status(sd_json_variant *result, const char *error, void *userdata)
{
	struct guest *guest = userdata;
	const char *status = NULL;

	guest->status_asked = false;
	if (error || !result)
		return;
	status = sd_json_variant_string(sd_json_variant_by_key(result, "status"));
	if (text_equal(status, "internal-error") ||
	    (text_equal(status, "guest-panicked") && !pauses_on_panic(guest))) {
		guest_set_text(&guest->pending_reason, "the guest cannot go on (%s)", status);
		break_off(guest);
	} else if (text_equal(status, "paused")) {
		guest_handle(guest, GUEST_EVENT_PAUSED, GUEST_EXIT_UNKNOWN);
	} else if (text_equal(status, "io-error") || text_equal(status, "watchdog") ||
		   text_equal(status, "guest-panicked")) {
		if (!guest->record.life.paused)
			log_warning(guest_subject(guest).text, "paused by QEMU (%s)", status);
		guest_handle(guest, GUEST_EVENT_PAUSED, GUEST_EXIT_UNKNOWN);
	} else if (text_equal(status, "running")) {
		guest_handle(guest, GUEST_EVENT_RESUMED, GUEST_EXIT_UNKNOWN);
	}
	if (guest->status_due && guest->qmp_ready && guest_may_tell(guest))
		guest_ask_status(guest);
}

void guest_ask_status(struct guest *guest)
{
	guest->status_due = guest->status_asked;
	if (guest->status_asked || !guest->qmp_ready)
		return;
	guest->status_asked = true;
	if (qemu_qmp_execute(guest->qmp, "query-status", NULL, on_status, guest) < 0)
		guest->status_asked = false;
}

static void on_qmp_ready(void *userdata)
{
	struct guest *guest = userdata;

	guest->qmp_ready = true;
	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &guest->qmp_ready_usec);
	guest_handle(guest, GUEST_EVENT_QMP_READY, GUEST_EXIT_UNKNOWN);
	guest_ask_status(guest);
}

static const char *text_field(sd_json_variant *data, const char *key)
{
	sd_json_variant *value = data ? sd_json_variant_by_key(data, key) : NULL;

	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

static void on_shutdown(struct guest *guest, sd_json_variant *data)
{
	const char *reason = text_field(data, "reason");
	enum guest_event_kind kind = GUEST_EVENT_POWERED_OFF;

	if (text_equal(reason, "guest-reset"))
		kind = GUEST_EVENT_RESET;
	else if (text_equal(reason, "guest-panic"))
		kind = GUEST_EVENT_PANICKED;
	if (text_equal(reason, "host-error"))
		break_off(guest);
	else
		guest_handle(guest, kind, GUEST_EXIT_UNKNOWN);
}

static void on_reset(struct guest *guest, sd_json_variant *data)
{
	if (guest_may_tell(guest))
		guest_tell(guest, "reset", text_field(data, "reason"));
	guest_handle(guest, GUEST_EVENT_RESET, GUEST_EXIT_UNKNOWN);
}

static void on_panicked(struct guest *guest, sd_json_variant *)
{
	if (!pauses_on_panic(guest))
		guest_set_text(&guest->pending_reason, "the guest panicked");
	if (guest_may_tell(guest))
		guest_tell(guest, "panicked", NULL);
	guest_handle(guest, GUEST_EVENT_PANICKED, GUEST_EXIT_UNKNOWN);
}

/* What is passed over here is found out when it is over: guest-noise.c asks. */
static void on_stop(struct guest *guest, sd_json_variant *)
{
	if (guest_may_tell(guest))
		guest_ask_status(guest);
}

static void on_resume(struct guest *guest, sd_json_variant *)
{
	if (guest->record.life.paused && guest_may_tell(guest))
		guest_handle(guest, GUEST_EVENT_RESUMED, GUEST_EXIT_UNKNOWN);
}

/* A guest can let it run out as often as it likes: that must not fill the log. */
static void log_watchdog(struct guest *guest, const char *action)
{
	uint64_t now_usec = 0;

	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &now_usec);
	if (guest->watchdog_told_usec && now_usec - guest->watchdog_told_usec < WATCHDOG_LOG_USEC)
		return;
	guest->watchdog_told_usec = now_usec;
	log_warning(guest_subject(guest).text, "its watchdog has run out (%s)",
		    action ? action : "no action");
}

static void on_watchdog(struct guest *guest, sd_json_variant *data)
{
	const char *action = text_field(data, "action");

	log_watchdog(guest, action);
	if (guest_may_tell(guest))
		guest_tell(guest, "watchdog", action);
	if (text_equal(action, "poweroff"))
		guest_handle(guest, GUEST_EVENT_POWERED_OFF, GUEST_EXIT_UNKNOWN);
}

/* Once a run: a bad disk makes thousands of them. */
static void on_block_error(struct guest *guest, sd_json_variant *data)
{
	const char *device = text_field(data, "node-name"), *reason = text_field(data, "reason");
	const char *operation = text_field(data, "operation");

	if (guest->disk_error_told)
		return;
	guest->disk_error_told = true;
	log_warning(guest_subject(guest).text, "%s error on %s: %s", operation ? operation : "I/O",
		    device ? device : "a disk", reason ? reason : "unknown");
	guest_tell(guest, "disk-error", reason);
}

static void on_qmp_event(const char *name, sd_json_variant *data, void *userdata)
{
	static const struct {
		const char *name;
		void (*handle)(struct guest *guest, sd_json_variant *data);
	} handlers[] = {
		{ "SHUTDOWN", on_shutdown },          { "RESET", on_reset },
		{ "GUEST_PANICKED", on_panicked },    { "STOP", on_stop },
		{ "BLOCK_IO_ERROR", on_block_error }, { "RESUME", on_resume },
		{ "WATCHDOG", on_watchdog },
	};

	for (size_t i = 0; i < ELEMENTS(handlers); i++)
		if (strcmp(handlers[i].name, name) == 0)
			handlers[i].handle(userdata, data);
}

static int on_reconnect(sd_event_source *, uint64_t, void *userdata)
{
	connect_qmp(userdata);
	return 0;
}

static void reconnect_later(struct guest *guest)
{
	int r = 0;

	guest->qmp_ready = false;
	guest->reconnect_source = sd_event_source_disable_unref(guest->reconnect_source);
	r = sd_event_add_time_relative(guest->guests->event, &guest->reconnect_source,
				       CLOCK_BOOTTIME, guest->reconnect_delay_usec,
				       TIMER_ACCURACY_USEC, on_reconnect, guest);
	if (r < 0)
		log_error(guest_subject(guest).text, "no timer: %s", strerrordesc_np(-r));
	if (guest->reconnect_delay_usec < RECONNECT_MAX_USEC)
		guest->reconnect_delay_usec *= 2;
}

/* It ends with the process as a rule; then guest_on_exit() comes before the timer. One that has not
 * held for long is not tried again at once. */
static void on_qmp_closed(int error, void *userdata)
{
	struct guest *guest = userdata;
	uint64_t now_usec = 0;

	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &now_usec);
	if (guest->qmp_ready && now_usec - guest->qmp_ready_usec >= RECONNECT_MAX_USEC)
		guest->reconnect_delay_usec = RECONNECT_MIN_USEC;
	log_debug(guest_subject(guest).text, "QMP closed: %s", strerrordesc_np(abs(error)));
	reconnect_later(guest);
}

/* Every command without its reply is answered by this, so those who asked find no connection. */
static void disconnect_qmp(struct guest *guest)
{
	guest->qmp_ready = false;
	qemu_qmp_free(take_ptr(guest->qmp));
}

static void connect_qmp(struct guest *guest)
{
	const struct qemu_qmp_callbacks callbacks = {
		.ready = on_qmp_ready,
		.event = on_qmp_event,
		.closed = on_qmp_closed,
		.userdata = guest,
	};
	_cleanup_free_ char *path = place(guest, "qmp.sock");
	int r = 0;

	disconnect_qmp(guest);
	r = path ? qemu_qmp_new(guest->guests->event, path, &callbacks, &guest->qmp) : -ENOMEM;
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
			    port + 1, strerrordesc_np(-r));
}

int guest_attach(struct guest *guest, int pidfd_consume)
{
	_cleanup_fd_ int pidfd = pidfd_consume;
	int r = sd_event_add_io(guest->guests->event, &guest->exit_source, pidfd, EPOLLIN,
				guest_on_exit, guest);

	if (r < 0)
		return r;
	/* The last words on QMP and the console come first. */
	(void)sd_event_source_set_priority(guest->exit_source, SD_EVENT_PRIORITY_NORMAL + 10);
	guest->pidfd = take_fd(&pidfd);
	guest->disk_error_told = false;
	guest->watchdog_told_usec = 0;
	guest->reconnect_delay_usec = RECONNECT_MIN_USEC;
	guest->learned = false;
	guest->noise.told = 0;
	guest->status_due = false;
	for (size_t i = 0; i < count_ports(guest); i++)
		connect_console(guest, i);
	guest_display_listen(guest);
	connect_qmp(guest);
	return 0;
}

void guest_detach(struct guest *guest)
{
	guest->exit_source = sd_event_source_disable_unref(guest->exit_source);
	guest->reconnect_source = sd_event_source_disable_unref(guest->reconnect_source);
	guest->press_source = sd_event_source_disable_unref(guest->press_source);
	guest->killed_usec = 0;
	guest->given_up = false;
	disconnect_qmp(guest);
	guest_noise_end(guest);
	guest->display_source = sd_event_source_disable_unref(guest->display_source);
	for (size_t i = 0; i < GUEST_SERIAL_PORTS_MAX; i++)
		if (guest->consoles[i])
			guest_console_disconnect(guest->consoles[i]);
	guest->pidfd = fd_close(guest->pidfd);
	guest->record.pid = 0;
	guest->record.start_time = 0;
	free(take_ptr(guest->pending_reason));
}
