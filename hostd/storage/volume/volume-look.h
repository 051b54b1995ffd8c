/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a candidate that is not believed yet: which disks its definitions give to guests. */
#pragma once

#include "base/text.h"

/*
 * Mounts it read-only, without replaying its journal, in a child with a mount namespace of its own,
 * and adds every guest's `device` to claims: from mvirt.conf on vfat, from guests/NAME/guest.conf
 * on ext4 or XFS. Blocks for 10 s at most. Returns 0, -ENOENT for vfat without mvirt.conf,
 * -ETIMEDOUT, -E2BIG when there are too many, or another -errno.
 */
int volume_look(const char *node, const char *type, struct text_list *claims);
/* The same with another mount point than /run/mvirt/look. */
int volume_look_at(const char *folder, const char *node, const char *type,
		   struct text_list *claims);
