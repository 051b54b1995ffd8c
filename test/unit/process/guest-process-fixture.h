/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's privileged half, faked, and a place for a guest's process. Each call of hostd and of
 * the child can be made to fail. */
// link: -Wl,--wrap=open,--wrap=openat,--wrap=mkdir,--wrap=mkdirat,--wrap=mount,--wrap=umount2
// link: -Wl,--wrap=pipe2,--wrap=syscall,--wrap=socket,--wrap=bind,--wrap=listen
// link: -Wl,--wrap=open_tree,--wrap=mount_setattr,--wrap=move_mount,--wrap=calloc,--wrap=fstat
// link: -Wl,--wrap=sigprocmask,--wrap=setsid,--wrap=chdir,--wrap=chroot,--wrap=read
// link: -Wl,--wrap=sethostname,--wrap=fcntl,--wrap=dup2,--wrap=dup3,--wrap=close_range
// link: -Wl,--wrap=setrlimit,--wrap=setgroups,--wrap=setresgid,--wrap=setresuid,--wrap=prctl
// link: -Wl,--wrap=execveat,--wrap=pidfd_open,--wrap=waitid,--wrap=unshare,--wrap=clock_nanosleep
// link: -Wl,--wrap=write
#pragma once

#include "fake-tree.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
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
#include "process/guest-process.h"
#include "process/process-internal.h"
#include "process/uids.h"

/* Of this process, hostd or the child. */
static struct {
	bool active, in_child;
	int call;
	bool killed; /* the child, before its exec */
	bool no_pivot;
	int namespaces_left; /* so many tries find the last one's still there; < 0: for ever */
} fake;

/* Of both. */
static struct shared {
	int fail_at_hostd, fail_at_child;
	char failed[64], detail[64]; /* the call that failed */
} *shared;

static bool fails(const char *name, const char *detail)
{
	if (!fake.active)
		return false;
	fake.call++;
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
	if (fake.killed)
		(void)raise(SIGKILL);
	return __real_execveat(fd, path, argv, environment, flags);
}

/* --- a place --- */

struct fixture {
	struct tree tree;
	struct guest_process_paths paths;
	char guests[80], cgroup[80], firmware[80], resolver[80], proc[80];
	struct guest_process_spec spec;
	struct process_fd fds[2];
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

[[maybe_unused]] static void setup(struct fixture *f)
{
	static char name[] = "true", argument[] = "-x";
	static struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	static const struct sock_fprog program = { .len = 1, .filter = &allow };

	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*f = (struct fixture){};
	fake = (typeof(fake)){};
	*shared = (struct shared){};
	tree_make(&f->tree);
	tree_folder(&f->tree, "/guests/web/log");
	tree_folder(&f->tree, "/firmware");
	tree_file(&f->tree, "/cgroup/cgroup.controllers", "cpu\n");
	tree_folder(&f->tree, "/proc/sys/user");
	tree_file(&f->tree, "/proc/" PROCESS_NAMESPACE_LIMIT, "1\n");
	(void)snprintf(f->guests, sizeof(f->guests), "%s/guests", f->tree.root);
	(void)snprintf(f->cgroup, sizeof(f->cgroup), "%s/cgroup", f->tree.root);
	(void)snprintf(f->firmware, sizeof(f->firmware), "%s/firmware", f->tree.root);
	(void)snprintf(f->resolver, sizeof(f->resolver), "%s/resolver", f->tree.root);
	(void)snprintf(f->proc, sizeof(f->proc), "%s/proc", f->tree.root);
	f->paths = (struct guest_process_paths){
		.guests = f->guests, .cgroup = f->cgroup, .resolver = f->resolver, .proc = f->proc
	};
	guest_process_set_paths(&f->paths);
	for (size_t i = 0; i < ELEMENTS(f->opened); i++)
		f->opened[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	f->argv[0] = name;
	f->argv[1] = argument;
	for (int i = 0; i < 2; i++) {
		/* Each has the number of the other. */
		f->fds[i] = (struct process_fd){ f->opened[i], f->opened[1 - i] };
		f->files[i] =
			(struct guest_process_file){ f->opened[2 + i], i ? "/initrd" : "/kernel" };
	}
	f->spec = (struct guest_process_spec){ .name = "web",
					       .executable = "/bin/true",
					       .firmware = f->firmware,
					       .seccomp = &program,
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

[[maybe_unused]] static int start(struct fixture *f, pid_t *ret_pid, int *ret_pidfd,
				  uint64_t *ret_start_time)
{
	int r = 0;

	fake.call = 0;
	fake.active = true;
	r = guest_process_start(&f->spec, ret_pid, ret_pidfd, ret_start_time);
	fake.active = false;
	return r;
}

[[maybe_unused]] static int wait_status(pid_t pid, int pidfd)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int status = -1;

	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), 0);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), -ECHILD);
	return status;
}
