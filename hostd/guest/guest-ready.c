// SPDX-License-Identifier: GPL-2.0-or-later
// When a guest is ready, so that those after it may start: at once, by a line on its console, or by
// a port that answers.
#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "guest/guest-lines.h"

#define TRY_FIRST_USEC UINT64_C(200000)
#define TRY_MAX_USEC UINT64_C(5000000)
#define TRY_ACCURACY_USEC UINT64_C(50000)

/* What is watched for is the watch's own: the definition may be another one at any moment. */
struct guest_ready_watch {
	struct guest *guest; /* weak */
	enum guest_ready rule;
	char *text; /* owned; of GUEST_READY_CONSOLE */
	struct sockaddr_storage address; /* of GUEST_READY_TCP; without a length there is none */
	socklen_t address_length;
	struct guest_console_listener *listener;
	struct guest_lines lines;
	sd_event_source *timer_source, *connect_source;
	int fd; /* owned */
	uint64_t delay_usec;
};

/* By the rule RUNNING nobody has to be told: the state says so. */
static void become_ready(struct guest *guest, enum guest_ready rule)
{
	if (guest->record.ready || guest->record.life.state != GUEST_STATE_RUNNING)
		return;
	guest->record.ready = true;
	if (rule != GUEST_READY_RUNNING) {
		(void)guest_save(guest); /* the next hostd may not find what has said so */
		log_notice(guest_subject(guest).text, "ready");
		guest_tell(guest, "ready", NULL);
	}
	guests_sequence_soon(guest->guests);
}

/* --- a line on the console --- */

static void on_line(const char *text, void *userdata)
{
	const struct guest_ready_watch *watch = userdata;

	if (strstr(text, watch->text))
		become_ready(watch->guest, watch->rule);
}

static void on_output(const void *data, size_t length, void *userdata)
{
	struct guest_ready_watch *watch = userdata;

	if (!watch->guest->record.ready)
		guest_lines_feed(&watch->lines, data, length);
}

/* What this run has said before counts too: an earlier hostd had it, or another rule was watched.
 */
static int watch_console(struct guest_ready_watch *watch)
{
	_cleanup_free_ char *said = NULL;
	struct guest *guest = watch->guest;
	size_t length = 0;
	int r = guest_open_console(guest, 0);

	if (r >= 0)
		r = guest_console_copy(guest->consoles[0], guest->record.console_start, &said,
				       &length);
	if (r < 0)
		return r;
	watch->lines = (struct guest_lines){ .line = on_line, .userdata = watch };
	guest_lines_feed(&watch->lines, said, length);
	return guest_console_add_listener(guest->consoles[0], on_output, watch, &watch->listener);
}

/* --- a port that answers --- */

static int try_later(struct guest_ready_watch *watch);

static int on_connected(sd_event_source *, int fd, uint32_t, void *userdata)
{
	struct guest_ready_watch *watch = userdata;
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	watch->connect_source = sd_event_source_disable_unref(watch->connect_source);
	watch->fd = fd_close(watch->fd);
	if (error)
		return try_later(watch);
	watch->timer_source = sd_event_source_disable_unref(watch->timer_source);
	become_ready(watch->guest, watch->rule);
	return 0;
}

/* The first address that the definition gives to a NIC, or NULL. */
static const char *first_address(const struct guest_config *config)
{
	for (size_t i = 0; i < config->nic_count; i++)
		if (config->nics[i].addresses.count > 0)
			return config->nics[i].addresses.items[0];
	return NULL;
}

static socklen_t make_address(const char *text, unsigned int port, struct sockaddr_storage *storage)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)storage;

	*storage = (struct sockaddr_storage){};
	if (text && inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons((uint16_t)port);
		return sizeof(*ipv4);
	}
	if (text && inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1) {
		ipv6->sin6_family = AF_INET6;
		ipv6->sin6_port = htons((uint16_t)port);
		return sizeof(*ipv6);
	}
	return 0;
}

/* A try that hangs is given up when the next one is due. */
static int on_try(sd_event_source *, uint64_t, void *userdata)
{
	struct guest_ready_watch *watch = userdata;
	int r = 0;

	watch->connect_source = sd_event_source_disable_unref(watch->connect_source);
	watch->fd = fd_close(watch->fd);
	watch->fd = socket(watch->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (watch->fd < 0)
		return try_later(watch);
	if (connect(watch->fd, (const struct sockaddr *)&watch->address, watch->address_length) <
		    0 &&
	    errno != EINPROGRESS)
		return try_later(watch);
	r = sd_event_add_io(watch->guest->guests->event, &watch->connect_source, watch->fd,
			    EPOLLOUT, on_connected, watch);
	return r < 0 ? r : try_later(watch);
}

static int try_later(struct guest_ready_watch *watch)
{
	int r = 0;

	watch->timer_source = sd_event_source_disable_unref(watch->timer_source);
	r = sd_event_add_time_relative(watch->guest->guests->event, &watch->timer_source,
				       CLOCK_MONOTONIC, watch->delay_usec, TRY_ACCURACY_USEC,
				       on_try, watch);
	watch->delay_usec =
		watch->delay_usec * 2 < TRY_MAX_USEC ? watch->delay_usec * 2 : TRY_MAX_USEC;
	return r;
}

/* The rule counts at once, the address of a NIC only from the next start on: what runs has that of
 * its own definition, unless it had none then. */
static int watch_port(struct guest_ready_watch *watch)
{
	const struct guest *guest = watch->guest;
	const char *address = first_address(guest->record.config);

	if (!address)
		address = first_address(guest->config);
	watch->address_length = make_address(address, guest->config->ready_port, &watch->address);
	return watch->address_length ? try_later(watch) : -EADDRNOTAVAIL;
}

/* --- */

static int begin(struct guest_ready_watch *watch)
{
	const struct guest_config *config = watch->guest->config;

	switch (watch->rule) {
	case GUEST_READY_RUNNING:
		break;
	case GUEST_READY_CONSOLE:
		watch->text = strdup(config->ready_text);
		return watch->text ? watch_console(watch) : -ENOMEM;
	case GUEST_READY_TCP:
		return watch_port(watch);
	}
	become_ready(watch->guest, watch->rule);
	return 0;
}

void guest_ready_begin(struct guest *guest)
{
	enum guest_ready rule = guest->config->ready;
	struct guest_ready_watch *watch = NULL;
	int r = 0;

	if (guest->record.ready || guest->ready_watch)
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch) {
		become_ready(guest, rule); /* those that wait are not to wait for ever */
		return;
	}
	*watch = (struct guest_ready_watch){
		.guest = guest, .rule = rule, .fd = -EBADF, .delay_usec = TRY_FIRST_USEC
	};
	guest->ready_watch = watch;
	r = begin(watch);
	if (r >= 0)
		return;
	log_warning(guest_subject(guest).text,
		    "whether it is ready cannot be watched (%s): taken for ready", strerror(-r));
	become_ready(guest, rule);
}

static void end_watch(struct guest *guest)
{
	struct guest_ready_watch *watch = take_ptr(guest->ready_watch);

	if (!watch)
		return;
	guest_console_remove_listener(watch->listener);
	sd_event_source_disable_unref(watch->timer_source);
	sd_event_source_disable_unref(watch->connect_source);
	fd_close(watch->fd);
	free(watch->text);
	free(watch);
}

void guest_ready_redefined(struct guest *guest)
{
	if (guest->record.ready || !guest->ready_watch)
		return;
	end_watch(guest);
	guest_ready_begin(guest);
}

void guest_ready_end(struct guest *guest)
{
	end_watch(guest);
	guest->record.ready = false;
}
