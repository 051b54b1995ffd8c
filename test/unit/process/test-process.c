// SPDX-License-Identifier: GPL-2.0-or-later
// Children of process.h as they are started, heard, watched, cancelled and supervised. Each call of
// the caller and of the child fails in turn. What confinement does is seen in test-image-child.c,
// test-net-dhcp.c and test-guest-confine.c.
// link: -Wl,--wrap=calloc,--wrap=malloc,--wrap=open,--wrap=memfd_create,--wrap=pidfd_open
// link: -Wl,--wrap=sd_event_add_io,--wrap=sd_event_add_time_relative,--wrap=waitid,--wrap=pread
// link: -Wl,--wrap=sigprocmask,--wrap=setsid,--wrap=fcntl,--wrap=close_range,--wrap=dup2
// link: -Wl,--wrap=prctl,--wrap=setrlimit,--wrap=execve,--wrap=confine_clone,--wrap=poll
#include "fake-tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "process/backoff.h"
#include "process/process.h"
#include "process/supervisor.h"
#include "process/uids.h"

#define SECOND UINT64_C(1000000)

static sd_event *event;

/* Of the caller and of the child. */
static struct shared {
	bool active, in_child;
	int call, fail_at;
	char failed[32];
} *shared;
static pid_t test_pid;

static bool fails(const char *name)
{
	if (!shared->active || shared->in_child != (getpid() != test_pid) ||
	    ++shared->call != shared->fail_at)
		return false;
	(void)snprintf(shared->failed, sizeof(shared->failed), "%s", name);
	errno = EIO;
	return true;
}

#define WRAP(type, name, failure, parameters, arguments)                       \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails(#name) ? (type)failure : __real_##name arguments; \
	}

WRAP(void *, calloc, 0, (size_t count, size_t size), (count, size))
WRAP(void *, malloc, 0, (size_t size), (size))
WRAP(int, memfd_create, -1, (const char *name, unsigned int flags), (name, flags))
WRAP(int, pidfd_open, -1, (pid_t pid, unsigned int flags), (pid, flags))
WRAP(int, confine_clone, -EIO, (uint64_t spaces, int cgroup_fd, pid_t *pid, int *pidfd),
     (spaces, cgroup_fd, pid, pidfd))
WRAP(int, sd_event_add_io, -EIO,
     (sd_event * e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t c, void *u),
     (e, s, fd, events, c, u))
WRAP(int, sd_event_add_time_relative, -EIO,
     (sd_event * e, sd_event_source **s, clockid_t clock, uint64_t usec, uint64_t accuracy,
      sd_event_time_handler_t c, void *u),
     (e, s, clock, usec, accuracy, c, u))
WRAP(int, waitid, -1, (idtype_t type, id_t id, siginfo_t *info, int options),
     (type, id, info, options))
WRAP(ssize_t, pread, -1, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(int, sigprocmask, -1, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(pid_t, setsid, -1, (void), ())
WRAP(int, close_range, -1, (unsigned int a, unsigned int b, int flags), (a, b, flags))
WRAP(int, dup2, -1, (int from, int to), (from, to))
WRAP(int, setrlimit, -1, (__rlimit_resource_t r, const struct rlimit *limit), (r, limit))
WRAP(int, execve, -1, (const char *path, char *const *a, char *const *e), (path, a, e))

/* Of the child alone: in the caller a poll is tried again. */
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return getpid() != test_pid && fails("poll") ? -1 : __real_poll(fds, count, timeout);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	return fails("open") ? -1 : __real_open(path, flags, 0600);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument = 0;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	va_list arguments;
	unsigned long argument = 0;

	va_start(arguments, option);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	/* A name is nothing to fail for. */
	if (option != PR_SET_NAME && fails("prctl"))
		return -1;
	return __real_prctl(option, argument, 0, 0, 0);
}

/* --- children --- */

static int say(const void *data, const char **)
{
	(void)dprintf(STDOUT_FILENO, "%s", (const char *)data);
	(void)dprintf(STDERR_FILENO, "first\x1b\nlast one\n");
	return 7;
}

static int fail_working(const void *, const char **ret_what)
{
	*ret_what = "working";
	return -ENOSPC;
}

static int sleep_long(const void *, const char **)
{
	while (pause() < 0)
		;
	return 0;
}

static int nap(const void *, const char **)
{
	(void)usleep(200000);
	return 3;
}

/* Which fds are open, and what 5 holds. */
static int list_fds(const void *, const char **)
{
	char text[16] = "";

	for (int fd = 0; fd < 1024; fd++)
		if (__real_fcntl(fd, F_GETFD) >= 0)
			(void)dprintf(STDOUT_FILENO, "%d ", fd);
	(void)!__real_pread(5, text, sizeof(text) - 1, 0);
	(void)dprintf(STDOUT_FILENO, "%s", text);
	return 0;
}

static struct process_spec spec;

static int setup(void **)
{
	sd_event_source *timer = NULL;

	*shared = (struct shared){};
	spec = (struct process_spec){
		.name = "child",
		.run = say,
		.data = "hello",
		.output = PROCESS_KEPT,
		.errors = PROCESS_KEPT,
	};
	if (sd_event_new(&event) < 0)
		return -1;
	/* The loop opens its timer fd with the first timer and keeps it: have it counted. */
	if (sd_event_add_time_relative(event, &timer, CLOCK_MONOTONIC, 0, 0, NULL, NULL) < 0)
		return -1;
	sd_event_source_disable_unref(timer);
	return 0;
}

static int teardown(void **)
{
	event = sd_event_unref(event);
	assert_no_child();
	return 0;
}

/* --- one --- */

static struct {
	int count, status;
	char output[64], line[64];
} told;

static void on_ended(const struct process_end *end, void *userdata)
{
	_cleanup_free_ char *line = process_end_last_line(end);

	assert_ptr_equal(userdata, &told);
	told.count++;
	told.status = end->status;
	(void)snprintf(told.output, sizeof(told.output), "%s", end->output ?: "(none)");
	(void)snprintf(told.line, sizeof(told.line), "%s", line ?: "(none)");
}

static int start(struct process **ret_process)
{
	memset(&told, 0, sizeof(told));
	return process_start(event, &spec, on_ended, &told, ret_process);
}

static void wait_for_end(void)
{
	for (int i = 0; i < 100 && told.count == 0; i++)
		assert_true(sd_event_run(event, SECOND) >= 0);
	assert_int_equal(told.count, 1);
}

static void settle(int fds)
{
	for (int i = 0; i < 100 && count_fds() != fds; i++)
		(void)sd_event_run(event, SECOND / 10);
	assert_int_equal(count_fds(), fds);
}

static void expect(int status, const char *output, const char *line)
{
	struct process *process = NULL;
	int fds = count_fds();

	assert_int_equal(start(&process), 0);
	assert_true(process_pid(process) > 0 && process_pidfd(process) >= 0);
	wait_for_end();
	assert_int_equal(told.status, status);
	assert_string_equal(told.output, output);
	assert_string_equal(told.line, line);
	assert_int_equal(count_fds(), fds);
}

static void test_function(void **)
{
	_cleanup_(process_end_done) struct process_end end = {};
	_cleanup_free_ char *line = NULL;

	expect(7, "hello", "last one");
	assert_int_equal(process_run(&spec, &end), 0);
	assert_int_equal(end.status, 7);
	assert_int_equal(end.output_length, 5);
	line = process_end_first_line(&end);
	assert_string_equal(line, "first?");
	spec.output = PROCESS_WITH_ERRORS;
	expect(7, "(none)", "last one");
	spec.output = spec.errors = PROCESS_NULL;
	expect(7, "(none)", "(none)");
	spec.errors = PROCESS_KEPT;
	spec.run = fail_working;
	expect(PROCESS_NO_SPACE, "(none)", "working: No space left on device");
}

static void test_program(void **)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "echo $0 $A; kill -9 $$" },
			 NULL };
	const char *const environment[] = { "A=b", NULL };

	spec.run = NULL;
	spec.program = "/bin/sh";
	spec.argv = argv;
	spec.environment = environment;
	expect(128 + SIGKILL, "sh b\n", "(none)");
	spec.program = "/no/such/program";
	expect(PROCESS_NOT_CONFINED, "", "executing it: No such file or directory");
	spec.run = say;
	assert_int_equal(start(NULL), -EINVAL);
}

static void test_fds(void **)
{
	_cleanup_fd_ int file_fd = memfd_create("five", 0), other_fd = memfd_create("three", 0);
	struct process_fd fds[] = { { other_fd, 3 }, { file_fd, 5 } };

	assert_int_equal(write(file_fd, "five", 4), 4);
	spec.run = list_fds;
	spec.fds = fds;
	spec.fd_count = ELEMENTS(fds);
	expect(0, "0 1 2 3 5 five", "(none)");
	/* A function's are in rising order. */
	fds[0].number = 5;
	assert_int_equal(start(NULL), -EINVAL);
	fds[0].number = 2;
	assert_int_equal(start(NULL), -EINVAL);
}

static void test_deadline(void **)
{
	struct process_end end = {};
	struct process *process = NULL;
	int fds = count_fds(), status = 0;
	pid_t pid = 0;

	spec.run = sleep_long;
	spec.deadline_usec = SECOND / 50;
	assert_int_equal(start(&process), 0);
	pid = process_pid(process);
	wait_for_end();
	assert_int_equal(told.status, -ETIMEDOUT);
	settle(fds);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(process_run(&spec, &end), 0);
	assert_int_equal(end.status, -ETIMEDOUT);
	process_end_done(&end);
	assert_no_child();
	/* What outlives its caller is left alone. */
	spec.run = nap;
	spec.outlives_caller = true;
	assert_int_equal(process_run(&spec, &end), 0);
	assert_int_equal(end.status, -ETIMEDOUT);
	process_end_done(&end);
	assert_int_equal(count_fds(), fds);
	assert_true(waitpid(-1, &status, 0) > 0);
	assert_int_equal(status, 3 << 8);
}

static void test_cancel(void **)
{
	struct process *process = NULL;
	int fds = count_fds();

	process_cancel(NULL);
	spec.run = sleep_long;
	assert_int_equal(start(&process), 0);
	process_cancel(process);
	settle(fds);
	/* One that is asked to end is the loop's until it has. */
	spec.end_signal = SIGTERM;
	assert_int_equal(start(&process), 0);
	process_cancel(process);
	settle(fds);
	/* And goes with the loop. */
	assert_int_equal(start(&process), 0);
	process_cancel(process);
	event = sd_event_unref(event);
	assert_true(waitpid(-1, NULL, 0) > 0);
	assert_int_equal(told.count, 0);
}

static int start_and_die(const void *, const char **)
{
	struct process_end end = {};

	spec.run = sleep_long;
	spec.data = NULL;
	(void)process_run(&spec, &end);
	return 0;
}

/* Who is killed takes its children along, also those of its children. */
static void test_ends_with_caller(void **)
{
	_cleanup_fd_ int read_fd = -EBADF, write_fd = -EBADF;
	struct process *process = NULL;
	int fds[2] = {}, open_fds = 0;
	char byte = 0;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	read_fd = fds[0];
	write_fd = fds[1];
	open_fds = count_fds() - 1;
	spec.run = start_and_die;
	/* Both have it, and nobody else once it is closed here. */
	spec.fds = &(struct process_fd){ write_fd, 3 };
	spec.fd_count = 1;
	assert_int_equal(start(&process), 0);
	write_fd = fd_close(write_fd);
	process_cancel(process);
	assert_int_equal(__real_poll(&(struct pollfd){ .fd = read_fd, .events = POLLIN }, 1, 10000),
			 1);
	assert_int_equal(read(read_fd, &byte, 1), 0);
	settle(open_fds);
}

static void test_adopt(void **)
{
	struct process *process = NULL;
	uint64_t start_time = 0;
	int pidfd = -EBADF, fds = count_fds();
	pid_t pid = 0;

	spec.run = sleep_long;
	assert_int_equal(start(&process), 0);
	pid = process_pid(process);
	assert_int_equal(process_start_time(pid, &start_time), 0);
	assert_int_equal(process_adopt(pid, start_time + 1, &pidfd), -ESRCH);
	assert_int_equal(process_adopt(0, start_time, &pidfd), -ESRCH);
	assert_int_equal(process_adopt(pid, start_time, &pidfd), 0);
	(void)close(pidfd);
	process_cancel(process);
	settle(fds);
	assert_int_equal(process_adopt(pid, start_time, &pidfd), -ESRCH);
	assert_int_equal(process_start_time(pid, &start_time), -ESRCH);
}

/* --- kept running --- */

static struct {
	struct supervisor *supervisor;
	int starts, ends, fail_starts;
	uint64_t delays[8], previous[8];
	int statuses[8], errors[8];
} kept;

static int on_start(struct supervisor *supervisor, void *userdata)
{
	assert_ptr_equal(userdata, &kept);
	kept.starts++;
	if (kept.fail_starts-- > 0)
		return -EIO;
	return supervisor_spawn(supervisor, &spec);
}

static void on_kept_ended(const struct supervisor_end *end, void *userdata)
{
	assert_ptr_equal(userdata, &kept);
	kept.delays[kept.ends] = end->delay_usec;
	kept.previous[kept.ends] = end->previous_usec;
	kept.errors[kept.ends] = end->error;
	kept.statuses[kept.ends++] = end->end ? end->end->status : 0;
}

static void test_supervisor(void **)
{
	const struct supervisor_settings settings = {
		.backoff = { .min_usec = 1000, .max_usec = 4000, .held_usec = 60 * SECOND },
		.start = on_start,
		.ended = on_kept_ended,
		.userdata = &kept,
	};
	static const uint64_t delays[] = { 1000, 2000, 4000, 4000 };
	int fds = count_fds();

	memset(&kept, 0, sizeof(kept));
	kept.fail_starts = 1;
	assert_int_equal(supervisor_new(event, &settings, &kept.supervisor), 0);
	assert_false(supervisor_is_active(kept.supervisor));
	assert_int_equal(supervisor_start(kept.supervisor), -EIO);
	assert_true(supervisor_is_active(kept.supervisor));
	assert_false(supervisor_runs(kept.supervisor));
	while (kept.ends < 4)
		assert_true(sd_event_run(event, SECOND) >= 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(kept.delays[i], delays[i]);
		assert_int_equal(kept.previous[i], i == 0 ? 0 : delays[i - 1]);
		assert_int_equal(kept.statuses[i], i == 0 ? 0 : 7);
		assert_int_equal(kept.errors[i], i == 0 ? -EIO : 0);
	}
	/* In place of one that runs, which is not told of. */
	spec.run = sleep_long;
	assert_int_equal(supervisor_start(kept.supervisor), 0);
	assert_true(supervisor_runs(kept.supervisor));
	assert_int_equal(supervisor_start(kept.supervisor), 0);
	supervisor_stop(kept.supervisor);
	assert_false(supervisor_is_active(kept.supervisor));
	assert_int_equal(kept.ends, 4);
	assert_int_equal(kept.starts, 6);
	supervisor_free(kept.supervisor);
	supervisor_free(NULL);
	settle(fds);
}

static void test_backoff(void **)
{
	static const struct backoff backoff = { 1000, 60000, 60000 };
	uint64_t delay = 0, sum = 0;

	for (unsigned int i = 0; i < 10; i++) {
		delay = backoff_next(&backoff, delay, 5);
		sum += delay;
	}
	assert_int_equal(delay, 60000);
	assert_int_equal(sum, 1000 + 2000 + 4000 + 8000 + 16000 + 32000 + 4 * 60000);
	assert_int_equal(backoff_next(&backoff, 60000, 60000), 1000);
	assert_int_equal(backoff_next(&backoff, UINT64_MAX, 0), 60000);
}

/* Nobody's uid is another's, and no guest's. */
static void test_uids(void **)
{
	static const uid_t uids[] = { PROCESS_UID_DASHBOARD, PROCESS_UID_NOBODY, PROCESS_UID_DHCP,
				      PROCESS_UID_SCREEN, PROCESS_UID_IMAGES };

	for (size_t i = 0; i < ELEMENTS(uids); i++) {
		assert_in_range(uids[i], 1, PROCESS_UID_GUEST_FIRST - 1);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(uids[i], uids[j]);
	}
}

/* --- every call fails --- */

static bool try_at(int n, bool in_child)
{
	static const struct confine_limit limit = { RLIMIT_CORE, 0 };
	struct process *process = NULL;
	int fds = count_fds(), r = 0;

	spec.limits = &limit;
	spec.limit_count = 1;
	spec.deadline_usec = 60 * SECOND;
	*shared = (struct shared){ .active = true, .in_child = in_child, .fail_at = n };
	r = start(&process);
	if (r == 0)
		wait_for_end();
	shared->active = false;
	if (shared->call < n)
		assert_true(r == 0 && told.status == 7);
	else if (in_child)
		assert_true(told.status == PROCESS_NOT_CONFINED);
	/* What it said is lost alone; or how it ended. */
	else if (strcmp(shared->failed, "malloc") != 0 && strcmp(shared->failed, "pread") != 0)
		assert_true(r < 0 || told.status == -EIO);
	if (in_child && told.status == PROCESS_NOT_CONFINED)
		assert_non_null(strstr(told.line, ": Input/output error"));
	assert_int_equal(count_fds(), fds);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return shared->call >= n;
}

static void test_every_call_fails(void **)
{
	int n = 1;

	while (try_at(n, false))
		n++;
	assert_true(n > 10);
	n = 1;
	while (try_at(n, true))
		n++;
	assert_true(n > 14);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_function),
		TEST(test_program),
		TEST(test_fds),
		TEST(test_deadline),
		TEST(test_cancel),
		TEST(test_ends_with_caller),
		TEST(test_adopt),
		TEST(test_supervisor),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_uids),
		TEST(test_every_call_fails),
	};

	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;
	*shared = (struct shared){};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
