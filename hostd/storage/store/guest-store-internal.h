/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the guest store's files, and its tests. */
#pragma once

#include "guest-store.h"

#define GUEST_STORE_GUESTS "guests"
#define GUEST_STORE_IMAGES "images"
/* No guest's name has a dot in it. */
#define GUEST_STORE_NEW ".new-"
#define GUEST_STORE_GONE ".gone-" /* guest-trash.h */
/* The definition of a guest that is being renamed, with the new name behind it. */
#define GUEST_STORE_RENAMED GUEST_STORE_DEFINITION ".to-"

/* No link followed, nothing outside of the folder and its file system. flags are open(2)'s;
 * O_CLOEXEC is added. Returns the fd or -errno. */
int guest_store_open_beneath(int folder_fd, const char *path, int flags);
/* ROOT/guests, made where it is not there when make is set. Returns the fd, -ENOENT or -errno. */
int guest_store_open_guests(int root_fd, bool make);
int guest_store_open_folder(int guests_fd, const char *name);

/* Removes a file, or a folder with all that is in it. Returns 0 (also when there is none) or
 * -errno. */
int guest_store_remove_tree(int folder_fd, const char *name);
/* "guest.conf.to-NAME"; new string or NULL. */
char *guest_store_renamed_path(const char *name);
/* Whether there is a definition in the folder. 1, 0 or -errno. */
int guest_store_has_definition(int folder_fd, const char *name);
/*
 * Ends what a killed hostd began in a guest's folder: a definition that was being written is
 * removed, one of a renamed guest takes its place. Does nothing where there is nothing to do.
 * Returns 0 or -errno.
 */
int guest_store_settle(int folder_fd, const char *name);
