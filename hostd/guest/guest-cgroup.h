/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's cgroup, /sys/fs/cgroup/mvirt/NAME: bounds what QEMU uses, and finds all of it. */
#pragma once

#include <stdint.h>

/*
 * What QEMU may use beyond the guest's memory: itself, the virtual devices' buffers, the kernel's
 * page cache for disk files and its page tables for the guest, which grow with it.
 */
#define GUEST_CGROUP_OVERHEAD_BYTES (UINT64_C(256) * 1024 * 1024)
#define GUEST_CGROUP_OVERHEAD_DIVISOR 128

/*
 * Makes the cgroup, empty or not, with its limits; when memory runs out all of the guest is killed
 * and nothing else. A controller that the kernel does not have is warned about, once. Returns 0
 * with an fd of the folder, which is the caller's, or -EBADF instead when there is no cgroup v2 at
 * all (warned about too), or -errno.
 */
int guest_cgroup_make(const char *name, uint64_t memory_bytes, int *ret_fd);

/*
 * Kills and reaps what is in the cgroup and removes it, if there is one; waits for the killed up to
 * GUEST_CGROUP_KILL_MS. Returns 0, -EBUSY when they have not ended by then, or -errno.
 */
#define GUEST_CGROUP_KILL_MS 5000
int guest_cgroup_remove(const char *name);
