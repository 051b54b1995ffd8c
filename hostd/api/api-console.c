// SPDX-License-Identifier: GPL-2.0-or-later
// Attached consoles: one end of a socket pair for the client, the other one here. The socket's
// buffer is all that a slow reader can fill.
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "api-internal.h"

/* What is typed and the guest does not take yet: kept, tried again, given up. */
#define INPUT_BYTES 512
#define INPUT_RETRY_MIN_USEC UINT64_C(10000)
#define INPUT_RETRY_MAX_USEC UINT64_C(500000)
#define INPUT_PATIENCE_USEC UINT64_C(10000000)
#define TIMER_ACCURACY_USEC 1000

#define OUTPUT_LOST "\r\n[output lost]\r\n"
#define INPUT_LOST "\r\n[input lost: the guest does not read]\r\n"

struct api_console {
	struct api *api;
	struct guest *guest;
	size_t port; /* serial port, from 0 */
	int fd;
	sd_event_source *io_source;
	sd_event_source *retry_source;
	struct guest_console_listener *listener;
	bool output_lost; /* to be told as soon as there is room */
	bool input_ended;
	bool hung_up; /* the client is gone, what it typed last may not be delivered yet */
	char input[INPUT_BYTES];
	size_t input_length; /* kept; nothing is read meanwhile */
	uint64_t retry_usec, waited_usec;
	struct api_console *next;
};

static void console_free(struct api_console *console)
{
	if (!console)
		return;
	if (console->listener)
		guest_console_unlisten(console->listener);
	sd_event_source_disable_unref(console->io_source);
	sd_event_source_disable_unref(console->retry_source);
	fd_close(console->fd);
	free(console);
}
DEFINE_CLEANUP(struct api_console *, console_free);

static void console_end(struct api_console *console)
{
	struct api *api = console->api;

	for (struct api_console **at = &api->consoles; *at; at = &(*at)->next)
		if (*at == console) {
			*at = console->next;
			api->console_count--;
			break;
		}
	console_free(console);
}

void api_console_close_all(struct api *api)
{
	while (api->consoles)
		console_end(api->consoles);
}

void api_console_close_guest(struct api *api, const struct guest *guest)
{
	struct api_console *next = NULL;

	for (struct api_console *at = api->consoles; at; at = next) {
		next = at->next;
		if (at->guest == guest)
			console_end(at);
	}
}

static void watch(struct api_console *console)
{
	uint32_t events = 0;

	if (!console->input_ended && console->input_length == 0)
		events |= EPOLLIN;
	if (console->output_lost)
		events |= EPOLLOUT;
	(void)sd_event_source_set_io_events(console->io_source, events);
	/* A hang-up is reported whether one asks for it or not. */
	(void)sd_event_source_set_enabled(
		console->io_source,
		console->hung_up && console->input_length > 0 ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* Sends what there is room for; the rest is lost, and said to be as soon as there is room again. */
static void send_output(struct api_console *console, const char *data, size_t length)
{
	if (console->output_lost)
		return;
	while (length > 0) {
		ssize_t n = send(console->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0) {
			/* A reader that is gone is found by on_io(). */
			console->output_lost = errno == EAGAIN || errno == ENOBUFS;
			break;
		}
		data += n;
		length -= (size_t)n;
	}
	watch(console);
}

static void on_output(const void *data, size_t length, void *userdata)
{
	send_output(userdata, data, length);
}

static int on_retry(sd_event_source *source, uint64_t now_usec, void *userdata);

/* Hands on what is kept. A timer runs as long as the guest does not take it, and not for long. */
static void type_input(struct api_console *console)
{
	int r = guest_console_write(console->guest, console->port, console->input,
				    console->input_length);

	if (r == -ENOBUFS && console->waited_usec < INPUT_PATIENCE_USEC) {
		sd_event_source_disable_unref(console->retry_source);
		console->retry_source = NULL;
		r = sd_event_add_time_relative(console->api->event, &console->retry_source,
					       CLOCK_MONOTONIC, console->retry_usec,
					       TIMER_ACCURACY_USEC, on_retry, console);
		if (r >= 0)
			return;
	}
	console->input_length = 0;
	if (r == -ENOBUFS)
		send_output(console, INPUT_LOST, strlen(INPUT_LOST));
}

static int on_retry(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		    void *userdata)
{
	struct api_console *console = userdata;

	console->waited_usec += console->retry_usec;
	console->retry_usec *= 2;
	if (console->retry_usec > INPUT_RETRY_MAX_USEC)
		console->retry_usec = INPUT_RETRY_MAX_USEC;
	type_input(console);
	watch(console);
	return 0;
}

/* Returns whether the client is still there. */
static bool read_input(struct api_console *console)
{
	ssize_t n = recv(console->fd, console->input, sizeof(console->input), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		/* It may still be reading; when it does not, EPOLLHUP comes. */
		console->input_ended = true;
		return true;
	}
	console->input_length = (size_t)n;
	console->retry_usec = INPUT_RETRY_MIN_USEC;
	console->waited_usec = 0;
	type_input(console);
	return true;
}

static int on_io(sd_event_source *source [[maybe_unused]], int fd [[maybe_unused]], uint32_t events,
		 void *userdata)
{
	struct api_console *console = userdata;

	if ((events & EPOLLIN) && !read_input(console)) {
		console_end(console);
		return 0;
	}
	if (events & (EPOLLHUP | EPOLLERR)) {
		console->hung_up = true;
		if (!(events & EPOLLIN) && console->input_length == 0) {
			console_end(console);
			return 0;
		}
	}
	if ((events & EPOLLOUT) && console->output_lost) {
		console->output_lost = false;
		send_output(console, OUTPUT_LOST, strlen(OUTPUT_LOST));
	}
	watch(console);
	return 0;
}

static int replay(struct api_console *console)
{
	_cleanup_free_ char *data = NULL;
	size_t length = 0;
	int r = guest_console_read(console->guest, console->port, &data, &length);

	if (r >= 0)
		send_output(console, data, length);
	return r;
}

/* The client's end is in *ret_fd. */
static int attach(struct api *api, struct guest *guest, size_t port, bool with_replay,
		  bool read_only, int *ret_fd)
{
	_cleanup_(console_freep) struct api_console *console = calloc(1, sizeof(*console));
	_cleanup_fd_ int client_fd = -EBADF;
	int fds[2] = { -EBADF, -EBADF };
	int r = 0;

	if (!console)
		return -ENOMEM;
	*console = (struct api_console){ .api = api, .guest = guest, .port = port, .fd = -EBADF };
	/* The client's end blocks, as a terminal does. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	console->fd = fds[0];
	client_fd = fds[1];
	if (read_only && shutdown(console->fd, SHUT_RD) < 0)
		return -errno;
	console->input_ended = read_only;
	r = sd_event_add_io(api->event, &console->io_source, console->fd, 0, on_io, console);
	if (r < 0)
		return r;
	r = guest_console_listen(guest, port, on_output, console, &console->listener);
	if (r < 0)
		return r;
	if (with_replay)
		r = replay(console);
	if (r < 0)
		return r;
	watch(console);
	console->next = api->consoles;
	api->consoles = take_ptr(console);
	api->console_count++;
	*ret_fd = take_fd(&client_fd);
	return 0;
}

API_METHOD_DEFINE(api_method_console)
{
	struct call {
		const char *name;
		unsigned int port;
		int replay, read_only; /* negative: null */
	} call = { .port = 1 };
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "port", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint,
		  offsetof(struct call, port), SD_JSON_NULLABLE },
		{ "replay", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, replay), SD_JSON_NULLABLE },
		{ "readOnly", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, read_only), SD_JSON_NULLABLE },
		{},
	};
	struct api *api = userdata;
	_cleanup_fd_ int fd = -EBADF;
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	if (api->console_count >= API_CONSOLES_MAX)
		return api_reply_errorf(link, ERROR_BUSY, "too many consoles are attached");
	r = attach(api, guest, (size_t)call.port - 1, call.replay > 0, call.read_only > 0, &fd);
	if (r == -ENODEV)
		return api_refuse_port(link, guest, call.port);
	if (r < 0)
		return r;
	/* Should the answer fail, the client's end is closed, and ours with it. */
	return api_reply_fd(link, &fd);
}
