/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps by which a child that hostd has cloned gives up what it does not need, the same for every
 * kind of child. They act on the calling process, need root's capabilities, and return 0 or -errno.
 */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

struct confine_limit {
	__rlimit_resource_t resource;
	rlim_t limit; /* soft and hard */
};

/* Every signal's handling as at a program's start, and none blocked. */
int confine_reset_signals(void);
int confine_make_mounts_private(void);
/* The working directory, which a mount is on, becomes the root; nothing of the old one is left. */
int confine_enter_root(void);
int confine_make_root_readonly(void);
int confine_set_limits(const struct confine_limit *limits, size_t count);
int confine_drop_bounding_set(void);
/* id is the uid and the gid; no other groups. */
int confine_change_user(uid_t id);
/* All of them, of every set but the bounding one. */
int confine_drop_capabilities(void);
