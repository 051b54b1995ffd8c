/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ext4 or xfs file system labelled mvirt-data: checked, mounted at /data, let go. */
#pragma once

#include <systemd/sd-event.h>

#define DATA_VOLUME_LABEL "mvirt-data"
#define DATA_VOLUME_MOUNT "/data"

struct data_volume;

/* Each may be NULL. */
struct data_volume_callbacks {
	/* It is mounted; root_fd is its root, weak. */
	void (*mounted)(int root_fd, void *userdata);
	/* Its disk is gone; what was opened on it gives errors. */
	void (*lost)(void *userdata);
	/* It was found, and could not be repaired or mounted; why is one line. */
	void (*failed)(const char *why, void *userdata);
	/* It is not undecided any more: after mounted or failed, when its disk was removed
	 * meanwhile, or when the disks have settled without one. */
	void (*decided)(void *userdata);
	void *userdata;
};

/* Takes over what an earlier hostd mounted (mounted is called from the event loop then). 0 or
 * -errno. */
int data_volume_new(sd_event *event, const struct data_volume_callbacks *callbacks,
		    struct data_volume **ret_volume);
/* Leaves it mounted. */
void data_volume_free(struct data_volume *volume);

/*
 * Offers a block device. The first ext4 or xfs file system with the label is checked by a child
 * (e2fsck -p for ext4; xfs replays its log itself) and mounted with nosuid,nodev,noexec, both
 * without blocking the event loop. Logs "data: DEVICE: …": mounted with size and free room,
 * repaired, or why not and what to do. A second one is logged with both names and left alone.
 * Returns 1 when taken, 0 when not, or -errno.
 */
int data_volume_offer(struct data_volume *volume, const char *node, const char *fs_label,
		      const char *fs_type);
/* One may still be found: it is undecided until the disks have settled, or one is mounted. */
void data_volume_await(struct data_volume *volume);
/* The disks have settled. */
void data_volume_settle(struct data_volume *volume);
/* None is taken: which one is the right one cannot be told. Logs why, one line; it is in the status
 * from here on. */
void data_volume_refuse(struct data_volume *volume, const char *why);
/* The device went away. Returns 1 if it was ours. */
int data_volume_remove(struct data_volume *volume, const char *device_name);
/* Syncs and unmounts, at the host's end, within 30 seconds; falls back to read-only when something
 * still uses it. lost is called first: the root is closed. 0 or -errno. */
int data_volume_release(struct data_volume *volume);

/* Whether there is one is not known yet, and will be: disks are still being found, it is being
 * checked, or mounted is still to be called. */
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
	const char *why; /* of FAILED; or of MOUNTED, when an error has made it read-only */
	uint64_t size_bytes, free_bytes; /* of MOUNTED */
};
void data_volume_get_status(const struct data_volume *volume,
			    struct data_volume_status *ret_status);
