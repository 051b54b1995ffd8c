/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a block device now: mounts, swap, device-mapper and MD; and its partitions. */
#pragma once

#include "base/text.h"

/* Paths; tests set others. */
struct disk_use_paths {
	const char *mountinfo; /* "/proc/self/mountinfo" */
	const char *swaps; /* "/proc/swaps" */
	const char *sysfs; /* "/sys/class/block" */
};
extern const struct disk_use_paths disk_use_paths;

/* Kernel names of its partitions, ordered by number. Returns 0, -ENODEV, or -errno. */
int disk_use_partitions(const struct disk_use_paths *paths, const char *name,
			struct text_list *ret_partitions);

/*
 * Kernel names of what is under the device: itself, the disk that it is a partition of, and the
 * parts of a device-mapper or MD device, down to the disks. Returns 0, -ENODEV, -ELOOP for too deep
 * stacks, or -errno.
 */
int disk_use_bases(const struct disk_use_paths *paths, const char *name,
		   struct text_list *ret_bases);

/*
 * Whether the device ("sdb", "sdb1"), a partition of it, or the disk that it is a partition of is
 * mounted, used as swap, or held by device-mapper or MD. Returns 0, -EBUSY with one line in
 * *ret_why (to be freed; "/dev/sdb1 is mounted at /data"), -ENODEV, or another -errno.
 */
int disk_use_check(const struct disk_use_paths *paths, const char *name, char **ret_why);
