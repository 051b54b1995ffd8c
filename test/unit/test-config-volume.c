// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's volume without a file system to mount: a folder stands for it, and every
// system call can be made to fail.
// link: -Wl,--wrap=mount,--wrap=umount2,--wrap=stat,--wrap=sendfile,--wrap=fchmod
// link: -Wl,--wrap=futimens,--wrap=renameat,--wrap=fstatvfs,--wrap=openat,--wrap=mkdir
// link: -Wl,--wrap=fsync,--wrap=read
#include "fake-tree.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "storage/config-volume-internal.h"

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

static void expect_logged(const char *text)
{
	if (!strstr(logged, text))
		fail_msg("\"%s\" was not logged, but: %s", text, logged);
	logged[0] = '\0';
}

static void new_volume(void)
{
	config_volume_free(volume);
	volume = NULL;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/mountinfo"),
						 &volume),
			 0);
}

static int setup(void **state)
{
	(void)state;
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

static int teardown(void **state)
{
	(void)state;
	config_volume_free(volume);
	volume = NULL;
	tree_remove(&tree);
	return 0;
}

/* The volume as it is when a stick with a kernel is plugged in. */
static void plug_in(void)
{
	tree_file(&tree, "/config/mvirt.conf", "hostname = \"test\"\n");
	tree_file(&tree, "/config/boot/vmlinuz", "kernel");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
}

/* As the kernel does it for the real mount point when the file system is gone. */
static void pull_out(void)
{
	assert_int_equal(rename(tree_path(&tree, "/config"), tree_path(&tree, "/pulled")), 0);
	tree_folder(&tree, "/config");
	assert_int_equal(config_volume_remove(volume, "sdb1"), 1);
}

static void expect_kept(const char *path, const char *text)
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

static void expect_kept_is_empty(void)
{
	DIR *dir = opendir(tree_path(&tree, "/boot"));
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	assert_int_equal(count, 2);
}

static void test_offer(void **state)
{
	(void)state;
	assert_null(config_volume_device(volume));
	assert_int_equal(config_volume_offer(volume, "/dev/sda", NULL, NULL), 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sda1", "DATA", "vfat"), 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sr0", "MVIRT", "iso9660"), 0);
	assert_string_equal(logged, "");
	assert_int_equal(config_volume_offer(volume, "/dev/sda2", "MVIRT", "ext4"), 0);
	expect_logged("config: /dev/sda2: labelled MVIRT, but holds ext4: only FAT is read");
	assert_int_equal(fake.mounts, 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "mvirt", "vfat"), 1);
	expect_logged("config: /dev/sdb1: mounted");
	assert_int_equal(fake.mounts, 1);
	assert_string_equal(fake.mount_source, "/dev/sdb1");
	assert_string_equal(fake.mount_type, "vfat");
	assert_int_equal(fake.mount_flags,
			 MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME);
	assert_non_null(strstr(fake.mount_options, "utf8"));
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
	/* A second one: both are named. And the same one again. */
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 0);
	expect_logged("config: /dev/sdc1: also labelled MVIRT, left alone: /dev/sdb1 is in use");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
	assert_int_equal(fake.mounts, 1);
}

static void test_mount_fails(void **state)
{
	(void)state;
	fake.mount_error = EINVAL;
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), -EINVAL);
	expect_logged("config: /dev/sdb1: cannot be mounted: Invalid argument");
	assert_null(config_volume_device(volume));
	fake.mount_error = 0;
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 1);
}

static void test_read_config(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	plug_in();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_string_equal(text, "hostname = \"test\"\n");
	free(text);
	/* Without the stick, and in the next hostd. */
	pull_out();
	new_volume();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_string_equal(text, "hostname = \"test\"\n");
	free(text);
}

static void test_bad_config_files(void **state)
{
	char *text = NULL, *large = malloc((1 << 20) + 1);

	(void)state;
	assert_non_null(large);
	plug_in();
	memset(large, '#', (1 << 20) + 1);
	tree_bytes(&tree, "/config/mvirt.conf", large, 1 << 20);
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_int_equal(strlen(text), 1 << 20);
	free(text);
	text = NULL;
	tree_bytes(&tree, "/config/mvirt.conf", large, (1 << 20) + 1);
	assert_int_equal(config_volume_read_config(volume, &text), -EFBIG);
	tree_bytes(&tree, "/config/mvirt.conf", "h\0o\0s\0t\0", 8);
	assert_int_equal(config_volume_read_config(volume, &text), -EILSEQ);
	expect_logged("UTF-16");
	assert_int_equal(unlink(tree_path(&tree, "/config/mvirt.conf")), 0);
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	tree_folder(&tree, "/config/mvirt.conf");
	assert_int_equal(config_volume_read_config(volume, &text), -EISDIR);
	assert_null(text);
	free(large);
}

static void test_config_cannot_be_kept(void **state)
{
	char *text = NULL;

	(void)state;
	plug_in();
	fake.fsync_error = ENOSPC;
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	expect_logged("config: mvirt.conf: cannot be kept in memory: No space left on device");
	free(text);
}

static void test_stick_vanishes_under_the_mount(void **state)
{
	char *text = NULL;
	int fds = count_fds();

	(void)state;
	plug_in();
	fake.read_error = EIO;
	/* Nothing was kept before. */
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	expect_logged("config: /dev/sdb1: mvirt.conf: Input/output error");
	assert_int_equal(fake.unmounts, 1);
	assert_null(config_volume_device(volume));
	assert_int_equal(count_fds(), fds);
	fake.read_error = 0;
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 1);
}

/* A stick that does not answer is let go, with one line, whatever is done with it. */
static void test_stick_hangs(void **state)
{
	char *text = NULL;
	int fd = -1;

	(void)state;
	volume->limit_ms = 200;
	fake.hangs = true;
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), -ETIMEDOUT);
	expect_logged(
		"config: /dev/sdb1: does not answer, so it is left alone: it was not mounted");
	assert_null(config_volume_device(volume));

	fake.hangs = false;
	plug_in();
	fake.hangs = true;
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	expect_logged("config: /dev/sdb1: mvirt.conf: it does not answer, so it is let go");
	assert_null(config_volume_device(volume));

	fake.hangs = false;
	plug_in();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	free(text);
	fake.hangs = true;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ETIMEDOUT);
	expect_logged("config: /dev/sdb1: boot/vmlinuz: it does not answer, so it is let go");
	assert_null(config_volume_device(volume));
	/* not once more for the next file */
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOENT);
	assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
	expect_kept_is_empty();
	fake.hangs = false;
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	free(text);
}

static void test_remove(void **state)
{
	(void)state;
	plug_in();
	logged[0] = '\0';
	assert_int_equal(config_volume_remove(volume, "sdb"), 0);
	assert_int_equal(config_volume_remove(volume, "sdc1"), 0);
	assert_string_equal(logged, "");
	assert_int_equal(config_volume_remove(volume, "sdb1"), 1);
	expect_logged("config: /dev/sdb1: was removed");
	assert_int_equal(fake.unmounts, 1);
	assert_null(config_volume_device(volume));
	assert_int_equal(config_volume_remove(volume, "sdb1"), 0);
}

static void write_mountinfo(const char *source)
{
	char text[PATH_MAX];

	(void)snprintf(text, sizeof(text),
		       "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
		       "nonsense\n"
		       "30 1 8:17 / %s/config ro,nosuid shared:1 - vfat %s ro,utf8\n",
		       tree.root, source);
	tree_file(&tree, "/mountinfo", text);
}

static void test_next_hostd_takes_over(void **state)
{
	(void)state;
	write_mountinfo("/dev/sdb1");
	fake.device_is_there = true;
	new_volume();
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
	assert_int_equal(fake.mounts, 0);
	assert_int_equal(fake.unmounts, 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 0);
}

static void test_stick_went_without_hostd(void **state)
{
	(void)state;
	write_mountinfo("/dev/sdb1");
	new_volume();
	assert_null(config_volume_device(volume));
	assert_int_equal(fake.unmounts, 1);
	expect_logged("config: /dev/sdb1: is gone");
}

static void test_find_mount(void **state)
{
	char text[] = "1 0 8:1 / /run/a\\040b rw - vfat /dev/x\\134y ro\n"
		      "2 0 8:2 / /other rw shared:3 master:4 - vfat /dev/z ro\n"
		      "3 0 8:3 / /run/a\\040b rw - vfat /dev/top ro\n";
	char single[] = "1 0 8:1 / /a\\040 rw - vfat /dev/x\\134y ro\n";
	char cut[] = "1 0 8:1 / /a - \n- \n1 0\n - \n";
	dev_t device = 0;
	char *source = config_volume_find_mount(text, "/run/a b", &device);

	(void)state;
	assert_string_equal(source, "/dev/top");
	assert_int_equal(device, makedev(8, 3));
	free(source);
	source = config_volume_find_mount(single, "/a ", &device);
	assert_string_equal(source, "/dev/x\\y");
	free(source);
	assert_null(config_volume_find_mount(cut, "/a", &device));
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *clean;
	} good[] = {
		{ "vmlinuz", "vmlinuz" },
		{ "/boot//./vmlinuz/", "boot/vmlinuz" },
		{ "./a", "a" },
		{ "..a/b..", "..a/b.." },
	};
	static const char *const bad[] = { "", "/", ".", "..", "../a", "a/../b", "a/..", "/.." };
	char *clean = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(config_volume_clean_path(good[i].path, &clean), 0);
		assert_string_equal(clean, good[i].clean);
		free(clean);
	}
	clean = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(config_volume_clean_path(bad[i], &clean), -EINVAL);
	assert_null(clean);
}

static void test_kept_names(void **state)
{
	char long_a[300], long_b[300];
	char *a = NULL, *b = NULL;

	(void)state;
	a = config_volume_kept_name("boot/vmlinuz-6.12");
	assert_string_equal(a, "boot%2Fvmlinuz-6.12");
	free(a);
	a = config_volume_kept_name(".n%w");
	assert_string_equal(a, "%2En%25w");
	free(a);
	memset(long_a, 'x', sizeof(long_a));
	long_a[sizeof(long_a) - 1] = '\0';
	memcpy(long_b, long_a, sizeof(long_b));
	long_b[sizeof(long_b) - 2] = 'y';
	a = config_volume_kept_name(long_a);
	b = config_volume_kept_name(long_b);
	assert_true(strlen(a) < NAME_MAX);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void test_keep(void **state)
{
	int fd = -1, fds = count_fds();

	(void)state;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOENT);
	assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
	plug_in();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	assert_int_equal(config_volume_keep(volume, "/boot/vmlinuz"), 0);
	expect_kept("boot//vmlinuz", "kernel");
	assert_int_equal(config_volume_keep(volume, "initrd"), -ENOENT);
	assert_int_equal(config_volume_keep(volume, "boot"), -EINVAL);
	assert_int_equal(config_volume_keep(volume, "../secret"), -EINVAL);
	assert_int_equal(config_volume_open_kept(volume, "../secret", &fd), -EINVAL);
	pull_out();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "kernel");
	assert_int_equal(fd, -1);
	assert_int_equal(count_fds(), fds);
}

static void test_changed_file_is_kept_anew(void **state)
{
	(void)state;
	plug_in();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	/* Not copied twice: a copy could not succeed now. */
	fake.sendfile_error = EIO;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	fake.sendfile_error = 0;
	tree_file(&tree, "/config/boot/vmlinuz", "newer kernel");
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "newer kernel");
	/* One that cannot be read any more leaves the older copy. */
	tree_file(&tree, "/config/boot/vmlinuz", "newest kernel");
	fake.sendfile_error = EIO;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "newer kernel");
}

static void test_links_do_not_lead_out(void **state)
{
	(void)state;
	tree_file(&tree, "/secret", "secret");
	plug_in();
	tree_link(&tree, "/config/link", "/secret");
	tree_link(&tree, "/config/folder", "");
	assert_int_equal(config_volume_keep(volume, "link"), -EINVAL);
	assert_int_equal(config_volume_keep(volume, "folder/secret"), -EINVAL);
}

static void test_memory_is_full(void **state)
{
	(void)state;
	plug_in();
	fake.room_bytes = 5;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOSPC);
	expect_logged("config: boot/vmlinuz: needs 6 B of memory, 5 B are free");
	/* Full in the middle of it. */
	fake.room_bytes = 0;
	fake.sendfile_error = ENOSPC;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOSPC);
	expect_logged("config: boot/vmlinuz: needs 6 B of memory");
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
}

static void test_keep_fails_everywhere(void **state)
{
	int *const calls[] = { &fake.sendfile_error, &fake.fchmod_error, &fake.futimens_error,
			       &fake.renameat_error, &fake.openat_error };
	int fds = count_fds();

	(void)state;
	plug_in();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int fd = -1;

		*calls[i] = EPERM;
		assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -EPERM);
		expect_logged("config: /dev/sdb1: boot/vmlinuz: Operation not permitted");
		*calls[i] = 0;
		assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
		assert_int_equal(count_fds(), fds);
		expect_kept_is_empty();
	}
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "kernel");
}

static void test_half_a_copy_is_removed(void **state)
{
	(void)state;
	tree_file(&tree, "/boot/%new", "half");
	new_volume();
	expect_kept_is_empty();
}

static void test_open_disk(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(config_volume_open_disk(volume, "disk.img", &fd), -ENOMEDIUM);
	plug_in();
	tree_file(&tree, "/config/disk.img", "disk");
	assert_int_equal(config_volume_open_disk(volume, "nothing.img", &fd), -ENOENT);
	assert_int_equal(config_volume_open_disk(volume, "../mountinfo", &fd), -EINVAL);
	assert_int_equal(fd, -1);
	assert_int_equal(config_volume_open_disk(volume, "/disk.img", &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	(void)close(fd);
}

static void test_new_fails(void **state)
{
	struct config_volume *other = NULL;

	(void)state;
	fake.mkdir_error = EROFS;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/mountinfo"),
						 &other),
			 -EROFS);
	fake.mkdir_error = 0;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/none"),
						 &other),
			 -ENOENT);
	assert_null(other);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_offer),
		TEST(test_mount_fails),
		TEST(test_read_config),
		TEST(test_bad_config_files),
		TEST(test_config_cannot_be_kept),
		TEST(test_stick_vanishes_under_the_mount),
		TEST(test_stick_hangs),
		TEST(test_remove),
		TEST(test_next_hostd_takes_over),
		TEST(test_stick_went_without_hostd),
		TEST(test_find_mount),
		TEST(test_paths),
		TEST(test_kept_names),
		TEST(test_keep),
		TEST(test_changed_file_is_kept_anew),
		TEST(test_links_do_not_lead_out),
		TEST(test_memory_is_full),
		TEST(test_keep_fails_everywhere),
		TEST(test_half_a_copy_is_removed),
		TEST(test_open_disk),
		TEST(test_new_fails),
	};

	shared_fake =
		mmap(NULL, sizeof(fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared_fake != MAP_FAILED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
