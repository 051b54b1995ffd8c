/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk's place, in the form of udev's /dev/disk/by-path: the same after every boot. */
#pragma once

/*
 * "pci-0000:00:1f.2-ata-1.0", "pci-0000:00:04.0-nvme-1",
 * "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0", "…-sas-0x500…-lun-0", "pci-0000:00:05.0" (virtio),
 * each with "-part1" for a partition; from a block device's folder
 * ("/sys/devices/…/block/sda/sda1"). New string, or NULL behind anything else, or without memory.
 */
char *disk_path_read(const char *syspath);
