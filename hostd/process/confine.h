/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps by which a child that hostd has cloned gives up what it does not need, the same for every
 * kind of child. They act on the calling process, need root's capabilities, and return 0 or -errno.
 */
#pragma once

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct confine_limit {
	__rlimit_resource_t resource;
	rlim_t limit; /* soft and hard */
};

/*
 * As fork(2), with CLONE_NEW… for the child, and in the cgroup of that folder (0: the caller's):
 * pid 0 in it, and its pidfd untouched. The C library does not know of the child. The only one that
 * is called before there is a child.
 */
int confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);
/* Every signal's handling as at a program's start, and none blocked. */
int confine_reset_signals(void);
int confine_make_mounts_private(void);
/* The working directory, which a mount is on, becomes the root; nothing of the old one is left. */
int confine_enter_root(void);
int confine_make_root_readonly(void);
int confine_set_limits(const struct confine_limit *limits, size_t count);
int confine_drop_bounding_set(void);
/* To these, a mask of 1 << CAP_…, for who goes on with some of root's capabilities; … */
int confine_reduce_bounding_set(uint64_t kept);
/* id is the uid and the gid; no other groups. */
int confine_change_user(uid_t id);
/* … and the same with them in every set, so that what is executed has them. */
int confine_change_user_keeping(uid_t id, uint64_t kept);
/* All of them, of every set but the bounding one. */
int confine_drop_capabilities(void);
