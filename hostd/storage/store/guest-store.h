/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests' folders: ROOT/guests/NAME/ with guest.conf, disks, seed and variable store. ROOT is the
 * data volume, or a folder in memory without one. */
#pragma once

#include "base/text.h"
#include "config/config-name.h"

#define GUEST_STORE_DEFINITION "guest.conf"
#define GUEST_STORE_BYTES_MAX (256 * 1024)

/*
 * root_fd is of ROOT. Names are config_is_name(), or -EINVAL. No symbolic link is followed, no
 * other file system entered.
 */
/* Names of folders with a definition, sorted. Removes incomplete folders of a killed hostd first.
 * Returns 0 or -errno. */
int guest_store_list(int root_fd, struct text_list *ret_names);
/* Returns 0 with a new string, -ENOENT, -EFBIG, or -errno. */
int guest_store_load(int root_fd, const char *name, char **ret_text);
/*
 * Makes the folder with the definition in it, or fails with -EEXIST; it appears completely or not
 * at all, even after a power cut.
 */
int guest_store_create(int root_fd, const char *name, const char *text);
/* Makes only the folder, for the files of a guest that is defined elsewhere. It may exist already.
 */
int guest_store_make_folder(int root_fd, const char *name);
/* Replaces the definition: temporary file, fsync, rename, fsync of the folder. */
int guest_store_save(int root_fd, const char *name, const char *text);
/* text is the definition with its new name. -EEXIST when new_name is taken. After a power cut there
 * is the old guest or the new one. */
int guest_store_rename(int root_fd, const char *name, const char *new_name, const char *text);
/*
 * Removes definition, seed and variable store. With with_disks it puts the folder as a whole aside
 * (guest-trash.h). Otherwise a folder without a definition stays, and guest_store_create() of the
 * same name uses it.
 */
int guest_store_delete(int root_fd, const char *name, bool with_disks);
/*
 * Opens a file in the guest's folder (path as in a definition, without "data:" for
 * guest_store_open_shared(), which opens ROOT/images/… read-only). Regular files only; flags are
 * O_RDONLY or O_RDWR, and O_CREAT | O_EXCL with mode 0600. Returns 0, -EINVAL for a path that
 * leaves the folder, or -errno.
 */
int guest_store_open(int root_fd, const char *name, const char *path, int flags, int *ret_fd);
/*
 * Makes a file in the guest's folder: fill writes into a file without a name, which gets its name
 * when all of it is on the disk. So the file is complete or absent, whatever fails, is killed or
 * loses power, and nothing is left over. Returns 0, -EEXIST, fill's result, or as above.
 */
int guest_store_make(int root_fd, const char *name, const char *path,
		     int (*fill)(int fd, const void *data), const void *data);
int guest_store_open_shared(int root_fd, const char *path, int *ret_fd);
