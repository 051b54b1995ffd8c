// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' folders: opened so that nothing leads out of them, removed, and repaired after a power
// cut.
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest-store-internal.h"

#define DEPTH_MAX 32

int guest_store_open_beneath(int folder_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, folder_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int guest_store_open_folder(int guests_fd, const char *name)
{
	return guest_store_open_beneath(guests_fd, name, O_RDONLY | O_DIRECTORY);
}

int guest_store_open_guests(int root_fd, bool make)
{
	_cleanup_fd_ int fd = guest_store_open_folder(root_fd, GUEST_STORE_GUESTS);

	if (fd != -ENOENT || !make)
		return take_fd(&fd);
	if (mkdirat(root_fd, GUEST_STORE_GUESTS, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (fsync(root_fd) < 0)
		return -errno;
	return guest_store_open_folder(root_fd, GUEST_STORE_GUESTS);
}

/* --- removing --- */

static int remove_below(int folder_fd, const char *name, unsigned int depth);

static int remove_entries(int folder_fd, unsigned int depth)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int r = file_list_folder(folder_fd, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++)
		r = remove_below(folder_fd, names.items[i], depth + 1);
	return r;
}

static int remove_below(int folder_fd, const char *name, unsigned int depth)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (unlinkat(folder_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return -errno;
	fd = guest_store_open_folder(folder_fd, name);
	if (fd < 0)
		return fd;
	r = remove_entries(fd, depth);
	if (r < 0)
		return r;
	return unlinkat(folder_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int guest_store_remove_tree(int folder_fd, const char *name)
{
	return remove_below(folder_fd, name, 0);
}

/* --- definitions --- */

char *guest_store_renamed_path(const char *name)
{
	return text_format(GUEST_STORE_RENAMED "%s", name);
}

static int exists(int folder_fd, const char *name)
{
	if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int guest_store_has_definition(int folder_fd, const char *name)
{
	_cleanup_free_ char *renamed = guest_store_renamed_path(name);
	int r = renamed ? exists(folder_fd, GUEST_STORE_DEFINITION) : -ENOMEM;

	return r == 0 ? exists(folder_fd, renamed) : r;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Unsettled files: guest.conf.new, guest.conf.to-NAME and guest.conf.to-NAME.new */
int guest_store_settle(int folder_fd, const char *name)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_free_ char *renamed = guest_store_renamed_path(name);
	int r = renamed ? file_list_folder(folder_fd, &names) : -ENOMEM;
	bool settled = false;

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		const char *path = names.items[i];

		if (!begins(path, GUEST_STORE_DEFINITION "."))
			continue;
		if (strcmp(path, renamed) == 0)
			r = renameat(folder_fd, path, folder_fd, GUEST_STORE_DEFINITION);
		else
			r = unlinkat(folder_fd, path, 0);
		if (r < 0)
			return -errno;
		settled = true;
	}
	return settled && fsync(folder_fd) < 0 ? -errno : 0;
}
