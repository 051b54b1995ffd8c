/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the data volume's files, and its tests. */
#pragma once

#include "data-volume.h"
#include "process/disk-child.h"

/* Tests set other paths. */
struct data_volume_paths {
	const char *mount; /* "/data" */
	const char *mountinfo; /* "/proc/self/mountinfo" */
	const char *e2fsck; /* "/usr/bin/e2fsck" */
	unsigned int busy_ms; /* how long to wait for a device that an earlier check still holds */
};

int data_volume_new_at(const struct data_volume_paths *paths, sd_event *event,
		       const struct data_volume_callbacks *callbacks,
		       struct data_volume **ret_volume);

/* The child's work: checks and mounts. data is a struct data_volume_target. */
struct data_volume_target {
	const struct data_volume_paths *paths;
	const char *node, *type;
};
void data_volume_mount_in_child(const void *data, struct disk_child_answer *answer);
/* Syncs and unmounts, or makes it read-only. */
void data_volume_release_in_child(const void *data, struct disk_child_answer *answer);
