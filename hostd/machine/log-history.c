// SPDX-License-Identifier: GPL-2.0-or-later
// A ring of lines. The kernel keeps the log, but hostd may not read it after it has dropped its
// privileges.
#include "log-history.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* A record of /dev/kmsg and its NUL. */
#define RECORD_BYTES 8192
#define PREFIX "hostd: "

static struct {
	struct log_history_line lines[LOG_HISTORY_LINES];
	uint64_t next; /* sequence of the next line; 0: not started */
	void (*listener)(void *userdata);
	void *userdata;
} history;

/* Out of memory the line is not kept: it is in the kernel's log. */
static void add(uint64_t time_usec, enum log_level level, const char *subject,
		size_t subject_length, const char *message, size_t message_length)
{
	struct log_history_line *line = &history.lines[history.next % LOG_HISTORY_LINES];
	char *subject_copy = strndup(subject, subject_length);
	char *message_copy = strndup(message, message_length);

	if (!subject_copy || !message_copy) {
		free(subject_copy);
		free(message_copy);
		return;
	}
	free(line->subject);
	free(line->message);
	*line = (struct log_history_line){ .sequence = history.next++,
					   .time_usec = time_usec,
					   .level = level,
					   .subject = subject_copy,
					   .message = message_copy };
}

/* "29,1234,5678901,-;hostd: net lan: …\n SUBSYSTEM=…": priority, number, microseconds, flags. */
static void take_record(const char *record)
{
	const char *text = strchr(record, ';'), *colon = NULL;
	unsigned int priority = 0;
	uint64_t time_usec = 0, boot_usec = clock_usec(CLOCK_MONOTONIC);

	if (!text || strncmp(++text, PREFIX, strlen(PREFIX)) != 0 ||
	    sscanf(record, "%4u,%*u,%20" SCNu64, &priority, &time_usec) != 2)
		return;
	text += strlen(PREFIX);
	colon = strstr(text, ": ");
	if (!colon || (priority & 7) == LOG_LEVEL_DEBUG)
		return;
	add(clock_usec(CLOCK_REALTIME) - (boot_usec > time_usec ? boot_usec - time_usec : 0),
	    (enum log_level)(priority & 7), text, (size_t)(colon - text), colon + 2,
	    strcspn(colon + 2, "\n"));
}

static void on_line(enum log_level level, const char *subject, const char *message, void *)
{
	add(clock_usec(CLOCK_REALTIME), level, subject, strlen(subject), message, strlen(message));
	if (history.listener)
		history.listener(history.userdata);
}

void log_history_start(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char record[RECORD_BYTES];

	history.next = 1;
	while (fd >= 0) {
		ssize_t n = read(fd, record, sizeof(record) - 1);

		/* EPIPE: records were overwritten meanwhile; the next one can be read. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		take_record(record);
	}
	log_set_hook(on_line, NULL);
}

void log_history_stop(void)
{
	log_set_hook(NULL, NULL);
	for (size_t i = 0; i < LOG_HISTORY_LINES; i++) {
		free(history.lines[i].subject);
		free(history.lines[i].message);
		history.lines[i] = (struct log_history_line){};
	}
	history.next = 0;
	log_history_set_listener(NULL, NULL);
}

void log_history_set_listener(void (*listener)(void *userdata), void *userdata)
{
	history.listener = listener;
	history.userdata = userdata;
}

const struct log_history_line *log_history_from(uint64_t sequence)
{
	uint64_t oldest = history.next > LOG_HISTORY_LINES ? history.next - LOG_HISTORY_LINES : 1;

	if (sequence < oldest)
		sequence = oldest;
	return sequence < history.next ? &history.lines[sequence % LOG_HISTORY_LINES] : NULL;
}
