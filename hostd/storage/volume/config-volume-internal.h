/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the configuration volume's files, and its tests. */
#pragma once

#include <sys/types.h>

#include "config-volume.h"
#include "process/disk-child.h"

struct config_volume {
	char *label;
	char *run; /* "/run/mvirt" */
	char *mount;
	char *kept;
	char *mountinfo;
	char *device; /* mounted now, or NULL */
	int limit_ms; /* a child's limit to mount it, or to read mvirt.conf */
};

/* config_volume_new() with other folders than /run/mvirt and /proc. */
int config_volume_new_below(const char *label, const char *run_folder, const char *mountinfo,
			    struct config_volume **ret_volume);

/* The source of the mount at mount_point, a new string, or NULL. Modifies mountinfo. */
char *config_volume_find_mount(char *mountinfo, const char *mount_point, dev_t *ret_device);

/* Opens a regular file on the volume read-only. Returns 0, -EINVAL for a path that leaves it or is
 * not a regular file, or -errno. */
int config_volume_open_file(struct config_volume *volume, const char *path, int *ret_fd);

/*
 * Runs in a child, because a dying stick answers late or never. Returns the child's result, or
 * -ETIMEDOUT.
 */
int config_volume_in_child(void (*run)(const void *data, struct disk_child_answer *answer),
			   const void *data, int limit_ms, struct disk_child_answer *ret_answer);

/* Logs; releases the volume if the device has failed. */
void config_volume_read_failed(struct config_volume *volume, const char *path, int error);
void config_volume_detach(struct config_volume *volume);

/* Removes an incomplete copy that a killed hostd left. */
void config_volume_kept_clean(struct config_volume *volume);

/*
 * The path below the volume without leading or doubled slashes and "."; new string. Returns 0,
 * -EINVAL for an empty path or one with "..", or -ENOMEM.
 */
int config_volume_clean_path(const char *path, char **ret_path);
/* A unique file name for it; new string or NULL. Never begins with '.' or "%n". */
char *config_volume_kept_name(const char *clean_path);
