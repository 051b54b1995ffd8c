/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole disk, or a partition, for a guest: found by what the definition says, and refused when it
 * is in use. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What is known of a block device; hostd.c fills it in from machine/devices. Strings may be NULL.
 */
struct disk_claim_device {
	const char *name, *node, *parent, *serial, *path, *type, *label;
};

struct disk_claim_request {
	const char *device; /* "serial:…", "path:…" (where it is plugged in), "/dev/…" */
	bool readonly;
	bool allow_existing;
	const char *boot_node; /* the boot medium's device, or NULL */
};

/* Whether device, of a request, is one of these: false only when it is certain that it is not. */
bool disk_claim_finds(const char *device, const struct disk_claim_device *devices,
		      size_t device_count);

/*
 * Opens it (O_EXCL when writable, so that the kernel refuses what is mounted or part of something).
 * Refused, with one line in *ret_why (to be freed): no such disk; more than one with that serial;
 * it or a partition of it is mounted, used as swap, or held by device-mapper or MD; it is the boot
 * medium; somebody writes to it; it is to be written to and is labelled as a data volume, or has
 * file systems or partitions without allow_existing (the line says what is on it). Returns 0,
 * -ENODEV, -ENOTUNIQ, -EBUSY, -EEXIST, or another -errno, *ret_why being untouched for some.
 */
int disk_claim_open(const struct disk_claim_request *request,
		    const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		    char **ret_why);
