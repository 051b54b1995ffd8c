// SPDX-License-Identifier: GPL-2.0-or-later
// Files in a guest's folder, and shared images.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "guest-store-internal.h"
#include "storage/volume/config-volume-internal.h"

#define CREATE (O_CREAT | O_EXCL)

/* Only hostd may open a definition: a guest with its definition as a disk could write itself
 * another. */
static bool is_definition(const char *path)
{
	size_t length = strlen(GUEST_STORE_DEFINITION);

	return strncmp(path, GUEST_STORE_DEFINITION, length) == 0 &&
	       (path[length] == '\0' || path[length] == '.');
}

static int clean(const char *path, char **ret_path)
{
	return *path == '/' ? -EINVAL : config_volume_clean_path(path, ret_path);
}

/* O_NONBLOCK prevents a FIFO from hanging hostd; QEMU must not have it. */
static int make_plain(int fd)
{
	struct stat status = {};
	int flags = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/* Symbolic links, other file systems and non-files get the same error. */
static int path_error(int error)
{
	return error == -EXDEV || error == -ELOOP || error == -EISDIR || error == -ENXIO ? -EINVAL
											 : error;
}

/* path is normalised. */
static int open_file(int folder_fd, const char *path, int flags, int *ret_fd)
{
	_cleanup_fd_ int fd =
		guest_store_open_beneath(folder_fd, path, flags | O_NOCTTY | O_NONBLOCK);
	int r = fd;

	if (fd < 0)
		return path_error(r);
	r = make_plain(fd);
	if (r < 0) {
		if (flags & O_CREAT)
			(void)unlinkat(folder_fd, path, 0);
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The guest's folder, and the normalised path in it. */
static int find_place(int root_fd, const char *name, const char *path, int *ret_folder_fd,
		      char **ret_path)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	_cleanup_free_ char *clean_path = NULL;
	int r = config_is_name(name) ? clean(path, &clean_path) : -EINVAL;

	if (r < 0)
		return r;
	if (is_definition(clean_path))
		return -EINVAL;
	guests_fd = guest_store_open_guests(root_fd, false);
	if (guests_fd < 0)
		return guests_fd;
	folder_fd = guest_store_open_folder(guests_fd, name);
	if (folder_fd < 0)
		return folder_fd;
	*ret_folder_fd = take_fd(&folder_fd);
	*ret_path = take_ptr(clean_path);
	return 0;
}

int guest_store_open(int root_fd, const char *name, const char *path, int flags, int *ret_fd)
{
	_cleanup_free_ char *clean_path = NULL;
	_cleanup_fd_ int folder_fd = -EBADF;
	const int access = flags & ~CREATE;
	int r = 0;

	if ((access != O_RDONLY && access != O_RDWR) ||
	    ((flags & CREATE) != 0 && (flags & CREATE) != CREATE))
		return -EINVAL;
	r = find_place(root_fd, name, path, &folder_fd, &clean_path);
	return r < 0 ? r : open_file(folder_fd, clean_path, flags, ret_fd);
}

/* Opens the file's folder; *ret_name is its name there, within path. */
static int open_parent(int folder_fd, char *path, const char **ret_name)
{
	char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return guest_store_open_folder(folder_fd, ".");
	*slash = '\0';
	return guest_store_open_folder(folder_fd, path);
}

/* linkat(2) for a file without a name: by its link in /proc. */
static int give_name(int fd, int parent_fd, const char *name)
{
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, parent_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return fsync(parent_fd) < 0 ? -errno : 0;
}

int guest_store_make(int root_fd, const char *name, const char *path,
		     int (*fill)(int fd, const void *data), const void *data)
{
	_cleanup_fd_ int folder_fd = -EBADF, parent_fd = -EBADF, fd = -EBADF;
	_cleanup_free_ char *clean_path = NULL;
	const char *file_name = NULL;
	int r = find_place(root_fd, name, path, &folder_fd, &clean_path);

	if (r < 0)
		return r;
	parent_fd = open_parent(folder_fd, clean_path, &file_name);
	if (parent_fd < 0)
		return path_error(parent_fd);
	fd = openat(parent_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, data);
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	return r < 0 ? r : give_name(fd, parent_fd, file_name);
}

int guest_store_open_shared(int root_fd, const char *path, int *ret_fd)
{
	_cleanup_free_ char *clean_path = NULL;
	_cleanup_fd_ int images_fd = -EBADF;
	int r = clean(path, &clean_path);

	if (r < 0)
		return r;
	images_fd = guest_store_open_folder(root_fd, GUEST_STORE_IMAGES);
	if (images_fd < 0)
		return images_fd;
	return open_file(images_fd, clean_path, O_RDONLY, ret_fd);
}
