// SPDX-License-Identifier: GPL-2.0-or-later
// What the child does between clone and exec. It has one thread, a copy of hostd's memory, and
// nobody to tell but its stderr: each step returns 0 or -errno and frees nothing.
#include "guest-confine.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/cleanup.h"
#include "process/confine.h"

#define ROOT_OPTIONS "size=64k,nr_inodes=32,mode=0755"
#define TMP_OPTIONS "size=1m,nr_inodes=64,mode=1777"
/* Sockets of SLIRP's connections are the most of it. */
#define OPEN_FILES_MAX 4096
static_assert(OPEN_FILES_MAX <= GUEST_CONFINE_EXECUTABLE_FD);
/*
 * A uid's user namespaces are limited (init.c), and the one of a QEMU that has ended counts until
 * the kernel has cleaned up behind it: there is room for that, and this is for when there is not.
 */
#define USER_NAMESPACE_TRIES 200
#define USER_NAMESPACE_PAUSE_MS 10
/* Nothing is locked before devices are passed through (VFIO). */
#define LOCKED_BYTES_MAX (64UL * 1024)

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

static int make_session(struct guest_confine *)
{
	(void)umask(022);
	return or_errno(setsid());
}

/* Only this namespace sees it, so the guest's own folder can be what it is mounted over. */
static int mount_root(struct guest_confine *confine)
{
	if (mount("root", confine->root, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS) <
	    0)
		return -errno;
	return or_errno(chdir(confine->root));
}

static int make_folder(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int mount_tmp(struct guest_confine *)
{
	int r = make_folder("tmp");

	return r < 0 ? r
		     : or_errno(mount("tmp", "tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
				      TMP_OPTIONS));
}

/* The path is absolute and is taken below the new root, where we are. */
static int attach(int mount_fd, const char *path)
{
	return or_errno(move_mount(mount_fd, "", AT_FDCWD, path + 1, MOVE_MOUNT_F_EMPTY_PATH));
}

static int mount_firmware(struct guest_confine *confine)
{
	char path[256];
	int r = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/", confine->spec->firmware + 1) >=
	    sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(path, '/'); r == 0 && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = make_folder(path);
		*slash = '/';
	}
	return r < 0 ? r : attach(confine->firmware_mount_fd, confine->spec->firmware);
}

static int mount_resolver(struct guest_confine *confine)
{
	int r = 0;

	if (confine->resolver_mount_fd < 0)
		return 0;
	r = make_folder("etc");
	return r < 0 ? r : attach(confine->resolver_mount_fd, "/etc");
}

static int attach_file(int mount_fd, const char *path)
{
	int fd = open(path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (fd < 0)
		return -errno;
	fd_close(fd);
	return attach(mount_fd, path);
}

static int mount_null(struct guest_confine *confine)
{
	int r = make_folder("dev");

	return r < 0 ? r : attach_file(confine->null_mount_fd, "/dev/null");
}

static int mount_files(struct guest_confine *confine)
{
	for (size_t i = 0; i < confine->spec->file_count; i++) {
		const char *path = confine->spec->files[i].path;
		int r = attach_file(confine->file_mount_fds[i], path);

		if (r < 0)
			return r;
	}
	return 0;
}

static int name_host(struct guest_confine *confine)
{
	return or_errno(sethostname(confine->spec->name, strlen(confine->spec->name)));
}

static int move_fd(int fd, int *ret_fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, GUEST_PROCESS_FD_NUMBER_MAX);

	if (moved < 0)
		return -errno;
	*ret_fd = moved;
	return 0;
}

/* Beyond what QEMU can open, so that this number is its program's alone. */
static int number_executable(struct guest_confine *confine)
{
	const struct rlimit limit = { GUEST_CONFINE_EXECUTABLE_FD + 1,
				      GUEST_CONFINE_EXECUTABLE_FD + 1 };

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    dup3(confine->executable_fd, GUEST_CONFINE_EXECUTABLE_FD, O_CLOEXEC) < 0)
		return -errno;
	confine->executable_fd = GUEST_CONFINE_EXECUTABLE_FD;
	return 0;
}

/* A number can be that of another fd which is still needed, so all go out of the way first. */
static int number_fds(struct guest_confine *confine)
{
	const struct guest_process_spec *spec = confine->spec;
	int *const own[] = { &confine->null_fd, &confine->stderr_fd, &confine->proc_fd };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTS(own); i++)
		r = move_fd(*own[i], own[i]);
	for (size_t i = 0; r == 0 && i < spec->fd_count; i++)
		r = move_fd(spec->fds[i].fd, &confine->moved_fds[i]);
	if (r < 0)
		return r;
	if (dup2(confine->null_fd, STDIN_FILENO) < 0 || dup2(confine->null_fd, STDOUT_FILENO) < 0 ||
	    dup2(confine->stderr_fd, STDERR_FILENO) < 0)
		return -errno;
	/* Whatever is open, exec closes it, but for what is numbered from here on. */
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	for (size_t i = 0; i < spec->fd_count; i++)
		if (dup2(confine->moved_fds[i], spec->fds[i].number) < 0)
			return -errno;
	return 0;
}

static int set_limits(struct guest_confine *)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, OPEN_FILES_MAX },
		{ RLIMIT_MEMLOCK, LOCKED_BYTES_MAX },
		{ RLIMIT_NPROC, GUEST_PROCESS_THREADS_MAX },
	};

	(void)umask(077);
	return confine_set_limits(limits, ELEMENTS(limits));
}

static int change_user(struct guest_confine *confine)
{
	return confine_change_user(GUEST_PROCESS_UID_BASE + confine->spec->index);
}

/* It comes with every capability in it, which the next steps drop. */
static int enter_user_namespace(struct guest_confine *)
{
	static const struct timespec pause = { .tv_nsec = USER_NAMESPACE_PAUSE_MS * 1000000L };

	for (int tries = USER_NAMESPACE_TRIES; unshare(CLONE_NEWUSER) < 0; tries--) {
		if ((errno != ENOSPC && errno != EUSERS) || tries == 0)
			return -errno;
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return 0;
}

/* The limit of whoever opens the file, which is in another namespace now: QEMU can make none in it,
 * whatever uids may on the host. */
static int close_user_namespace(struct guest_confine *confine)
{
	int fd = openat(confine->proc_fd, GUEST_CONFINE_NAMESPACE_LIMIT, O_WRONLY | O_CLOEXEC),
	    r = 0;

	if (fd < 0)
		return -errno;
	r = write(fd, "0", 1) == 1 ? 0 : -errno;
	fd_close(fd);
	return r;
}

static int forbid_new_privileges(struct guest_confine *)
{
	return or_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int load_seccomp(struct guest_confine *confine)
{
	return or_errno(
		(int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, confine->spec->seccomp));
}

static int execute(struct guest_confine *confine)
{
	static char *const environment[] = { NULL };

	return or_errno(execveat(confine->executable_fd, "", confine->spec->argv, environment,
				 AT_EMPTY_PATH));
}

static const struct {
	const char *name;
	int (*run)(struct guest_confine *confine);
	int (*common)(void);
} steps[] = {
	{ "resetting signals", .common = confine_reset_signals },
	{ "making a session", .run = make_session },
	{ "making mounts private", .common = confine_make_mounts_private },
	{ "mounting its root", .run = mount_root },
	{ "mounting /tmp", .run = mount_tmp },
	{ "mounting the firmware", .run = mount_firmware },
	{ "mounting the resolver", .run = mount_resolver },
	{ "mounting /dev/null", .run = mount_null },
	{ "mounting its files", .run = mount_files },
	{ "entering its root", .common = confine_enter_root },
	{ "making its root read-only", .common = confine_make_root_readonly },
	{ "setting the host name", .run = name_host },
	{ "numbering its program", .run = number_executable },
	{ "numbering fds", .run = number_fds },
	{ "setting limits", .run = set_limits },
	{ "changing the user", .run = change_user },
	{ "making a user namespace", .run = enter_user_namespace },
	{ "closing its user namespace", .run = close_user_namespace },
	{ "dropping the bounding set", .common = confine_drop_bounding_set },
	{ "dropping capabilities", .common = confine_drop_capabilities },
	{ "forbidding new privileges", .run = forbid_new_privileges },
	{ "loading its seccomp filter", .run = load_seccomp },
	{ "executing it", .run = execute }, /* the last: returns only when it fails */
};

/* The C library does not know of this process: nothing here takes a lock or allocates. */
[[noreturn]] static void fail(const struct guest_confine *confine, const char *step, int error)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "%s: %s\n", step, strerrordesc_np(error));

	(void)!write(confine->stderr_fd, line, (size_t)length);
	_exit(GUEST_CONFINE_FAILED);
}

void guest_confine_exec(struct guest_confine *confine)
{
	for (size_t i = 0;; i++) {
		int r = steps[i].common ? steps[i].common() : steps[i].run(confine);

		if (r < 0)
			fail(confine, steps[i].name, -r);
	}
}
