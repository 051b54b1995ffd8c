// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' definitions. Each change is one rename(2), after everything has reached the disk; a name
// with a leading dot, or a definition with a suffix, is an incomplete change.
#include "guest-store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "guest-store-internal.h"
#include "guest-trash.h"

/* The files that a guest has without naming them, except its definition. */
static const char *const own_files[] = { "variables.fd", "seed.iso", "console.log" };

static int check(const char *name, const char *text)
{
	if (!config_is_name(name))
		return -EINVAL;
	return text && strlen(text) > GUEST_STORE_BYTES_MAX ? -EFBIG : 0;
}

static int sync_folder(int fd)
{
	return fsync(fd) < 0 ? -errno : 0;
}

/* A guest's folders; the caller owns both. */
static int open_both(int root_fd, const char *name, int *ret_guests_fd, int *ret_folder_fd)
{
	_cleanup_fd_ int guests_fd = guest_store_open_guests(root_fd, false), folder_fd = -EBADF;

	if (guests_fd < 0)
		return guests_fd;
	folder_fd = guest_store_open_folder(guests_fd, name);
	if (folder_fd < 0)
		return folder_fd;
	*ret_guests_fd = take_fd(&guests_fd);
	*ret_folder_fd = take_fd(&folder_fd);
	return 0;
}

static int write_definition(int folder_fd, const char *path, const char *text)
{
	int r = file_replace(folder_fd, path, text, strlen(text), 0600);

	return r < 0 ? r : sync_folder(folder_fd);
}

/* --- the list --- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* If it cannot be written now, settle it later: load() reads the right definition. */
static int is_defined(int guests_fd, const char *name)
{
	_cleanup_fd_ int fd = guest_store_open_folder(guests_fd, name);
	int r = fd;

	if (fd == -ENOTDIR || fd == -ELOOP || fd == -EXDEV || fd == -ENOENT)
		return 0;
	if (fd < 0)
		return r;
	r = guest_store_settle(fd, name);
	if (r < 0)
		log_warning("data", "guests/%s: an incomplete change cannot be finished: %s", name,
			    strerror(-r));
	return guest_store_has_definition(fd, name);
}

/* A folder that cannot be read affects only that guest. An empty one was made for files that never
 * came; one with disks stays. */
static int add_if_defined(int guests_fd, const char *name, struct text_list *names)
{
	int r = is_defined(guests_fd, name);

	if (r == 0)
		(void)unlinkat(guests_fd, name, AT_REMOVEDIR);
	if (r < 0)
		log_error("data", "guests/%s: cannot be read: %s", name, strerror(-r));
	return r > 0 ? text_list_add(names, name) : 0;
}

static void remove_left_over(int guests_fd, const char *name)
{
	int r = guest_store_remove_tree(guests_fd, name);

	if (r < 0)
		log_warning("data", "guests/%s: left over, cannot be removed: %s", name,
			    strerror(-r));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int guest_store_list(int root_fd, struct text_list *ret_names)
{
	_cleanup_(text_list_done) struct text_list entries = {}, names = {};
	_cleanup_fd_ int guests_fd = guest_store_open_guests(root_fd, false);
	int r = guests_fd == -ENOENT ? 0 : guests_fd;

	if (guests_fd >= 0)
		r = file_list_folder(guests_fd, &entries);
	for (size_t i = 0; r >= 0 && i < entries.count; i++) {
		const char *name = entries.items[i];

		if (begins(name, GUEST_STORE_NEW))
			remove_left_over(guests_fd, name);
		else if (config_is_name(name))
			r = add_if_defined(guests_fd, name, &names);
	}
	if (r < 0)
		return r;
	if (names.count > 0)
		qsort(names.items, names.count, sizeof(*names.items), compare_texts);
	*ret_names = names;
	names = (struct text_list){};
	return 0;
}

/* --- reading --- */

static int read_definition(int folder_fd, const char *path, char **ret_text)
{
	_cleanup_fd_ int fd =
		guest_store_open_beneath(folder_fd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat status = {};
	size_t length = 0;
	int r = fd;

	if (fd < 0)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	r = file_read_fd(fd, GUEST_STORE_BYTES_MAX, &text, &length);
	if (r < 0)
		return r;
	/* NUL bytes: not a text. */
	if (strlen(text) != length)
		return -EILSEQ;
	*ret_text = take_ptr(text);
	return 0;
}

/* While a guest is being renamed, the definition with its present name counts. */
int guest_store_load(int root_fd, const char *name, char **ret_text)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	_cleanup_free_ char *renamed = NULL;
	int r = check(name, NULL);

	if (r >= 0)
		r = open_both(root_fd, name, &guests_fd, &folder_fd);
	if (r < 0)
		return r;
	renamed = guest_store_renamed_path(name);
	if (!renamed)
		return -ENOMEM;
	r = read_definition(folder_fd, renamed, ret_text);
	return r == -ENOENT ? read_definition(folder_fd, GUEST_STORE_DEFINITION, ret_text) : r;
}

/* --- writing --- */

/* A folder that delete() left with its disks in it. */
static int define_in_place(int folder_fd, const char *name, const char *text)
{
	int r = guest_store_has_definition(folder_fd, name);

	if (r != 0)
		return r < 0 ? r : -EEXIST;
	r = write_definition(folder_fd, GUEST_STORE_DEFINITION, text);
	if (r < 0)
		(void)unlinkat(folder_fd, GUEST_STORE_DEFINITION, 0);
	return r;
}

/* The folder under its temporary name. */
static int prepare(int guests_fd, const char *temporary, const char *text)
{
	_cleanup_fd_ int folder_fd = -EBADF;
	int r = guest_store_remove_tree(guests_fd, temporary);

	if (r < 0)
		return r;
	if (mkdirat(guests_fd, temporary, 0700) < 0)
		return -errno;
	folder_fd = guest_store_open_folder(guests_fd, temporary);
	return folder_fd < 0 ? folder_fd
			     : write_definition(folder_fd, GUEST_STORE_DEFINITION, text);
}

/* Renames it, and back if that does not reach the disk. */
static int rename_folder(int guests_fd, const char *from, const char *to)
{
	int r = 0;

	if (renameat2(guests_fd, from, guests_fd, to, RENAME_NOREPLACE) < 0)
		return -errno;
	r = sync_folder(guests_fd);
	if (r < 0)
		(void)renameat2(guests_fd, to, guests_fd, from, RENAME_NOREPLACE);
	return r;
}

int guest_store_create(int root_fd, const char *name, const char *text)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	_cleanup_free_ char *temporary = NULL;
	int r = check(name, text);

	if (r < 0)
		return r;
	guests_fd = guest_store_open_guests(root_fd, true);
	if (guests_fd < 0)
		return guests_fd;
	folder_fd = guest_store_open_folder(guests_fd, name);
	if (folder_fd >= 0)
		return define_in_place(folder_fd, name, text);
	if (folder_fd != -ENOENT)
		return folder_fd == -ENOTDIR || folder_fd == -ELOOP ? -EEXIST : folder_fd;
	temporary = text_format(GUEST_STORE_NEW "%s", name);
	if (!temporary)
		return -ENOMEM;
	r = prepare(guests_fd, temporary, text);
	if (r >= 0)
		r = rename_folder(guests_fd, temporary, name);
	if (r < 0)
		(void)guest_store_remove_tree(guests_fd, temporary);
	return r;
}

int guest_store_make_folder(int root_fd, const char *name)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	int r = check(name, NULL);

	if (r < 0)
		return r;
	guests_fd = guest_store_open_guests(root_fd, true);
	if (guests_fd < 0)
		return guests_fd;
	if (mkdirat(guests_fd, name, 0700) == 0)
		return sync_folder(guests_fd);
	if (errno != EEXIST)
		return -errno;
	folder_fd = guest_store_open_folder(guests_fd, name);
	return folder_fd < 0 ? folder_fd : 0;
}

int guest_store_save(int root_fd, const char *name, const char *text)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	int r = check(name, text);

	if (r >= 0)
		r = open_both(root_fd, name, &guests_fd, &folder_fd);
	/* A rename's leftovers would take precedence over what is written now. */
	if (r >= 0)
		r = guest_store_settle(folder_fd, name);
	return r < 0 ? r : write_definition(folder_fd, GUEST_STORE_DEFINITION, text);
}

/* --- renaming --- */

/*
 * Writes the definition as guest.conf.to-NEW into the old folder, then renames the folder: at that
 * moment the guest has its new name. guest_store_settle() does the rest, now or after a power cut;
 * before the folder is renamed, the same function removes the file, whose name is not the folder's.
 */
int guest_store_rename(int root_fd, const char *name, const char *new_name, const char *text)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	_cleanup_free_ char *renamed = NULL;
	int r = check(name, text);

	if (r >= 0)
		r = check(new_name, NULL);
	if (r >= 0)
		r = open_both(root_fd, name, &guests_fd, &folder_fd);
	if (r >= 0)
		r = guest_store_settle(folder_fd, name);
	if (r >= 0)
		r = guest_store_has_definition(folder_fd, name);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	if (strcmp(name, new_name) == 0)
		return -EEXIST;
	renamed = guest_store_renamed_path(new_name);
	if (!renamed)
		return -ENOMEM;
	r = write_definition(folder_fd, renamed, text);
	if (r >= 0)
		r = rename_folder(guests_fd, name, new_name);
	if (r < 0) {
		(void)unlinkat(folder_fd, renamed, 0);
		return r;
	}
	(void)guest_store_settle(folder_fd, new_name);
	return 0;
}

/* --- deleting --- */

/* Once this is on the disk, the guest is gone; emptying the trash frees the space. */
static int delete_all(int guests_fd, const char *name)
{
	char gone[GUEST_TRASH_NAME_BYTES];
	int r = -EEXIST;

	for (unsigned int number = 0; r == -EEXIST && number < GUEST_TRASH_NAMES_MAX; number++)
		r = rename_folder(guests_fd, name, guest_trash_name(number, gone));
	return r;
}

static int delete_file(int folder_fd, const char *path)
{
	return unlinkat(folder_fd, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* The definition goes first, and for good: after that there is no guest. */
static int delete_definition(int guests_fd, int folder_fd, const char *name)
{
	int r = guest_store_settle(folder_fd, name);

	if (r >= 0)
		r = delete_file(folder_fd, GUEST_STORE_DEFINITION);
	if (r >= 0)
		r = sync_folder(folder_fd);
	for (size_t i = 0; r >= 0 && i < ELEMENTS(own_files); i++)
		r = delete_file(folder_fd, own_files[i]);
	/* Without disks there is nothing to keep. */
	if (r >= 0 && unlinkat(guests_fd, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY &&
	    errno != EEXIST)
		r = -errno;
	return r < 0 ? r : sync_folder(guests_fd);
}

int guest_store_delete(int root_fd, const char *name, bool with_disks)
{
	_cleanup_fd_ int guests_fd = -EBADF, folder_fd = -EBADF;
	int r = check(name, NULL);

	if (r >= 0)
		r = open_both(root_fd, name, &guests_fd, &folder_fd);
	if (r < 0)
		return r;
	return with_disks ? delete_all(guests_fd, name)
			  : delete_definition(guests_fd, folder_fd, name);
}
