// SPDX-License-Identifier: GPL-2.0-or-later
// What a child does between clone and exec. It has one thread, a copy of the caller's memory, and
// nobody to tell but its errors: each step returns 0 or -errno and frees nothing.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "process-internal.h"

#define STREAMS 3
/* Kept aside while the others are numbered. */
#define OWN_FDS 4
/*
 * A uid's user namespaces are limited (init.c), and the one of a process that has ended counts
 * until the kernel has cleaned up behind it: there is room for that, and this is for when there is
 * not.
 */
#define USER_NAMESPACE_TRIES 200
#define USER_NAMESPACE_PAUSE_MS 10

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

static int make_session(struct process_opened *opened)
{
	if (opened->spec->run && opened->spec->name)
		(void)prctl(PR_SET_NAME, opened->spec->name);
	return or_errno(setsid());
}

/* An earlier holder may have left it to its session. */
static int take_terminal(struct process_opened *opened)
{
	const char *path = opened->spec->terminal;

	if (!path)
		return 0;
	/* A line without carrier detect would wait for a modem. */
	opened->terminal_fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (opened->terminal_fd < 0 || fcntl(opened->terminal_fd, F_SETFL, 0) < 0)
		return -errno;
	return or_errno(ioctl(opened->terminal_fd, TIOCSCTTY, 1));
}

static int name_host(struct process_opened *opened)
{
	const char *name = opened->spec->host_name;

	return name ? or_errno(sethostname(name, strlen(name))) : 0;
}

/* --- its fds --- */

static int error_fd(const struct process_opened *opened)
{
	return opened->error_fd >= 0 ? opened->error_fd : opened->spec->errors;
}

static int stream_fd(const struct process_opened *opened, int stream, int kept_fd)
{
	if (opened->terminal_fd >= 0)
		return opened->terminal_fd;
	switch (stream) {
	case PROCESS_NULL:
		return opened->null_fd;
	case PROCESS_KEPT:
		return kept_fd;
	case PROCESS_WITH_ERRORS:
		return stream_fd(opened, opened->spec->errors, opened->error_fd);
	}
	return stream;
}

static int move_fd(int fd, int first, int *ret_fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, first);

	if (moved < 0)
		return -errno;
	*ret_fd = moved;
	return 0;
}

/* The first number that is nobody's in the end. */
static int first_free(const struct process_spec *spec)
{
	int last = spec->program_number > STREAMS ? spec->program_number : STREAMS;

	for (size_t i = 0; i < spec->fd_count; i++)
		if (spec->fds[i].number > last)
			last = spec->fds[i].number;
	return last + 1;
}

/* Its own limit, which may be smaller, comes later. */
static int make_room(const struct process_spec *spec, int first)
{
	const rlim_t needed = (rlim_t)first + STREAMS + spec->fd_count + OWN_FDS;
	struct rlimit limit = {};

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur >= needed)
		return 0;
	limit.rlim_cur = needed;
	limit.rlim_max = limit.rlim_max > needed ? limit.rlim_max : needed;
	return or_errno(setrlimit(RLIMIT_NOFILE, &limit));
}

/* A number can be that of another fd which is still needed, so all go out of the way first. */
static int move_fds(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;
	const int streams[STREAMS] = {
		stream_fd(opened, spec->input, -EBADF),
		stream_fd(opened, spec->output, opened->output_fd),
		stream_fd(opened, spec->errors, opened->error_fd),
	};
	int *const own[OWN_FDS] = { &opened->error_fd, &opened->program_fd, &opened->caller_fd,
				    &opened->proc_fd };
	const int first = first_free(spec);
	int r = make_room(spec, first);

	for (size_t i = 0; r == 0 && i < STREAMS; i++)
		r = move_fd(streams[i], first, &opened->moved_fds[i]);
	for (size_t i = 0; r == 0 && i < spec->fd_count; i++)
		r = move_fd(spec->fds[i].fd, first, &opened->moved_fds[STREAMS + i]);
	for (size_t i = 0; r == 0 && i < OWN_FDS; i++)
		if (*own[i] >= 0)
			r = move_fd(*own[i], first, own[i]);
	return r;
}

/* Beyond what it may open, so that this number is its program's alone. */
static int number_program(struct process_opened *opened)
{
	const int number = opened->spec->program_number;

	if (number == 0)
		return 0;
	if (dup3(opened->program_fd, number, O_CLOEXEC) < 0)
		return -errno;
	opened->program_fd = number;
	return 0;
}

static int number_fds(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;
	int r = move_fds(opened);

	if (r < 0)
		return r;
	/* Whatever is open, exec closes it, but for what is numbered from here on. */
	if (close_range(STREAMS, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < STREAMS; i++)
		if (dup2(opened->moved_fds[i], i) < 0)
			return -errno;
	for (size_t i = 0; i < spec->fd_count; i++)
		if (dup2(opened->moved_fds[STREAMS + i], spec->fds[i].number) < 0)
			return -errno;
	if (opened->error_fd < 0 && spec->errors > 0)
		opened->error_fd = STDERR_FILENO;
	return number_program(opened);
}

/* There is no exec that does it. */
static int close_rest(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;
	unsigned int first = STREAMS;

	if (spec->program)
		return 0;
	for (size_t i = 0; i < spec->fd_count; i++) {
		unsigned int number = (unsigned int)spec->fds[i].number;

		if (number > first && close_range(first, number - 1, 0) < 0)
			return -errno;
		first = number + 1;
	}
	opened->error_fd = STDERR_FILENO;
	return or_errno(close_range(first, ~0U, 0));
}

/* --- its rights --- */

static int set_limits(struct process_opened *opened)
{
	if (opened->spec->uid != 0)
		(void)umask(077);
	return confine_set_limits(opened->spec->limits, opened->spec->limit_count);
}

/* A user namespace comes with all of it, so it has its own step. */
static int reduce_bounding_set(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;

	return spec->uid == 0 || spec->user_namespace_proc
		       ? 0
		       : confine_reduce_bounding_set(spec->capabilities);
}

static int change_user(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;

	if (spec->uid == 0)
		return 0;
	return spec->capabilities != 0 ? confine_change_user_keeping(spec->uid, spec->capabilities)
				       : confine_change_user(spec->uid);
}

/* It comes with every capability in it, which the next steps drop. */
static int enter_user_namespace(struct process_opened *opened)
{
	static const struct timespec pause = { .tv_nsec = USER_NAMESPACE_PAUSE_MS * 1000000L };

	if (!opened->spec->user_namespace_proc)
		return 0;
	for (int tries = USER_NAMESPACE_TRIES; unshare(CLONE_NEWUSER) < 0; tries--) {
		if ((errno != ENOSPC && errno != EUSERS) || tries == 0)
			return -errno;
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return 0;
}

/* The limit of whoever opens the file, which is in another namespace now: it can make none in it,
 * whatever uids may on the host. */
static int close_user_namespace(struct process_opened *opened)
{
	_cleanup_fd_ int fd = -EBADF;

	if (!opened->spec->user_namespace_proc)
		return 0;
	fd = openat(opened->proc_fd, PROCESS_NAMESPACE_LIMIT, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, "0", 1) == 1 ? 0 : -errno;
}

static int drop_bounding_set(struct process_opened *opened)
{
	return opened->spec->user_namespace_proc ? confine_drop_bounding_set() : 0;
}

static int drop_capabilities(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;

	return spec->uid == 0 || spec->capabilities != 0 ? 0 : confine_drop_capabilities();
}

/* After the user: the kernel forgets the signal with that. Then the caller may have ended already.
 */
static int end_with_caller(struct process_opened *opened)
{
	struct pollfd caller = { .fd = opened->caller_fd, .events = POLLIN };
	int r = 0;

	if (opened->spec->outlives_caller)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, (unsigned long)(opened->spec->end_signal ?: SIGKILL)) < 0)
		return -errno;
	r = poll(&caller, 1, 0);
	return r == 0 ? 0 : r < 0 ? -errno : -ESRCH;
}

static int forbid_new_privileges(struct process_opened *)
{
	return or_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int load_seccomp(struct process_opened *opened)
{
	const struct sock_fprog *program = opened->spec->seccomp;

	return program ? or_errno((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program))
		       : 0;
}

static int execute(struct process_opened *opened)
{
	static char *const none[] = { NULL };
	const struct process_spec *spec = opened->spec;
	char *const *environment =
		spec->environment ? (char *const *)(uintptr_t)spec->environment : none;

	if (!spec->program)
		return 0;
	if (opened->program_fd < 0)
		return or_errno(execve(spec->program, spec->argv, environment));
	return or_errno(execveat(opened->program_fd, "", spec->argv, environment, AT_EMPTY_PATH));
}

/* --- all of it --- */

static const struct {
	const char *name;
	int (*run)(struct process_opened *opened);
} steps[] = {
	{ "setting the host name", name_host },
	{ "numbering fds", number_fds },
	{ "setting limits", set_limits },
	{ "reducing the bounding set", reduce_bounding_set },
	{ "changing the user", change_user },
	{ "making a user namespace", enter_user_namespace },
	{ "closing its user namespace", close_user_namespace },
	{ "dropping the bounding set", drop_bounding_set },
	{ "dropping capabilities", drop_capabilities },
	{ "ending with its parent", end_with_caller },
	{ "forbidding new privileges", forbid_new_privileges },
	{ "closing fds", close_rest },
	{ "loading the seccomp filter", load_seccomp },
	{ "executing it", execute },
};

static int become(struct process_opened *opened, const char **ret_what)
{
	int r = 0;

	*ret_what = "resetting signals";
	r = confine_reset_signals();
	if (r == 0) {
		*ret_what = "making a session";
		r = make_session(opened);
	}
	if (r == 0) {
		*ret_what = "taking its terminal";
		r = take_terminal(opened);
	}
	if (r == 0)
		r = process_enter_root(opened, ret_what);
	for (size_t i = 0; r == 0 && i < ELEMENTS(steps); i++) {
		*ret_what = steps[i].name;
		r = steps[i].run(opened);
	}
	return r;
}

/* The C library does not know of this process: nothing here takes a lock or allocates. */
static void say(int fd, const char *what, int error)
{
	(void)dprintf(fd, "%s: %s\n", what, strerror(error));
}

void process_child(struct process_opened *opened)
{
	const char *what = NULL;
	int r = become(opened, &what);

	if (r < 0) {
		say(error_fd(opened), what, -r);
		/* By itself: a sanitizer's _exit() makes calls that a filter denies. */
		(void)syscall(SYS_exit_group, PROCESS_NOT_CONFINED);
		_exit(PROCESS_NOT_CONFINED);
	}
	r = opened->spec->run(opened->spec->data, &what);
	if (r < 0)
		say(STDERR_FILENO, what, -r);
	_exit(r == -ENOSPC || r == -EDQUOT ? PROCESS_NO_SPACE : r < 0 ? 1 : r);
}
