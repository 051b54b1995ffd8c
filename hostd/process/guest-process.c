// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU as a process: opens what its confinement takes, clones, finds the process again.
#include "guest-process.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "process/guest-cgroup.h"
#include "process/guest-confine.h"
#include "process/guest-process-internal.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define MOUNT_ATTRIBUTES \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define STAT_BYTES_MAX 4096
#define STATUS_BYTES_MAX (16UL * 1024)

/* What hostd opens for one start. */
struct start {
	const struct guest_process_spec *spec;
	char *folder;
	int *file_mount_fds, *moved_fds;
	int cgroup_fd, null_fd, stderr_fd, executable_fd, proc_fd, firmware_mount_fd,
		resolver_mount_fd, null_mount_fd;
};

static void start_done(struct start *start)
{
	const int fds[] = { start->cgroup_fd,         start->null_fd,
			    start->stderr_fd,         start->executable_fd,
			    start->firmware_mount_fd, start->resolver_mount_fd,
			    start->null_mount_fd,     start->proc_fd };

	for (size_t i = 0; i < ELEMENTS(fds); i++)
		fd_close(fds[i]);
	for (size_t i = 0; start->file_mount_fds && i < start->spec->file_count; i++)
		fd_close(start->file_mount_fds[i]);
	free(start->file_mount_fds);
	free(start->moved_fds);
	free(start->folder);
}

/* Says what could not be done, in the name of the guest, and passes the error on. */
static int complain(const struct start *start, const char *step, int error)
{
	char subject[sizeof("guest ") + NAME_LENGTH_MAX];

	(void)snprintf(subject, sizeof(subject), "guest %s", start->spec->name);
	log_error(subject, "QEMU is not started: %s: %s", step, strerrordesc_np(-error));
	return error;
}

static int check_spec(const struct guest_process_spec *spec)
{
	/* Beyond lie uid 0, and -1, which means "as it is". */
	if (!text_is_name(spec->name) || spec->index > GUEST_PROCESS_INDEX_MAX || !spec->argv ||
	    !spec->argv[0] || !spec->executable || !spec->firmware || !spec->seccomp)
		return -EINVAL;
	for (size_t i = 0; i < spec->fd_count; i++) {
		struct stat status;

		if (spec->fds[i].number <= STDERR_FILENO ||
		    spec->fds[i].number >= GUEST_PROCESS_FD_NUMBER_MAX)
			return -EINVAL;
		for (size_t j = 0; j < i; j++)
			if (spec->fds[j].number == spec->fds[i].number)
				return -EINVAL;
		if (fstat(spec->fds[i].fd, &status) < 0)
			return -errno;
		/* A way out of its root. */
		if (S_ISDIR(status.st_mode))
			return -EISDIR;
	}
	for (size_t i = 0; i < spec->file_count; i++) {
		const char *path = spec->files[i].path;

		if (path[0] != '/' || !path[1] || path[1] == '.' || strchr(path + 1, '/'))
			return -EINVAL;
	}
	return 0;
}

static int open_fd(const char *path, int flags, int *ret_fd)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* A copy of the mount, with nothing but path (or fd itself, with "") in it, attached nowhere. */
static int copy_mount(int fd, const char *path, uint64_t flags, int *ret_fd)
{
	struct mount_attr attributes = { .attr_set = flags };
	_cleanup_fd_ int mount_fd = open_tree(
		fd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH));

	if (mount_fd < 0 ||
	    mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return -errno;
	*ret_fd = take_fd(&mount_fd);
	return 0;
}

static int open_log(struct start *start)
{
	_cleanup_free_ char *path = guest_process_path(start->spec->name, GUEST_PROCESS_STDERR);

	if (!path)
		return -ENOMEM;
	return open_fd(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW,
		       &start->stderr_fd);
}

/* A folder and not the file: hostd replaces resolv.conf when a lease comes. */
static int open_resolver(struct start *start)
{
	const char *path = guest_process_paths()->resolver;
	int r = 0;

	if (!start->spec->host_network)
		return 0;
	r = guest_process_make_folders(path);
	return r < 0 ? r : copy_mount(AT_FDCWD, path, MOUNT_ATTRIBUTES, &start->resolver_mount_fd);
}

static int open_mounts(struct start *start)
{
	const struct guest_process_spec *spec = start->spec;
	int r = copy_mount(AT_FDCWD, spec->firmware, MOUNT_ATTRIBUTES, &start->firmware_mount_fd);

	if (r < 0)
		return complain(start, "its firmware", r);
	/* On it QEMU tries whether the kernel has the locks that it takes on disks. */
	r = copy_mount(AT_FDCWD, "/dev/null", MOUNT_ATTRIBUTES & ~(uint64_t)MOUNT_ATTR_NODEV,
		       &start->null_mount_fd);
	if (r < 0)
		return complain(start, "its /dev/null", r);
	r = open_resolver(start);
	if (r < 0)
		return complain(start, "its resolver", r);
	for (size_t i = 0; i < spec->file_count; i++) {
		r = copy_mount(spec->files[i].fd, "", MOUNT_ATTRIBUTES, &start->file_mount_fds[i]);
		if (r < 0)
			return complain(start, spec->files[i].path, r);
	}
	return 0;
}

static int open_all(struct start *start)
{
	const struct guest_process_spec *spec = start->spec;
	int r = guest_cgroup_make(spec->name, &spec->limits, &start->cgroup_fd);

	if (r < 0)
		return complain(start, "its cgroup", r);
	r = open_fd("/dev/null", O_RDWR, &start->null_fd);
	if (r < 0)
		return complain(start, "/dev/null", r);
	r = open_log(start);
	if (r < 0)
		return complain(start, "its log", r);
	r = open_fd(spec->executable, O_PATH, &start->executable_fd);
	if (r < 0)
		return complain(start, spec->executable, r);
	r = open_fd(guest_process_paths()->proc, O_PATH | O_DIRECTORY, &start->proc_fd);
	if (r < 0)
		return complain(start, guest_process_paths()->proc, r);
	return open_mounts(start);
}

/* As fork(2). The C library does not know of the child, which keeps to system calls. */
static int clone_child(const struct start *start, pid_t *ret_pid, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD | NAMESPACES | (start->spec->host_network ? 0 : CLONE_NEWNET),
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = 0;

	if (start->cgroup_fd >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)start->cgroup_fd;
	}
	pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid < 0)
		return -errno;
	*ret_pid = pid;
	if (pid > 0)
		*ret_pidfd = pidfd;
	return 0;
}

static int read_start_time(pid_t pid, uint64_t *ret_start_time)
{
	_cleanup_free_ char *text = NULL;
	char path[32], *field = NULL;
	unsigned long long start_time = 0;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = file_read(AT_FDCWD, path, STAT_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* Field 2 is the name in parentheses, with anything in it; 20 fields on it is. */
	field = strrchr(text, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field || sscanf(field, " %llu", &start_time) != 1)
		return -EBADMSG;
	*ret_start_time = start_time;
	return 0;
}

static void end_child(int pidfd_consume)
{
	siginfo_t info;

	(void)pidfd_send_signal(pidfd_consume, SIGKILL, NULL, 0);
	(void)waitid(P_PIDFD, (id_t)pidfd_consume, &info, WEXITED);
	fd_close(pidfd_consume);
}

/* In the child this does not return. */
static int clone_and_name(const struct start *start, pid_t *ret_pid, int *ret_pidfd,
			  uint64_t *ret_start_time)
{
	pid_t pid = 0;
	int pidfd = -EBADF, r = clone_child(start, &pid, &pidfd);

	if (r < 0)
		return complain(start, "clone", r);
	if (pid == 0)
		guest_confine_exec(&(struct guest_confine){
			.spec = start->spec,
			.root = start->folder,
			.firmware_mount_fd = start->firmware_mount_fd,
			.resolver_mount_fd = start->resolver_mount_fd,
			.null_mount_fd = start->null_mount_fd,
			.file_mount_fds = start->file_mount_fds,
			.null_fd = start->null_fd,
			.stderr_fd = start->stderr_fd,
			.executable_fd = start->executable_fd,
			.proc_fd = start->proc_fd,
			.moved_fds = start->moved_fds,
		});
	r = read_start_time(pid, ret_start_time);
	if (r < 0) {
		end_child(pidfd);
		return complain(start, "its start time", r);
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

int guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid, int *ret_pidfd,
			uint64_t *ret_start_time)
{
	_cleanup_(start_done) struct start start = {
		.spec = spec,
		.cgroup_fd = -EBADF,
		.null_fd = -EBADF,
		.stderr_fd = -EBADF,
		.executable_fd = -EBADF,
		.proc_fd = -EBADF,
		.firmware_mount_fd = -EBADF,
		.resolver_mount_fd = -EBADF,
		.null_mount_fd = -EBADF,
	};
	int r = check_spec(spec);

	if (r < 0)
		return complain(&start, "what it is given", r);
	start.folder = guest_process_path(spec->name, "");
	start.moved_fds = calloc(spec->fd_count + 1, sizeof(*start.moved_fds));
	start.file_mount_fds = calloc(spec->file_count + 1, sizeof(*start.file_mount_fds));
	for (size_t i = 0; start.file_mount_fds && i < spec->file_count; i++)
		start.file_mount_fds[i] = -EBADF;
	if (!start.folder || !start.file_mount_fds || !start.moved_fds)
		return -ENOMEM;
	r = open_all(&start);
	if (r == 0)
		r = clone_and_name(&start, ret_pid, ret_pidfd, ret_start_time);
	if (r < 0)
		(void)guest_cgroup_remove(spec->name);
	return r;
}

int guest_process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	_cleanup_fd_ int pidfd = -EBADF;
	uint64_t found_start_time = 0;
	int r = 0;

	if (pid <= 0)
		return -ESRCH;
	/* In this order: from here on the pid, if it is the right one, cannot be another's. */
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		/* EINVAL, of old ENOENT too: the number is a thread's. */
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	r = read_start_time(pid, &found_start_time);
	if (r < 0)
		return r;
	if (found_start_time != start_time)
		return -ESRCH;
	*ret_pidfd = take_fd(&pidfd);
	return 0;
}

/* The owner of /proc/PID is root for as long as the process may not be dumped; this is not. */
static int read_uid(pid_t pid, unsigned int *ret_uid)
{
	_cleanup_free_ char *text = NULL;
	char path[32], *line = NULL;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	r = file_read(AT_FDCWD, path, STATUS_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	line = strstr(text, "\nUid:");
	return line && sscanf(line, "\nUid: %u", ret_uid) == 1 ? 0 : -EBADMSG;
}

int guest_process_find(const char *name, struct guest_process_found *ret_found)
{
	struct guest_process_found found = {};
	unsigned int uid = 0;
	int r = guest_cgroup_find(name, &found.pid);

	if (r >= 0)
		r = read_start_time(found.pid, &found.start_time);
	if (r >= 0)
		r = read_uid(found.pid, &uid);
	if (r < 0)
		return r;
	found.index = uid - GUEST_PROCESS_UID_BASE;
	if (found.index > GUEST_PROCESS_INDEX_MAX)
		return -ESRCH;
	*ret_found = found;
	return 0;
}

int guest_process_exit_status(pid_t pid [[maybe_unused]], int pidfd, int *ret_wstatus)
{
	siginfo_t info = {};

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
		return -errno;
	if (info.si_pid == 0)
		return -EAGAIN;
	switch (info.si_code) {
	case CLD_EXITED:
		*ret_wstatus = W_EXITCODE(info.si_status, 0);
		return 0;
	case CLD_DUMPED:
		*ret_wstatus = info.si_status | WCOREFLAG;
		return 0;
	case CLD_KILLED:
		*ret_wstatus = info.si_status;
		return 0;
	}
	return -EBADMSG;
}
