// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's cgroup: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#include "guest-cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/guest-process.h"

#define SUBJECT "cgroup"
#define FOLDER "mvirt"
#define PROCESSES_BYTES_MAX (64UL * 1024)

/* Said once for all guests: they are alike in it. */
static bool told_no_cgroup, told_no_memory, told_no_pids;

static void warn_once(bool *told, const char *what)
{
	if (*told)
		return;
	*told = true;
	log_warning(SUBJECT, "%s", what);
}

static int open_folder(int dir_fd, const char *name, int *ret_fd)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int make_folder(int dir_fd, const char *name, int *ret_fd)
{
	if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(dir_fd, name, ret_fd);
}

/* One at a time: what is not there fails alone, and shows when its limit is set. */
static void enable_controllers(int fd)
{
	(void)file_write(fd, "cgroup.subtree_control", "+memory");
	(void)file_write(fd, "cgroup.subtree_control", "+pids");
}

static uint64_t memory_limit(uint64_t memory_bytes)
{
	uint64_t overhead =
		GUEST_CGROUP_OVERHEAD_BYTES + memory_bytes / GUEST_CGROUP_OVERHEAD_DIVISOR;

	return memory_bytes > INT64_MAX - overhead ? INT64_MAX : memory_bytes + overhead;
}

static int set_number(int fd, const char *attribute, uint64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return file_write(fd, attribute, text);
}

static void set_limits(int fd, uint64_t memory_bytes)
{
	if (set_number(fd, "memory.max", memory_limit(memory_bytes)) < 0)
		warn_once(&told_no_memory, "no memory controller: a guest's QEMU is not kept from "
					   "using more than its memory");
	else
		(void)set_number(fd, "memory.oom.group", 1);
	if (set_number(fd, "pids.max", GUEST_PROCESS_THREADS_MAX) < 0)
		warn_once(&told_no_pids, "no pids controller: only RLIMIT_NPROC bounds a guest's "
					 "threads");
}

/* Returns 0 with -EBADF for the fd when there is no cgroup v2 at all. */
static int open_root(int *ret_fd)
{
	const char *path = guest_process_paths()->cgroup;
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		return -errno;
	if (fd >= 0 && faccessat(fd, "cgroup.controllers", F_OK, 0) < 0)
		fd = fd_close(fd);
	*ret_fd = take_fd(&fd);
	return 0;
}

int guest_cgroup_make(const char *name, uint64_t memory_bytes, int *ret_fd)
{
	_cleanup_fd_ int root_fd = -EBADF, parent_fd = -EBADF, fd = -EBADF;
	int r = open_root(&root_fd);

	if (r < 0)
		return r;
	if (root_fd < 0) {
		warn_once(&told_no_cgroup, "no cgroup v2: guests' memory and threads are not "
					   "limited");
		*ret_fd = -EBADF;
		return 0;
	}
	enable_controllers(root_fd);
	r = make_folder(root_fd, FOLDER, &parent_fd);
	if (r < 0)
		return r;
	enable_controllers(parent_fd);
	r = make_folder(parent_fd, name, &fd);
	if (r < 0)
		return r;
	set_limits(fd, memory_bytes);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_populated(int events_fd)
{
	char text[256];
	ssize_t length = pread(events_fd, text, sizeof(text) - 1, 0);

	if (length < 0)
		return false;
	text[length] = '\0';
	return strstr(text, "populated 1");
}

/* The kernel announces a change of cgroup.events by POLLPRI. */
static int wait_until_empty(int fd)
{
	_cleanup_fd_ int events_fd = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t deadline_ms = now_ms() + GUEST_CGROUP_KILL_MS;

	if (events_fd < 0)
		return -errno;
	while (is_populated(events_fd)) {
		struct pollfd poll_fd = { .fd = events_fd, .events = POLLPRI };
		int64_t left_ms = deadline_ms - now_ms();

		if (left_ms <= 0)
			return -EBUSY;
		if (poll(&poll_fd, 1, (int)left_ms) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Those that are children of ours; PID 1 reaps the others. */
static void reap(char *processes)
{
	char *next = NULL;

	for (char *line = strtok_r(processes, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next)) {
		pid_t pid = (pid_t)atoi(line);

		if (pid > 0)
			(void)waitpid(pid, NULL, WNOHANG);
	}
}

static int kill_all(int fd)
{
	_cleanup_free_ char *processes = NULL;
	int r = file_read(fd, "cgroup.procs", PROCESSES_BYTES_MAX, &processes, NULL);

	if (r < 0 || !*processes)
		return r;
	r = file_write(fd, "cgroup.kill", "1");
	if (r == 0)
		r = wait_until_empty(fd);
	if (r == 0)
		reap(processes);
	return r;
}

int guest_cgroup_remove(const char *name)
{
	_cleanup_fd_ int root_fd = -EBADF, parent_fd = -EBADF, fd = -EBADF;
	int r = open_root(&root_fd);

	if (r < 0 || root_fd < 0)
		return r;
	r = open_folder(root_fd, FOLDER, &parent_fd);
	if (r == 0)
		r = open_folder(parent_fd, name, &fd);
	if (r == 0)
		r = kill_all(fd);
	if (r == 0 && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r == -ENOENT ? 0 : r;
}
