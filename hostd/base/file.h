/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files as a whole: sysfs attributes, saved state, configuration. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "cleanup.h"
#include "text.h"

/*
 * Reads a file up to limit bytes into a new NUL-terminated string. dir_fd may be AT_FDCWD. Returns
 * 0 or -errno; -EFBIG for a larger file. ret_length may be NULL.
 */
int file_read(int dir_fd, const char *path, size_t limit, char **ret_text, size_t *ret_length);
/* The same for an open file, from its present offset. */
int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_length);
/* The same for a one-line attribute, without its final newline. */
int file_read_line(int dir_fd, const char *path, char **ret_text);
/* Writes to an existing file (an attribute) in one go. Returns 0 or -errno. */
int file_write(int dir_fd, const char *path, const char *text);
/* Replaces a file atomically: temporary file, fsync, rename, fsync of the folder. 0 or -errno. */
int file_replace(int dir_fd, const char *name, const char *text, size_t length, mode_t mode);
/* Adds the names in a folder, except "." and "..", in no order. Returns 0 or -errno. */
int file_list_folder(int folder_fd, struct text_list *names);
/* Writes all of it, in as many calls as needed. Returns 0 or -errno. */
int file_write_all(int fd, const void *data, size_t length);
