/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole disk, or a partition, for a guest: found by what the definition says, and refused when it
 * is in use. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct disk_use_paths;

/* What is known of a block device; hostd.c fills it in from machine/devices. Strings may be NULL.
 */
struct disk_claim_device {
	const char *name, *node, *parent, *serial, *path, *type, *label, *uuid;
	bool loaded; /* a whole disk that the host was loaded from */
};

struct disk_claim_request {
	const char *device; /* "serial:…", "path:…" (where it is plugged in), "/dev/…" */
	bool readonly;
	bool allow_existing;
	const char *boot_node; /* the configuration's device, or NULL */
};

/* Whether device, of a request, is one of these: false only when it is certain that it is not. */
bool disk_claim_finds(const char *device, const struct disk_claim_device *devices,
		      size_t device_count);

/* Whether device, of a definition, means this disk, or the one that it is a partition of. */
bool disk_claim_gives(const char *device, const struct disk_claim_device *disk,
		      const struct disk_claim_device *devices, size_t device_count);

/*
 * Whether it is nobody's: a disk that the host was loaded from, one that holds the configuration
 * (boot_node, or NULL), a partition of them, or something that is made of these. Returns 0, -EBUSY
 * with one line in *ret_why (to be freed), -ENODEV, or another -errno.
 */
int disk_claim_check_boot(const struct disk_use_paths *paths, const struct disk_claim_device *disk,
			  const char *boot_node, const struct disk_claim_device *devices,
			  size_t device_count, char **ret_why);

/*
 * Opens it (O_EXCL when writable, so that the kernel refuses what is mounted or part of something).
 * Refused, with one line in *ret_why (to be freed): no such disk; more than one with that serial;
 * it or a partition of it is mounted, used as swap, or held by device-mapper or MD; it is nobody's
 * (above); somebody writes to it; it is to be written to and is labelled as a data volume, or has
 * file systems or partitions without allow_existing (the line says what is on it). Returns 0,
 * -ENODEV, -ENOTUNIQ, -EBUSY, -EEXIST, or another -errno, *ret_why being untouched for some.
 */
int disk_claim_open(const struct disk_claim_request *request,
		    const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		    char **ret_why);
