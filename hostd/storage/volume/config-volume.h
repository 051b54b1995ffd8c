/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The FAT file system labelled MVIRT with mvirt.conf and the files that it names. */
#pragma once

#include <stddef.h>

/* The mount point (read-only), and the folder in memory for what hostd needs again. */
#define CONFIG_VOLUME_MOUNT "/run/mvirt/config"
#define CONFIG_VOLUME_KEPT "/run/mvirt/boot"

struct config_volume;

/* Returns a volume without a medium. label is "MVIRT" or mvirt.config='s. Returns 0 or -errno. */
int config_volume_new(const char *label, struct config_volume **ret_volume);
void config_volume_free(struct config_volume *volume);

/*
 * Offers a block device. Mounts the first FAT (vfat) file system with the label, read-only, nosuid,
 * nodev, noexec, readable by all, UTF-8. Logs "config: DEVICE: …". For a second one with the same
 * label, logs both names and does not use it. Returns 1 when this one is used, 0 when not, or
 * -errno.
 */
int config_volume_offer(struct config_volume *volume, const char *node, const char *fs_label,
			const char *fs_type);
/* The device is gone: logs it; copies in memory stay usable. Returns 1 if it was ours. */
int config_volume_remove(struct config_volume *volume, const char *device_name);

/*
 * The text of mvirt.conf: from the mounted volume (then also kept for the next hostd), or from what
 * the previous hostd kept. Returns 0, -ENOENT when there is none, -EFBIG over 1 MiB, or -errno.
 */
int config_volume_read_config(struct config_volume *volume, char **ret_text);

/*
 * Makes a boot file (kernel, initrd) independent of the medium: copies it once to memory, and opens
 * the copy read-only. path is as in mvirt.conf: relative to the volume, no "..", or absolute on it.
 * Returns 0, -ENOENT, -ENOSPC (memory full), -EINVAL for a path that leaves the volume, or -errno;
 * the caller owns the fd.
 */
int config_volume_keep(struct config_volume *volume, const char *path);
int config_volume_open_kept(struct config_volume *volume, const char *path, int *ret_fd);

/* Opens a guest's disk on the volume (openat2, RESOLVE_BENEATH) read-only. Returns 0 or -errno. */
int config_volume_open_disk(struct config_volume *volume, const char *path, int *ret_fd);

/* The device in use ("/dev/sdb1"), or NULL. */
const char *config_volume_device(const struct config_volume *volume);
