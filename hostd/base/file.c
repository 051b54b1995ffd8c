// SPDX-License-Identifier: GPL-2.0-or-later
// Small files as a whole.
#include "file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, room = 0;

	for (;;) {
		ssize_t got = 0;

		if (length == room) {
			char *grown = NULL;

			if (room > limit)
				return -EFBIG;
			room = room ? room * 2 : 512;
			if (room > limit)
				room = limit + 1;
			grown = realloc(text, room + 1);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		got = read(fd, text + length, room - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	*ret_text = take_ptr(text);
	if (ret_length)
		*ret_length = length;
	return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret_text, size_t *ret_length)
{
	_cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : file_read_fd(fd, limit, ret_text, ret_length);
}

int file_read_line(int dir_fd, const char *path, char **ret_text)
{
	char *text = NULL;
	int r = file_read(dir_fd, path, 4096, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*ret_text = text;
	return 0;
}

int file_write_all(int fd, const void *data, size_t length)
{
	const char *next = data;

	while (length > 0) {
		ssize_t written = write(fd, next, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		next += written;
		length -= (size_t)written;
	}
	return 0;
}

int file_write(int dir_fd, const char *path, const char *text)
{
	_cleanup_fd_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return file_write_all(fd, text, strlen(text));
}

int file_replace(int dir_fd, const char *name, const char *text, size_t length, mode_t mode)
{
	_cleanup_free_ char *temporary = NULL;
	_cleanup_fd_ int fd = -EBADF, folder_fd = -EBADF;
	int r = 0;

	temporary = text_format("%s.new", name);
	if (!temporary)
		return -ENOMEM;
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = file_write_all(fd, text, length);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir_fd, temporary, 0);
		return r;
	}
	if (!strchr(name, '/')) {
		folder_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder_fd >= 0)
			(void)fsync(folder_fd);
	}
	return 0;
}

int file_list_folder(int folder_fd, struct text_list *names)
{
	_cleanup_fd_ int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return -errno;
	(void)take_fd(&fd);
	for (;;) {
		const struct dirent *entry = NULL;
		int r = 0;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = text_list_add(names, entry->d_name);
		if (r < 0)
			return r;
	}
}
