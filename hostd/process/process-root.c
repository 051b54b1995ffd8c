// SPDX-License-Identifier: GPL-2.0-or-later
// A child's root: made over a folder in its own mount namespace, filled, entered.
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "process-internal.h"

/* Only its namespace sees what is mounted over it. */
#define ROOT "/tmp"
#define PATH_BYTES_MAX 256
#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

static int mount_root(struct process_opened *opened)
{
	const struct process_root *root = opened->spec->root;
	const char *over = root->over ?: ROOT;

	(void)umask(022);
	if (mount("root", over, "tmpfs", MOUNT_FLAGS, root->options) < 0)
		return -errno;
	return or_errno(chdir(over));
}

/* The paths are absolute, and are taken below the new root, where we are. */
static int make_folders(const char *path)
{
	char folder[PATH_BYTES_MAX];

	if (strlen(path) >= sizeof(folder))
		return -ENAMETOOLONG;
	(void)strcpy(folder, path + 1);
	for (char *slash = strchr(folder, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int make_folder(const char *path)
{
	return or_errno(mkdir(path + 1, 0755));
}

/* The same bytes in, the same out: genisoimage copies the times. */
static int write_file(const char *path, const char *text)
{
	static const struct timespec epoch[2] = {};
	_cleanup_fd_ int fd = open(path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	int r = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	if (r < 0)
		return r;
	if (futimens(fd, epoch) < 0)
		return -errno;
	return utimensat(AT_FDCWD, ".", epoch, 0) < 0 ? -errno : 0;
}

static int attach(const char *path, int mount_fd)
{
	struct stat status;
	int r = fstat(mount_fd, &status) < 0 ? -errno : 0;

	if (r == 0)
		r = S_ISDIR(status.st_mode) ? make_folder(path) : write_file(path, "");
	return r < 0 ? r
		     : or_errno(move_mount(mount_fd, "", AT_FDCWD, path + 1,
					   MOVE_MOUNT_F_EMPTY_PATH));
}

static int fill_root(struct process_opened *opened)
{
	const struct process_root *root = opened->spec->root;
	int r = 0;

	for (size_t i = 0; r == 0 && i < root->mount_count; i++) {
		const struct process_mount *mounted = &root->mounts[i];

		r = make_folders(mounted->path);
		if (r < 0)
			return r;
		if (mounted->text)
			r = write_file(mounted->path, mounted->text);
		else if (!mounted->tmpfs)
			r = attach(mounted->path, opened->mount_fds[i]);
		else if ((r = make_folder(mounted->path)) == 0)
			r = or_errno(mount("tmpfs", mounted->path + 1, "tmpfs", MOUNT_FLAGS,
					   mounted->tmpfs));
	}
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct process_opened *opened);
	int (*common)(void);
} steps[] = {
	{ "making mounts private", .common = confine_make_mounts_private },
	{ "mounting its root", .run = mount_root },
	{ "filling its root", .run = fill_root },
	{ "entering its root", .common = confine_enter_root },
	{ "making its root read-only", .common = confine_make_root_readonly },
};

int process_enter_root(struct process_opened *opened, const char **ret_what)
{
	int r = 0;

	for (size_t i = 0; opened->spec->root && r == 0 && i < ELEMENTS(steps); i++) {
		*ret_what = steps[i].name;
		r = steps[i].common ? steps[i].common() : steps[i].run(opened);
	}
	return r;
}
