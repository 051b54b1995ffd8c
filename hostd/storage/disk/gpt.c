// SPDX-License-Identifier: GPL-2.0-or-later
// A GUID partition table with one partition, as bytes. Numbers on the disk are little-endian.
#include "gpt.h"

#include <errno.h>
#include <string.h>

#define DISK_BYTES_MIN (4 * 1024 * 1024)
#define ENTRY_BYTES 128
#define ENTRY_COUNT (GPT_ENTRIES_BYTES / ENTRY_BYTES)
#define ENTRY_NAME_OFFSET 56
#define ENTRY_NAME_LENGTH_MAX 36
#define HEADER_BYTES 92
#define HEADER_REVISION 0x00010000
#define MBR_PARTITION_OFFSET 446
#define MBR_SIGNATURE_OFFSET 510
#define MBR_TYPE_PROTECTIVE 0xee

/* 0FC63DAF-8483-4772-8E79-3D69D8477DE4 */
static const uint8_t linux_filesystem_guid[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
						   0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };

struct layout {
	uint32_t sector_bytes;
	uint64_t last; /* LBAs from here on */
	uint64_t entries_sectors;
	uint64_t first_usable, last_usable;
	uint64_t partition_first, partition_last;
	const uint8_t *disk_guid;
};

uint32_t gpt_crc32(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The first three fields of a GUID are little-endian: the version is in the eighth byte. */
void gpt_make_guid(uint8_t guid[static 16])
{
	guid[7] = (guid[7] & 0x0f) | 0x40;
	guid[8] = (guid[8] & 0x3f) | 0x80;
}

static void put_32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void put_64(uint8_t *at, uint64_t value)
{
	put_32(at, (uint32_t)value);
	put_32(at + 4, (uint32_t)(value >> 32));
}

/* Section 5.2.3: one partition over everything behind the MBR, so that software without GPT sees a
 * full disk. */
static void put_protective_mbr(uint8_t *sector, uint64_t last)
{
	uint8_t *entry = sector + MBR_PARTITION_OFFSET;

	entry[2] = 0x02; /* CHS 0, 0, 2 */
	entry[4] = MBR_TYPE_PROTECTIVE;
	memset(entry + 5, 0xff, 3); /* CHS beyond its range */
	put_32(entry + 8, 1);
	put_32(entry + 12, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
	sector[MBR_SIGNATURE_OFFSET] = 0x55;
	sector[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
}

/* Section 5.3.3. */
static void put_entry(uint8_t *entry, const struct layout *layout, const uint8_t *guid,
		      const char *name)
{
	memcpy(entry, linux_filesystem_guid, 16);
	memcpy(entry + 16, guid, 16);
	put_64(entry + 32, layout->partition_first);
	put_64(entry + 40, layout->partition_last);
	for (size_t i = 0; name[i]; i++)
		entry[ENTRY_NAME_OFFSET + 2 * i] = (uint8_t)name[i];
}

/* Section 5.3.2. The CRC is of the header with 0 in the CRC's place. */
static void put_header(uint8_t *header, const struct layout *layout, uint64_t own, uint64_t other,
		       uint64_t entries_at, uint32_t entries_crc)
{
	memcpy(header, "EFI PART", 8);
	put_32(header + 8, HEADER_REVISION);
	put_32(header + 12, HEADER_BYTES);
	put_64(header + 24, own);
	put_64(header + 32, other);
	put_64(header + 40, layout->first_usable);
	put_64(header + 48, layout->last_usable);
	memcpy(header + 56, layout->disk_guid, 16);
	put_64(header + 72, entries_at);
	put_32(header + 80, ENTRY_COUNT);
	put_32(header + 84, ENTRY_BYTES);
	put_32(header + 88, entries_crc);
	put_32(header + 16, gpt_crc32(header, HEADER_BYTES));
}

static struct layout lay_out(uint64_t size_bytes, uint32_t sector_bytes)
{
	const uint64_t unit = GPT_ALIGNMENT_BYTES / sector_bytes;
	struct layout layout = {
		.sector_bytes = sector_bytes,
		.last = size_bytes / sector_bytes - 1,
		.entries_sectors = GPT_ENTRIES_BYTES / sector_bytes,
	};

	layout.first_usable = 2 + layout.entries_sectors;
	layout.last_usable = layout.last - layout.entries_sectors - 1;
	layout.partition_first = (layout.first_usable + unit - 1) / unit * unit;
	layout.partition_last = (layout.last_usable + 1) / unit * unit - 1;
	return layout;
}

int gpt_build(uint64_t size_bytes, uint32_t sector_bytes, const uint8_t disk_guid[static 16],
	      const uint8_t partition_guid[static 16], const char *name, struct gpt *ret_gpt)
{
	struct layout layout;
	struct gpt *gpt = ret_gpt;
	uint8_t *entries = NULL;
	uint32_t entries_crc = 0;

	if ((sector_bytes != 512 && sector_bytes != 4096) || strlen(name) > ENTRY_NAME_LENGTH_MAX)
		return -EINVAL;
	if (size_bytes < DISK_BYTES_MIN)
		return -ENOSPC;
	layout = lay_out(size_bytes, sector_bytes);
	layout.disk_guid = disk_guid;
	memset(gpt, 0, sizeof(*gpt));
	gpt->head_bytes = 2 * (size_t)sector_bytes + GPT_ENTRIES_BYTES;
	gpt->tail_bytes = (size_t)sector_bytes + GPT_ENTRIES_BYTES;
	gpt->tail_offset = (layout.last + 1) * sector_bytes - gpt->tail_bytes;
	gpt->partition_offset = layout.partition_first * sector_bytes;
	gpt->partition_bytes = (layout.partition_last + 1 - layout.partition_first) * sector_bytes;

	entries = gpt->head + 2 * sector_bytes;
	put_entry(entries, &layout, partition_guid, name);
	memcpy(gpt->tail, entries, GPT_ENTRIES_BYTES);
	entries_crc = gpt_crc32(entries, GPT_ENTRIES_BYTES);
	put_protective_mbr(gpt->head, layout.last);
	put_header(gpt->head + sector_bytes, &layout, 1, layout.last, 2, entries_crc);
	put_header(gpt->tail + GPT_ENTRIES_BYTES, &layout, layout.last, 1,
		   layout.last - layout.entries_sectors, entries_crc);
	return 0;
}
