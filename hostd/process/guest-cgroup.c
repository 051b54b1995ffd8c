// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's cgroup: the kernel's Documentation/admin-guide/cgroup-v2.rst.
#include "guest-cgroup.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "process/guest-process.h"

#define SUBJECT "cgroup"
#define FOLDER "mvirt"
#define PROCESSES_BYTES_MAX (64UL * 1024)
/* io.stat has a line a device. */
#define STATISTICS_BYTES_MAX (256UL * 1024)
/* cpu.max: so many microseconds of each such period. */
#define CPU_PERIOD_USEC 100000U

/* Said once for all guests: they are alike in it. */
static bool told_no_cgroup, told_no_memory, told_no_pids, told_no_cpu, told_no_io;

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
	static const char *const controllers[] = { "+memory", "+pids", "+cpu", "+io", "+hugetlb" };

	for (size_t i = 0; i < ELEMENTS(controllers); i++)
		(void)file_write(fd, "cgroup.subtree_control", controllers[i]);
}

static uint64_t add_bounded(uint64_t a, uint64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static uint64_t memory_limit(const struct guest_cgroup_limits *limits)
{
	uint64_t overhead =
		GUEST_CGROUP_OVERHEAD_BYTES + limits->memory_bytes / GUEST_CGROUP_OVERHEAD_DIVISOR;

	if (limits->overhead_bytes < INT64_MAX / 2 && 2 * limits->overhead_bytes > overhead)
		overhead = 2 * limits->overhead_bytes;
	return limits->hugepages ? overhead : add_bounded(limits->memory_bytes, overhead);
}

__attribute__((format(printf, 3, 4))) static int set(int fd, const char *attribute,
						     const char *format, ...)
{
	char text[128];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	return file_write(fd, attribute, text);
}

static void set_memory(int fd, const struct guest_cgroup_limits *limits)
{
	if (set(fd, "memory.max", "%" PRIu64, memory_limit(limits)) < 0) {
		warn_once(&told_no_memory, "no memory controller: a guest's QEMU is not kept from "
					   "using more than its memory");
		return;
	}
	/* A guest that is swapped out is slow in a way that nobody finds. */
	(void)set(fd, "memory.swap.max", "0");
	(void)set(fd, "memory.oom.group", "1");
	(void)set(fd, "hugetlb.2MB.max", "%" PRIu64,
		  limits->hugepages ? limits->memory_bytes : UINT64_C(0));
	(void)set(fd, "hugetlb.1GB.max", "0");
}

static void set_processor(int fd, const struct guest_cgroup_limits *limits)
{
	int r = 0;

	if (limits->cpu_weight)
		r = set(fd, "cpu.weight", "%u", limits->cpu_weight);
	if (r == 0 && limits->cpu_limit_percent)
		r = set(fd, "cpu.max", "%" PRIu64 " %u",
			(uint64_t)limits->cpu_limit_percent * (CPU_PERIOD_USEC / 100),
			CPU_PERIOD_USEC);
	if (r < 0)
		warn_once(&told_no_cpu,
			  "no cpu controller: cpu-weight and cpu-limit have no effect");
}

/* Limits are the whole disk's. False for what is no block device. */
static bool find_disk(dev_t device, unsigned int *ret_major, unsigned int *ret_minor)
{
	_cleanup_free_ char *path = text_format("/sys/dev/block/%u:%u/partition", major(device),
						minor(device)),
			    *dev = NULL, *line = NULL;

	if (!path || major(device) == 0)
		return false;
	*ret_major = major(device);
	*ret_minor = minor(device);
	if (access(path, F_OK) < 0)
		return true;
	dev = text_format("/sys/dev/block/%u:%u/../dev", major(device), minor(device));
	return dev && file_read_line(AT_FDCWD, dev, &line) == 0 &&
	       sscanf(line, "%u:%u", ret_major, ret_minor) == 2;
}

/* The kernel weighs requests only of disks for which it is told to reckon their cost. */
static int set_device(int root_fd, int fd, const struct guest_cgroup_limits *limits, dev_t device)
{
	unsigned int disk_major = 0, disk_minor = 0;
	int r = 0;

	if (!find_disk(device, &disk_major, &disk_minor))
		return 0;
	if (limits->io_weight)
		r = set(root_fd, "io.cost.qos", "%u:%u enable=1", disk_major, disk_minor);
	if (limits->io_limit_bytes) {
		int r_limit = set(fd, "io.max", "%u:%u rbps=%" PRIu64 " wbps=%" PRIu64, disk_major,
				  disk_minor, limits->io_limit_bytes, limits->io_limit_bytes);

		r = r < 0 ? r : r_limit;
	}
	return r;
}

static void set_disks(int root_fd, int fd, const struct guest_cgroup_limits *limits)
{
	int r = 0;

	if (limits->io_weight)
		r = set(fd, "io.weight", "default %u", limits->io_weight);
	for (size_t i = 0; i < limits->device_count; i++) {
		int r_device = set_device(root_fd, fd, limits, limits->devices[i]);

		r = r < 0 ? r : r_device;
	}
	if (r < 0)
		warn_once(&told_no_io, "io-weight or io-limit cannot be set for every disk of a "
				       "guest: they have no effect there");
}

static void set_limits(int root_fd, int fd, const struct guest_cgroup_limits *limits)
{
	set_memory(fd, limits);
	if (set(fd, "pids.max", "%d", GUEST_PROCESS_THREADS_MAX) < 0)
		warn_once(&told_no_pids, "no pids controller: only RLIMIT_NPROC bounds a guest's "
					 "threads");
	set_processor(fd, limits);
	set_disks(root_fd, fd, limits);
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

int guest_cgroup_make(const char *name, const struct guest_cgroup_limits *limits, int *ret_fd)
{
	_cleanup_fd_ int root_fd = -EBADF, parent_fd = -EBADF, fd = -EBADF;
	int r = open_root(&root_fd);

	if (r < 0)
		return r;
	if (root_fd < 0) {
		warn_once(&told_no_cgroup, "no cgroup v2: guests' memory, threads, processors "
					   "and disks are not limited");
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
	set_limits(root_fd, fd, limits);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Returns 0, -ENOENT when there is none, or -errno. */
static int open_group(const char *name, int *ret_fd)
{
	_cleanup_fd_ int root_fd = -EBADF, parent_fd = -EBADF;
	int r = open_root(&root_fd);

	if (r < 0)
		return r;
	if (root_fd < 0)
		return -ENOENT;
	r = open_folder(root_fd, FOLDER, &parent_fd);
	return r < 0 ? r : open_folder(parent_fd, name, ret_fd);
}

/* The number behind "KEY " at the start of a line, or 0. */
static uint64_t read_key(int fd, const char *attribute, const char *key)
{
	_cleanup_free_ char *text = NULL;
	const size_t length = strlen(key);
	char *next = NULL;

	if (file_read(fd, attribute, STATISTICS_BYTES_MAX, &text, NULL) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	return 0;
}

static uint64_t read_number(int fd, const char *attribute)
{
	_cleanup_free_ char *line = NULL;

	return file_read_line(fd, attribute, &line) < 0 ? 0 : strtoull(line, NULL, 10);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0", a line a device. */
static void read_disks(int fd, struct guest_stats *stats)
{
	const struct {
		const char *key;
		uint64_t *sum;
	} fields[] = { { "rbytes=", &stats->disk_read_bytes },
		       { "wbytes=", &stats->disk_written_bytes },
		       { "rios=", &stats->disk_reads },
		       { "wios=", &stats->disk_writes } };
	_cleanup_free_ char *text = NULL;
	char *next = NULL;

	if (file_read(fd, "io.stat", STATISTICS_BYTES_MAX, &text, NULL) < 0)
		return;
	for (char *word = strtok_r(text, " \n", &next); word; word = strtok_r(NULL, " \n", &next))
		for (size_t i = 0; i < ELEMENTS(fields); i++)
			if (strncmp(word, fields[i].key, strlen(fields[i].key)) == 0)
				*fields[i].sum += strtoull(word + strlen(fields[i].key), NULL, 10);
}

int guest_cgroup_read_stats(const char *name, struct guest_stats *ret_stats)
{
	_cleanup_fd_ int fd = -EBADF;
	struct guest_stats stats = {};
	int r = open_group(name, &fd);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	stats.cpu_usec = read_key(fd, "cpu.stat", "usage_usec");
	stats.memory_bytes = read_number(fd, "memory.current");
	stats.oom_kills = read_key(fd, "memory.events", "oom_kill");
	read_disks(fd, &stats);
	*ret_stats = stats;
	return 0;
}

int guest_cgroup_find(const char *name, pid_t *ret_pid)
{
	_cleanup_fd_ int fd = -EBADF;
	_cleanup_free_ char *processes = NULL;
	pid_t pid = 0;
	int r = open_group(name, &fd);

	if (r >= 0)
		r = file_read(fd, "cgroup.procs", PROCESSES_BYTES_MAX, &processes, NULL);
	/* ENODEV: it was removed between the two. */
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? -ESRCH : r;
	pid = (pid_t)atoi(processes);
	if (pid <= 0)
		return -ESRCH;
	*ret_pid = pid;
	return 0;
}

uint64_t guest_cgroup_memory(const char *name)
{
	_cleanup_fd_ int fd = -EBADF;

	if (open_group(name, &fd) < 0)
		return 0;
	return read_key(fd, "memory.stat", "anon") + read_key(fd, "memory.stat", "shmem") +
	       read_key(fd, "memory.stat", "kernel");
}

uint64_t guest_cgroup_hugepages(const char *name)
{
	_cleanup_fd_ int fd = -EBADF;

	return open_group(name, &fd) < 0 ? 0 : read_number(fd, "hugetlb.2MB.current");
}

bool guest_cgroup_was_oom_killed(const char *name)
{
	_cleanup_fd_ int fd = -EBADF;

	return open_group(name, &fd) == 0 && read_key(fd, "memory.events", "oom_kill") > 0;
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
