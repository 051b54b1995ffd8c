/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guest_store_delete() and others have put aside below ROOT/guests, and the child that removes
 * it. */
#pragma once

#include <systemd/sd-event.h>

struct guest_trash;

/* root is a path: the child has no fd of hostd's. Returns 0 or -errno. */
int guest_trash_new(sd_event *event, const char *root, struct guest_trash **ret_trash);
/* Leaves what is not removed yet to the next hostd. Takes NULL. */
void guest_trash_free(struct guest_trash *trash);

/* Starts to remove what there is, and does not wait for it. Failures are logged. */
void guest_trash_empty(struct guest_trash *trash);
/* Stops the child, so that the file system can be unmounted. Takes NULL. */
void guest_trash_stop(struct guest_trash *trash);

/* Names in ROOT/guests: finds the first free one. Returns the buffer. */
#define GUEST_TRASH_NAMES_MAX 10000
#define GUEST_TRASH_NAME_BYTES 32
char *guest_trash_name(unsigned int number, char buffer[static GUEST_TRASH_NAME_BYTES]);

/*
 * Renames a file or folder, path below from_fd, into ROOT/guests: at once, whatever its size. Does
 * not sync. Returns 0 (also when there is none) or -errno.
 */
int guest_trash_put(int guests_fd, int from_fd, const char *path);
