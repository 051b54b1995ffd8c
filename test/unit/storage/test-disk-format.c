// SPDX-License-Identifier: GPL-2.0-or-later
// The formatting of a disk that is a file, with a /sys made for it and a script for mke2fs. Every
// call of hostd and of the child fails in turn.
// link: -Wl,--wrap=fstat,--wrap=ioctl,--wrap=open,--wrap=openat,--wrap=getrandom,--wrap=lseek
// link: -Wl,--wrap=write,--wrap=fsync,--wrap=confine_clone,--wrap=pidfd_open,--wrap=calloc
// link: -Wl,--wrap=sd_event_add_io,--wrap=memfd_create,--wrap=fdopendir,--wrap=dup2
#include "fake-tree.h"

#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "base/cleanup.h"
#include "storage/disk/disk-format-internal.h"
#include "storage/disk/gpt.h"

#define DISK_BYTES (80ULL << 20)

static struct tree tree;
static sd_event *event;
static struct disk_use_paths use;
static struct disk_format_paths paths;
static struct disk_format_target target;
static char path_texts[6][PATH_MAX];
static pid_t test_pid;

static int answers, answer_error;
static char answer_why[600];

/* Also of the children. */
static struct shared {
	int sector_bytes, busy_reads, writes;
	bool no_partition, no_block_device, exclusive_busy, hangs;
	bool active, in_child;
	int call, fail_at;
	char failed[32];
} *shared;

static int refuse(int error)
{
	errno = error;
	return -1;
}

static bool fails(const char *name, int error)
{
	if (!shared->active || shared->in_child != (getpid() != test_pid) ||
	    ++shared->call != shared->fail_at)
		return false;
	(void)snprintf(shared->failed, sizeof(shared->failed), "%s", name);
	errno = error;
	return true;
}

#define WRAP(type, name, failure, error, parameters, arguments)                       \
	type __real_##name parameters;                                                \
	type __wrap_##name parameters;                                                \
	type __wrap_##name parameters                                                 \
	{                                                                             \
		return fails(#name, error) ? (type)failure : __real_##name arguments; \
	}

WRAP(ssize_t, getrandom, -1, ENOSYS, (void *data, size_t length, unsigned int flags),
     (data, length, flags))
WRAP(off_t, lseek, -1, EIO, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(int, fsync, -1, EIO, (int fd), (fd))
WRAP(int, confine_clone, -EAGAIN, EAGAIN,
     (uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd),
     (namespaces, cgroup_fd, ret_pid, ret_pidfd))
WRAP(int, pidfd_open, -1, EMFILE, (pid_t pid, unsigned int flags), (pid, flags))
WRAP(void *, calloc, 0, ENOMEM, (size_t count, size_t size), (count, size))
WRAP(int, memfd_create, -1, EMFILE, (const char *name, unsigned int flags), (name, flags))
WRAP(DIR *, fdopendir, 0, ENOMEM, (int fd), (fd))
WRAP(int, dup2, -1, EMFILE, (int from, int to), (from, to))
WRAP(int, sd_event_add_io, -ENOMEM, ENOMEM,
     (sd_event * e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t c, void *u),
     (e, s, fd, events, c, u))

ssize_t __real_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length);
ssize_t __wrap_write(int fd, const void *data, size_t length)
{
	shared->writes++;
	return fails("write", EIO) ? -1 : __real_write(fd, data, length);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	if (flags & O_EXCL && shared->exclusive_busy)
		return refuse(EBUSY);
	return fails("open", EMFILE) ? -1 : __real_open(path, flags, 0600);
}

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return fails("openat", EMFILE) ? -1 : __real_openat(fd, path, flags, 0600);
}

int __real_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status)
{
	int r = fails("fstat", EIO) ? -1 : __real_fstat(fd, status);

	if (r == 0 && S_ISREG(status->st_mode) && !shared->no_block_device)
		status->st_mode = S_IFBLK | 0600;
	return r;
}

/* Reads the table as the kernel does, and makes /sys and the node. */
static int read_table(int fd)
{
	uint8_t sector[512] = {}, entry[128] = {};
	uint64_t first = 0, last = 0, table = 0;
	char text[64];

	if (shared->busy_reads-- > 0)
		return refuse(EBUSY);
	if (shared->no_partition)
		return 0;
	assert_int_equal(pread(fd, sector, sizeof(sector), shared->sector_bytes), sizeof(sector));
	assert_memory_equal(sector, "EFI PART", 8);
	memcpy(&table, sector + 72, 8);
	assert_int_equal(pread(fd, entry, sizeof(entry), (off_t)table * shared->sector_bytes),
			 sizeof(entry));
	memcpy(&first, entry + 32, 8);
	memcpy(&last, entry + 40, 8);
	(void)snprintf(text, sizeof(text), "%llu\n",
		       (unsigned long long)first * (unsigned int)shared->sector_bytes / 512);
	tree_file(&tree, "/devices/sdb/sdb1/start", text);
	(void)snprintf(text, sizeof(text), "%llu\n",
		       (unsigned long long)(last + 1 - first) * (unsigned int)shared->sector_bytes /
			       512);
	tree_file(&tree, "/devices/sdb/sdb1/size", text);
	tree_file(&tree, "/devices/sdb/sdb1/uevent", "");
	tree_file(&tree, "/devices/sdb/sdb1/dev", "8:17\n");
	tree_file(&tree, "/devices/sdb/sdb1/partition", "1\n");
	(void)symlink(tree_path(&tree, "/devices/sdb/sdb1"), tree_path(&tree, "/block/sdb1"));
	tree_file(&tree, "/dev/sdb1", "");
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument = NULL;
	struct stat status;
	bool active = false;
	int r = 0;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (fails("ioctl", EIO))
		return -1;
	switch (request) {
	case BLKGETSIZE64:
		assert_int_equal(__real_fstat(fd, &status), 0);
		*(uint64_t *)argument = (uint64_t)status.st_size;
		return 0;
	case BLKSSZGET:
		*(int *)argument = shared->sector_bytes;
		return 0;
	case BLKRRPART:
		/* The kernel's own work does not fail. */
		active = shared->active;
		shared->active = false;
		r = read_table(fd);
		shared->active = active;
		return r;
	default:
		fail_msg("ioctl %lx", request);
		return -1;
	}
}

static void make_mke2fs(const char *script)
{
	tree_file(&tree, "/mke2fs", script);
	assert_int_equal(chmod(paths.mke2fs, 0755), 0);
}

static void make_disk(void)
{
	(void)nftw(tree_path(&tree, "/devices"), tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	(void)unlink(tree_path(&tree, "/block/sdb1"));
	(void)unlink(tree_path(&tree, "/dev/sdb1"));
	(void)unlink(tree_path(&tree, "/block/sdb"));
	tree_file(&tree, "/devices/sdb/dev", "8:16\n");
	tree_link(&tree, "/block/sdb", "/devices/sdb");
	tree_file(&tree, "/dev/sdb", "");
	assert_int_equal(truncate(tree_path(&tree, "/dev/sdb"), DISK_BYTES), 0);
}

static int setup(void **)
{
	static const char *const names[] = { "mountinfo", "swaps", "block",
					     "mke2fs",    "dev",   "dev/sdb" };

	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || sd_event_new(&event) < 0)
		return -1;
	shared->sector_bytes = 512;
	answers = 0;
	tree_make(&tree);
	for (size_t i = 0; i < ELEMENTS(names); i++)
		(void)snprintf(path_texts[i], PATH_MAX, "%s/%s", tree.root, names[i]);
	use = (struct disk_use_paths){ path_texts[0], path_texts[1], path_texts[2] };
	paths = (struct disk_format_paths){ &use, path_texts[3], path_texts[4], 300 };
	target = (struct disk_format_target){ .node = path_texts[5], .size_bytes = DISK_BYTES };
	tree_file(&tree, "/mountinfo", "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n");
	make_disk();
	make_mke2fs("#!/bin/sh\necho \"$@\" >\"${0%/*}/arguments\"\n");
	return 0;
}

static int teardown(void **)
{
	event = sd_event_unref(event);
	tree_remove(&tree);
	assert_no_child();
	(void)munmap(shared, sizeof(*shared));
	return 0;
}

static void on_done(int error, const char *why, void *userdata)
{
	assert_ptr_equal(userdata, &answers);
	answers++;
	answer_error = error;
	(void)snprintf(answer_why, sizeof(answer_why), "%s", why ?: "");
}

static int start(struct disk_format_job **ret_job)
{
	return disk_format_start_at(&paths, event, &target, on_done, &answers, ret_job);
}

static void format(void)
{
	struct disk_format_job *job = NULL;
	int fds = count_fds(), before = answers;

	assert_int_equal(start(&job), 0);
	while (answers == before)
		assert_true(sd_event_run(event, 10 * 1000000ULL) > 0);
	assert_int_equal(count_fds(), fds);
}

static void expect_refused(int error, const char *why)
{
	answers = 0;
	shared->writes = 0;
	format();
	if (answer_error != error || strcmp(answer_why, why) != 0)
		fail_msg("%d, \"%s\", and not %d, \"%s\"", answer_error, answer_why, error, why);
	/* Its own answer is all that is written. */
	assert_int_equal(shared->writes, 1);
}

static void expect_line(const char *path, const char *text)
{
	char line[512] = "";
	int fd = open(tree_path(&tree, path), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, line, sizeof(line) - 1) >= 0);
	assert_string_equal(line, text);
	(void)close(fd);
}

static void test_formatted(void **)
{
	char expected[PATH_MAX];

	format();
	assert_string_equal(answer_why, "");
	assert_int_equal(answer_error, 0);
	(void)snprintf(expected, sizeof(expected),
		       "-q -t ext4 -L mvirt-data -U random -m 1 -i 65536 -E "
		       "lazy_itable_init=1,lazy_journal_init=1 %s/dev/sdb1\n",
		       tree.root);
	expect_line("/arguments", expected);
	expect_line("/devices/sdb/sdb1/start", "2048\n");
	expect_line("/devices/sdb/sdb1/uevent", "change");
	/* Now it is not empty any more. */
	expect_refused(-EEXIST, "it is not empty: it has a partition table (gpt)");
}

/* As mvirt.conf names it. */
static void test_formatted_with_uuid(void **)
{
	char expected[PATH_MAX];

	target.uuid = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
	format();
	assert_int_equal(answer_error, 0);
	(void)snprintf(expected, sizeof(expected),
		       "-q -t ext4 -L mvirt-data -U 0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0 -m 1 -i "
		       "65536 -E lazy_itable_init=1,lazy_journal_init=1 %s/dev/sdb1\n",
		       tree.root);
	expect_line("/arguments", expected);
}

static void test_large_sectors(void **)
{
	shared->sector_bytes = 4096;
	format();
	assert_string_equal(answer_why, "");
	expect_line("/devices/sdb/sdb1/start", "2048\n");
}

/* What it has on it, goes. */
static void test_erase(void **)
{
	uint8_t before[4096], after[4096];
	int fd = open(target.node, O_RDWR | O_CLOEXEC);

	memset(before, 'x', sizeof(before));
	assert_int_equal(pwrite(fd, before, sizeof(before), (1 << 20) + 1024), sizeof(before));
	assert_int_equal(pwrite(fd, before, sizeof(before), DISK_BYTES - (1 << 20) - 4096),
			 sizeof(before));
	target.erase = true;
	shared->busy_reads = 2;
	format();
	assert_string_equal(answer_why, "");
	assert_int_equal(pread(fd, after, sizeof(after), (1 << 20) + 1024), sizeof(after));
	memset(before, 0, sizeof(before));
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(pread(fd, after, sizeof(after), DISK_BYTES - (1 << 20) - 4096),
			 sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	(void)close(fd);
}

static void test_not_empty(void **)
{
	static const uint8_t swap_label[16] = "MY\nSWAP";
	int fd = open(target.node, O_RDWR | O_CLOEXEC);

	/* The header of a swap space, version 1, with a label. */
	assert_int_equal(pwrite(fd, "SWAPSPACE2", 10, 4096 - 10), 10);
	assert_int_equal(pwrite(fd, "\1\0\0\0\377\0\0\0", 8, 1024), 8);
	assert_int_equal(pwrite(fd, swap_label, 16, 1024 + 12 + 16), 16);
	(void)close(fd);
	expect_refused(-EEXIST, "it is not empty: it holds swap \"MY?SWAP\"");
	target.erase = true;
	format();
	assert_string_equal(answer_why, "");
}

/* Of partitions the kernel knows, though the table is of a kind that nobody else does. */
static void test_partitions(void **)
{
	tree_file(&tree, "/devices/sdb/sdb5/partition", "5\n");
	tree_file(&tree, "/devices/sdb/sdb5/dev", "8:21\n");
	tree_link(&tree, "/block/sdb5", "/devices/sdb/sdb5");
	expect_refused(-EEXIST, "it is not empty: it has 1 partition");
}

/* Also with erase: nothing of it is touched. */
static void test_is_partition(void **)
{
	target.erase = true;
	tree_file(&tree, "/devices/sdb/partition", "1\n");
	expect_refused(-EINVAL, "it is a partition, not a whole disk");
}

/* Also with erase. */
static void test_in_use(void **)
{
	target.erase = true;
	tree_file(&tree, "/mountinfo", "22 1 8:16 / /mnt rw - xfs /dev/sdb rw\n");
	expect_refused(-EBUSY, "/dev/sdb is mounted at /mnt");
	tree_file(&tree, "/mountinfo", "");
	tree_file(&tree, "/swaps", "Filename\n/dev/sdb file 1 0 -2\n");
	expect_refused(-EBUSY, "/dev/sdb is used as swap");
	tree_file(&tree, "/swaps", "Filename\n");
	tree_folder(&tree, "/devices/sdb/holders/md0");
	expect_refused(-EBUSY, "/dev/sdb is part of md0");
	(void)rmdir(tree_path(&tree, "/devices/sdb/holders/md0"));
	shared->exclusive_busy = true;
	expect_refused(-EBUSY, "it is in use (a guest may have it)");
}

static void test_wrong_disk(void **)
{
	target.size_bytes = DISK_BYTES + 512;
	expect_refused(-ESTALE, "it is no longer the same disk");
	target.size_bytes = 0;
	assert_int_equal(truncate(target.node, (64 << 20) - 512), 0);
	expect_refused(-ENOSPC, "it is smaller than 64 MiB");
	shared->no_block_device = true;
	expect_refused(-ENOTBLK, "it is not a disk");
	shared->no_block_device = false;
	shared->sector_bytes = 520;
	assert_int_equal(truncate(target.node, DISK_BYTES), 0);
	expect_refused(-EINVAL, "no partition table fits on it: Invalid argument");
	assert_int_equal(unlink(target.node), 0);
	expect_refused(-ENOENT, "it cannot be opened: No such file or directory");
}

static void test_no_partition(void **)
{
	shared->no_partition = true;
	format();
	assert_int_equal(answer_error, -ENODEV);
	assert_string_equal(answer_why, "the new partition does not appear");
	make_disk();
	shared->no_partition = false;
	shared->busy_reads = 1000;
	target.erase = true;
	format();
	assert_int_equal(answer_error, -EBUSY);
	assert_string_equal(answer_why, "the kernel does not read the new partition table: Device "
					"or resource busy");
}

static void test_mke2fs_fails(void **)
{
	make_mke2fs("#!/bin/sh\nprintf '\\n/dev/sdb1: \\033no\\nmore\\n' >&2\n"
		    "exit 1\n");
	format();
	assert_int_equal(answer_error, -EIO);
	assert_string_equal(answer_why, "mke2fs failed (status 1): /dev/sdb1: ?no");
}

static void test_cancel(void **)
{
	struct disk_format_job *job = NULL;
	int fds = count_fds();

	disk_format_cancel(NULL);
	make_mke2fs("#!/bin/sh\n>\"${0%/*}/begun\"\nsleep 1000\n");
	assert_int_equal(start(&job), 0);
	while (access(tree_path(&tree, "/begun"), F_OK) < 0)
		(void)nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	disk_format_cancel(job);
	assert_int_equal(answers, 0);
	assert_int_equal(count_fds(), fds);
	assert_no_child();
}

/* A child that is killed says nothing, and its end is told. */
static void test_killed(void **)
{
	make_mke2fs("#!/bin/sh\nkill -9 $PPID\nsleep 1\n");
	format();
	assert_int_equal(answer_error, -EIO);
	assert_string_equal(answer_why, "the process that works on it was killed");
}

static bool try_at(int n, bool in_child)
{
	struct disk_format_job *job = NULL;
	int fds = count_fds(), r = 0;

	make_disk();
	(void)unlink(tree_path(&tree, "/arguments"));
	answers = 0;
	*shared = (struct shared){
		.sector_bytes = 512, .active = true, .in_child = in_child, .fail_at = n
	};
	r = start(&job);
	while (r == 0 && answers == 0)
		assert_true(sd_event_run(event, 10 * 1000000ULL) > 0);
	shared->active = false;
	/* One that looks for the partition is made again; whoever says "done" has done it. */
	if (r == 0 && answer_error == 0) {
		assert_int_equal(unlink(tree_path(&tree, "/arguments")), 0);
		expect_line("/devices/sdb/sdb1/uevent", "change");
	}
	if (shared->call >= n && strcmp(shared->failed, "fsync") == 0)
		assert_int_equal(answer_error, -EIO);
	if (r == 0 && answer_error < 0)
		assert_true(answer_why[0] != '\0');
	assert_int_equal(count_fds(), fds);
	assert_no_child();
	return shared->call >= n;
}

static void test_every_call_fails(void **)
{
	int n = 1;

	while (try_at(n, false))
		n++;
	assert_true(n > 5);
	n = 1;
	while (try_at(n, true))
		n++;
	assert_true(n > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_formatted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_formatted_with_uuid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_sectors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_erase, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_partitions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mke2fs_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
