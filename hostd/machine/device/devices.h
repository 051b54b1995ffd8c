/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's disks and NICs, from libudev's enumeration and the kernel's hot-plug events. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "disk-probe.h"

/* Strings are owned by the device, and may be NULL if the hardware does not provide them. */
struct disk_device {
	char *name; /* kernel name: "sda", "nvme0n1p1" */
	char *node; /* "/dev/sda" */
	char *parent; /* the whole disk's name for a partition, or NULL */
	char *model;
	char *serial;
	char *path; /* where it is plugged in: disk-path.h */
	char *bus; /* "nvme", "ata", "scsi", "usb", "virtio", "mmc" or NULL */
	char *label; /* file system label */
	char *type; /* file system type as libblkid names it */
	char *uuid; /* the file system's */
	char *skipped; /* why hostd leaves it alone ("no medium", "0 bytes"…), or NULL */
	enum disk_loaded loaded; /* of a whole disk */
	uint64_t size_bytes;
	bool removable;
	bool readonly;
};

struct nic_device {
	char *name; /* "eth0" */
	char *driver;
	char *mac; /* permanent if the hardware has one, otherwise the current one */
	char *pci_path; /* "0000:00:03.0" or NULL */
	bool link;
	bool wireless;
};

struct devices;

/* Each may be NULL. */
struct devices_callbacks {
	/* A disk or partition appeared (also in the first scan) or went; valid during the call
	 * only. */
	void (*disk_added)(const struct disk_device *disk, void *userdata);
	void (*disk_removed)(const char *name, void *userdata);
	void (*nic_added)(const struct nic_device *nic, void *userdata);
	void (*nic_removed)(const char *name, void *userdata);
	void *userdata;
};

/*
 * Listens for hot-plug first, then scans, so that no device is missed. Reports every device of the
 * scan before it returns, except disks that need more than two seconds to answer: the event loop
 * reports these within five. loader must outlive the devices. Returns 0 or -errno.
 */
int devices_new(sd_event *event, const struct loader *loader,
		const struct devices_callbacks *callbacks, struct devices **ret_devices);
void devices_free(struct devices *devices);
/* Whether a disk's content is still being read. */
bool devices_is_probing(const struct devices *devices);

/*
 * Handles devices without the event loop until enough() is true. For the boot only: a USB stick
 * appears a second or more after the kernel has started. Returns 0, -ETIMEDOUT, or -errno.
 */
int devices_wait(struct devices *devices, bool (*enough)(void *userdata), void *userdata,
		 unsigned int timeout_ms);

/* The present physical network interfaces and block devices; the arrays are valid until the next
 * event. */
const struct disk_device *devices_disks(const struct devices *devices, size_t *ret_count);
const struct nic_device *devices_nics(const struct devices *devices, size_t *ret_count);
