/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A look at a file system that is not believed yet: which disks its definitions give to guests. */
#pragma once

#include "base/text.h"

/*
 * Mounts it read-only, without replaying its journal, in a child with a mount namespace of its own,
 * and adds every guest's `device` to claims: of mvirt.conf on a vfat, of guests/NAME/guest.conf on
 * an ext4 or xfs. Blocks for 10 s at most. Returns 0, -ENOENT for a vfat without mvirt.conf,
 * -ETIMEDOUT, -E2BIG when there is more than can be told, or another -errno.
 */
int volume_look(const char *node, const char *type, struct text_list *claims);
/* The same with another folder to mount it at than /run/mvirt/look. */
int volume_look_at(const char *folder, const char *node, const char *type,
		   struct text_list *claims);
