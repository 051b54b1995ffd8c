// SPDX-License-Identifier: GPL-2.0-or-later
// A child as its caller sees it: watched by the event loop, or waited for; reaped in any case.
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "process-internal.h"

/* A killed process is gone at once, unless it hangs in the kernel. */
#define KILLED_MS 200
#define USEC_PER_MS 1000
#define ACCURACY_USEC 1000

struct process {
	struct process_started started;
	int end_signal;
	process_ended_t ended; /* NULL: the caller has been told, or does not want to know */
	void *userdata;
	sd_event_source *source; /* on the pidfd */
	sd_event_source *deadline;
};

/* --- what is told of its end --- */

static int read_kept(int fd, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	ssize_t length = 0;

	if (fd < 0)
		return -ENODATA;
	text = malloc(PROCESS_OUTPUT_MAX + 1);
	if (!text)
		return -ENOMEM;
	length = pread(fd, text, PROCESS_OUTPUT_MAX, 0);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	*ret_text = take_ptr(text);
	*ret_length = (size_t)length;
	return 0;
}

static void read_end(const struct process_started *started, struct process_end *end)
{
	size_t length = 0;

	(void)read_kept(started->output_fd, &end->output, &end->output_length);
	(void)read_kept(started->error_fd, &end->errors, &length);
}

void process_end_done(struct process_end *end)
{
	free(end->output);
	free(end->errors);
	*end = (struct process_end){};
}

static char *copy_line(const char *line, size_t length)
{
	char *copy = length > 0 ? strndup(line, length) : NULL;

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80 || !isprint((unsigned char)*c))
			*c = isspace((unsigned char)*c) ? ' ' : '?';
	return copy;
}

char *process_end_first_line(const struct process_end *end)
{
	const char *line = end->errors ?: "";

	line += strspn(line, " \t\r\n");
	return copy_line(line, strcspn(line, "\r\n"));
}

char *process_end_last_line(const struct process_end *end)
{
	const char *text = end->errors ?: "", *line = NULL;
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		length--;
	line = memrchr(text, '\n', length);
	line = line ? line + 1 : text;
	return copy_line(line, length - (size_t)(line - text));
}

/* Its status when it has ended, -EAGAIN when it runs, or -errno. */
static int reap(const struct process_started *started)
{
	siginfo_t info = {};

	if (waitid(P_PIDFD, (id_t)started->pidfd, &info, WEXITED | WNOHANG) < 0)
		return -errno;
	if (info.si_pid == 0)
		return -EAGAIN;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/* Before setsid() there is no such group, and nothing but the process. Nobody else has reaped it,
 * so the number is still its own. */
static void send_signal(pid_t pid, int number)
{
	if (kill(-pid, number) < 0)
		(void)kill(pid, number);
}

static int wait_until_ended(int pidfd, int timeout_ms)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	int r = 0;

	do
		r = poll(&ended, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

/* --- with a loop --- */

static void process_free(struct process *process)
{
	if (!process)
		return;
	sd_event_source_disable_unref(process->deadline);
	sd_event_source_disable_unref(process->source);
	process_started_done(&process->started);
	free(process);
}
DEFINE_CLEANUP(struct process *, process_free);

static void finish(struct process *process_consume, int status)
{
	_cleanup_(process_end_done) struct process_end end = { .status = status };
	process_ended_t ended = process_consume->ended;
	void *userdata = process_consume->userdata;

	if (ended)
		read_end(&process_consume->started, &end);
	process_free(process_consume);
	if (ended)
		ended(&end, userdata);
}

void process_finish(struct process *process)
{
	int status = reap(&process->started);

	if (status != -EAGAIN)
		finish(process, status);
}

static int on_ended(sd_event_source *, int, uint32_t, void *userdata)
{
	process_finish(userdata);
	return 0;
}

/* The loop's last act for a process that nobody asks for any more. */
static void on_source_gone(void *userdata)
{
	struct process *process = userdata;

	process->source = NULL;
	process_free(process);
}

static int on_abandoned_ended(sd_event_source *source, int, uint32_t, void *userdata)
{
	const struct process *process = userdata;

	if (reap(&process->started) == -EAGAIN)
		return 0;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	(void)sd_event_source_set_floating(source, false);
	return 0;
}

/* Who hangs in the kernel is reaped by the loop, which owns it from here on. */
static void abandon(struct process *process_consume)
{
	struct process *process = process_consume;
	sd_event *event = sd_event_source_get_event(process->source);
	int pidfd = process->started.pidfd;

	process->ended = NULL;
	process->deadline = sd_event_source_disable_unref(process->deadline);
	process->source = sd_event_source_disable_unref(process->source);
	if (sd_event_add_io(event, &process->source, pidfd, EPOLLIN, on_abandoned_ended, process) <
		    0 ||
	    sd_event_source_set_destroy_callback(process->source, on_source_gone) < 0 ||
	    sd_event_source_set_floating(process->source, true) < 0) {
		process_free(process);
		return;
	}
	sd_event_source_unref(process->source);
}

static int on_deadline(sd_event_source *, uint64_t, void *userdata)
{
	struct process *process = userdata;
	_cleanup_(process_end_done) struct process_end end = { .status = -ETIMEDOUT };
	process_ended_t ended = process->ended;

	userdata = process->userdata;
	send_signal(process->started.pid, SIGKILL);
	read_end(&process->started, &end);
	abandon(process);
	ended(&end, userdata);
	return 0;
}

void process_cancel(struct process *process)
{
	if (!process)
		return;
	process->ended = NULL;
	send_signal(process->started.pid, process->end_signal);
	if (process->end_signal == SIGKILL &&
	    wait_until_ended(process->started.pidfd, KILLED_MS) == 0 &&
	    reap(&process->started) != -EAGAIN)
		process_free(process);
	else
		abandon(process);
}

pid_t process_pid(const struct process *process)
{
	return process->started.pid;
}

int process_pidfd(const struct process *process)
{
	return process->started.pidfd;
}

static int watch(struct process *process, sd_event *event, uint64_t deadline_usec)
{
	int r = sd_event_add_io(event, &process->source, process->started.pidfd, EPOLLIN, on_ended,
				process);

	if (r >= 0 && deadline_usec > 0)
		r = sd_event_add_time_relative(event, &process->deadline, CLOCK_MONOTONIC,
					       deadline_usec, ACCURACY_USEC, on_deadline, process);
	return r < 0 ? r : 0;
}

int process_start(sd_event *event, const struct process_spec *spec, process_ended_t ended,
		  void *userdata, struct process **ret_process)
{
	_cleanup_(process_freep) struct process *process = calloc(1, sizeof(*process));
	int r = 0;

	if (!process)
		return -ENOMEM;
	process->started = (struct process_started)PROCESS_STARTED_NONE;
	process->end_signal = spec->end_signal ?: SIGKILL;
	process->ended = ended;
	process->userdata = userdata;
	r = process_spawn(spec, &process->started, NULL);
	if (r < 0)
		return r;
	r = watch(process, event, spec->deadline_usec);
	if (r < 0) {
		send_signal(process->started.pid, SIGKILL);
		(void)wait_until_ended(process->started.pidfd, KILLED_MS);
		(void)reap(&process->started);
		return r;
	}
	*ret_process = take_ptr(process);
	return 0;
}

/* --- without --- */

int process_run(const struct process_spec *spec, struct process_end *ret_end)
{
	_cleanup_(process_started_done) struct process_started started = PROCESS_STARTED_NONE;
	const int timeout_ms =
		spec->deadline_usec > 0 ? (int)(spec->deadline_usec / USEC_PER_MS) : -1;
	int r = process_spawn(spec, &started, NULL);

	if (r < 0)
		return r;
	r = wait_until_ended(started.pidfd, timeout_ms);
	*ret_end = (struct process_end){ .status = r };
	if (r < 0 && !spec->outlives_caller) {
		send_signal(started.pid, SIGKILL);
		if (wait_until_ended(started.pidfd, KILLED_MS) == 0)
			(void)reap(&started);
	}
	if (r == 0)
		ret_end->status = reap(&started);
	read_end(&started, ret_end);
	return 0;
}
