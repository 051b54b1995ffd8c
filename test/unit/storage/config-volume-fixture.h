/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder that stands for the configuration's file system; every system call can be made to fail.
 */
// link: -Wl,--wrap=mount,--wrap=umount2,--wrap=stat,--wrap=sendfile,--wrap=fchmod
// link: -Wl,--wrap=futimens,--wrap=renameat,--wrap=fstatvfs,--wrap=openat,--wrap=mkdir
// link: -Wl,--wrap=fsync,--wrap=read
#pragma once

#include "fake-tree.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "storage/volume/config-volume-internal.h"

static struct tree tree;
static struct config_volume *volume;
static char logged[4096];

/* Of the children, too. */
static struct fake {
	int mounts, unmounts;
	unsigned long mount_flags;
	char mount_options[128], mount_type[16], mount_source[64];
	int mount_error, sendfile_error, fchmod_error, futimens_error, renameat_error;
	int openat_error, mkdir_error, read_error, fsync_error;
	uint64_t room_bytes; /* 0: what there really is */
	bool device_is_there;
	bool hangs; /* whatever touches the stick */
	pid_t hostd; /* which never does */
} *shared_fake;
#define fake (*shared_fake)

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data);
int __wrap_umount2(const char *target, int flags);
int __real_stat(const char *path, struct stat *status);
int __wrap_stat(const char *path, struct stat *status);
ssize_t __real_sendfile(int out, int in, off_t *offset, size_t count);
ssize_t __wrap_sendfile(int out, int in, off_t *offset, size_t count);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_futimens(int fd, const struct timespec times[2]);
int __wrap_futimens(int fd, const struct timespec times[2]);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_fstatvfs(int fd, struct statvfs *status);
int __wrap_fstatvfs(int fd, struct statvfs *status);
int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
ssize_t __real_read(int fd, void *data, size_t length);
ssize_t __wrap_read(int fd, void *data, size_t length);

static int refuse(int error)
{
	errno = error;
	return -1;
}

static void hang(void)
{
	while (fake.hangs && getpid() != fake.hostd)
		(void)pause();
}

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data)
{
	hang();
	if (fake.mount_error)
		return refuse(fake.mount_error);
	assert_string_equal(target, tree_path(&tree, "/config"));
	fake.mounts++;
	fake.mount_flags = flags;
	(void)snprintf(fake.mount_source, sizeof(fake.mount_source), "%s", source);
	(void)snprintf(fake.mount_type, sizeof(fake.mount_type), "%s", type);
	(void)snprintf(fake.mount_options, sizeof(fake.mount_options), "%s", (const char *)data);
	return 0;
}

int __wrap_umount2(const char *target, int flags)
{
	assert_string_equal(target, tree_path(&tree, "/config"));
	assert_int_equal(flags, MNT_DETACH);
	fake.unmounts++;
	return 0;
}

int __wrap_stat(const char *path, struct stat *status)
{
	if (strncmp(path, "/dev/", 5) != 0)
		return __real_stat(path, status);
	if (!fake.device_is_there)
		return refuse(ENOENT);
	*status = (struct stat){ .st_mode = S_IFBLK | 0600, .st_rdev = makedev(8, 17) };
	return 0;
}

ssize_t __wrap_sendfile(int out, int in, off_t *offset, size_t count)
{
	hang();
	return fake.sendfile_error ? refuse(fake.sendfile_error)
				   : __real_sendfile(out, in, offset, count);
}

int __wrap_fchmod(int fd, mode_t mode)
{
	return fake.fchmod_error ? refuse(fake.fchmod_error) : __real_fchmod(fd, mode);
}

int __wrap_futimens(int fd, const struct timespec times[2])
{
	return fake.futimens_error ? refuse(fake.futimens_error) : __real_futimens(fd, times);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fake.renameat_error ? refuse(fake.renameat_error)
				   : __real_renameat(from_fd, from, to_fd, to);
}

int __wrap_fstatvfs(int fd, struct statvfs *status)
{
	int r = __real_fstatvfs(fd, status);

	if (fake.room_bytes) {
		status->f_blocks = 1000;
		status->f_frsize = 1;
		status->f_bavail = fake.room_bytes;
	}
	return r;
}

int __wrap_openat(int fd, const char *path, int flags, ...)
{
	if (strcmp(path, "mvirt.conf") == 0)
		hang();
	return fake.openat_error ? refuse(fake.openat_error) : __real_openat(fd, path, flags, 0600);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	return fake.mkdir_error ? refuse(fake.mkdir_error) : __real_mkdir(path, mode);
}

int __wrap_fsync(int fd)
{
	return fake.fsync_error ? refuse(fake.fsync_error) : __real_fsync(fd);
}

ssize_t __wrap_read(int fd, void *data, size_t length)
{
	return fake.read_error ? refuse(fake.read_error) : __real_read(fd, data, length);
}

static void on_log(enum log_level level, const char *subject, const char *message, void *userdata)
{
	size_t length = strlen(logged);

	(void)level;
	(void)userdata;
	(void)snprintf(logged + length, sizeof(logged) - length, "%s: %s\n", subject, message);
}

[[maybe_unused]] static void expect_logged(const char *text)
{
	if (!strstr(logged, text))
		fail_msg("\"%s\" was not logged, but: %s", text, logged);
	logged[0] = '\0';
}

[[maybe_unused]] static void new_volume(void)
{
	config_volume_free(volume);
	volume = NULL;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/mountinfo"),
						 &volume),
			 0);
}

[[maybe_unused]] static int setup(void **state)
{
	(void)state;
	if (!shared_fake)
		shared_fake = mmap(NULL, sizeof(fake), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared_fake != MAP_FAILED);
	memset(&fake, 0, sizeof(fake));
	fake.hostd = getpid();
	logged[0] = '\0';
	log_set_hook(on_log, NULL);
	tree_make(&tree);
	tree_file(&tree, "/mountinfo",
		  "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n23 1 0:21 / /proc rw - proc proc "
		  "rw\n");
	new_volume();
	return 0;
}

[[maybe_unused]] static int teardown(void **state)
{
	(void)state;
	config_volume_free(volume);
	volume = NULL;
	tree_remove(&tree);
	return 0;
}

/* The volume as it is when a stick with a kernel is plugged in. */
[[maybe_unused]] static void plug_in(void)
{
	tree_file(&tree, "/config/mvirt.conf", "hostname = \"test\"\n");
	tree_file(&tree, "/config/boot/vmlinuz", "kernel");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
}

/* As the kernel does it for the real mount point when the file system is gone. */
[[maybe_unused]] static void pull_out(void)
{
	assert_int_equal(rename(tree_path(&tree, "/config"), tree_path(&tree, "/pulled")), 0);
	tree_folder(&tree, "/config");
	assert_int_equal(config_volume_remove(volume, "sdb1"), 1);
}

[[maybe_unused]] static void expect_kept(const char *path, const char *text)
{
	char data[64] = "";
	int fd = -1;
	struct stat status;

	assert_int_equal(config_volume_open_kept(volume, path, &fd), 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0444);
	assert_true(__real_read(fd, data, sizeof(data) - 1) >= 0);
	assert_string_equal(data, text);
	(void)close(fd);
}

[[maybe_unused]] static void expect_kept_is_empty(void)
{
	DIR *dir = opendir(tree_path(&tree, "/boot"));
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	assert_int_equal(count, 2);
}
