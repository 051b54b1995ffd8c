// SPDX-License-Identifier: GPL-2.0-or-later
// Files on their way into a guest's folder: ".import-NAME" until all are whole and looked at; then
// ".imported" lists them until the definition is there. By these the next hostd removes what a
// killed one leaves.
#include "host-import.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "storage/store/guest-store.h"
#include "storage/store/guest-trash.h"

#define TEMPORARY ".import-"
#define LIST ".imported"
#define LIST_BYTES_MAX (64 * 1024)
#define GUESTS "guests" /* guest-store.h */
#define NAME_BYTES_MAX 200

bool host_import_is_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_BYTES_MAX || *name == '.' ||
	    strncmp(name, GUEST_STORE_DEFINITION, strlen(GUEST_STORE_DEFINITION)) == 0)
		return false;
	for (const char *c = name; *c; c++)
		if (*c == '/' || (unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

static char *own_path(const char *guest_name, const char *prefix, const char *file)
{
	return text_format(GUESTS "/%s/%s%s", guest_name, prefix, file);
}

static int open_folder(int folder_fd, const char *name)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* It may be large: guest-trash.h. */
void host_import_remove(int root_fd, const char *guest_name, const char *file, bool finished)
{
	_cleanup_free_ char *path = own_path(guest_name, finished ? "" : TEMPORARY, file);
	_cleanup_fd_ int guests_fd = root_fd < 0 ? -EBADF : open_folder(root_fd, GUESTS);

	if (path && guests_fd >= 0 && guest_trash_put(guests_fd, root_fd, path) < 0)
		(void)unlinkat(root_fd, path, 0);
}

void host_import_remove_folder(int root_fd, const char *guest_name)
{
	_cleanup_free_ char *path = text_format(GUESTS "/%s", guest_name);

	if (path && root_fd >= 0)
		(void)unlinkat(root_fd, path, AT_REMOVEDIR);
}

int host_import_open(int root_fd, const char *guest_name, const char *file, int *ret_fd)
{
	_cleanup_free_ char *path = own_path(guest_name, "", file);
	_cleanup_free_ char *temporary = text_format(TEMPORARY "%s", file);
	struct stat status;

	if (!path || !temporary)
		return -ENOMEM;
	if (fstatat(root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	if (errno != ENOENT)
		return -errno;
	host_import_remove(root_fd, guest_name, file, false);
	return guest_store_open(root_fd, guest_name, temporary, O_RDWR | O_CREAT | O_EXCL, ret_fd);
}

int host_import_finish(int root_fd, const char *guest_name, const char *file)
{
	_cleanup_free_ char *temporary = own_path(guest_name, TEMPORARY, file);
	_cleanup_free_ char *path = own_path(guest_name, "", file);

	if (!path || !temporary)
		return -ENOMEM;
	return renameat2(root_fd, temporary, root_fd, path, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int host_import_note(int root_fd, const char *guest_name, const char *files)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	host_import_forget(root_fd, guest_name);
	r = guest_store_open(root_fd, guest_name, LIST, O_RDWR | O_CREAT | O_EXCL, &fd);
	if (r >= 0)
		r = file_write_all(fd, files, strlen(files));
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

void host_import_forget(int root_fd, const char *guest_name)
{
	_cleanup_free_ char *path = own_path(guest_name, "", LIST);

	if (path && root_fd >= 0)
		(void)unlinkat(root_fd, path, 0);
}

/* --- what a killed hostd left --- */

/* Files that have their own names, and no definition that names them. 0 or -errno. */
static int remove_listed(int guests_fd, int folder_fd)
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL;
	int r = file_read(folder_fd, LIST, LIST_BYTES_MAX, &text, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (faccessat(folder_fd, GUEST_STORE_DEFINITION, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		for (char *name = strtok_r(text, "\n", &rest); name;
		     name = strtok_r(NULL, "\n", &rest))
			if (host_import_is_name(name))
				(void)guest_trash_put(guests_fd, folder_fd, name);
	return unlinkat(folder_fd, LIST, 0) < 0 ? -errno : 0;
}

static int clean_folder(int guests_fd, const char *guest_name)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int fd = open_folder(guests_fd, guest_name);
	int r = fd < 0 ? fd : file_list_folder(fd, &names);

	if (r >= 0)
		r = remove_listed(guests_fd, fd);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (strncmp(names.items[i], TEMPORARY, strlen(TEMPORARY)) == 0)
			r = guest_trash_put(guests_fd, fd, names.items[i]);
	/* If nothing is in it, as right after it was made. */
	if (r >= 0)
		(void)unlinkat(guests_fd, guest_name, AT_REMOVEDIR);
	return r;
}

int host_import_clean(int root_fd)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int guests_fd = open_folder(root_fd, GUESTS);
	int r = guests_fd < 0 ? guests_fd : file_list_folder(guests_fd, &names), first = 0;

	if (r == -ENOENT)
		return 0;
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		int cleaned = config_is_name(names.items[i])
				      ? clean_folder(guests_fd, names.items[i])
				      : 0;

		/* One folder that is broken does not keep the others as they are. */
		if (cleaned < 0 && first == 0 && cleaned != -ENOTDIR && cleaned != -ELOOP)
			first = cleaned;
	}
	return r < 0 ? r : first;
}
