/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ext4 or XFS file system labelled mvirt-data: checked, mounted at /data, released. */
#pragma once

#include <systemd/sd-event.h>

#define DATA_VOLUME_LABEL "mvirt-data"
#define DATA_VOLUME_MOUNT "/data"

struct data_volume;

/* Each may be NULL. */
struct data_volume_callbacks {
	/* It is mounted; root_fd is its root, weak. */
	void (*mounted)(int root_fd, void *userdata);
	/* Its disk is gone; open files on it give errors. */
	void (*lost)(void *userdata);
	/* It was found, and could not be repaired or mounted; why is one line. */
	void (*failed)(const char *why, void *userdata);
	/* It is decided now: after mounted or failed, when its disk was removed meanwhile, or when
	 * the disks have settled without one. */
	void (*decided)(void *userdata);
	void *userdata;
};

/* Adopts the previous hostd's mount (the event loop then calls mounted). Returns 0 or -errno. */
int data_volume_new(sd_event *event, const struct data_volume_callbacks *callbacks,
		    struct data_volume **ret_volume);
/* Leaves it mounted. */
void data_volume_free(struct data_volume *volume);

/*
 * Offers a block device. A child checks the first ext4 or XFS file system with the label (e2fsck -p
 * for ext4; XFS replays its log itself) and mounts it with nosuid, nodev, noexec, without blocking
 * the event loop. Logs "data: DEVICE: …": mounted with size and free room, repaired, or why not and
 * what to do. For a second one, logs both names and does not use it. Returns 1 when it is taken, 0
 * when not, or -errno.
 */
int data_volume_offer(struct data_volume *volume, const char *node, const char *fs_label,
		      const char *fs_type);
/* One may still appear: it is undecided until the disks have settled, or one is mounted. */
void data_volume_await(struct data_volume *volume);
/* The disks have settled. */
void data_volume_settle(struct data_volume *volume);
/* No volume is used: it is unclear which one is right. Logs why, one line, which the status keeps.
 */
void data_volume_refuse(struct data_volume *volume, const char *why);
/* The device is gone. Returns 1 if it was ours. */
int data_volume_remove(struct data_volume *volume, const char *device_name);
/* Syncs and unmounts, when the host goes down, within 30 seconds; makes it read-only if something
 * still uses it. Calls lost first, which closes the root. Returns 0 or -errno. */
int data_volume_release(struct data_volume *volume);

/* Whether it is still undecided: disks are still being found, a check is running, or mounted has
 * not been called yet. */
bool data_volume_is_undecided(const struct data_volume *volume);

enum data_volume_phase {
	DATA_VOLUME_NONE,
	DATA_VOLUME_CHECKING,
	DATA_VOLUME_MOUNTED,
	DATA_VOLUME_FAILED,
};
struct data_volume_status {
	enum data_volume_phase phase;
	const char *device; /* "/dev/sdb1", or NULL */
	const char *type; /* "ext4", or NULL */
	const char *why; /* if FAILED; or if MOUNTED, when an error has made it read-only */
	uint64_t size_bytes, free_bytes; /* if MOUNTED */
};
void data_volume_get_status(const struct data_volume *volume,
			    struct data_volume_status *ret_status);
