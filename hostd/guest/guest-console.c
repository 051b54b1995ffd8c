// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's serial console: a ring in a mapped file, that outlives hostd, and its readers.
#include "guest-console.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "guest/guest-lines.h"

#define READ_BYTES (16UL * 1024)
/* After the exits of all guests (10): one that never stops talking must not hide them. */
#define PRIORITY (SD_EVENT_PRIORITY_NORMAL + 20)

/*
 * The file. Where the ring begins and ends follows from one number, so that it is right at every
 * moment that hostd may be killed, and no other value of it is wrong.
 */
struct ring {
	char magic[8];
	uint64_t written; /* bytes, ever */
	char reserved[48];
	char data[GUEST_CONSOLE_RING_BYTES];
};

static const char ring_magic[8] = "mvirtr1\n";

struct guest_console_listener {
	struct guest_console *console; /* weak, NULL when it is gone */
	guest_console_output_t output;
	void *userdata;
	struct guest_console_listener *previous, *next;
};

struct guest_console {
	struct ring *ring; /* mapped */
	struct guest_lines lines;
	sd_event_source *source;
	int fd; /* owned, -EBADF: not connected */
	char *unsent;
	size_t unsent_length;
	struct guest_console_listener *listeners, *next_listener; /* the next one to be called */
	bool delivering;
};

/* --- the ring --- */

static int ring_open(const char *path, struct ring **ret_ring)
{
	_cleanup_fd_ int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	struct stat status;
	struct ring *ring = NULL;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	/* All of it now: a page that is not there when it is written to would be a SIGBUS. */
	if (status.st_size != sizeof(*ring) && ftruncate(fd, sizeof(*ring)) < 0)
		return -errno;
	if (fallocate(fd, 0, 0, sizeof(*ring)) < 0)
		return -errno;
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	if (status.st_size != sizeof(*ring) ||
	    memcmp(ring->magic, ring_magic, sizeof(ring_magic)) != 0) {
		ring->written = 0;
		memcpy(ring->magic, ring_magic, sizeof(ring_magic));
	}
	*ret_ring = ring;
	return 0;
}

static void ring_write(struct ring *ring, const char *data, size_t length)
{
	size_t at = ring->written % GUEST_CONSOLE_RING_BYTES;
	size_t first = GUEST_CONSOLE_RING_BYTES - at;

	/* No caller has more than a ring at once. */
	if (first > length)
		first = length;
	memcpy(ring->data + at, data, first);
	memcpy(ring->data, data + first, length - first);
	__atomic_store_n(&ring->written, ring->written + length, __ATOMIC_RELEASE);
}

uint64_t guest_console_written(const struct guest_console *console)
{
	return console->ring->written;
}

int guest_console_copy(const struct guest_console *console, uint64_t since, char **ret_data,
		       size_t *ret_length)
{
	const struct ring *ring = console->ring;
	/* A ring that was made anew has only what came after. */
	uint64_t written = ring->written, wanted = written - (since <= written ? since : 0);
	size_t length = wanted < GUEST_CONSOLE_RING_BYTES ? wanted : GUEST_CONSOLE_RING_BYTES;
	size_t start = (written - length) % GUEST_CONSOLE_RING_BYTES;
	size_t first = GUEST_CONSOLE_RING_BYTES - start;
	char *data = malloc(length + 1);

	if (!data)
		return -ENOMEM;
	if (first > length)
		first = length;
	memcpy(data, ring->data + start, first);
	memcpy(data + first, ring->data, length - first);
	data[length] = '\0';
	*ret_data = data;
	*ret_length = length;
	return 0;
}

/* --- from the guest --- */

static void deliver(struct guest_console *console, const char *data, size_t length)
{
	ring_write(console->ring, data, length);
	console->delivering = true;
	for (struct guest_console_listener *listener = console->listeners; listener;
	     listener = console->next_listener) {
		console->next_listener = listener->next;
		listener->output(data, length, listener->userdata);
	}
	guest_lines_feed(&console->lines, data, length);
	console->delivering = false;
}

/* Returns how much came, 0 when there is nothing now, or -errno when there will be no more. */
static ssize_t receive(struct guest_console *console)
{
	char data[READ_BYTES];
	ssize_t length = recv(console->fd, data, sizeof(data), MSG_DONTWAIT);

	if (length > 0)
		deliver(console, data, (size_t)length);
	else if (length == 0)
		return -ECONNRESET;
	else if (errno == EAGAIN || errno == EINTR)
		return 0;
	else
		return -errno;
	return length;
}

static void close_socket(struct guest_console *console)
{
	console->source = sd_event_source_disable_unref(console->source);
	console->fd = fd_close(console->fd);
	free(take_ptr(console->unsent));
	console->unsent_length = 0;
}

/* --- to the guest --- */

/* Drops what cannot be sent for good: the read side finds out why. */
static void flush(struct guest_console *console)
{
	while (console->unsent_length > 0) {
		ssize_t sent = send(console->fd, console->unsent, console->unsent_length,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0)
			sent = (ssize_t)console->unsent_length;
		console->unsent_length -= (size_t)sent;
		memmove(console->unsent, console->unsent + sent, console->unsent_length);
	}
	if (console->unsent_length == 0)
		free(take_ptr(console->unsent));
	(void)sd_event_source_set_io_events(console->source,
					    EPOLLIN | (console->unsent_length > 0 ? EPOLLOUT : 0));
}

int guest_console_send(struct guest_console *console, const void *data, size_t length)
{
	char *unsent = NULL;

	if (console->fd < 0)
		return -ENOTCONN;
	if (length > GUEST_CONSOLE_UNSENT_BYTES_MAX - console->unsent_length)
		return -ENOBUFS;
	if (length == 0)
		return 0;
	unsent = realloc(console->unsent, console->unsent_length + length);
	if (!unsent)
		return -ENOMEM;
	console->unsent = unsent;
	memcpy(unsent + console->unsent_length, data, length);
	console->unsent_length += length;
	flush(console);
	return 0;
}

/* --- the connection --- */

static int on_io(sd_event_source *, int, uint32_t revents, void *userdata)
{
	struct guest_console *console = userdata;

	if (revents & EPOLLOUT)
		flush(console);
	if ((revents & ~(uint32_t)EPOLLOUT) && receive(console) < 0)
		close_socket(console);
	return 0;
}

int guest_console_connect(struct guest_console *console, sd_event *event, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	guest_console_disconnect(console);
	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	r = sd_event_add_io(event, &console->source, fd, EPOLLIN, on_io, console);
	if (r >= 0)
		r = sd_event_source_set_priority(console->source, PRIORITY);
	if (r < 0) {
		console->source = sd_event_source_disable_unref(console->source);
		return r;
	}
	console->fd = take_fd(&fd);
	return 0;
}

void guest_console_disconnect(struct guest_console *console)
{
	size_t length = 0;

	while (console->fd >= 0 && !console->delivering && length < GUEST_CONSOLE_RING_BYTES) {
		ssize_t received = receive(console);

		if (received <= 0)
			break;
		length += (size_t)received;
	}
	close_socket(console);
}

/* --- listeners --- */

int guest_console_add_listener(struct guest_console *console, guest_console_output_t output,
			       void *userdata, struct guest_console_listener **ret_listener)
{
	struct guest_console_listener *listener = malloc(sizeof(*listener));

	if (!listener)
		return -ENOMEM;
	*listener = (struct guest_console_listener){ .console = console,
						     .output = output,
						     .userdata = userdata,
						     .next = console->listeners };
	if (listener->next)
		listener->next->previous = listener;
	console->listeners = listener;
	*ret_listener = listener;
	return 0;
}

void guest_console_remove_listener(struct guest_console_listener *listener)
{
	if (!listener)
		return;
	if (listener->console && listener->console->next_listener == listener)
		listener->console->next_listener = listener->next;
	if (listener->previous)
		listener->previous->next = listener->next;
	else if (listener->console)
		listener->console->listeners = listener->next;
	if (listener->next)
		listener->next->previous = listener->previous;
	free(listener);
}

/* --- the object --- */

void guest_console_set_line(struct guest_console *console, guest_console_line_t line)
{
	if (line == console->lines.line)
		return;
	console->lines = (struct guest_lines){ .line = line, .userdata = console->lines.userdata };
}

int guest_console_new(const char *ring_path, guest_console_line_t line, void *userdata,
		      struct guest_console **ret_console)
{
	_cleanup_free_ struct guest_console *console = calloc(1, sizeof(*console));
	int r = 0;

	if (!console)
		return -ENOMEM;
	console->fd = -EBADF;
	console->lines = (struct guest_lines){ .line = line, .userdata = userdata };
	r = ring_open(ring_path, &console->ring);
	if (r < 0)
		return r;
	*ret_console = take_ptr(console);
	return 0;
}

void guest_console_free(struct guest_console *console)
{
	if (!console)
		return;
	guest_console_disconnect(console);
	for (struct guest_console_listener *listener = console->listeners, *next = NULL; listener;
	     listener = next) {
		next = listener->next;
		listener->console = NULL;
		listener->previous = listener->next = NULL;
	}
	(void)munmap(console->ring, sizeof(*console->ring));
	free(console);
}
