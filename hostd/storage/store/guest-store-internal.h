/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the guest store's files, and its tests. */
#pragma once

#include "guest-store.h"

#define GUEST_STORE_GUESTS "guests"
#define GUEST_STORE_IMAGES "images"
/* No guest's name has a dot in it. */
#define GUEST_STORE_NEW ".new-"
#define GUEST_STORE_GONE ".gone-" /* guest-trash.h */
/* The definition of a guest that is being renamed, followed by the new name. */
#define GUEST_STORE_RENAMED GUEST_STORE_DEFINITION ".to-"

/* Follows no link, and does not leave the folder or its file system. flags are open(2)'s; O_CLOEXEC
 * is added. Returns the fd or -errno. */
int guest_store_open_beneath(int folder_fd, const char *path, int flags);
/* ROOT/guests, created if make is set and it does not exist. Returns the fd, -ENOENT or -errno. */
int guest_store_open_guests(int root_fd, bool make);
int guest_store_open_folder(int guests_fd, const char *name);

/* Removes a file, or a folder with all its content. Returns 0 (also when there is none) or -errno.
 */
int guest_store_remove_tree(int folder_fd, const char *name);
/* "guest.conf.to-NAME"; new string or NULL. */
char *guest_store_renamed_path(const char *name);
/* Whether there is a definition in the folder. Returns 1, 0 or -errno. */
int guest_store_has_definition(int folder_fd, const char *name);
/*
 * Finishes what a killed hostd began in a guest's folder: removes an incomplete definition, puts a
 * renamed guest's definition in place. Otherwise does nothing. Returns 0 or -errno.
 */
int guest_store_settle(int folder_fd, const char *name);
