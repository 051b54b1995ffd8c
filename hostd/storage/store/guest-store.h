/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests' folders: ROOT/guests/NAME/ with guest.conf, disks, seed and variable store. ROOT is the
 * data volume, or a folder in memory where there is none. */
#pragma once

#include "base/text.h"
#include "config/config-name.h"

#define GUEST_STORE_DEFINITION "guest.conf"
#define GUEST_STORE_BYTES_MAX (256 * 1024)

/*
 * root_fd is of ROOT. Names are config_is_name(), or -EINVAL. No symbolic link is followed, no
 * other file system entered.
 */
/* Names of folders with a definition, sorted. A folder that a killed hostd left half made is
 * removed before. 0 or -errno. */
int guest_store_list(int root_fd, struct text_list *ret_names);
/* Returns 0 with a new string, -ENOENT, -EFBIG, or -errno. */
int guest_store_load(int root_fd, const char *name, char **ret_text);
/*
 * Makes the folder with the definition in it, or fails with -EEXIST; it appears whole or not at
 * all, also after a power cut.
 */
int guest_store_create(int root_fd, const char *name, const char *text);
/* The folder alone, for the files of a guest that is defined elsewhere. It may be there already. */
int guest_store_make_folder(int root_fd, const char *name);
/* Replaces the definition: temporary file, fsync, rename, fsync of the folder. */
int guest_store_save(int root_fd, const char *name, const char *text);
/* text is the definition with its new name. -EEXIST when new_name is taken. After a power cut it is
 * the old guest or the new one. */
int guest_store_rename(int root_fd, const char *name, const char *new_name, const char *text);
/*
 * Removes definition, seed and variable store; disks only with with_disks, and then the folder as a
 * whole is put aside (guest-trash.h). Without, what stays is a folder without a definition, which
 * guest_store_create() of the same name takes over.
 */
int guest_store_delete(int root_fd, const char *name, bool with_disks);
/*
 * Opens a file of the guest's folder (path as in a definition, "data:" already removed for
 * guest_store_open_shared(), which opens ROOT/images/… read-only). Regular files only; flags are
 * O_RDONLY or O_RDWR, and O_CREAT | O_EXCL with mode 0600. Returns 0, -EINVAL for a path that
 * leaves the folder, or -errno.
 */
int guest_store_open(int root_fd, const char *name, const char *path, int flags, int *ret_fd);
/*
 * Makes a file of the guest's folder: fill writes into one without a name, which gets its name when
 * all of it is on the disk. So it is whole or not there, whatever fails, is killed or loses power,
 * and nothing is left over. Returns 0, -EEXIST, what fill returns, or as above.
 */
int guest_store_make(int root_fd, const char *name, const char *path,
		     int (*fill)(int fd, const void *data), const void *data);
int guest_store_open_shared(int root_fd, const char *path, int *ret_fd);
