// SPDX-License-Identifier: GPL-2.0-or-later
// In QEMU's place, with its fds: answers QMP, and does what the guest's name begins with.
//   quiet   answers; writes what comes to its serial port back
//   flood   1 GiB to the serial port, as fast as it is taken
//   resets  100 RESET events a second
//   events  events of every kind and none, as fast as they are taken
//   mute    stops, again and again, and never answers how it is
//   flicker stops and goes on as fast as it is asked how it is
//   noise   a greeting, then lines that are no QMP
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QMP_LISTEN_FD 3
#define SERIAL_LISTEN_FD 4
#define FLOOD_BYTES (1024L * 1024 * 1024)
#define RESET_INTERVAL_MS 10

static const char greeting[] =
	"{\"QMP\":{\"version\":{\"qemu\":{\"micro\":0,\"minor\":0,\"major\":10},"
	"\"package\":\"\"},\"capabilities\":[]}}\r\n";
static const char reset[] = "{\"timestamp\":{\"seconds\":1,\"microseconds\":2},\"event\":\"RESET\","
			    "\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\r\n";
/* All of it is QMP, as far as the line goes. */
static const char *const odd_events[] = {
	"{\"event\":\"RTC_CHANGE\",\"data\":{\"offset\":1}}\r\n",
	"{\"event\":\"NO_SUCH_EVENT\",\"data\":{\"a\":{\"b\":[1,2,{\"c\":null}]}}}\r\n",
	"{\"event\":\"STOP\"}\r\n",
	"{\"event\":\"RESUME\"}\r\n",
	"{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"device\":7,\"node-name\":null}}\r\n",
	"{\"event\":\"WATCHDOG\",\"data\":{\"action\":{\"none\":1}}}\r\n",
	"{\"event\":\"\",\"data\":{}}\r\n",
	"{\"event\":\"DEVICE_DELETED\",\"data\":{\"path\":\"/machine/\\u001b[2J\"}}\r\n",
	"{\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"run\"},\"id\":-1e308}\r\n",
};
static const char stop_event[] = "{\"event\":\"STOP\"}\r\n";
static const char resume_event[] = "{\"event\":\"RESUME\"}\r\n";
static const char *const noise[] = {
	"{\"return\":\r\n",
	"[]\r\n",
	"{}\r\n",
	"\"event\"\r\n",
	"{\"return\":{},\"id\":18446744073709551615}\r\n",
	"{\"event\":7}\r\n",
	"{\"error\":{}}\r\n",
	"\xff\xfe\x00\r\n",
	"nul\r\n",
	"{{{{{{{{\r\n",
};

static struct {
	const char *name;
	int qmp, serial;
	long flood_left;
	uint64_t next_reset_ms;
	size_t turn;
	char line[4096];
	size_t length;
} state = { .qmp = -1, .serial = -1, .flood_left = FLOOD_BYTES };

static uint64_t now_ms(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is(const char *kind)
{
	return strncmp(state.name, kind, strlen(kind)) == 0;
}

static void say(int fd, const char *text, size_t length)
{
	if (fd >= 0)
		(void)!send(fd, text, length, MSG_NOSIGNAL);
}

static void drop(int *fd)
{
	(void)close(*fd);
	*fd = -1;
}

/* One command; everything that has an id succeeds. */
static void answer(const char *line)
{
	const char *id = strstr(line, "\"id\":");
	char text[128];
	bool asked = strstr(line, "query-status");
	int length = snprintf(text, sizeof(text), "{\"return\":%s,\"id\":%ld}\r\n",
			      !asked          ? "{}"
			      : is("flicker") ? "{\"status\":\"io-error\"}"
					      : "{\"status\":\"running\"}",
			      id ? atol(id + 5) : 0);

	if (!asked || !is("mute"))
		say(state.qmp, text, (size_t)length);
	if (is("noise") && strstr(line, "query-status")) {
		const char *next = noise[state.turn++ % (sizeof(noise) / sizeof(*noise))];

		say(state.qmp, next, strlen(next) + (*next == '\xff'));
	}
	if (strstr(line, "system_powerdown") || strstr(line, "\"quit\""))
		exit(0);
}

static void read_qmp(void)
{
	ssize_t n = recv(state.qmp, state.line + state.length,
			 sizeof(state.line) - 1 - state.length, MSG_DONTWAIT);
	char *end = NULL;

	if (n <= 0) {
		drop(&state.qmp);
		return;
	}
	state.length += (size_t)n;
	state.line[state.length] = '\0';
	while (state.qmp >= 0 && (end = strchr(state.line, '\n'))) {
		size_t done = (size_t)(end - state.line) + 1;

		*end = '\0';
		answer(state.line);
		memmove(state.line, state.line + done, state.length - done + 1);
		state.length -= done;
	}
}

static void write_flood(void)
{
	static char chunk[65536];
	ssize_t n = 0;

	memset(chunk, 'x', sizeof(chunk));
	n = send(state.serial, chunk, sizeof(chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		state.flood_left -= n;
	if (state.flood_left <= 0)
		say(state.serial, "\nflood: over\n", strlen("\nflood: over\n"));
}

static void echo(void)
{
	char text[4096];
	ssize_t n = recv(state.serial, text, sizeof(text), MSG_DONTWAIT);

	if (n <= 0)
		drop(&state.serial);
	else if (!is("flood"))
		say(state.serial, text, (size_t)n);
}

static void write_events(void)
{
	size_t turn = state.turn++;
	const char *event = odd_events[turn % (sizeof(odd_events) / sizeof(*odd_events))];

	if (is("mute"))
		event = stop_event;
	else if (is("flicker"))
		event = turn % 2 ? resume_event : stop_event;

	say(state.qmp, event, strlen(event));
}

/* What is due; returns how long there is nothing to do, in ms, or -1. */
static int work(void)
{
	uint64_t now = now_ms();

	if (!is("resets") || state.qmp < 0)
		return -1;
	if (now >= state.next_reset_ms) {
		say(state.qmp, reset, sizeof(reset) - 1);
		state.next_reset_ms = now + RESET_INTERVAL_MS;
	}
	return (int)(state.next_reset_ms - now);
}

static void take(int listen_fd, int *fd, const char *first, size_t length)
{
	*fd = accept(listen_fd, NULL, NULL);
	state.length = fd == &state.qmp ? 0 : state.length;
	say(*fd, first, length);
}

/* "-name guest=NAME,…" */
static const char *find_name(char **argv)
{
	for (; *argv; argv++)
		if (strncmp(*argv, "guest=", strlen("guest=")) == 0)
			return *argv + strlen("guest=");
	return "";
}

int main(int, char **argv)
{
	state.name = find_name(argv);
	for (;;) {
		bool flooding = is("flood") && state.serial >= 0 && state.flood_left > 0;
		bool spamming = is("events") || is("mute") || is("flicker");
		struct pollfd fds[] = {
			{ .fd = state.qmp < 0 ? QMP_LISTEN_FD : state.qmp,
			  .events = (short)(POLLIN | (spamming && state.qmp >= 0 ? POLLOUT : 0)) },
			{ .fd = state.serial < 0 ? SERIAL_LISTEN_FD : state.serial,
			  .events = (short)(POLLIN | (flooding ? POLLOUT : 0)) },
		};

		if (poll(fds, 2, work()) < 0)
			return 1;
		if (fds[0].revents & POLLOUT)
			write_events();
		if (fds[1].revents & POLLOUT)
			write_flood();
		if (fds[0].revents & ~POLLOUT) {
			if (state.qmp < 0)
				take(QMP_LISTEN_FD, &state.qmp, greeting, sizeof(greeting) - 1);
			else
				read_qmp();
		}
		if (fds[1].revents & ~POLLOUT) {
			if (state.serial < 0)
				take(SERIAL_LISTEN_FD, &state.serial, "fake: up\n",
				     strlen("fake: up\n"));
			else
				echo();
		}
	}
}
