/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A GUID partition table with one partition over the whole disk. Pure: no system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GPT_SECTOR_BYTES_MAX 4096
/* 128 entries of 128 bytes, the least that UEFI 2.10, section 5.3.1 allows. */
#define GPT_ENTRIES_BYTES (128 * 128)
#define GPT_ALIGNMENT_BYTES (1024 * 1024)

/* What to write where: head at the disk's beginning, tail at tail_offset. */
struct gpt {
	uint8_t head[2 * GPT_SECTOR_BYTES_MAX + GPT_ENTRIES_BYTES];
	uint8_t tail[GPT_SECTOR_BYTES_MAX + GPT_ENTRIES_BYTES];
	size_t head_bytes, tail_bytes;
	uint64_t tail_offset;
	uint64_t partition_offset, partition_bytes;
};

/* Makes a random GUID (RFC 9562, version 4) from 16 random bytes, in its on-disk form. */
void gpt_make_guid(uint8_t guid[static 16]);

/*
 * Protective MBR, both headers and both tables (UEFI 2.10, section 5.3) for a disk of size_bytes;
 * an incomplete last sector is not used. The partition has the type "Linux filesystem data" and is
 * aligned to 1 MiB at both ends. name is ASCII, 36 characters at most. Returns 0, -EINVAL for a
 * sector size other than 512 or 4096 or a name too long, or -ENOSPC for a disk with less than 4
 * MiB.
 */
int gpt_build(uint64_t size_bytes, uint32_t sector_bytes, const uint8_t disk_guid[static 16],
	      const uint8_t partition_guid[static 16], const char *name, struct gpt *ret_gpt);

/* The CRC of UEFI 2.10, section 5.3.2 (CCITT32, as in Ethernet). */
uint32_t gpt_crc32(const void *data, size_t length);
