/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a data volume on a whole disk: GPT with one partition, ext4 labelled mvirt-data in it. */
#pragma once

#include <systemd/sd-event.h>

/* The disk to format; texts are borrowed. */
struct disk_format_target {
	const char *node; /* "/dev/sdb", the whole disk */
	uint64_t size_bytes;
	bool erase; /* even if it is not empty */
	const char *uuid; /* of the new file system; NULL: a random one */
};

struct disk_format_job;
/* error is 0, or -errno with one line in why (borrowed): -EEXIST when the disk is not empty and
 * erase is false. The job is gone when this is called. */
typedef void (*disk_format_done_t)(int error, const char *why, void *userdata);

/*
 * Starts a child; the event loop calls done. "Empty" means: no partition table, no file system, no
 * RAID or LVM member that libblkid knows. A disk that is mounted, a swap, or held by device-mapper
 * or MD is refused even with erase. So are a partition, and a disk of another size than size_bytes
 * (if that is not 0). Opens the disk with O_EXCL. At the end the partition gets a "change" event,
 * which announces the new file system. The child goes on when hostd is killed. Returns 0 or -errno.
 */
int disk_format_start(sd_event *event, const struct disk_format_target *target,
		      disk_format_done_t done, void *userdata, struct disk_format_job **ret_job);
/* done is not called any more; the child is killed. */
void disk_format_cancel(struct disk_format_job *job);
