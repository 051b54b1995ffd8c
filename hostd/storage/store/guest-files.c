// SPDX-License-Identifier: GPL-2.0-or-later
// A definition's path -> an open file; and the files that every guest has in its folder.
#include "guest-files.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config-path.h"
#include "storage/image/image.h"
#include "storage/image/seed.h"
#include "storage/store/guest-store.h"

#define VARIABLES "variables.fd"
#define SEED_TEXT_BYTES_MAX (1024UL * 1024)

static int refuse(char **ret_why, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char **ret_why, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_why, format, arguments) < 0)
		*ret_why = NULL;
	va_end(arguments);
	return error;
}

/* A start that fails for it is one that lacks something, in both cases. */
static int no_data_volume(int error, char **ret_why)
{
	return refuse(ret_why, -ENODEV, "%s", guest_files_volume_error(error));
}

static int open_on_volume(const struct guest_files *files, const char *path, bool kept, int *ret_fd)
{
	int r = -ENOENT;

	if (kept)
		r = config_volume_open_kept(files->volume, path, ret_fd);
	return r == -ENOENT ? config_volume_open_disk(files->volume, path, ret_fd) : r;
}

/* The root below which the guest's own folder is: no other guest's, the parser has seen to it. */
static int own_root(const struct guest_files *files, const struct guest_files_owner *owner,
		    const struct config_path *path)
{
	return path->place == CONFIG_PLACE_GUEST && !owner->in_memory
		       ? guest_files_data_root(files)
		       : guest_files_root(files, owner);
}

/* flags are for guest_store_open(); files outside the guest's folder are read-only. */
static int open_path(const struct guest_files *files, const struct guest_files_owner *owner,
		     const char *text, int flags, bool kept, int *ret_fd, char **ret_why)
{
	struct config_path path = config_path_parse(text);
	int root_fd = -EBADF;

	if (path.place == CONFIG_PLACE_IMAGES) {
		root_fd = guest_files_data_root(files);
		if (root_fd < 0)
			return no_data_volume(root_fd, ret_why);
		if ((flags & O_ACCMODE) != O_RDONLY)
			return refuse(ret_why, -EROFS,
				      "shared images are read-only: set readonly = true");
		return guest_store_open_shared(root_fd, path.name, ret_fd);
	}
	if (owner->from_config && path.place == CONFIG_PLACE_NEAR) {
		if ((flags & O_ACCMODE) != O_RDONLY)
			return -EROFS;
		return open_on_volume(files, text, kept, ret_fd);
	}
	root_fd = own_root(files, owner, &path);
	if (root_fd < 0)
		return no_data_volume(root_fd, ret_why);
	return guest_store_open(root_fd, owner->name, path.name, flags, ret_fd);
}

int guest_files_open(const struct guest_files *files, const struct guest_files_owner *owner,
		     const char *path, bool kept, int *ret_fd, char **ret_why)
{
	return open_path(files, owner, path, O_RDONLY, kept, ret_fd, ret_why);
}

/*
 * QEMU opens it by name, with the guest's uid. Only hostd can enter the guest's folder, so nobody
 * else can read it there; the mode of a shared file is the user's to change.
 */
static int make_readable(const char *text, int fd, char **ret_why)
{
	struct config_path path = config_path_parse(text);
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_mode & S_IROTH)
		return 0;
	if (path.place == CONFIG_PLACE_IMAGES)
		return refuse(
			ret_why, -EACCES,
			"mode %03o: the guest's own user has to be able to read it: run `chmod "
			"a+r /data/images/%s`",
			status.st_mode & 0777, path.name);
	if (fchmod(fd, (status.st_mode & 07777) | S_IRUSR | S_IRGRP | S_IROTH) == 0)
		return 0;
	return refuse(ret_why, -errno,
		      "mode %03o: the guest's own user has to be able to read it, and the mode "
		      "cannot be changed: %s",
		      status.st_mode & 0777, strerror(errno));
}

int guest_files_open_boot(const struct guest_files *files, const struct guest_files_owner *owner,
			  const char *path, int *ret_fd, char **ret_why)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = guest_files_open(files, owner, path, true, &fd, ret_why);

	if (r >= 0)
		r = make_readable(path, fd, ret_why);
	if (r >= 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* --- disks --- */

/* A guest can write anything into its raw disk, even the magic of a format with a backing file, so
 * nothing that it has written may decide on the format. */
static int settle_format(int fd, const struct disk_config *disk, enum disk_format *ret_format,
			 char **ret_why)
{
	enum disk_format detected = DISK_FORMAT_RAW;
	int r = 0;

	if (disk->format != DISK_FORMAT_AUTO) {
		*ret_format = disk->format;
		return 0;
	}
	r = image_detect(fd, &detected);
	if (r < 0)
		return r;
	if (detected == DISK_FORMAT_QCOW2 && !disk->readonly)
		return refuse(ret_why, -EINVAL,
			      "it looks like qcow2 and has no format: set format = \"qcow2\" (or "
			      "\"raw\" if the guest wrote that)");
	*ret_format = detected;
	return 0;
}

static int fill_disk(int fd, const void *data)
{
	const struct disk_config *disk = data;

	return image_make(fd,
			  disk->format == DISK_FORMAT_QCOW2 ? DISK_FORMAT_QCOW2 : DISK_FORMAT_RAW,
			  disk->size_bytes);
}

/* A disk of a guest of mvirt.conf may be the first file in its folder. */
static int make_disk(const struct guest_files *files, const struct guest_files_owner *owner,
		     const struct disk_config *disk, char **ret_why)
{
	struct config_path path = config_path_parse(disk->file);
	int root_fd = own_root(files, owner, &path), r = 0;

	if (root_fd < 0)
		return no_data_volume(root_fd, ret_why);
	r = guest_store_make_folder(root_fd, owner->name);
	return r < 0 ? r : guest_store_make(root_fd, owner->name, path.name, fill_disk, disk);
}

int guest_files_open_disk(const struct guest_files *files, const struct guest_files_owner *owner,
			  const struct disk_config *disk, int *ret_fd, enum disk_format *ret_format,
			  char **ret_why)
{
	_cleanup_fd_ int fd = -EBADF;
	enum disk_format format = DISK_FORMAT_RAW;
	const int flags = disk->readonly ? O_RDONLY : O_RDWR;
	int r = open_path(files, owner, disk->file, flags, false, &fd, ret_why);

	if (r == -ENOENT && disk->size_bytes > 0 && !disk->readonly) {
		r = make_disk(files, owner, disk, ret_why);
		if (r >= 0)
			r = open_path(files, owner, disk->file, flags, false, &fd, ret_why);
	}
	if (r >= 0)
		r = settle_format(fd, disk, &format, ret_why);
	if (r >= 0)
		r = image_check(fd, format, ret_why);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	*ret_format = format;
	return 0;
}

/* --- the variable store --- */

static int copy_all(int source_fd, int target_fd, off_t length)
{
	if (ftruncate(target_fd, 0) < 0)
		return -errno;
	while (length > 0) {
		ssize_t sent = sendfile(target_fd, source_fd, NULL, (size_t)length);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return sent < 0 ? -errno : -EIO;
		length -= sent;
	}
	return fsync(target_fd) < 0 ? -errno : 0;
}

/* A file shorter than the template is an incomplete copy: QEMU never changes its size. */
static int fill(int fd, const char *template_path)
{
	_cleanup_fd_ int template_fd = open(template_path, O_RDONLY | O_CLOEXEC);
	struct stat have, want;

	if (template_fd < 0 || fstat(template_fd, &want) < 0 || fstat(fd, &have) < 0)
		return -errno;
	return have.st_size >= want.st_size ? 0 : copy_all(template_fd, fd, want.st_size);
}

int guest_files_open_variables(const struct guest_files *files,
			       const struct guest_files_owner *owner, const char *template_path,
			       int *ret_fd, char **ret_why)
{
	_cleanup_fd_ int fd = -EBADF;
	int root_fd = guest_files_root(files, owner), r = 0;

	if (root_fd < 0)
		return no_data_volume(root_fd, ret_why);
	r = guest_store_make_folder(root_fd, owner->name);
	if (r >= 0)
		r = guest_store_open(root_fd, owner->name, VARIABLES, O_RDWR, &fd);
	if (r == -ENOENT)
		r = guest_store_open(root_fd, owner->name, VARIABLES, O_RDWR | O_CREAT | O_EXCL,
				     &fd);
	if (r >= 0)
		r = fill(fd, template_path);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* --- the seed --- */

static int read_text(const struct guest_files *files, const struct guest_files_owner *owner,
		     const char *path, char **ret_text, char **ret_why)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (!path)
		return 0;
	r = guest_files_open(files, owner, path, true, &fd, ret_why);
	if (r >= 0)
		r = file_read_fd(fd, SEED_TEXT_BYTES_MAX, ret_text, NULL);
	if (r < 0 && !*ret_why)
		return refuse(ret_why, r, "cloud-init file \"%s\": %s", path, strerror(-r));
	return r;
}

/* The same memory, but read-only: no guest gets an fd that could write to its seed. */
static int reopen_readonly(int fd)
{
	char path[32];
	int readonly = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readonly = open(path, O_RDONLY | O_CLOEXEC);
	return readonly < 0 ? -errno : readonly;
}

int guest_files_make_seed(const struct guest_files *files, const struct guest_files_owner *owner,
			  const struct cloud_init_config *cloud_init, const char *instance_id,
			  int *ret_fd, char **ret_why)
{
	_cleanup_free_ char *user_data = NULL, *meta_data = NULL, *network_config = NULL;
	_cleanup_fd_ int fd = -EBADF;
	struct seed_input input = { .cloud_init = cloud_init,
				    .guest_name = owner->name,
				    .instance_id = cloud_init->instance_id ? cloud_init->instance_id
									   : instance_id };
	int r = read_text(files, owner, cloud_init->user_data, &user_data, ret_why);

	if (r >= 0)
		r = read_text(files, owner, cloud_init->meta_data, &meta_data, ret_why);
	if (r >= 0)
		r = read_text(files, owner, cloud_init->network_config, &network_config, ret_why);
	if (r < 0)
		return r;
	input.user_data = user_data;
	input.meta_data = meta_data;
	input.network_config = network_config;
	fd = memfd_create("seed", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (fd < 0)
		return -errno;
	r = seed_make(&input, fd, ret_why);
	if (r < 0)
		return r;
	/* QEMU accepts an fd of a set only for the access that it was opened with. */
	r = reopen_readonly(fd);
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}
