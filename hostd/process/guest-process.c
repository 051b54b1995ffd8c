// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU as a process: what its confinement is, and finding the process again.
#include "guest-process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "config/config-name.h"
#include "process/guest-cgroup.h"
#include "process/guest-process-internal.h"
#include "process/process-internal.h"
#include "process/uids.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define ROOT_OPTIONS "size=64k,nr_inodes=32,mode=0755"
#define TMP_OPTIONS "size=1m,nr_inodes=64,mode=1777"
/* Sockets of SLIRP's connections are the most of it. */
#define OPEN_FILES_MAX 4096
static_assert(OPEN_FILES_MAX <= GUEST_PROCESS_EXECUTABLE_FD);
/* Nothing is locked before devices are passed through (VFIO). */
#define LOCKED_BYTES_MAX (64UL * 1024)
#define STATUS_BYTES_MAX (16UL * 1024)
/* /tmp, the firmware, /dev/null, the resolver. */
#define OWN_MOUNTS 4

/* What hostd opens for one start. */
struct start {
	const struct guest_process_spec *spec;
	char *folder;
	struct process_mount *mounts;
	size_t mount_count;
	int cgroup_fd, stderr_fd;
};

static void start_done(struct start *start)
{
	fd_close(start->cgroup_fd);
	fd_close(start->stderr_fd);
	free(start->mounts);
	free(start->folder);
}

/* Says what could not be done, in the name of the guest, and passes the error on. */
static int complain(const struct start *start, const char *step, int error)
{
	char subject[sizeof("guest ") + NAME_LENGTH_MAX];

	(void)snprintf(subject, sizeof(subject), "guest %s", start->spec->name);
	log_error(subject, "QEMU is not started: %s: %s", step, strerror(-error));
	return error;
}

static int check_spec(const struct guest_process_spec *spec)
{
	/* Beyond lie uid 0, and -1, which means "as it is". */
	if (!config_is_name(spec->name) || spec->index > PROCESS_GUEST_INDEX_MAX || !spec->argv ||
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

static int open_log(struct start *start)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW;
	_cleanup_free_ char *path = guest_process_path(start->spec->name, GUEST_PROCESS_STDERR);

	if (!path)
		return -ENOMEM;
	start->stderr_fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
	return start->stderr_fd < 0 ? -errno : 0;
}

/* All of its root. */
static int list_mounts(struct start *start)
{
	const struct guest_process_spec *spec = start->spec;
	const char *resolver = guest_process_paths()->resolver;
	struct process_mount *mounts = calloc(OWN_MOUNTS + spec->file_count, sizeof(*mounts));
	size_t count = 0;
	int r = 0;

	if (!mounts)
		return -ENOMEM;
	start->mounts = mounts;
	mounts[count++] = (struct process_mount){ "/tmp", .tmpfs = TMP_OPTIONS };
	mounts[count++] = (struct process_mount){ spec->firmware, .source = spec->firmware };
	/* On it QEMU tries whether the kernel has the locks that it takes on disks. */
	mounts[count++] =
		(struct process_mount){ "/dev/null", .source = "/dev/null", .device = true };
	if (spec->host_network) {
		/* A folder and not the file: hostd replaces resolv.conf when a lease comes. */
		r = guest_process_make_folders(resolver);
		mounts[count++] = (struct process_mount){ "/etc", .source = resolver };
	}
	for (size_t i = 0; i < spec->file_count; i++)
		mounts[count++] =
			(struct process_mount){ spec->files[i].path, .fd = spec->files[i].fd };
	start->mount_count = count;
	return r;
}

static int open_all(struct start *start)
{
	const struct guest_process_spec *spec = start->spec;
	int r = guest_cgroup_make(spec->name, &spec->limits, &start->cgroup_fd);

	if (r < 0)
		return complain(start, "its cgroup", r);
	r = open_log(start);
	if (r < 0)
		return complain(start, "its log", r);
	r = list_mounts(start);
	return r < 0 ? complain(start, "its root", r) : 0;
}

static void end_child(struct process_started *started)
{
	siginfo_t info;

	(void)pidfd_send_signal(started->pidfd, SIGKILL, NULL, 0);
	(void)waitid(P_PIDFD, (id_t)started->pidfd, &info, WEXITED);
	process_started_done(started);
}

static int spawn(const struct start *start, struct process_started *ret_started)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, OPEN_FILES_MAX },
		{ RLIMIT_MEMLOCK, LOCKED_BYTES_MAX },
		{ RLIMIT_NPROC, GUEST_PROCESS_THREADS_MAX },
	};
	const struct guest_process_spec *spec = start->spec;
	/* Only its namespace sees it, so the guest's own folder can be what it is mounted over. */
	const struct process_root root = {
		.over = start->folder,
		.options = ROOT_OPTIONS,
		.mounts = start->mounts,
		.mount_count = start->mount_count,
	};
	const struct process_spec process = {
		.program = spec->executable,
		.argv = spec->argv,
		.program_number = GUEST_PROCESS_EXECUTABLE_FD,
		.errors = start->stderr_fd,
		.fds = spec->fds,
		.fd_count = spec->fd_count,
		.namespaces = NAMESPACES | (spec->host_network ? 0 : CLONE_NEWNET),
		.root = &root,
		.host_name = spec->name,
		.uid = PROCESS_UID_GUEST_FIRST + spec->index,
		.user_namespace_proc = guest_process_paths()->proc,
		.seccomp = spec->seccomp,
		.limits = limits,
		.limit_count = ELEMENTS(limits),
		.cgroup_fd = start->cgroup_fd >= 0 ? start->cgroup_fd : 0,
		.outlives_caller = true,
	};
	const char *what = NULL;
	int r = process_spawn(&process, ret_started, &what);

	return r < 0 ? complain(start, what, r) : 0;
}

static int spawn_and_name(const struct start *start, pid_t *ret_pid, int *ret_pidfd,
			  uint64_t *ret_start_time)
{
	struct process_started started = PROCESS_STARTED_NONE;
	int r = spawn(start, &started);

	if (r < 0)
		return r;
	r = process_start_time(started.pid, ret_start_time);
	if (r < 0) {
		end_child(&started);
		return complain(start, "its start time", r);
	}
	*ret_pid = started.pid;
	*ret_pidfd = take_fd(&started.pidfd);
	process_started_done(&started);
	return 0;
}

int guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid, int *ret_pidfd,
			uint64_t *ret_start_time)
{
	_cleanup_(start_done) struct start start = {
		.spec = spec,
		.cgroup_fd = -EBADF,
		.stderr_fd = -EBADF,
	};
	int r = check_spec(spec);

	if (r < 0)
		return complain(&start, "what it is given", r);
	start.folder = guest_process_path(spec->name, "");
	if (!start.folder)
		return -ENOMEM;
	r = open_all(&start);
	if (r == 0)
		r = spawn_and_name(&start, ret_pid, ret_pidfd, ret_start_time);
	if (r < 0)
		(void)guest_cgroup_remove(spec->name);
	return r;
}

int guest_process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	return process_adopt(pid, start_time, ret_pidfd);
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
		r = process_start_time(found.pid, &found.start_time);
	if (r >= 0)
		r = read_uid(found.pid, &uid);
	if (r < 0)
		return r;
	found.index = uid - PROCESS_UID_GUEST_FIRST;
	if (found.index > PROCESS_GUEST_INDEX_MAX)
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
