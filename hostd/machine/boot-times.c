// SPDX-License-Identifier: GPL-2.0-or-later
// The boot's steps with their times, in a file in /run.
#include "boot-times.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_BYTES_MAX 8192
/* The line with the time-stamp counter's value at a time. */
#define COUNTER "tsc="
/* The time between two readings, so that the counter's frequency is precise enough. */
#define APART_USEC_MIN 1000000

static char *read_file(const char *folder)
{
	_cleanup_free_ char *path = text_format("%s/" BOOT_TIMES_FILE, folder);
	char *text = NULL;

	if (!path || file_read(AT_FDCWD, path, FILE_BYTES_MAX, &text, NULL) < 0)
		return NULL;
	return text;
}

/* Whether there is a line of that name: a space, the name, the line's end. */
static bool is_there(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *found = text; (found = strstr(found, name)); found++)
		if (found > text && found[-1] == ' ' &&
		    (found[length] == '\n' || strcmp(name, COUNTER) == 0))
			return true;
	return false;
}

void boot_times_mark(const char *folder, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/" BOOT_TIMES_FILE, folder);
	_cleanup_free_ char *text = read_file(folder), *line = NULL;
	_cleanup_fd_ int fd = -EBADF;
	uint64_t now = clock_usec(CLOCK_BOOTTIME);

	if (!path || strlen(name) >= BOOT_TIMES_NAME_MAX || strchr(name, '\n') ||
	    (text && is_there(text, name)))
		return;
	if (text && is_there(text, COUNTER))
		line = text_format("%" PRIu64 " %s\n", now, name);
	else
		line = text_format("%" PRIu64 " " COUNTER "%llu\n%" PRIu64 " %s\n", now, __rdtsc(),
				   now, name);
	if (!line || (text ? strlen(text) : 0) + strlen(line) > FILE_BYTES_MAX)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		(void)file_write_all(fd, line, strlen(line));
}

/* The counter showed counter at then_usec: how long it had run when the kernel's clock began. */
static uint64_t before_kernel(uint64_t then_usec, uint64_t counter)
{
	uint64_t now = clock_usec(CLOCK_BOOTTIME), counter_now = __rdtsc(), per_second = 0,
		 since_reset = 0;

	if (now < then_usec + APART_USEC_MIN || counter_now <= counter)
		return 0;
	per_second = (uint64_t)((unsigned __int128)(counter_now - counter) * 1000000 /
				(now - then_usec));
	if (per_second == 0)
		return 0;
	since_reset = (uint64_t)((unsigned __int128)counter * 1000000 / per_second);
	return since_reset > then_usec ? since_reset - then_usec : 0;
}

int boot_times_read(const char *folder, struct boot_times *ret_times)
{
	_cleanup_free_ char *text = read_file(folder);
	struct boot_times times = {};
	char *state = NULL;

	if (!text)
		return -ENOENT;
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		struct boot_phase *phase = &times.phases[times.count];
		uint64_t counter = 0, usec = 0;
		int length = 0;

		if (sscanf(line, "%" SCNu64 " %n", &usec, &length) != 1 || length == 0)
			continue;
		if (sscanf(line + length, COUNTER "%" SCNu64, &counter) == 1) {
			times.before_usec = before_kernel(usec, counter);
			continue;
		}
		if (times.count == BOOT_TIMES_MAX || !line[length])
			continue;
		phase->end_usec = usec;
		(void)snprintf(phase->name, sizeof(phase->name), "%s", line + length);
		times.count++;
	}
	if (times.count == 0)
		return -ENOENT;
	*ret_times = times;
	return 0;
}
