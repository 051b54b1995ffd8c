// SPDX-License-Identifier: GPL-2.0-or-later
// Texts of panics: from the firmware to memory, from there to the data volume.
#include "crash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "machine/crash-text.h"

#define PSTORE "/sys/fs/pstore"
#define PANIC_TIMEOUT "/proc/sys/kernel/panic"
#define RECORD_MAX (64 * 1024)
#define NAME_PANIC "-panic.txt"
#define NAME_OTHER "-oops.txt"

void crash_summary_done(struct crash_summary *summary)
{
	free(summary->why);
	*summary = (struct crash_summary){};
}

static int open_below(const char *root, const char *path)
{
	_cleanup_free_ char *whole = text_format("%s%s", root, path);
	int fd = whole ? open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!whole)
		return -ENOMEM;
	return fd < 0 ? -errno : fd;
}

/* A record that the kernel could not decompress ends in ".enc.z", and is not text. */
static bool is_message(const char *name)
{
	return strncmp(name, "dmesg-", strlen("dmesg-")) == 0 && !strstr(name, ".enc");
}

static int add_record(int pstore_fd, const char *name, struct crash_parts *parts)
{
	_cleanup_free_ char *text = NULL;
	struct stat status = {};
	int r = 0;

	if (fstatat(pstore_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = file_read(pstore_fd, name, RECORD_MAX, &text, NULL);
	return r < 0 ? r : crash_parts_add(parts, text, status.st_mtime);
}

/* A record that cannot be read or understood is skipped. */
static int read_records(int pstore_fd, struct crash_parts *parts)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int r = file_list_folder(pstore_fd, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (is_message(names.items[i]))
			(void)add_record(pstore_fd, names.items[i], parts);
	if (r >= 0)
		crash_parts_sort(parts);
	return r;
}

/* Names sort by time; the same text always gets the same name. */
static char *name_of(const struct crash_part *part)
{
	struct tm tm = {};
	char when[32];
	time_t time = (time_t)part->time_s;

	if (!gmtime_r(&time, &tm) || strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm) == 0)
		return NULL;
	return text_format("%s-%u%s", when, part->number, part->panic ? NAME_PANIC : NAME_OTHER);
}

static int write_text(int folder_fd, const struct crash_parts *parts, size_t first,
		      struct crash_summary *summary)
{
	size_t newest = first + crash_parts_of(parts, first) - 1;
	_cleanup_free_ char *name = name_of(&parts->items[newest]),
			    *text = crash_text(parts, first);
	int r = 0;

	if (!name || !text)
		return -ENOMEM;
	summary->taken++;
	if (parts->items[newest].panic) {
		free(summary->why);
		summary->why = crash_why(text);
		summary->panics++;
	}
	if (faccessat(folder_fd, name, F_OK, 0) == 0)
		return 0;
	r = file_replace(folder_fd, name, text, strlen(text), 0644);
	if (r >= 0)
		summary->is_new = true;
	return r;
}

static int make_folder(const char *root, int *ret_fd)
{
	_cleanup_free_ char *path = text_format("%s" CRASH_FOLDER, root);
	int fd = -EBADF;

	if (!path)
		return -ENOMEM;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int crash_take(const char *root, struct crash_summary *ret_summary)
{
	_cleanup_(crash_parts_done) struct crash_parts parts = {};
	_cleanup_(crash_summary_done) struct crash_summary summary = {};
	_cleanup_fd_ int pstore_fd = open_below(root, PSTORE), folder_fd = -EBADF;
	int r = pstore_fd < 0 ? pstore_fd : read_records(pstore_fd, &parts);

	if (r == -ENOENT || (r >= 0 && parts.count == 0)) {
		*ret_summary = (struct crash_summary){};
		return 0;
	}
	if (r >= 0)
		r = make_folder(root, &folder_fd);
	for (size_t first = 0; r >= 0 && first < parts.count;
	     first += crash_parts_of(&parts, first))
		r = write_text(folder_fd, &parts, first, &summary);
	if (r < 0)
		return r;
	*ret_summary = summary;
	summary = (struct crash_summary){};
	return 0;
}

int crash_forget(const char *root)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int pstore_fd = open_below(root, PSTORE);
	int r = pstore_fd < 0 ? pstore_fd : file_list_folder(pstore_fd, &names);
	int failed = 0;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.count; i++)
		if (unlinkat(pstore_fd, names.items[i], 0) < 0 && failed == 0)
			failed = -errno;
	return failed;
}

/* --- kept texts --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static void sort_newest_first(struct text_list *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
}

static bool is_kept_name(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') == NULL && name[0] != '.' && length > strlen(NAME_OTHER) &&
	       strcmp(name + length - 4, ".txt") == 0;
}

static int copy(int from_fd, int to_fd, const char *name)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	int r = 0;

	if (faccessat(to_fd, name, F_OK, 0) == 0)
		return 0;
	r = file_read(from_fd, name, CRASH_TEXT_MAX, &text, &length);
	return r < 0 ? r : file_replace(to_fd, name, text, length, 0644);
}

static int open_data_folder(int data_fd)
{
	int fd =
		openat(data_fd, CRASH_DATA_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int crash_keep(const char *root, int data_fd)
{
	_cleanup_(text_list_done) struct text_list names = {}, kept = {};
	_cleanup_fd_ int from_fd = open_below(root, CRASH_FOLDER), to_fd = -EBADF;
	int r = 0;

	if (from_fd == -ENOENT)
		return 0;
	if (from_fd < 0)
		return from_fd;
	if (mkdirat(data_fd, CRASH_DATA_FOLDER, 0755) < 0 && errno != EEXIST)
		return -errno;
	to_fd = open_data_folder(data_fd);
	if (to_fd < 0)
		return to_fd;
	r = file_list_folder(from_fd, &names);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (is_kept_name(names.items[i]))
			r = copy(from_fd, to_fd, names.items[i]);
	if (r >= 0)
		r = file_list_folder(to_fd, &kept);
	if (r < 0)
		return r;
	sort_newest_first(&kept);
	for (size_t i = CRASH_KEPT_MAX; i < kept.count; i++)
		(void)unlinkat(to_fd, kept.items[i], 0);
	return 0;
}

/* Adds names that are not in the list yet. */
static int add_names(int folder_fd, struct text_list *names)
{
	_cleanup_(text_list_done) struct text_list found = {};
	size_t before = names->count;
	int r = file_list_folder(folder_fd, &found);

	for (size_t i = 0; r >= 0 && i < found.count; i++) {
		bool known = !is_kept_name(found.items[i]);

		for (size_t j = 0; !known && j < before; j++)
			known = strcmp(names->items[j], found.items[i]) == 0;
		if (!known)
			r = text_list_add(names, found.items[i]);
	}
	return r;
}

int crash_list(const char *root, int data_fd, struct text_list *ret_names)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int memory_fd = open_below(root, CRASH_FOLDER),
			 kept_fd = data_fd < 0 ? -ENOENT : open_data_folder(data_fd);
	int r = memory_fd == -ENOENT ? 0 : memory_fd < 0 ? memory_fd : add_names(memory_fd, &names);

	if (r >= 0 && kept_fd != -ENOENT)
		r = kept_fd < 0 ? kept_fd : add_names(kept_fd, &names);
	if (r < 0)
		return r;
	sort_newest_first(&names);
	*ret_names = names;
	names = (struct text_list){};
	return 0;
}

int crash_read(const char *root, int data_fd, const char *name, char **ret_text)
{
	_cleanup_fd_ int memory_fd = open_below(root, CRASH_FOLDER),
			 kept_fd = data_fd < 0 ? -ENOENT : open_data_folder(data_fd);
	int r = -ENOENT;

	if (!is_kept_name(name))
		return -ENOENT;
	if (memory_fd >= 0)
		r = file_read(memory_fd, name, CRASH_TEXT_MAX, ret_text, NULL);
	if (r == -ENOENT && kept_fd >= 0)
		r = file_read(kept_fd, name, CRASH_TEXT_MAX, ret_text, NULL);
	return r;
}

/* --- the next panic --- */

bool crash_halts(const char *root)
{
	_cleanup_free_ char *path = text_format("%s" PANIC_TIMEOUT, root), *seconds = NULL;

	return path && file_read_line(AT_FDCWD, path, &seconds) >= 0 && text_equal(seconds, "0");
}

int crash_set_timeout(const char *root, const char *seconds)
{
	_cleanup_free_ char *path = text_format("%s" PANIC_TIMEOUT, root);

	return path ? file_write(AT_FDCWD, path, seconds) : -ENOMEM;
}
