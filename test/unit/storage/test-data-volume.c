// SPDX-License-Identifier: GPL-2.0-or-later
// The data volume without a disk: a folder stands for it, a script for e2fsck. What the child does
// is seen in shared memory, and every call fails in turn.
// link: -Wl,--wrap=mount,--wrap=umount2,--wrap=stat,--wrap=fstatvfs,--wrap=syncfs,--wrap=open
// link: -Wl,--wrap=confine_clone,--wrap=pidfd_open,--wrap=sd_event_add_io,--wrap=mkdirat
// link: -Wl,--wrap=sd_event_add_defer,--wrap=memfd_create,--wrap=dup2,--wrap=waitpid
// link: -Wl,--wrap=calloc,--wrap=strdup,--wrap=mkdir,--wrap=poll,--wrap=write
#include "fake-tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "storage/volume/data-volume-internal.h"

#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

static struct tree tree;
static sd_event *event;
static struct data_volume *volume;
static struct data_volume_paths paths;
static char path_texts[3][PATH_MAX];
static char logged[8192];
static int mounted, lost, failed, decided, root_fd;
static pid_t test_pid;

/* Also of the children. */
static struct shared {
	int mounts, remounts, unmounts, syncs, exclusive_opens;
	unsigned long flags;
	char source[64], type[16], options[64];
	int mount_error, remount_error, unmount_error, syncfs_error;
	int busy_opens; /* that many are refused */
	bool hangs; /* in mount() */
	/* Calls fail in turn. */
	bool active, in_child;
	int call, fail_at;
	char failed[32];
} *shared;

static struct {
	bool device_is_there, readonly;
} fake;

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

WRAP(int, confine_clone, -EAGAIN, EAGAIN,
     (uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd),
     (namespaces, cgroup_fd, ret_pid, ret_pidfd))
WRAP(int, pidfd_open, -1, EMFILE, (pid_t pid, unsigned int flags), (pid, flags))
WRAP(int, sd_event_add_io, -ENOMEM, ENOMEM,
     (sd_event * e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t c, void *u),
     (e, s, fd, events, c, u))
WRAP(int, sd_event_add_defer, -ENOMEM, ENOMEM,
     (sd_event * e, sd_event_source **s, sd_event_handler_t c, void *u), (e, s, c, u))
WRAP(int, memfd_create, -1, EMFILE, (const char *name, unsigned int flags), (name, flags))
WRAP(int, dup2, -1, EMFILE, (int from, int to), (from, to))
WRAP(void *, calloc, 0, ENOMEM, (size_t count, size_t size), (count, size))
WRAP(char *, strdup, 0, ENOMEM, (const char *text), (text))
WRAP(int, mkdir, -1, EROFS, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, -1, ENOSPC, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(ssize_t, write, -1, EIO, (int fd, const void *data, size_t length), (fd, data, length))

/* EINTR, which is no failure. */
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return fails("poll", EINTR) ? -1 : __real_poll(fds, count, timeout);
}

pid_t __real_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	return getpid() != test_pid && fails("waitpid", EINTR)
		       ? -1
		       : __real_waitpid(pid, status, options);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	if (flags & O_EXCL && strncmp(path, "/dev/sd", 7) == 0) {
		shared->exclusive_opens++;
		return shared->busy_opens-- > 0 ? refuse(EBUSY) : refuse(ENOENT);
	}
	return fails("open", EMFILE) ? -1 : __real_open(path, flags, 0600);
}

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data)
{
	assert_string_equal(target, paths.mount);
	shared->flags = flags;
	(void)snprintf(shared->options, sizeof(shared->options), "%s", (const char *)data ?: "");
	if (flags & MS_REMOUNT) {
		shared->remounts++;
		return shared->remount_error ? refuse(shared->remount_error) : 0;
	}
	shared->mounts++;
	(void)snprintf(shared->source, sizeof(shared->source), "%s", source);
	(void)snprintf(shared->type, sizeof(shared->type), "%s", type);
	while (shared->hangs)
		(void)pause();
	if (fails("mount", EIO))
		return -1;
	return shared->mount_error ? refuse(shared->mount_error) : 0;
}

int __wrap_umount2(const char *target, int flags);
int __wrap_umount2(const char *target, int)
{
	assert_string_equal(target, paths.mount);
	shared->unmounts++;
	return shared->unmount_error ? refuse(shared->unmount_error) : 0;
}

int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
	assert_true(fd >= 0);
	shared->syncs++;
	return shared->syncfs_error ? refuse(shared->syncfs_error) : 0;
}

int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status)
{
	if (strncmp(path, "/dev/", 5) != 0)
		return __real_stat(path, status);
	if (!fake.device_is_there)
		return refuse(ENOENT);
	*status = (struct stat){ .st_mode = S_IFBLK | 0600, .st_rdev = makedev(8, 17) };
	return 0;
}

int __wrap_fstatvfs(int fd, struct statvfs *status);
int __wrap_fstatvfs(int, struct statvfs *status)
{
	*status = (struct statvfs){ .f_frsize = 4096,
				    .f_blocks = 1 << 20,
				    .f_bavail = 1 << 18,
				    .f_flag = fake.readonly ? ST_RDONLY : 0 };
	return 0;
}

static void on_log(enum log_level, const char *subject, const char *message, void *)
{
	size_t length = strlen(logged);

	(void)snprintf(logged + length, sizeof(logged) - length, "%s: %s\n", subject, message);
}

static void expect_logged(const char *text)
{
	if (!strstr(logged, text))
		fail_msg("\"%s\" was not logged, but: %s", text, logged);
	logged[0] = '\0';
}

static void on_mounted(int fd, void *userdata)
{
	assert_ptr_equal(userdata, &mounted);
	mounted++;
	root_fd = fd;
}

/* Who lets go of it finds it open still. */
static void on_lost(void *userdata)
{
	assert_ptr_equal(userdata, &mounted);
	assert_true(fcntl(root_fd, F_GETFD) >= 0);
	lost++;
}

static void on_failed(const char *why, void *userdata)
{
	assert_ptr_equal(userdata, &mounted);
	assert_true(why && *why);
	failed++;
}

/* Once for each time that it was not. */
static void on_decided(void *userdata)
{
	assert_ptr_equal(userdata, &mounted);
	assert_false(data_volume_is_undecided(volume));
	decided++;
}

static const struct data_volume_callbacks callbacks = { on_mounted, on_lost, on_failed, on_decided,
							&mounted };

static int new_volume(void)
{
	data_volume_free(volume);
	volume = NULL;
	return data_volume_new_at(&paths, event, &callbacks, &volume);
}

static void make_e2fsck(const char *script)
{
	tree_file(&tree, "/e2fsck", script);
	assert_int_equal(chmod(paths.e2fsck, 0755), 0);
}

static int setup(void **)
{
	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || sd_event_new(&event) < 0)
		return -1;
	memset(&fake, 0, sizeof(fake));
	logged[0] = '\0';
	mounted = lost = failed = decided = 0;
	log_set_hook(on_log, NULL);
	tree_make(&tree);
	(void)snprintf(path_texts[0], PATH_MAX, "%s/data", tree.root);
	(void)snprintf(path_texts[1], PATH_MAX, "%s/mountinfo", tree.root);
	(void)snprintf(path_texts[2], PATH_MAX, "%s/e2fsck", tree.root);
	paths = (struct data_volume_paths){ path_texts[0], path_texts[1], path_texts[2], 300 };
	tree_file(&tree, "/mountinfo", "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n");
	make_e2fsck("#!/bin/sh\necho \"$@\" >\"${0%/*}/arguments\"\nexit 0\n");
	assert_int_equal(new_volume(), 0);
	return 0;
}

static int teardown(void **)
{
	data_volume_free(volume);
	volume = NULL;
	event = sd_event_unref(event);
	tree_remove(&tree);
	assert_no_child();
	(void)munmap(shared, sizeof(*shared));
	return 0;
}

static enum data_volume_phase phase(void)
{
	struct data_volume_status status;

	data_volume_get_status(volume, &status);
	return status.phase;
}

static void wait_for_check(void)
{
	while (phase() == DATA_VOLUME_CHECKING)
		assert_true(sd_event_run(event, 10 * 1000000ULL) > 0);
}

static void offer(const char *node, const char *type)
{
	assert_int_equal(data_volume_offer(volume, node, "mvirt-data", type), 1);
	assert_int_equal(phase(), DATA_VOLUME_CHECKING);
	assert_true(data_volume_is_undecided(volume));
	assert_int_equal(mounted, 0);
	decided = 0;
	wait_for_check();
	assert_false(data_volume_is_undecided(volume));
	assert_int_equal(decided, 1);
}

static void expect_failed(const char *why)
{
	struct data_volume_status status;

	data_volume_get_status(volume, &status);
	assert_int_equal(status.phase, DATA_VOLUME_FAILED);
	assert_true(failed > 0);
	assert_string_equal(status.why, why);
	assert_int_equal(mounted, 0);
	expect_logged(why);
}

/* --- what it does --- */

static void test_mounted(void **)
{
	struct data_volume_status status;
	char *arguments = NULL;
	struct stat folder;
	FILE *file = NULL;
	size_t size = 0;

	offer("/dev/sdb1", "ext4");
	expect_logged("data: /dev/sdb1: mounted, ext4, 4 GiB, 1 GiB free\n");
	assert_int_equal(mounted, 1);
	assert_int_equal(fcntl(root_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(shared->mounts, 1);
	assert_int_equal(shared->flags, MOUNT_FLAGS);
	assert_string_equal(shared->source, "/dev/sdb1");
	assert_string_equal(shared->type, "ext4");
	assert_string_equal(shared->options, "errors=remount-ro");
	file = fopen(tree_path(&tree, "/arguments"), "re");
	assert_non_null(file);
	assert_true(getline(&arguments, &size, file) > 0);
	assert_string_equal(arguments, "-p /dev/sdb1\n");
	free(arguments);
	(void)fclose(file);
	assert_int_equal(__real_stat(tree_path(&tree, "/data/guests"), &folder), 0);
	assert_int_equal(folder.st_mode & 07777, 0700);
	assert_int_equal(__real_stat(tree_path(&tree, "/data/images"), &folder), 0);
	assert_int_equal(folder.st_mode & 07777, 0755);
	data_volume_get_status(volume, &status);
	assert_string_equal(status.device, "/dev/sdb1");
	assert_string_equal(status.type, "ext4");
	assert_int_equal(status.size_bytes, 4ULL << 30);
	assert_int_equal(status.free_bytes, 1ULL << 30);
	assert_null(status.why);
	/* Once more is nothing new. */
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "ext4"), 1);
	assert_int_equal(phase(), DATA_VOLUME_MOUNTED);
	assert_string_equal(logged, "");
	/* An error made it read-only. */
	fake.readonly = true;
	data_volume_get_status(volume, &status);
	assert_non_null(strstr(status.why, "read-only after an error"));
}

static void test_xfs(void **)
{
	make_e2fsck("#!/bin/sh\nexit 8\n");
	offer("/dev/sdb1", "xfs");
	expect_logged("data: /dev/sdb1: mounted, xfs,");
	assert_string_equal(shared->type, "xfs");
	assert_string_equal(shared->options, "");
	assert_int_equal(mounted, 1);
}

static void test_not_ours(void **)
{
	assert_int_equal(data_volume_offer(volume, "/dev/sda1", NULL, NULL), 0);
	assert_int_equal(data_volume_offer(volume, "/dev/sda1", "mvirt-data", NULL), 0);
	assert_int_equal(data_volume_offer(volume, "/dev/sda1", "MVIRT-DATA", "ext4"), 0);
	assert_int_equal(data_volume_offer(volume, "/dev/sda1", "root", "ext4"), 0);
	assert_string_equal(logged, "");
	assert_int_equal(data_volume_offer(volume, "/dev/sda1", "mvirt-data", "btrfs"), 0);
	expect_logged("/dev/sda1: labelled mvirt-data, but holds btrfs: only ext4 and xfs");
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	assert_int_equal(data_volume_remove(volume, "sda1"), 0);
}

static void test_second(void **)
{
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "ext4"), 1);
	assert_int_equal(data_volume_offer(volume, "/dev/sdc1", "mvirt-data", "ext4"), 0);
	expect_logged("/dev/sdc1: also labelled mvirt-data, left alone: /dev/sdb1 is in use");
	wait_for_check();
	assert_int_equal(data_volume_offer(volume, "/dev/sdc1", "mvirt-data", "ext4"), 0);
	assert_int_equal(shared->mounts, 1);
	assert_int_equal(data_volume_remove(volume, "sdc1"), 0);
}

/* Which one is right cannot be told. */
static void test_refused(void **)
{
	struct data_volume_status status = {};

	data_volume_refuse(volume, "two of them");
	expect_logged("data: two of them");
	data_volume_get_status(volume, &status);
	assert_int_equal(status.phase, DATA_VOLUME_FAILED);
	assert_null(status.device);
	assert_string_equal(status.why, "two of them");
	assert_int_equal(data_volume_remove(volume, "sdb1"), 0);
	/* It is known now. */
	offer("/dev/sdb1", "xfs");
	assert_int_equal(phase(), DATA_VOLUME_MOUNTED);
}

static void test_repaired(void **)
{
	make_e2fsck("#!/bin/sh\nexit 1\n");
	offer("/dev/sdb1", "ext4");
	expect_logged("data: /dev/sdb1: was repaired (e2fsck -p)\ndata: /dev/sdb1: mounted,");
	assert_int_equal(data_volume_remove(volume, "sdb1"), 1);
	mounted = 0;
	make_e2fsck("#!/bin/sh\nexit 3\n");
	offer("/dev/sdb1", "ext4");
	expect_logged("was repaired");
	assert_int_equal(mounted, 1);
}

static void test_damaged(void **)
{
	make_e2fsck("#!/bin/sh\nexit 4\n");
	offer("/dev/sdb1", "ext4");
	expect_failed(
		"not mounted: it is damaged, and e2fsck -p repairs only what is safe; nothing "
		"else was changed: run `e2fsck -y /dev/sdb1` in the rescue shell, then reboot");
	assert_int_equal(shared->mounts, 0);
	make_e2fsck("#!/bin/sh\necho\necho '/dev/sdb1: Bad magic number' >&2\necho more\nexit 8\n");
	offer("/dev/sdb1", "ext4");
	expect_failed("not mounted: e2fsck failed (status 8): /dev/sdb1: Bad magic number: "
		      "run `e2fsck -y /dev/sdb1` in the rescue shell, then reboot");
	make_e2fsck("#!/bin/sh\nkill -9 $$\n");
	offer("/dev/sdb1", "ext4");
	expect_failed("not mounted: e2fsck was killed by signal 9");
	assert_int_equal(unlink(paths.e2fsck), 0);
	offer("/dev/sdb1", "ext4");
	assert_non_null(
		strstr(logged, "e2fsck cannot be run: executing it: No such file or directory"));
	assert_int_equal(shared->mounts, 0);
	/* Repaired, and offered again; or another one. */
	make_e2fsck("#!/bin/sh\nexit 0\n");
	offer("/dev/sdc1", "ext4");
	assert_int_equal(mounted, 1);
}

static void test_mount_fails(void **)
{
	shared->mount_error = EACCES;
	offer("/dev/sdb1", "ext4");
	expect_failed("cannot be mounted: Permission denied (the disk is write-protected)");
	shared->mount_error = EUCLEAN;
	offer("/dev/sdb1", "xfs");
	expect_failed("cannot be mounted: Structure needs cleaning: run xfs_repair on another "
		      "system");
	assert_int_equal(data_volume_remove(volume, "sdb1"), 1);
	assert_int_equal(phase(), DATA_VOLUME_NONE);
}

/* The e2fsck of a hostd that was killed is still there for a moment. */
static void test_busy(void **)
{
	shared->busy_opens = 2;
	offer("/dev/sdb1", "ext4");
	assert_int_equal(shared->exclusive_opens, 3);
	assert_int_equal(mounted, 1);
}

static void test_removed(void **)
{
	int fds = count_fds();

	offer("/dev/sdb1", "ext4");
	assert_int_equal(data_volume_remove(volume, "sdb"), 0);
	assert_int_equal(data_volume_remove(volume, "sdb1"), 1);
	expect_logged("/dev/sdb1: was removed, and the guests' disks on it");
	assert_int_equal(lost, 1);
	assert_int_equal(shared->unmounts, 1);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	/* And comes back. */
	mounted = 0;
	offer("/dev/sdc1", "ext4");
	assert_int_equal(mounted, 1);
}

static void wait_for_child(const volatile int *count)
{
	while (*count == 0)
		(void)nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

static void test_removed_while_checked(void **)
{
	int fds = count_fds();

	shared->hangs = true;
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "xfs"), 1);
	wait_for_child(&shared->mounts);
	assert_int_equal(data_volume_remove(volume, "sdb1"), 1);
	expect_logged("was removed while it was being checked");
	assert_int_equal(lost, 0);
	assert_int_equal(decided, 1);
	assert_false(data_volume_is_undecided(volume));
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(shared->unmounts, 1);
	assert_no_child();
	/* What e2fsck was at ends with it. */
	make_e2fsck("#!/bin/sh\n>\"${0%/*}/begun\"\nsleep 1000\n");
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "ext4"), 1);
	while (access(tree_path(&tree, "/begun"), F_OK) < 0)
		(void)nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	data_volume_free(take_ptr(volume));
	assert_int_equal(count_fds(), fds);
}

static void test_taken_over(void **)
{
	static const char mount_format[] = "%s30 1 8:17 / %s rw - ext4 /dev/sdb1 rw\n";
	char text[512];

	(void)snprintf(text, sizeof(text), mount_format, "9 1 0:5 / /x rw - xfs /dev/sdz rw\n",
		       paths.mount);
	tree_file(&tree, "/mountinfo", text);
	fake.device_is_there = true;
	assert_int_equal(new_volume(), 0);
	expect_logged("data: /dev/sdb1: is mounted already, ext4, 4 GiB, 1 GiB free\n");
	assert_int_equal(phase(), DATA_VOLUME_MOUNTED);
	/* Nobody has been told. */
	assert_int_equal(mounted, 0);
	assert_true(data_volume_is_undecided(volume));
	assert_true(sd_event_run(event, 0) > 0);
	assert_int_equal(mounted, 1);
	assert_int_equal(decided, 1);
	assert_false(data_volume_is_undecided(volume));
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "ext4"), 1);
	assert_int_equal(shared->mounts, 0);
	/* Its disk went while nobody looked. */
	fake.device_is_there = false;
	assert_int_equal(new_volume(), 0);
	expect_logged("/dev/sdb1: is gone");
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	assert_int_equal(shared->unmounts, 1);
	/* Another disk has its name. */
	(void)snprintf(text, sizeof(text), "30 1 8:33 / %s rw - ext4 /dev/sdb1 rw\n", paths.mount);
	tree_file(&tree, "/mountinfo", text);
	fake.device_is_there = true;
	assert_int_equal(new_volume(), 0);
	expect_logged("/dev/sdb1: is gone");
	assert_int_equal(mounted, 1);
}

static void test_released(void **)
{
	int fds = count_fds();

	assert_int_equal(data_volume_release(volume), 0);
	offer("/dev/sdb1", "ext4");
	assert_int_equal(data_volume_release(volume), 0);
	expect_logged("/dev/sdb1: unmounted");
	assert_int_equal(lost, 1);
	assert_int_equal(shared->syncs, 1);
	assert_int_equal(shared->unmounts, 1);
	assert_int_equal(shared->remounts, 0);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	mounted = 0;
	offer("/dev/sdb1", "ext4");
	shared->unmount_error = EBUSY;
	assert_int_equal(data_volume_release(volume), -EBUSY);
	expect_logged("/dev/sdb1: still in use, read-only now");
	assert_int_equal(shared->remounts, 1);
	assert_int_equal(shared->flags, MOUNT_FLAGS | MS_REMOUNT | MS_RDONLY);
	mounted = 0;
	offer("/dev/sdb1", "ext4");
	shared->remount_error = EBUSY;
	shared->unmount_error = EINVAL;
	assert_int_equal(data_volume_release(volume), -EINVAL);
	expect_logged("cannot be unmounted (Invalid argument) or made read-only");
	mounted = 0;
	shared->unmount_error = shared->remount_error = 0;
	shared->syncfs_error = EIO;
	offer("/dev/sdb1", "ext4");
	assert_int_equal(data_volume_release(volume), -EIO);
	expect_logged("written data may be lost: Input/output error");
}

static void test_released_while_checked(void **)
{
	shared->hangs = true;
	assert_int_equal(data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "xfs"), 1);
	assert_int_equal(data_volume_release(volume), 0);
	assert_int_equal(phase(), DATA_VOLUME_NONE);
	assert_no_child();
}

/* --- every call fails --- */

static bool try_at(int n, bool in_child)
{
	int fds = 0, r = 0;

	data_volume_free(take_ptr(volume));
	fds = count_fds();
	mounted = lost = 0;
	*shared = (struct shared){ .active = true, .in_child = in_child, .fail_at = n };
	r = data_volume_new_at(&paths, event, &callbacks, &volume);
	if (r == 0)
		r = data_volume_offer(volume, "/dev/sdb1", "mvirt-data", "ext4");
	if (r == 1)
		wait_for_check();
	if (volume) {
		assert_int_not_equal(phase(), DATA_VOLUME_CHECKING);
		assert_int_equal(phase() == DATA_VOLUME_MOUNTED, mounted == 1);
		/* What is mounted is used, or mounted no more; but for a child that cannot say so.
		 */
		if (mounted == 0 && shared->mounts > 0 && strcmp(shared->failed, "mount") != 0 &&
		    strcmp(shared->failed, "write") != 0)
			assert_int_equal(shared->unmounts, 1);
		if (mounted == 1)
			(void)data_volume_release(volume);
		assert_int_equal(phase() == DATA_VOLUME_MOUNTED, false);
	}
	shared->active = false;
	data_volume_free(take_ptr(volume));
	assert_int_equal(count_fds(), fds);
	assert_no_child();
	return shared->call >= n;
}

static void test_every_call_fails(void **)
{
	int stderr_fd = dup(STDERR_FILENO), null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int n = 1;

	/* hostd's complaints are many. */
	assert_true(dup2(null_fd, STDERR_FILENO) >= 0);
	while (try_at(n, false))
		n++;
	assert_true(n > 8);
	n = 1;
	while (try_at(n, true))
		n++;
	assert_true(n > 8);
	(void)dup2(stderr_fd, STDERR_FILENO);
	(void)close(stderr_fd);
	(void)close(null_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mounted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_xfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_while_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_released, setup, teardown),
		cmocka_unit_test_setup_teardown(test_released_while_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
