// SPDX-License-Identifier: GPL-2.0-or-later
// A short-lived child that works on a disk. The event loop watches its pidfd: what it found is in
// the pipe when it has ended.
#include "disk-child.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"

#define KILLED_MS 20
#define CHILD_PIPE_FD 3
#define OUTPUT_BYTES_MAX 4096
/* Of a program that cannot be executed, as a shell has it. */
#define STATUS_NOT_EXECUTED 127

struct disk_child {
	disk_child_done_t done; /* NULL: cancelled */
	void *userdata;
	pid_t pid;
	int pipe_fd; /* owned */
	sd_event_source *ended; /* on the pidfd, which it owns */
};

/* --- in the child --- */

void disk_child_fail(struct disk_child_answer *answer, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(answer->why, sizeof(answer->why), format, arguments);
	va_end(arguments);
	answer->error = error;
}

static void reset_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
}

/* Its own process group, so that what it runs is killed with it. */
[[noreturn]] static void child(const struct disk_child_work *work, pid_t hostd, int pipe_fd)
{
	struct disk_child_answer answer = {};

	(void)prctl(PR_SET_NAME, work->name);
	(void)setpgid(0, 0);
	reset_signals();
	if (work->ends_with_hostd) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != hostd)
			_exit(1);
	}
	if (dup2(pipe_fd, CHILD_PIPE_FD) < 0)
		_exit(1);
	(void)fcntl(CHILD_PIPE_FD, F_SETFD, FD_CLOEXEC);
	(void)close_range(CHILD_PIPE_FD + 1, ~0U, 0);
	work->run(work->data, &answer);
	_exit(write(CHILD_PIPE_FD, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
}

[[noreturn]] static void execute(const char *const argv[], int output_fd, pid_t parent)
{
	static char *const environment[] = { NULL };
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(output_fd, STDOUT_FILENO) < 0 || dup2(output_fd, STDERR_FILENO) < 0)
		_exit(STATUS_NOT_EXECUTED);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	(void)execve(argv[0], (char *const *)(uintptr_t)argv, environment);
	(void)dprintf(STDERR_FILENO, "%s cannot be run: %s\n", argv[0], strerrordesc_np(errno));
	_exit(STATUS_NOT_EXECUTED);
}

/* The line that says what failed; what follows is advice that is of no use here. */
static void read_first_line(int fd, char *line, size_t size)
{
	char text[OUTPUT_BYTES_MAX + 1];
	ssize_t length = pread(fd, text, OUTPUT_BYTES_MAX, 0);
	const char *first = text;

	line[0] = '\0';
	if (length <= 0)
		return;
	text[length] = '\0';
	first += strspn(text, " \t\r\n");
	(void)snprintf(line, size, "%.*s", (int)strcspn(first, "\r\n"), first);
	for (char *c = line; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = ' ';
}

int disk_child_execute(const char *const argv[], char *line, size_t line_size)
{
	_cleanup_fd_ int output_fd = memfd_create("output", MFD_CLOEXEC);
	pid_t self = getpid(), pid = -1;
	int status = 0;

	if (output_fd < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		execute(argv, output_fd, self);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	read_first_line(output_fd, line, line_size);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- in hostd --- */

static void child_free(struct disk_child *child)
{
	if (!child)
		return;
	sd_event_source_disable_unref(child->ended);
	(void)fd_close(child->pipe_fd);
	free(child);
}
DEFINE_CLEANUP(struct disk_child *, child_free);

/* Before setpgid() there is no such group, and nothing but the child. */
static void kill_child(pid_t pid)
{
	if (kill(-pid, SIGKILL) < 0)
		(void)kill(pid, SIGKILL);
}

static void read_answer(int pipe_fd, struct disk_child_answer *answer)
{
	if (read(pipe_fd, answer, sizeof(*answer)) != (ssize_t)sizeof(*answer)) {
		*answer = (struct disk_child_answer){};
		disk_child_fail(answer, -EIO, "the process that works on it was killed");
	}
	answer->why[sizeof(answer->why) - 1] = '\0';
}

static void finish(struct disk_child *child)
{
	disk_child_done_t done = child->done;
	void *userdata = child->userdata;
	struct disk_child_answer answer;

	read_answer(child->pipe_fd, &answer);
	(void)waitpid(child->pid, NULL, WNOHANG);
	child_free(child);
	if (done)
		done(&answer, userdata);
}

static int on_ended(sd_event_source *, int, uint32_t, void *userdata)
{
	finish(userdata);
	return 0;
}

/* A killed child is gone at once, unless it hangs in the kernel: on_ended() reaps that one. */
void disk_child_cancel(struct disk_child *child)
{
	struct pollfd ended = {};

	if (!child)
		return;
	child->done = NULL;
	kill_child(child->pid);
	ended = (struct pollfd){ .fd = sd_event_source_get_io_fd(child->ended), .events = POLLIN };
	if (poll(&ended, 1, KILLED_MS) > 0)
		finish(child);
}

static int fork_child(const struct disk_child_work *work, pid_t *ret_pid, int *ret_pipe_fd,
		      int *ret_pid_fd)
{
	_cleanup_fd_ int read_fd = -EBADF, write_fd = -EBADF, pid_fd = -EBADF;
	int fds[2] = { -EBADF, -EBADF }, r = 0;
	pid_t self = getpid(), pid = -1;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(work, self, write_fd);
	pid_fd = pidfd_open(pid, 0);
	if (pid_fd < 0) {
		r = -errno;
		kill_child(pid);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	*ret_pid = pid;
	*ret_pipe_fd = take_fd(&read_fd);
	*ret_pid_fd = take_fd(&pid_fd);
	return 0;
}

int disk_child_start(sd_event *event, const struct disk_child_work *work, disk_child_done_t done,
		     void *userdata, struct disk_child **ret_child)
{
	_cleanup_(child_freep) struct disk_child *child = calloc(1, sizeof(*child));
	_cleanup_fd_ int pid_fd = -EBADF;
	int r = 0;

	if (!child)
		return -ENOMEM;
	child->done = done;
	child->userdata = userdata;
	child->pipe_fd = -EBADF;
	r = fork_child(work, &child->pid, &child->pipe_fd, &pid_fd);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &child->ended, pid_fd, EPOLLIN, on_ended, child);
	if (r < 0) {
		kill_child(child->pid);
		(void)waitpid(child->pid, NULL, 0);
		return r;
	}
	(void)sd_event_source_set_io_fd_own(child->ended, true);
	(void)take_fd(&pid_fd);
	*ret_child = take_ptr(child);
	return 0;
}

int disk_child_run(const struct disk_child_work *work, int timeout_ms,
		   struct disk_child_answer *ret_answer)
{
	_cleanup_fd_ int pipe_fd = -EBADF, pid_fd = -EBADF;
	struct pollfd ended = { .events = POLLIN };
	pid_t pid = -1;
	int r = fork_child(work, &pid, &pipe_fd, &pid_fd);

	if (r < 0)
		return r;
	ended.fd = pid_fd;
	do
		r = poll(&ended, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r == 0 && work->ends_with_hostd)
		kill_child(pid);
	if (r == 0)
		return -ETIMEDOUT;
	(void)waitpid(pid, NULL, 0);
	read_answer(pipe_fd, ret_answer);
	return ret_answer->error;
}
