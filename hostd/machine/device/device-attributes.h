/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk or a NIC as sysfs describes it. Reads only files below the given folder and its parents.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "devices.h"

/*
 * Fills everything but node and content (label, type, uuid, loaded) from a block device's folder
 * ("/sys/devices/…/block/sda/sda1"). skipped is set if the attributes alone give a reason. Returns
 * 1 when the device is to be reported, 0 for one that is never a disk (ram, loop, zram, hidden
 * paths), or -errno; ret_disk is then untouched.
 */
int disk_attributes_read(const char *syspath, struct disk_device *ret_disk);
/* Frees the strings. */
void disk_device_done(struct disk_device *disk);
/* Whether two descriptions are equal in every field. */
bool disk_device_equal(const struct disk_device *a, const struct disk_device *b);

/* Returns 1, 0 for an interface without hardware behind it (bridge, tap, VLAN…), or -errno. */
int nic_attributes_read(const char *syspath, struct nic_device *ret_nic);
/* Whether it has carrier. False for an interface that is down. */
bool nic_link_read(const char *syspath);
void nic_device_done(struct nic_device *nic);

/* A copy without spaces around it and with '?' for unprintable characters; NULL when nothing is
 * left or memory is out. UTF-8 is kept. */
char *attribute_text(const char *text, size_t length);

/* The serial number in a SCSI unit serial number page (SPC-4, 7.8.15, page 80h). New string, or
 * NULL for a truncated, empty or different page. */
char *vpd_page80_serial(const uint8_t *page, size_t length);
