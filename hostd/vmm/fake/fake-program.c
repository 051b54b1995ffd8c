// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest in the fake VMM does. libc only, so that it is a small static program.
#include "fake-program.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIVES_MAX 8

struct stream {
	int listen_fd, fd;
	void (*handle)(char *line);
	char line[1024];
	size_t length;
};

static struct {
	char *const *argv;
	struct stream control, serial;
	int passed_fd; /* came with the last bytes of control */
	const char *state, *reason;
	int media[DRIVES_MAX];
	bool locked;
} fake;

__attribute__((format(printf, 2, 3))) static void say(const struct stream *stream,
						      const char *format, ...)
{
	char text[256];
	va_list arguments;
	int length = 0;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (stream->fd >= 0)
		(void)!send(stream->fd, text, (size_t)length, MSG_NOSIGNAL);
}

[[noreturn]] static void end(const char *ending, int status)
{
	if (ending)
		say(&fake.control, "event ending %s -\n", ending);
	_exit(status);
}

static void halt(const char *state, const char *reason)
{
	fake.state = state;
	fake.reason = reason;
	say(&fake.control, "event halted none -\n");
}

static void resume(void)
{
	fake.state = fake.reason = "running";
	say(&fake.control, "event resumed none -\n");
}

/* --- the guest --- */

static void reset(void)
{
	if (strcmp(fake.argv[3], "shutdown") == 0)
		end("reset", 0);
	say(&fake.control, "event reset none guest-reset\n");
}

static void panic(void)
{
	say(&fake.control, "event panicked none -\n");
	if (strcmp(fake.argv[4], "pause") != 0)
		end("panic", 1);
	halt("panicked", "guest-panicked");
}

static void watchdog(void)
{
	const char *action = fake.argv[5];

	say(&fake.control, "event watchdog %s %s\n",
	    strcmp(action, "poweroff") == 0 ? "power-off" : "none", action);
	if (strcmp(action, "poweroff") == 0)
		end("power-off", 0);
	if (strcmp(action, "reset") == 0)
		reset();
	if (strcmp(action, "pause") == 0)
		halt("halted", "watchdog");
}

static void on_console(char *line)
{
	if (strcmp(line, "off") == 0)
		end("power-off", 0);
	else if (strcmp(line, "reset") == 0)
		reset();
	else if (strcmp(line, "panic") == 0)
		panic();
	else if (strcmp(line, "watchdog") == 0)
		watchdog();
	else if (strcmp(line, "disk-error") == 0) {
		say(&fake.control, "event disk-error none no-space\n");
		halt("halted", "io-error");
	} else if (strcmp(line, "broken") == 0)
		halt("broken", "internal-error");
	else if (strcmp(line, "lock") == 0 || strcmp(line, "unlock") == 0)
		fake.locked = *line == 'l';
	else if (strncmp(line, "exit ", 5) == 0)
		end(NULL, atoi(line + 5));
	say(&fake.serial, "%s\n", line);
}

/* --- the VMM --- */

static void answer(bool good)
{
	say(&fake.control, "%s\n", good ? "ok" : "busy");
}

static int take_passed(void)
{
	int fd = fake.passed_fd;

	fake.passed_fd = -1;
	return fd;
}

static void change_medium(const char *line, bool add)
{
	unsigned int drive = 0, force = 0;

	(void)sscanf(line, "%*s %u %u", &drive, &force);
	if (drive >= DRIVES_MAX || (!add && fake.locked && !force)) {
		answer(false);
		return;
	}
	if (fake.media[drive] > 0)
		(void)close(fake.media[drive]);
	fake.media[drive] = add ? take_passed() : 0;
	answer(true);
}

static void write_to_passed(const char *text, size_t length)
{
	int fd = take_passed();

	answer(fd >= 0 && write(fd, text, length) == (ssize_t)length);
	(void)close(fd);
}

static void on_control(char *line)
{
	static const char pixel[] = "P6\n1 1\n255\nrgb", greeting[] = "RFB 003.008\n";

	if (strcmp(line, "powerdown") == 0) {
		answer(true);
		if (fake.argv[2][0] != 'i')
			end("power-off", 0);
	} else if (strcmp(line, "pause") == 0) {
		answer(true);
		halt("paused", "paused");
	} else if (strcmp(line, "resume") == 0) {
		answer(true);
		resume();
	} else if (strcmp(line, "state") == 0)
		say(&fake.control, "state %s %s\n", fake.state, fake.reason);
	else if (strncmp(line, "add ", 4) == 0)
		change_medium(line, true);
	else if (strncmp(line, "remove ", 7) == 0)
		change_medium(line, false);
	else if (strcmp(line, "picture") == 0)
		write_to_passed(pixel, sizeof(pixel) - 1);
	else if (strcmp(line, "display") == 0)
		write_to_passed(greeting, sizeof(greeting) - 1);
	else
		answer(false);
}

/* --- the loop --- */

static void handle_lines(struct stream *stream)
{
	char *newline = NULL;

	while ((newline = memchr(stream->line, '\n', stream->length))) {
		size_t done = (size_t)(newline - stream->line) + 1;
		char line[sizeof(stream->line)];

		*newline = '\0';
		memcpy(line, stream->line, done);
		stream->length -= done;
		memmove(stream->line, stream->line + done, stream->length);
		stream->handle(line);
	}
	if (stream->length == sizeof(stream->line))
		stream->length = 0;
}

static void receive(struct stream *stream)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec bytes = { .iov_base = stream->line + stream->length,
			       .iov_len = sizeof(stream->line) - stream->length };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(stream->fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	if (length <= 0) {
		(void)close(stream->fd);
		stream->fd = -1;
		stream->length = 0;
		return;
	}
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fake.passed_fd, CMSG_DATA(header), sizeof(int));
	stream->length += (size_t)length;
	handle_lines(stream);
}

static void take(struct stream *stream, const char *first)
{
	stream->fd = accept(stream->listen_fd, NULL, NULL);
	say(stream, "%s", first);
}

void fake_program_run(int control_fd, int serial_fd, char *const argv[static 6])
{
	fake.argv = argv;
	fake.control = (struct stream){ control_fd, -1, on_control, {}, 0 };
	fake.serial = (struct stream){ serial_fd, -1, on_console, {}, 0 };
	fake.passed_fd = -1;
	fake.state = fake.reason = "running";
	for (;;) {
		struct stream *streams[] = { &fake.control, &fake.serial };
		struct pollfd fds[2];

		for (int i = 0; i < 2; i++)
			fds[i] = (struct pollfd){ .fd = streams[i]->fd < 0 ? streams[i]->listen_fd
									   : streams[i]->fd,
						  .events = POLLIN };
		if (poll(fds, 2, -1) < 0)
			_exit(1);
		for (int i = 0; i < 2; i++) {
			if (!fds[i].revents)
				continue;
			if (streams[i]->fd >= 0)
				receive(streams[i]);
			else
				take(streams[i], i == 0 ? "hello\n" : "fake: up\n");
		}
	}
}
