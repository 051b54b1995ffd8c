// SPDX-License-Identifier: GPL-2.0-or-later
// The log: /dev/kmsg on the host, stderr for tools and tests.
#include "log.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

/* The kernel cuts records at 1024 bytes less its own prefix. */
#define LINE_BYTES 960
#define KLOG_CONSOLE_LEVEL 8
#define ECHO_LINES_PER_SECOND 100

static struct {
	int kmsg_fd;
	bool debug;
	log_hook_t hook;
	void *hook_userdata;
	time_t echo_second;
	unsigned int echo_count;
} state = { .kmsg_fd = -1 };

void log_open_kmsg(void)
{
	if (state.kmsg_fd < 0)
		state.kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (state.kmsg_fd >= 0)
		(void)klogctl(KLOG_CONSOLE_LEVEL, NULL, state.debug ? 8 : 6);
}

void log_set_debug(bool debug)
{
	state.debug = debug;
	if (state.kmsg_fd >= 0)
		(void)klogctl(KLOG_CONSOLE_LEVEL, NULL, debug ? 8 : 6);
}

void log_set_hook(log_hook_t hook, void *userdata)
{
	state.hook = hook;
	state.hook_userdata = userdata;
}

/* Keeps a line one line, and the terminal safe from guests' and devices' texts. */
static void make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void write_line(enum log_level level, const char *line)
{
	char record[LINE_BYTES + 64];
	int length = 0;

	if (state.kmsg_fd >= 0) {
		/* Facility 3: system daemons. */
		length = snprintf(record, sizeof(record), "<%d>%s\n", 3 << 3 | (int)level, line);
		if (write(state.kmsg_fd, record, (size_t)length) >= 0)
			return;
	}
	length = snprintf(record, sizeof(record), "%s\n", line);
	(void)!write(STDERR_FILENO, record, (size_t)length);
}

void log_linev(enum log_level level, const char *subject, const char *format, va_list arguments)
{
	char line[LINE_BYTES], *message = NULL;
	int prefix = 0;

	if (level == LOG_LEVEL_DEBUG && !state.debug)
		return;
	prefix = snprintf(line, sizeof(line) / 2, "hostd: %s: ", subject);
	if (prefix < 0)
		return;
	if ((size_t)prefix >= sizeof(line) / 2)
		prefix = sizeof(line) / 2 - 1;
	message = line + prefix;
	(void)vsnprintf(message, sizeof(line) - (size_t)prefix, format, arguments);
	make_printable(line);
	write_line(level, line);
	if (state.hook && level != LOG_LEVEL_DEBUG)
		state.hook(level, subject, message, state.hook_userdata);
}

void log_line(enum log_level level, const char *subject, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_linev(level, subject, format, arguments);
	va_end(arguments);
}

void log_echo(const char *guest_name, const char *text)
{
	char line[LINE_BYTES];
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != state.echo_second) {
		if (state.echo_count > ECHO_LINES_PER_SECOND)
			log_notice(guest_name, "%u lines of console not shown here",
				   state.echo_count - ECHO_LINES_PER_SECOND);
		state.echo_second = now.tv_sec;
		state.echo_count = 0;
	}
	if (state.echo_count++ >= ECHO_LINES_PER_SECOND)
		return;
	(void)snprintf(line, sizeof(line), "%s: %s", guest_name, text);
	make_printable(line);
	write_line(LOG_LEVEL_NOTICE, line);
}
