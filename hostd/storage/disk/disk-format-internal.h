/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that format a disk, and their tests. */
#pragma once

#include "disk-format.h"
#include "disk-use.h"
#include "process/disk-child.h"

/* Tests set other paths, where a file stands for the disk. */
struct disk_format_paths {
	const struct disk_use_paths *use;
	const char *mke2fs; /* "/usr/bin/mke2fs" */
	const char *dev; /* "/dev" */
	unsigned int node_ms; /* how long to wait for the partition's node */
};

int disk_format_start_at(const struct disk_format_paths *paths, sd_event *event,
			 const struct disk_format_target *target, disk_format_done_t done,
			 void *userdata, struct disk_format_job **ret_job);

/* The child's work. data is a struct disk_format_order. */
struct disk_format_order {
	const struct disk_format_paths *paths;
	const struct disk_format_target *target;
};
void disk_format_in_child(const void *data, struct disk_child_answer *answer);
