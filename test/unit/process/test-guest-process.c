// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU as a process, with the kernel's privileged half faked: each call of hostd and of the child
// fails in turn. What the confinement really does is in test-guest-confine.c.
#include "guest-process-fixture.h"

static void test_start(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1, adopted = -1;
	pid_t pid = 0;

	setup(&f);
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), 0);
	assert_true(pid > 0 && pidfd >= 0 && start_time > 0);
	assert_int_equal(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(guest_process_adopt(pid, start_time, &adopted), 0);
	(void)close(adopted);
	assert_int_equal(wait_status(pid, pidfd), 0);
	assert_int_equal(guest_process_adopt(pid, start_time, &adopted), -ESRCH);
	(void)close(pidfd);
	teardown(&f);
}

/* What may fail without a consequence: limits that this kernel may not have. */
static bool is_tolerated(void)
{
	return strncmp(shared->detail, "cgroup.", 7) == 0 ||
	       strncmp(shared->detail, "memory.", 7) == 0 ||
	       strncmp(shared->detail, "hugetlb.", 8) == 0 ||
	       strncmp(shared->detail, "cpu.", 4) == 0 || strncmp(shared->detail, "io.", 3) == 0 ||
	       strncmp(shared->detail, "pids.", 5) == 0;
}

/* The child says it itself. */
static void assert_child_failed(int status)
{
	_cleanup_free_ char *tail = guest_process_stderr_tail("web");

	if (status == 0)
		fail_msg("%s %s failed unnoticed", shared->failed, shared->detail);
	assert_int_equal(status, PROCESS_NOT_CONFINED << 8);
	assert_non_null(strstr(tail, ": Input/output error"));
}

static void check_failure(struct fixture *f)
{
	uint64_t start_time = 7;
	int pidfd = 7, r = 0;
	pid_t pid = 7;

	f->log[0] = '\0';
	r = start(f, &pid, &pidfd, &start_time);
	if (r == 0) {
		int status = wait_status(pid, pidfd);

		if (shared->failed[0] && !is_tolerated())
			assert_child_failed(status);
		else
			assert_int_equal(status, 0);
		(void)close(pidfd);
	} else {
		assert_int_equal(r, strcmp(shared->failed, "calloc") == 0 ? -ENOMEM : -EIO);
		assert_true(pid == 7 && pidfd == 7 && start_time == 7);
		if (r != -ENOMEM)
			assert_non_null(strstr(f->log, "guest web: QEMU is not started: "));
	}
	assert_no_child();
	if (count_fds() != f->fd_count)
		fail_msg("after %s %s: %d fds and not %d", shared->failed, shared->detail,
			 count_fds(), f->fd_count);
}

static void test_each_call_of_hostd_fails(void **)
{
	int at = 0, failures = 0;

	do {
		struct fixture f;

		setup(&f);
		shared->fail_at_hostd = ++at;
		check_failure(&f);
		failures += f.log[0] != '\0';
		teardown(&f);
	} while (shared->failed[0]);
	assert_true(at > 20 && failures > 10);
}

static void test_each_call_of_the_child_fails(void **)
{
	int at = 0;

	for (int no_pivot = 0; no_pivot < 2; no_pivot++) {
		at = 0;
		do {
			struct fixture f;

			setup(&f);
			fake.no_pivot = no_pivot;
			shared->fail_at_child = ++at;
			check_failure(&f);
			teardown(&f);
		} while (shared->failed[0]);
		assert_true(at > 50);
	}
}

/* The child ends before it is QEMU, with one line on its stderr. */
static void assert_not_executed(struct fixture *f, const char *line)
{
	_cleanup_free_ char *tail = NULL;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	assert_int_equal(start(f, &pid, &pidfd, &start_time), 0);
	assert_int_equal(wait_status(pid, pidfd), PROCESS_NOT_CONFINED << 8);
	(void)close(pidfd);
	tail = guest_process_stderr_tail("web");
	assert_string_equal(tail, line);
}

static void test_steps_have_names(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	f.spec.executable = "/etc/passwd"; /* is no program */
	assert_not_executed(&f, "executing it: Permission denied");
	f.spec.executable = "/no/qemu";
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -ENOENT);
	assert_string_equal(f.log,
			    "guest web: QEMU is not started: /no/qemu: No such file or directory");
	teardown(&f);
}

/* A restart is quicker than the kernel, which has still to take the last user namespace away. */
static void test_user_namespace_is_late(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	fake.namespaces_left = 3;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), 0);
	assert_int_equal(wait_status(pid, pidfd), 0);
	(void)close(pidfd);
	teardown(&f);
	setup(&f);
	fake.namespaces_left = -1;
	assert_not_executed(&f, "making a user namespace: No space left on device");
	teardown(&f);
}

static void test_child_is_killed(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	fake.killed = true;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), 0);
	assert_int_equal(wait_status(pid, pidfd), SIGKILL);
	(void)close(pidfd);
	teardown(&f);
}

static void test_wrong_specs(void **)
{
	static char *const no_argv[] = { NULL };
	/* uids 0 and -1, and others that no guest should have. */
	static const unsigned int indices[] = { 0U - PROCESS_UID_GUEST_FIRST,
						UINT32_MAX - PROCESS_UID_GUEST_FIRST,
						PROCESS_GUEST_INDEX_MAX + 1, UINT32_MAX };
	static const char *const paths[] = { "kernel", "/", "", "/a/b", "/..", "/." };
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1, folder = -1;
	pid_t pid = 0;

	setup(&f);
	f.spec.name = "../x";
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	f.spec.name = "web";
	for (size_t i = 0; i < ELEMENTS(indices); i++) {
		f.spec.index = indices[i];
		assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	}
	f.spec.index = 0;
	f.spec.argv = no_argv;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	f.spec.argv = f.argv;
	for (size_t i = 0; i < ELEMENTS(paths); i++) {
		f.files[1].path = paths[i];
		assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	}
	f.files[1].path = "/initrd";
	for (int number = -1; number < 3; number++) {
		f.fds[1].number = number;
		assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	}
	f.fds[1].number = GUEST_PROCESS_FD_NUMBER_MAX;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	f.fds[1].number = f.fds[0].number;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EINVAL);
	f.fds[1] = (struct process_fd){ -1, 9 };
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EBADF);
	folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f.fds[1] = (struct process_fd){ folder, 9 };
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EISDIR);
	(void)close(folder);
	teardown(&f);
}

/* --- a process that is there --- */

static pid_t fork_waiting(const char *name)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)__real_prctl(PR_SET_NAME, name, 0, 0, 0);
		(void)__real_prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			(void)pause();
	}
	return pid;
}

static uint64_t start_time_of(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long value = 0;
	FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	(void)fclose(file);
	assert_int_equal(sscanf(strrchr(text, ')'),
				") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				"%*s %*s %*s %*s %llu",
				&value),
			 1);
	return value;
}

static void test_adopt(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1, status = 0;
	pid_t pid = 0;

	setup(&f);
	pid = fork_waiting(") S 1 2 (3");
	start_time = start_time_of(pid);
	assert_int_equal(guest_process_adopt(pid, start_time + 1, &pidfd), -ESRCH);
	assert_int_equal(guest_process_adopt(pid, 0, &pidfd), -ESRCH);
	assert_int_equal(guest_process_adopt(0, start_time, &pidfd), -ESRCH);
	assert_int_equal(guest_process_adopt(-1, start_time, &pidfd), -ESRCH);
	assert_int_equal(pidfd, -1);
	assert_int_equal(guest_process_adopt(pid, start_time, &pidfd), 0);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), -EAGAIN);
	assert_int_equal(pidfd_send_signal(pidfd, SIGTERM, NULL, 0), 0);
	assert_int_equal(wait_status(pid, pidfd), SIGTERM);
	assert_int_equal(guest_process_adopt(pid, start_time, &pidfd), -ESRCH);
	(void)close(pidfd);

	/* Not a child of ours. */
	pidfd = -1;
	assert_int_equal(guest_process_adopt(getppid(), start_time_of(getppid()), &pidfd), 0);
	assert_int_equal(guest_process_exit_status(getppid(), pidfd, &status), -ECHILD);
	(void)close(pidfd);
	teardown(&f);
}

static void test_adopt_fails(void **)
{
	struct fixture f;
	uint64_t start_time = start_time_of(getpid());
	int at = 0, r = 0;

	setup(&f);
	do {
		int pidfd = -1;

		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_adopt(getpid(), start_time, &pidfd);
		fake.active = false;
		if (r == 0)
			(void)close(pidfd);
		assert_int_equal(count_fds(), f.fd_count);
	} while (r < 0);
	assert_true(at > 2);
	teardown(&f);
}

static void test_exit_status(void **)
{
	struct fixture f;
	pid_t pid = 0;
	int pidfd = -1;

	setup(&f);
	for (int status = 0; status < 256; status += 51) {
		pid = fork();
		if (pid == 0)
			_exit(status);
		pidfd = pidfd_open(pid, 0);
		assert_int_equal(wait_status(pid, pidfd), status << 8);
		(void)close(pidfd);
	}
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_each_call_of_hostd_fails),
		cmocka_unit_test(test_each_call_of_the_child_fails),
		cmocka_unit_test(test_steps_have_names),
		cmocka_unit_test(test_user_namespace_is_late),
		cmocka_unit_test(test_child_is_killed),
		cmocka_unit_test(test_wrong_specs),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_adopt_fails),
		cmocka_unit_test(test_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
