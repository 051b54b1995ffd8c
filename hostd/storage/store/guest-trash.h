/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guest_store_delete() and others have put aside below ROOT/guests, and the child that removes
 * it.
 */
#pragma once

#include <systemd/sd-event.h>

struct guest_trash;

/* root is a path: the child has no fd of hostd's. 0 or -errno. */
int guest_trash_new(sd_event *event, const char *root, struct guest_trash **ret_trash);
/* What is not removed yet is left to the next hostd. Takes NULL. */
void guest_trash_free(struct guest_trash *trash);

/* Removes what there is, if anything, and does not wait for it. Failures are logged. */
void guest_trash_empty(struct guest_trash *trash);
/* So that the file system can be unmounted. Takes NULL. */
void guest_trash_stop(struct guest_trash *trash);

/* The names in ROOT/guests: the first of them that is free. Returns the buffer. */
#define GUEST_TRASH_NAMES_MAX 10000
#define GUEST_TRASH_NAME_BYTES 32
char *guest_trash_name(unsigned int number, char buffer[static GUEST_TRASH_NAME_BYTES]);

/*
 * Renames a file or folder, path below from_fd, into ROOT/guests: at once, whatever its size. Not
 * brought to the disk. Returns 0 (also when there is none) or -errno.
 */
int guest_trash_put(int guests_fd, int from_fd, const char *path);
