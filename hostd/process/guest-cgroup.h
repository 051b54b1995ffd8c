/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's cgroup, /sys/fs/cgroup/mvirt/NAME: bounds what QEMU uses, tells it, and finds all of
 * it. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What it uses now. Bytes and counts are since the start of its process. */
struct guest_stats {
	uint64_t cpu_usec; /* of its QEMU, all threads */
	uint64_t memory_bytes; /* charged to its cgroup */
	uint64_t disk_read_bytes, disk_written_bytes, disk_reads, disk_writes;
	uint64_t oom_kills;
};
/*
 * What QEMU may use beyond the guest's memory: itself, the virtual devices' buffers, the kernel's
 * page cache for disk files and its page tables for the guest, which grow with it. This is the
 * limit and not what is expected: page cache goes when it is reached, so it costs nothing.
 */
#define GUEST_CGROUP_OVERHEAD_BYTES (UINT64_C(256) * 1024 * 1024)
#define GUEST_CGROUP_OVERHEAD_DIVISOR 128

/* What is 0 or NULL is not set. */
struct guest_cgroup_limits {
	uint64_t memory_bytes; /* of the guest; always set */
	/* Measured, beyond the guest's memory; twice that is allowed, but never less than the
	 * above. */
	uint64_t overhead_bytes;
	bool hugepages; /* the guest's memory is huge pages, which are counted apart */
	unsigned int cpu_weight, io_weight; /* 1 to 10000, the kernel's default is 100 */
	unsigned int cpu_limit_percent; /* of one processor: 250 is two and a half */
	uint64_t io_limit_bytes; /* a second, for reads and for writes, of each device */
	/* The disks, or what their files are on: st_rdev or st_dev. Partitions stand for their
	 * disk; what is no block device (a file in memory) is passed over. */
	const dev_t *devices;
	size_t device_count;
};

/*
 * Makes the cgroup, empty or not, with its limits; when memory runs out all of the guest is killed
 * and nothing else. A controller that the kernel does not have is warned about, once. Returns 0
 * with an fd of the folder, which is the caller's, or -EBADF instead when there is no cgroup v2 at
 * all (warned about too), or -errno.
 */
int guest_cgroup_make(const char *name, const struct guest_cgroup_limits *limits, int *ret_fd);

/* What the guest uses; what the kernel does not tell is 0. Returns 0, or -ESRCH without a cgroup.
 */
int guest_cgroup_read_stats(const char *name, struct guest_stats *ret_stats);
/* A process in it. Returns 0, -ESRCH when there is none, or -errno when that cannot be told. */
int guest_cgroup_find(const char *name, pid_t *ret_pid);
/* Bytes charged to it now that it alone can give back, or 0: not the page cache of files. */
uint64_t guest_cgroup_memory(const char *name);
/* Bytes of huge pages that it has taken, or 0. */
uint64_t guest_cgroup_hugepages(const char *name);
/* Whether the kernel killed something of it for lack of memory; to be asked before its removal. */
bool guest_cgroup_was_oom_killed(const char *name);

/*
 * Kills and reaps what is in the cgroup and removes it, if there is one; waits for the killed up to
 * GUEST_CGROUP_KILL_MS. Returns 0, -EBUSY when they have not ended by then, or -errno.
 */
#define GUEST_CGROUP_KILL_MS 5000
int guest_cgroup_remove(const char *name);
