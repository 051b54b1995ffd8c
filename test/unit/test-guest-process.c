// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU as a process, with the kernel's privileged half faked: each call of hostd and of the child
// fails in turn. What the confinement really does is in test-guest-confine.c.
// link: -Wl,--wrap=open,--wrap=openat,--wrap=mkdir,--wrap=mkdirat,--wrap=mount,--wrap=umount2
// link: -Wl,--wrap=pipe2,--wrap=syscall,--wrap=poll,--wrap=socket,--wrap=bind,--wrap=listen
// link: -Wl,--wrap=open_tree,--wrap=mount_setattr,--wrap=move_mount,--wrap=calloc,--wrap=fstat
// link: -Wl,--wrap=sigprocmask,--wrap=setsid,--wrap=chdir,--wrap=chroot,--wrap=read
// link: -Wl,--wrap=sethostname,--wrap=fcntl,--wrap=dup2,--wrap=dup3,--wrap=close_range
// link: -Wl,--wrap=setrlimit,--wrap=setgroups,--wrap=setresgid,--wrap=setresuid,--wrap=prctl
// link: -Wl,--wrap=execveat,--wrap=pidfd_open,--wrap=waitid,--wrap=unshare,--wrap=clock_nanosleep
// link: -Wl,--wrap=write
#include "fake-tree.h"

#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "guest/guest-confine.h"
#include "guest/guest-process.h"

enum ending { ENDING_EXEC, ENDING_HANG, ENDING_KILLED };

/* Of this process, hostd or the child. */
static struct {
	bool active, in_child;
	int call;
	enum ending ending;
	bool no_pivot;
	int namespaces_left; /* so many tries find the last one's still there; < 0: for ever */
} fake;

/* Of both. */
static struct shared {
	int fail_at_hostd, fail_at_child;
	int calls_child;
	char failed[64], detail[64]; /* the call that failed */
} *shared;

static bool fails(const char *name, const char *detail)
{
	if (!fake.active)
		return false;
	fake.call++;
	if (fake.in_child)
		shared->calls_child = fake.call;
	if (fake.call != (fake.in_child ? shared->fail_at_child : shared->fail_at_hostd))
		return false;
	(void)snprintf(shared->failed, sizeof(shared->failed), "%s", name);
	(void)snprintf(shared->detail, sizeof(shared->detail), "%s", detail ? detail : "");
	errno = EIO;
	return true;
}

/* Calls that do what they do, or fail. */
#define WRAP(type, name, detail, parameters, arguments)                             \
	type __real_##name parameters;                                              \
	type __wrap_##name parameters;                                              \
	type __wrap_##name parameters                                               \
	{                                                                           \
		return fails(#name, detail) ? (type) - 1 : __real_##name arguments; \
	}

/* Calls that do nothing here, or fail. */
#define WRAP_AWAY(name, detail, parameters)           \
	int __wrap_##name parameters;                 \
	int __wrap_##name parameters                  \
	{                                             \
		return fails(#name, detail) ? -1 : 0; \
	}

WRAP(int, mkdir, path, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, path, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, chdir, path, (const char *path), (path))
WRAP(int, pipe2, NULL, (int fds[2], int flags), (fds, flags))
WRAP(int, socket, NULL, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, bind, NULL, (int fd, const struct sockaddr *address, socklen_t length),
     (fd, address, length))
WRAP(int, listen, NULL, (int fd, int backlog), (fd, backlog))
WRAP(int, fstat, NULL, (int fd, struct stat *status), (fd, status))
WRAP(int, sigprocmask, NULL, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(pid_t, setsid, NULL, (void), ())
WRAP(int, dup2, NULL, (int from, int to), (from, to))
WRAP(int, dup3, NULL, (int from, int to, int flags), (from, to, flags))
WRAP(int, close_range, NULL, (unsigned int first, unsigned int last, int flags),
     (first, last, flags))
WRAP(int, pidfd_open, NULL, (pid_t pid, unsigned int flags), (pid, flags))
WRAP(int, waitid, NULL, (idtype_t type, id_t id, siginfo_t *info, int options),
     (type, id, info, options))
WRAP(ssize_t, read, NULL, (int fd, void *data, size_t length), (fd, data, length))
WRAP(ssize_t, write, NULL, (int fd, const void *data, size_t length), (fd, data, length))
WRAP_AWAY(mount, target,
	  (const char *source [[maybe_unused]], const char *target,
	   const char *type [[maybe_unused]], unsigned long flags [[maybe_unused]],
	   const void *data [[maybe_unused]]))
WRAP_AWAY(move_mount, to,
	  (int from_fd [[maybe_unused]], const char *from [[maybe_unused]],
	   int to_fd [[maybe_unused]], const char *to, unsigned int flags [[maybe_unused]]))
WRAP_AWAY(mount_setattr, NULL,
	  (int fd [[maybe_unused]], const char *path [[maybe_unused]],
	   unsigned int flags [[maybe_unused]], struct mount_attr *attributes [[maybe_unused]],
	   size_t size [[maybe_unused]]))
WRAP_AWAY(chroot, path, (const char *path))
WRAP_AWAY(sethostname, name, (const char *name, size_t length [[maybe_unused]]))
WRAP_AWAY(setrlimit, NULL,
	  (int resource [[maybe_unused]], const struct rlimit *limit [[maybe_unused]]))
WRAP_AWAY(setgroups, NULL, (size_t count [[maybe_unused]], const gid_t *groups [[maybe_unused]]))
WRAP_AWAY(setresgid, NULL,
	  (gid_t r [[maybe_unused]], gid_t e [[maybe_unused]], gid_t s [[maybe_unused]]))
WRAP_AWAY(setresuid, NULL,
	  (uid_t r [[maybe_unused]], uid_t e [[maybe_unused]], uid_t s [[maybe_unused]]))

int __wrap_unshare(int flags);
int __wrap_unshare(int flags)
{
	assert_int_equal(flags, CLONE_NEWUSER);
	if (fails("unshare", NULL))
		return -1;
	if (fake.namespaces_left == 0)
		return 0;
	if (fake.namespaces_left > 0)
		fake.namespaces_left--;
	errno = ENOSPC;
	return -1;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
			   struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock [[maybe_unused]], int flags [[maybe_unused]],
			   const struct timespec *time, struct timespec *left [[maybe_unused]])
{
	assert_true(time->tv_sec == 0 && time->tv_nsec > 0);
	return 0;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	return fails("open", path) ? -1 : __real_open(path, flags, 0600);
}

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return fails("openat", path) ? -1 : __real_openat(fd, path, flags, 0600);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	if (!fails("calloc", NULL))
		return __real_calloc(count, size);
	errno = ENOMEM;
	return NULL;
}

int __wrap_umount2(const char *path, int flags);
int __wrap_umount2(const char *path, int flags [[maybe_unused]])
{
	if (fails("umount2", path))
		return -1;
	if (fake.in_child)
		return 0;
	errno = EINVAL; /* nothing is mounted there */
	return -1;
}

int __wrap_open_tree(int fd, const char *path, unsigned int flags);
int __wrap_open_tree(int fd [[maybe_unused]], const char *path, unsigned int flags [[maybe_unused]])
{
	return fails("open_tree", path) ? -1 : __real_open("/", O_PATH | O_CLOEXEC);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument = 0;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	return fails("fcntl", NULL) ? -1 : __real_fcntl(fd, command, argument);
}

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	if (fails("poll", NULL))
		return -1;
	/* The first wait of a start: five seconds pass. */
	if (fake.active && fake.ending == ENDING_HANG) {
		fake.ending = ENDING_EXEC;
		return 0;
	}
	return __real_poll(fds, count, timeout_ms);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	unsigned long argument = 0;
	va_list arguments;

	va_start(arguments, option);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	if (fails("prctl", NULL))
		return -1;
	if (!fake.active)
		return __real_prctl(option, argument, 0, 0, 0);
	if (option == PR_CAPBSET_DROP && argument > 5) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	struct clone_args *arguments = NULL;
	long argument[2], result = 0;
	va_list list;

	va_start(list, number);
	argument[0] = va_arg(list, long);
	argument[1] = va_arg(list, long);
	va_end(list);
	/* It fails for SIGKILL and SIGSTOP only, and that is expected. */
	if (number == SYS_rt_sigaction)
		return 0;
	if (!fake.active)
		return __real_syscall(number, argument[0], argument[1]);
	if (fails("syscall", number == SYS_clone3 ? "clone3" : "other"))
		return -1;
	if (number == SYS_pivot_root && fake.no_pivot) {
		errno = EINVAL;
		return -1;
	}
	if (number != SYS_clone3)
		return 0;
	arguments = (struct clone_args *)argument[0];
	assert_int_equal(arguments->flags & ~(unsigned long)(CLONE_NEWNET | CLONE_INTO_CGROUP),
			 CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS);
	arguments->flags = CLONE_PIDFD;
	arguments->cgroup = 0;
	result = __real_syscall(number, argument[0], argument[1]);
	if (result == 0) {
		fake.in_child = true;
		fake.call = 0;
	}
	return result;
}

int __real_execveat(int fd, const char *path, char *const argv[], char *const environment[],
		    int flags);
int __wrap_execveat(int fd, const char *path, char *const argv[], char *const environment[],
		    int flags);
int __wrap_execveat(int fd, const char *path, char *const argv[], char *const environment[],
		    int flags)
{
	if (fails("execveat", path))
		return -1;
	if (fake.ending == ENDING_HANG)
		for (;;)
			(void)pause();
	if (fake.ending == ENDING_KILLED)
		(void)raise(SIGKILL);
	return __real_execveat(fd, path, argv, environment, flags);
}

/* --- a place --- */

struct fixture {
	struct tree tree;
	struct guest_process_paths paths;
	char guests[80], cgroup[80], firmware[80], resolver[80], proc[80];
	struct guest_process_spec spec;
	struct guest_process_fd fds[2];
	struct guest_process_file files[2];
	char *argv[4];
	int opened[4];
	int fd_count;
	char log[1024];
};

static void on_log(enum log_level level [[maybe_unused]], const char *subject, const char *message,
		   void *userdata)
{
	struct fixture *f = userdata;

	(void)snprintf(f->log, sizeof(f->log), "%s: %s", subject, message);
}

static void setup(struct fixture *f)
{
	static char name[] = "true", argument[] = "-x";

	*f = (struct fixture){};
	fake = (typeof(fake)){};
	*shared = (struct shared){};
	tree_make(&f->tree);
	tree_folder(&f->tree, "/guests/web/log");
	tree_folder(&f->tree, "/firmware");
	tree_file(&f->tree, "/cgroup/cgroup.controllers", "cpu\n");
	tree_folder(&f->tree, "/proc/sys/user");
	tree_file(&f->tree, "/proc/" GUEST_CONFINE_NAMESPACE_LIMIT, "1\n");
	(void)snprintf(f->guests, sizeof(f->guests), "%s/guests", f->tree.root);
	(void)snprintf(f->cgroup, sizeof(f->cgroup), "%s/cgroup", f->tree.root);
	(void)snprintf(f->firmware, sizeof(f->firmware), "%s/firmware", f->tree.root);
	(void)snprintf(f->resolver, sizeof(f->resolver), "%s/resolver", f->tree.root);
	(void)snprintf(f->proc, sizeof(f->proc), "%s/proc", f->tree.root);
	f->paths = (struct guest_process_paths){ .guests = f->guests,
						 .cgroup = f->cgroup,
						 .qemu = "/bin/true",
						 .firmware = f->firmware,
						 .resolver = f->resolver,
						 .proc = f->proc };
	guest_process_set_paths(&f->paths);
	for (size_t i = 0; i < ELEMENTS(f->opened); i++)
		f->opened[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	f->argv[0] = name;
	f->argv[1] = argument;
	for (int i = 0; i < 2; i++) {
		/* Each has the number of the other. */
		f->fds[i] = (struct guest_process_fd){ f->opened[i], f->opened[1 - i] };
		f->files[i] =
			(struct guest_process_file){ f->opened[2 + i], i ? "/initrd" : "/kernel" };
	}
	f->spec = (struct guest_process_spec){ .name = "web",
					       .argv = f->argv,
					       .limits = { .memory_bytes = 64 << 20 },
					       .fds = f->fds,
					       .fd_count = 2,
					       .files = f->files,
					       .file_count = 2,
					       .host_network = true };
	f->fd_count = count_fds();
	log_set_hook(on_log, f);
}

static void teardown(struct fixture *f)
{
	fake.active = false;
	log_set_hook(NULL, NULL);
	assert_no_child();
	assert_int_equal(count_fds(), f->fd_count);
	for (size_t i = 0; i < ELEMENTS(f->opened); i++)
		(void)close(f->opened[i]);
	guest_process_set_paths(NULL);
	tree_remove(&f->tree);
}

static int start(struct fixture *f, pid_t *ret_pid, int *ret_pidfd, uint64_t *ret_start_time)
{
	int r = 0;

	fake.call = 0;
	fake.active = true;
	r = guest_process_start(&f->spec, ret_pid, ret_pidfd, ret_start_time);
	fake.active = false;
	return r;
}

static int wait_status(pid_t pid, int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int status = -1;

	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), 0);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), -ECHILD);
	return status;
}

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

static void check_failure(struct fixture *f)
{
	uint64_t start_time = 7;
	int pidfd = 7, r = 0;
	pid_t pid = 7;

	f->log[0] = '\0';
	r = start(f, &pid, &pidfd, &start_time);
	if (r == 0) {
		if (shared->failed[0] && !is_tolerated())
			fail_msg("%s %s failed unnoticed", shared->failed, shared->detail);
		assert_int_equal(wait_status(pid, pidfd), 0);
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

static void test_steps_have_names(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	f.paths.qemu = "/etc/passwd"; /* is no program */
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EACCES);
	assert_string_equal(f.log,
			    "guest web: QEMU is not started: executing it: Permission denied");
	f.paths.qemu = "/no/qemu";
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -ENOENT);
	assert_string_equal(f.log,
			    "guest web: QEMU is not started: /no/qemu: No such file or directory");
	assert_null(guest_confine_step_name(-1));
	assert_null(guest_confine_step_name(1000));
	assert_non_null(guest_confine_step_name(0));
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
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -ENOSPC);
	assert_string_equal(f.log, "guest web: QEMU is not started: making a user namespace: "
				   "No space left on device");
	teardown(&f);
}

static void test_child_hangs(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	fake.ending = ENDING_HANG;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -ETIMEDOUT);
	assert_non_null(strstr(f.log, "waiting for its execution"));
	teardown(&f);
}

static void test_child_is_killed(void **)
{
	struct fixture f;
	uint64_t start_time = 0;
	int pidfd = -1;
	pid_t pid = 0;

	setup(&f);
	fake.ending = ENDING_KILLED;
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), 0);
	assert_int_equal(wait_status(pid, pidfd), SIGKILL);
	(void)close(pidfd);
	teardown(&f);
}

static void test_wrong_specs(void **)
{
	static char *const no_argv[] = { NULL };
	/* uids 0 and -1, and others that no guest should have. */
	static const unsigned int indices[] = { 0U - GUEST_PROCESS_UID_BASE,
						UINT32_MAX - GUEST_PROCESS_UID_BASE,
						GUEST_PROCESS_INDEX_MAX + 1, UINT32_MAX };
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
	f.fds[1] = (struct guest_process_fd){ -1, 9 };
	assert_int_equal(start(&f, &pid, &pidfd, &start_time), -EBADF);
	folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f.fds[1] = (struct guest_process_fd){ folder, 9 };
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

/* --- its folder --- */

static void test_prepare_and_cleanup(void **)
{
	struct fixture f;
	struct stat status;

	setup(&f);
	fake.active = true;
	assert_int_equal(guest_process_prepare("db"), 0);
	assert_int_equal(guest_process_prepare("db"), 0);
	fake.active = false;
	assert_int_equal(stat(tree_path(&f.tree, "/guests/db/log"), &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(tree_path(&f.tree, "/guests/db"), &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	tree_file(&f.tree, "/guests/db/record.json", "{}");
	tree_file(&f.tree, "/guests/db/qmp.sock", "");
	for (int i = 0; i < 2; i++) {
		fake.active = true;
		assert_int_equal(guest_process_cleanup("db"), 0);
		assert_int_equal(guest_process_cleanup("nobody"), 0);
		fake.active = false;
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/log"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/qmp.sock"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/record.json"), F_OK), 0);
	}
	teardown(&f);
}

static void test_folder_calls_fail(void **)
{
	struct fixture f;
	int at = 0, r = 0;

	setup(&f);
	do {
		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_prepare("web");
		fake.active = false;
		assert_int_equal(count_fds(), f.fd_count);
	} while (r == -EIO);
	assert_int_equal(r, 0);
	assert_true(at > 5);
	/* The clean-up goes on with the rest, and can be repeated. */
	at = 0;
	do {
		int again = 0;

		tree_folder(&f.tree, "/cgroup/mvirt/web");
		tree_folder(&f.tree, "/guests/web/log");
		tree_file(&f.tree, "/guests/web/qmp.sock", "");
		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_cleanup("web");
		fake.active = false;
		assert_int_equal(count_fds(), f.fd_count);
		shared->fail_at_hostd = 0;
		fake.active = true;
		again = guest_process_cleanup("web");
		fake.active = false;
		assert_int_equal(again, 0);
		assert_int_equal(access(tree_path(&f.tree, "/guests/web/qmp.sock"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/web/log"), F_OK), -1);
	} while (r < 0);
	assert_true(at > 5);
	at = 0;
	do {
		int fd = -1;

		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_listen("web", "qmp", &fd);
		fake.active = false;
		if (r == 0)
			(void)close(fd);
		else
			assert_int_equal(access(tree_path(&f.tree, "/guests/web/qmp.sock"), F_OK),
					 -1);
		assert_int_equal(count_fds(), f.fd_count);
	} while (r == -EIO);
	assert_int_equal(r, 0);
	assert_int_equal(at, 4);
	teardown(&f);
}

static void test_listen(void **)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fixture f;
	int fds[2] = { -1, -1 }, client = -1, listening = 0;
	socklen_t length = sizeof(listening);

	setup(&f);
	/* The second replaces the first. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(guest_process_listen("web", "serial", &fds[i]), 0);
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(getsockopt(fds[1], SOL_SOCKET, SO_ACCEPTCONN, &listening, &length), 0);
	assert_int_equal(listening, 1);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/web/serial.sock", f.guests);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
	(void)close(client);
	client = accept(fds[1], NULL, NULL);
	assert_true(client >= 0);
	(void)close(client);
	(void)close(fds[0]);
	(void)close(fds[1]);
	assert_int_equal(guest_process_listen("nobody", "qmp", &fds[0]), -ENOENT);
	f.paths.guests =
		"/a-folder-whose-name-is-too-long-to-be-part-of-the-address-of-a-socket-of-"
		"the-kernel-where-108-bytes-are-the-limit";
	assert_int_equal(guest_process_listen("web", "qmp", &fds[0]), -ENAMETOOLONG);
	teardown(&f);
}

static void test_stderr_tail(void **)
{
	static const struct {
		const char *text, *tail;
	} cases[] = {
		{ "", NULL },
		{ "\n\n\r\n", NULL },
		{ "one", "one" },
		{ "one\n", "one" },
		{ "one\r\ntwo\r\n\r\n", "one; two" },
		{ "1\n2\n3\n4\n5\n", "3; 4; 5" },
		{ "1\n\n\n2\n\n3\n\n\n4", "2; 3; 4" },
		{ "\x1b[31mred\x07 gr\xc3\xbcn\ttab", "?[31mred? gr??n?tab" },
	};
	char text[10001], *tail = NULL;
	struct fixture f;

	setup(&f);
	assert_null(guest_process_stderr_tail("web"));
	assert_null(guest_process_stderr_tail("nobody"));
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		tree_file(&f.tree, "/guests/web/log/stderr", cases[i].text);
		tail = guest_process_stderr_tail("web");
		if (cases[i].tail)
			assert_string_equal(tail, cases[i].tail);
		else
			assert_null(tail);
		free(tail);
	}
	/* The end of a line that is longer than anybody reads. */
	memset(text, 'x', sizeof(text) - 1);
	strcpy(text + sizeof(text) - 5, "end\n");
	tree_file(&f.tree, "/guests/web/log/stderr", text);
	tail = guest_process_stderr_tail("web");
	assert_non_null(tail);
	assert_int_equal(strlen(tail), 400);
	assert_string_equal(tail + 396, "xend");
	free(tail);
	tree_bytes(&f.tree, "/guests/web/log/stderr", "a\0b\n", 4);
	tail = guest_process_stderr_tail("web");
	assert_string_equal(tail, "a?b");
	free(tail);
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
		cmocka_unit_test(test_child_hangs),
		cmocka_unit_test(test_child_is_killed),
		cmocka_unit_test(test_wrong_specs),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_adopt_fails),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_prepare_and_cleanup),
		cmocka_unit_test(test_folder_calls_fail),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_stderr_tail),
	};

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
