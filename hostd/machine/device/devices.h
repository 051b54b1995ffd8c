/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks and NICs of this machine, from libudev's enumeration and the kernel's hot-plug events. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "disk-probe.h"

/* Strings are owned by the device and may be NULL where the hardware does not say. */
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
	char *mac; /* permanent if the hardware has one, or else the current */
	char *pci_path; /* "0000:00:03.0" or NULL */
	bool link;
	bool wireless;
};

struct devices;

/* Each may be NULL. */
struct devices_callbacks {
	/* A disk or partition appeared (also on the first scan) or went; valid during the call
	 * only. */
	void (*disk_added)(const struct disk_device *disk, void *userdata);
	void (*disk_removed)(const char *name, void *userdata);
	void (*nic_added)(const struct nic_device *nic, void *userdata);
	void (*nic_removed)(const char *name, void *userdata);
	void *userdata;
};

/*
 * Listens for hot-plug first, then scans, so that nothing falls between. Every device found in the
 * scan is reported before this returns, but for a disk that takes more than two seconds to answer:
 * it is reported by the event loop, within five. loader outlives the devices. Returns 0 or -errno.
 */
int devices_new(sd_event *event, const struct loader *loader,
		const struct devices_callbacks *callbacks, struct devices **ret_devices);
void devices_free(struct devices *devices);
/* Whether the content of a disk is still being read. */
bool devices_is_probing(const struct devices *devices);

/*
 * Goes on taking up devices without the event loop until enough() is true. For the boot alone: a
 * USB stick is found a second or more after the kernel has started. Returns 0, -ETIMEDOUT, or
 * -errno.
 */
int devices_wait(struct devices *devices, bool (*enough)(void *userdata), void *userdata,
		 unsigned int timeout_ms);

/* Physical network interfaces and block devices known now; the arrays are valid until the next
 * event. */
const struct disk_device *devices_disks(const struct devices *devices, size_t *ret_count);
const struct nic_device *devices_nics(const struct devices *devices, size_t *ret_count);
