/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole disk, or a partition, for a guest: found as the definition names it, and refused when it
 * is in use. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct disk_use_paths;

/* A block device; hostd.c fills it in from machine/devices. Strings may be NULL. */
struct disk_claim_device {
	const char *name, *node, *parent, *serial, *path, *type, *label, *uuid;
	bool loaded; /* a whole disk that is the boot medium */
};

struct disk_claim_request {
	const char *device; /* "serial:…", "path:…" (where it is plugged in), "/dev/…" */
	bool readonly;
	bool allow_existing;
	const char *boot_node; /* the configuration's device, or NULL */
};

/* Whether a definition's device may name one of these: false only if it certainly does not. */
bool disk_claim_finds(const char *device, const struct disk_claim_device *devices,
		      size_t device_count);

/* Whether a definition's device names this disk, or the disk of this partition. */
bool disk_claim_gives(const char *device, const struct disk_claim_device *disk,
		      const struct disk_claim_device *devices, size_t device_count);

/*
 * Whether no guest may have it: the boot medium, the disk with the configuration (boot_node, or
 * NULL), a partition of them, or a device made of these. Returns 0, -EBUSY with one line in
 * *ret_why (to be freed), -ENODEV, or another -errno.
 */
int disk_claim_check_boot(const struct disk_use_paths *paths, const struct disk_claim_device *disk,
			  const char *boot_node, const struct disk_claim_device *devices,
			  size_t device_count, char **ret_why);

/*
 * Opens it (O_EXCL when writable, so that the kernel refuses what is mounted or part of something).
 * Refuses, with one line in *ret_why (to be freed): no such disk; several with that serial; it or a
 * partition of it is mounted, used as swap, or held by device-mapper or MD; no guest may have it
 * (above); somebody writes to it; it would be writable and is labelled as a data volume, or has
 * file systems or partitions without allow_existing (the line names them). Returns 0, -ENODEV,
 * -ENOTUNIQ, -EBUSY, -EEXIST, or another -errno; some leave *ret_why untouched.
 */
int disk_claim_open(const struct disk_claim_request *request,
		    const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		    char **ret_why);
