// SPDX-License-Identifier: GPL-2.0-or-later
// What may hang on a dying disk and therefore runs in a child: check, mount, unmount.
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "data-volume-internal.h"

#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)
#define RETRY_MS 100
#define UNMOUNT_TRIES 20
/* e2fsck(8), exit code: a sum of these. */
#define E2FSCK_REPAIRED 1
#define E2FSCK_REBOOT 2 /* for a root file system */
#define E2FSCK_LEFT 4
#define E2FSCK_SIGNAL 128

static void wait_ms(unsigned int ms)
{
	const struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL);
}

/* A killed hostd's check holds the device until the kernel has ended it. */
static void wait_until_free(const struct data_volume_target *target)
{
	for (unsigned int ms = 0; ms < target->paths->busy_ms; ms += RETRY_MS) {
		_cleanup_fd_ int fd = open(target->node, O_RDONLY | O_EXCL | O_CLOEXEC);

		if (fd >= 0 || errno != EBUSY)
			return;
		wait_ms(RETRY_MS);
	}
}

static bool check_ext4(const struct data_volume_target *target, struct disk_child_answer *answer)
{
	const char *const argv[] = { target->paths->e2fsck, "-p", target->node, NULL };
	char line[256] = "";
	int status = disk_child_execute(argv, line, sizeof(line));

	if (status < 0)
		disk_child_fail(answer, status, "not mounted: it cannot be checked: %s",
				strerror(-status));
	else if (status >= E2FSCK_SIGNAL)
		disk_child_fail(answer, -EIO, "not mounted: e2fsck was killed by signal %d",
				status - E2FSCK_SIGNAL);
	else if (status & ~(E2FSCK_REPAIRED | E2FSCK_REBOOT | E2FSCK_LEFT))
		disk_child_fail(
			answer, -EIO,
			"not mounted: e2fsck failed (status %d): %s: run `e2fsck -y %s` in the "
			"rescue shell, then reboot",
			status, line, target->node);
	else if (status & E2FSCK_LEFT)
		disk_child_fail(
			answer, -EUCLEAN,
			"not mounted: it is damaged, and e2fsck -p repairs only what is safe; "
			"nothing else was changed: run `e2fsck -y %s` in the rescue shell, then "
			"reboot",
			target->node);
	answer->repaired = status > 0 && answer->error == 0;
	return answer->error == 0;
}

static const char *mount_options(const char *type)
{
	return text_equal(type, "ext4") ? "errors=remount-ro" : NULL;
}

static bool mount_it(const struct data_volume_target *target, struct disk_child_answer *answer)
{
	const char *hint = "";
	int error = 0;

	if (mount(target->node, target->paths->mount, target->type, MOUNT_FLAGS,
		  mount_options(target->type)) == 0)
		return true;
	error = errno;
	if (error == EACCES || error == EROFS)
		hint = " (the disk is write-protected)";
	else if (error == EUCLEAN && text_equal(target->type, "xfs"))
		hint = ": run xfs_repair on another system";
	disk_child_fail(answer, -error, "cannot be mounted: %s%s", strerror(error), hint);
	return false;
}

/* guests/ is only for hostd: QEMU gets open files. images/ is for people, too. */
static int make_folders(const char *mount)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = { { "guests", 0700 }, { "images", 0755 } };
	_cleanup_fd_ int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ELEMENTS(folders); i++)
		if (mkdirat(fd, folders[i].name, folders[i].mode) < 0 && errno != EEXIST)
			return -errno;
	return 0;
}

void data_volume_mount_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct data_volume_target *target = data;
	int r = 0;

	wait_until_free(target);
	if (text_equal(target->type, "ext4") && !check_ext4(target, answer))
		return;
	if (!mount_it(target, answer))
		return;
	r = make_folders(target->paths->mount);
	if (r == 0)
		return;
	(void)umount2(target->paths->mount, MNT_DETACH);
	disk_child_fail(answer, r, "not used: its folders cannot be made: %s", strerror(-r));
}

static int sync_it(const char *mount)
{
	_cleanup_fd_ int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || syncfs(fd) < 0 ? -errno : 0;
}

/* A process that has just ended may hold it a moment longer. */
static int unmount(const char *mount)
{
	for (int i = 0;; i++) {
		if (umount2(mount, 0) == 0)
			return 0;
		if (errno != EBUSY || i == UNMOUNT_TRIES)
			return -errno;
		wait_ms(RETRY_MS);
	}
}

void data_volume_release_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct data_volume_target *target = data;
	const char *point = target->paths->mount;
	int r = sync_it(point);

	if (r < 0)
		disk_child_fail(answer, r, "written data may be lost: %s", strerror(-r));
	r = unmount(point);
	if (r == 0)
		return;
	if (mount(NULL, point, NULL, MS_REMOUNT | MS_RDONLY | MOUNT_FLAGS,
		  mount_options(target->type)) == 0)
		disk_child_fail(answer, r, "still in use, read-only now");
	else
		disk_child_fail(answer, r, "cannot be unmounted (%s) or made read-only (%s)",
				strerror(-r), strerror(errno));
}
