// SPDX-License-Identifier: GPL-2.0-or-later
// Who uses a block device now, from /proc and /sys.
#include "disk-use.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/file.h"
#include "storage/volume/mount-list.h"

#define SWAPS_BYTES_MAX (1024 * 1024)
#define STACK_DEPTH_MAX 16

const struct disk_use_paths disk_use_paths = {
	.mountinfo = "/proc/self/mountinfo",
	.swaps = "/proc/swaps",
	.sysfs = "/sys/class/block",
};

/* The device, its partitions, and the disk that it is part of. */
struct members {
	struct member {
		char *name;
		dev_t device;
	} *items;
	size_t count;
};

static void members_done(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		free(members->items[i].name);
	free(members->items);
}

static int open_folder(const char *sysfs, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", sysfs, name);
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!path)
		return -ENOMEM;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? -ENODEV : -errno;
	return fd;
}

static int read_number(int folder_fd, const char *name, unsigned int *ret_number)
{
	_cleanup_free_ char *path = text_format("%s/partition", name);
	_cleanup_free_ char *text = NULL;
	int r = path ? file_read_line(folder_fd, path, &text) : -ENOMEM;

	if (r >= 0 && sscanf(text, "%u", ret_number) != 1)
		r = -EINVAL;
	return r;
}

/* --- partitions --- */

struct numbered {
	unsigned int number;
	char *name;
};

static int compare_numbers(const void *a, const void *b)
{
	const struct numbered *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

struct partitions {
	struct numbered *items;
	size_t count;
};

static void partitions_done(struct partitions *partitions)
{
	for (size_t i = 0; i < partitions->count; i++)
		free(partitions->items[i].name);
	free(partitions->items);
}

/* A partition is a numbered folder in its disk's folder. */
static int find_partitions(DIR *dir, struct partitions *partitions)
{
	for (;;) {
		struct numbered found = {};
		const struct dirent *entry = NULL;
		int r = 0;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		r = read_number(dirfd(dir), entry->d_name, &found.number);
		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		r = array_grow(partitions->items, partitions->count);
		if (r < 0)
			return r;
		found.name = strdup(entry->d_name);
		if (!found.name)
			return -ENOMEM;
		partitions->items[partitions->count++] = found;
	}
}

int disk_use_partitions(const struct disk_use_paths *paths, const char *name,
			struct text_list *ret_partitions)
{
	_cleanup_(partitions_done) struct partitions partitions = {};
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int fd = open_folder(paths->sysfs, name);
	_cleanup_dir_ DIR *dir = NULL;
	int r = fd;

	if (fd < 0)
		return r;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	r = find_partitions(dir, &partitions);
	if (r < 0)
		return r;
	if (partitions.count > 0)
		qsort(partitions.items, partitions.count, sizeof(*partitions.items),
		      compare_numbers);
	for (size_t i = 0; r >= 0 && i < partitions.count; i++)
		r = text_list_add(&names, partitions.items[i].name);
	if (r < 0)
		return r;
	*ret_partitions = names;
	names = (struct text_list){};
	return 0;
}

/* --- members --- */

static int add_member(const char *sysfs, const char *name, struct members *members)
{
	_cleanup_fd_ int fd = open_folder(sysfs, name);
	_cleanup_free_ char *text = NULL;
	unsigned int major = 0, minor = 0;
	int r = fd;

	if (fd < 0)
		return r;
	r = file_read_line(fd, "dev", &text);
	if (r < 0)
		return r;
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return -EINVAL;
	r = array_grow(members->items, members->count);
	if (r < 0)
		return r;
	members->items[members->count] = (struct member){ strdup(name), makedev(major, minor) };
	return members->items[members->count++].name ? 0 : -ENOMEM;
}

/* /sys/class/block/sdb1 is a link to …/block/sdb/sdb1. *ret_parent stays NULL for a whole disk. */
static int find_parent(const char *sysfs, const char *name, char **ret_parent)
{
	_cleanup_free_ char *path = text_format("%s/%s", sysfs, name), *real = NULL;
	_cleanup_free_ char *attribute = text_format("%s/%s/partition", sysfs, name);
	char *slash = NULL;

	if (!path || !attribute)
		return -ENOMEM;
	if (access(attribute, F_OK) < 0)
		return errno == ENOENT ? 0 : -errno;
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	slash = strrchr(real, '/');
	*slash = '\0';
	slash = strrchr(real, '/');
	if (!slash)
		return -ENODEV;
	*ret_parent = strdup(slash + 1);
	return *ret_parent ? 0 : -ENOMEM;
}

static int add_parent(const char *sysfs, const char *name, struct members *members)
{
	_cleanup_free_ char *parent = NULL;
	int r = find_parent(sysfs, name, &parent);

	return r < 0 || !parent ? r : add_member(sysfs, parent, members);
}

static int find_members(const struct disk_use_paths *paths, const char *name,
			struct members *members)
{
	_cleanup_(text_list_done) struct text_list partitions = {};
	int r = add_member(paths->sysfs, name, members);

	if (r >= 0)
		r = disk_use_partitions(paths, name, &partitions);
	for (size_t i = 0; r >= 0 && i < partitions.count; i++)
		r = add_member(paths->sysfs, partitions.items[i], members);
	return r < 0 ? r : add_parent(paths->sysfs, name, members);
}

/* --- bases --- */

static int add_bases(const char *sysfs, const char *name, unsigned int depth,
		     struct text_list *bases);

/* Of a device that consists of others. */
static int add_slaves(const char *sysfs, const char *name, unsigned int depth,
		      struct text_list *bases)
{
	_cleanup_(text_list_done) struct text_list slaves = {};
	_cleanup_free_ char *path = text_format("%s/%s/slaves", sysfs, name);
	_cleanup_fd_ int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = 0;

	if (!path)
		return -ENOMEM;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = file_list_folder(fd, &slaves);
	for (size_t i = 0; r >= 0 && i < slaves.count; i++)
		r = add_bases(sysfs, slaves.items[i], depth + 1, bases);
	return r;
}

static int add_bases(const char *sysfs, const char *name, unsigned int depth,
		     struct text_list *bases)
{
	_cleanup_fd_ int fd = open_folder(sysfs, name);
	_cleanup_free_ char *parent = NULL;
	int r = fd;

	if (fd < 0)
		return r;
	if (depth > STACK_DEPTH_MAX)
		return -ELOOP;
	r = text_list_add(bases, name);
	if (r >= 0)
		r = find_parent(sysfs, name, &parent);
	if (r >= 0 && parent)
		return add_bases(sysfs, parent, depth + 1, bases);
	return r < 0 ? r : add_slaves(sysfs, name, depth, bases);
}

int disk_use_bases(const struct disk_use_paths *paths, const char *name,
		   struct text_list *ret_bases)
{
	_cleanup_(text_list_done) struct text_list bases = {};
	int r = add_bases(paths->sysfs, name, 0, &bases);

	if (r < 0)
		return r;
	*ret_bases = bases;
	bases = (struct text_list){};
	return 0;
}

/* --- uses: each returns 0, -EBUSY or another -errno --- */

static int busy(char *why_consume, char **ret_why)
{
	if (!why_consume)
		return -ENOMEM;
	*ret_why = why_consume;
	return -EBUSY;
}

static bool is_node(const char *path, const char *name)
{
	return strncmp(path, "/dev/", strlen("/dev/")) == 0 &&
	       strcmp(path + strlen("/dev/"), name) == 0;
}

/* A file system over several devices (btrfs) has a device number of its own, so the source decides.
 */
static int check_mounts(const char *mountinfo, const struct members *members, char **ret_why)
{
	_cleanup_free_ char *text = NULL;
	struct mount_entry entry;
	char *rest = NULL;
	int r = mount_list_read(mountinfo, &text);

	if (r < 0)
		return r;
	rest = text;
	while (mount_list_next(&rest, &entry))
		for (size_t i = 0; i < members->count; i++)
			if (entry.device == members->items[i].device ||
			    is_node(entry.source, members->items[i].name))
				return busy(text_format("/dev/%s is mounted at %s",
							members->items[i].name, entry.point),
					    ret_why);
	return 0;
}

/* A kernel without swap has no such file. */
static int check_swaps(const char *swaps, const struct members *members, char **ret_why)
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL;
	int r = file_read(AT_FDCWD, swaps, SWAPS_BYTES_MAX, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	rest = text;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		line[strcspn(line, " \t")] = '\0';
		mount_list_unescape(line);
		for (size_t i = 0; i < members->count; i++)
			if (is_node(line, members->items[i].name))
				return busy(text_format("/dev/%s is used as swap",
							members->items[i].name),
					    ret_why);
	}
	return 0;
}

static int check_holders(const char *sysfs, const char *name, char **ret_why)
{
	_cleanup_free_ char *path = text_format("%s/%s/holders", sysfs, name);
	_cleanup_dir_ DIR *dir = path ? opendir(path) : NULL;

	if (!path)
		return -ENOMEM;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (;;) {
		const struct dirent *entry = NULL;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (entry->d_name[0] != '.')
			return busy(text_format("/dev/%s is part of %s", name, entry->d_name),
				    ret_why);
	}
}

int disk_use_check(const struct disk_use_paths *paths, const char *name, char **ret_why)
{
	_cleanup_(members_done) struct members members = {};
	int r = find_members(paths, name, &members);

	if (r >= 0)
		r = check_mounts(paths->mountinfo, &members, ret_why);
	if (r >= 0)
		r = check_swaps(paths->swaps, &members, ret_why);
	for (size_t i = 0; r >= 0 && i < members.count; i++)
		r = check_holders(paths->sysfs, members.items[i].name, ret_why);
	return r;
}
