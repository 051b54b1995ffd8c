// SPDX-License-Identifier: GPL-2.0-or-later
// The header of a qcow2 image, after QEMU's docs/interop/qcow2.txt: big-endian, and from a
// stranger.
#include "image-header.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"

#define SECTOR_BYTES 512
#define V2_BYTES 72
#define V3_BYTES 104
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define EXTENDED_L2_CLUSTER_BITS_MIN 14
#define REFCOUNT_ORDER_MAX 6
/* QEMU's own limits (block/qcow2.h). */
#define L1_BYTES_MAX (32U << 20)
#define REFCOUNT_TABLE_BYTES_MAX (8U << 20)
#define SNAPSHOTS_MAX 65536
#define SNAPSHOT_BYTES_MIN 40
/* Beyond the disk is the state of a guest that was saved in a snapshot. */
#define L1_BYTES_SPARE (1U << 20)
#define NAME_BYTES_MAX 1023
#define NAME_SHOWN_MAX 64

enum incompatible {
	INCOMPATIBLE_DIRTY = 1 << 0,
	INCOMPATIBLE_CORRUPT = 1 << 1,
	INCOMPATIBLE_DATA_FILE = 1 << 2,
	INCOMPATIBLE_COMPRESSION = 1 << 3,
	INCOMPATIBLE_EXTENDED_L2 = 1 << 4,
	INCOMPATIBLE_KNOWN = (1 << 5) - 1,
};

enum extension {
	EXTENSION_END = 0,
	EXTENSION_BACKING_FORMAT = 0xe2792aca,
	EXTENSION_ENCRYPTION = 0x0537be77,
	EXTENSION_DATA_FILE = 0x44415441,
};

struct qcow2 {
	const uint8_t *data;
	size_t length;
	uint64_t file_bytes;
	uint32_t version, cluster_bits, header_bytes;
	uint64_t cluster_bytes, virtual_bytes, incompatible;
	uint64_t tables_end;
	char **ret_why;
};

static uint32_t get_32(const struct qcow2 *image, size_t at)
{
	const uint8_t *b = image->data + at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t get_64(const struct qcow2 *image, size_t at)
{
	return (uint64_t)get_32(image, at) << 32 | get_32(image, at + 4);
}

__attribute__((format(printf, 2, 3))) static int refuse(char **ret_why, const char *format, ...)
{
	va_list arguments;
	char *why = NULL;
	int length = 0;

	va_start(arguments, format);
	length = vasprintf(&why, format, arguments);
	va_end(arguments);
	if (length < 0)
		return -ENOMEM;
	*ret_why = why;
	return -EINVAL;
}

/* A name in the file, printable, cut if it is long or if the read bytes end. */
static const char *get_name(const struct qcow2 *image, uint64_t at, uint64_t bytes,
			    char name[static NAME_SHOWN_MAX + sizeof("…")])
{
	size_t shown = 0;

	while (shown < bytes && shown < NAME_SHOWN_MAX && at < image->length &&
	       shown < image->length - at) {
		uint8_t byte = image->data[at + shown];

		name[shown++] = (char)(byte < 0x80 && isprint(byte) ? byte : '?');
	}
	name[shown] = '\0';
	if (shown < bytes)
		strcpy(name + shown, "…");
	return name;
}

static int check_version(struct qcow2 *image)
{
	if (!image_header_is_qcow2(image->data, image->length))
		return refuse(image->ret_why, "not a qcow2 image");
	if (image->length < V2_BYTES)
		return refuse(image->ret_why, "truncated: its header ends at %d, the file at %zu",
			      V2_BYTES, image->length);
	image->version = get_32(image, 4);
	if (image->version != 2 && image->version != 3)
		return refuse(image->ret_why, "qcow2 of version %u, which QEMU does not know",
			      image->version);
	image->header_bytes = V2_BYTES;
	if (image->version == 3) {
		if (image->length < V3_BYTES)
			return refuse(image->ret_why,
				      "truncated: its header ends at %d, the file at %zu", V3_BYTES,
				      image->length);
		image->header_bytes = get_32(image, 100);
		image->incompatible = get_64(image, 72);
	}
	image->cluster_bits = get_32(image, 20);
	if (image->cluster_bits < CLUSTER_BITS_MIN || image->cluster_bits > CLUSTER_BITS_MAX)
		return refuse(image->ret_why, "its clusters are of 2^%u bytes, not of 2^%d to 2^%d",
			      image->cluster_bits, CLUSTER_BITS_MIN, CLUSTER_BITS_MAX);
	image->cluster_bytes = 1ULL << image->cluster_bits;
	image->virtual_bytes = get_64(image, 24);
	if (image->version == 3 &&
	    (image->header_bytes < V3_BYTES || image->header_bytes % 8 != 0 ||
	     image->header_bytes > image->cluster_bytes))
		return refuse(image->ret_why, "its header has an impossible length of %u bytes",
			      image->header_bytes);
	return 0;
}

static int check_features(struct qcow2 *image)
{
	const uint64_t unknown = image->incompatible & ~(uint64_t)INCOMPATIBLE_KNOWN;

	if (image->incompatible & INCOMPATIBLE_CORRUPT)
		return refuse(image->ret_why,
			      "marked as corrupt by QEMU: repair a copy with qemu-img check -r");
	if (image->incompatible & INCOMPATIBLE_DATA_FILE)
		return refuse(image->ret_why, "keeps its data in another file: convert it with "
					      "qemu-img convert");
	if (unknown)
		return refuse(image->ret_why, "uses features that QEMU does not know (0x%llx)",
			      (unsigned long long)unknown);
	if (image->incompatible & INCOMPATIBLE_EXTENDED_L2 &&
	    image->cluster_bits < EXTENDED_L2_CLUSTER_BITS_MIN)
		return refuse(image->ret_why,
			      "its clusters of 2^%u bytes are too small for subclusters",
			      image->cluster_bits);
	if (get_32(image, 32) != 0)
		return refuse(image->ret_why, "encrypted: convert it with qemu-img convert");
	if (image->version == 3 && get_32(image, 96) > REFCOUNT_ORDER_MAX)
		return refuse(image->ret_why, "its reference counts are of 2^%u bits",
			      get_32(image, 96));
	return 0;
}

static int check_backing(struct qcow2 *image)
{
	const uint64_t offset = get_64(image, 8);
	char name[NAME_SHOWN_MAX + sizeof("…")];

	if (offset == 0)
		return 0;
	return refuse(image->ret_why,
		      "a layer over another file, \"%s\": make it whole with qemu-img convert",
		      get_name(image, offset, get_32(image, 16), name));
}

static int check_extension(const struct qcow2 *image, uint32_t type, size_t at, uint32_t bytes)
{
	char name[NAME_SHOWN_MAX + sizeof("…")];

	switch (type) {
	case EXTENSION_DATA_FILE:
		return refuse(image->ret_why,
			      "keeps its data in another file, \"%s\": convert it with "
			      "qemu-img convert",
			      get_name(image, at, bytes, name));
	case EXTENSION_ENCRYPTION:
		return refuse(image->ret_why, "encrypted: convert it with qemu-img convert");
	case EXTENSION_BACKING_FORMAT:
		/* Without a backing file it has no meaning. */
		return bytes > NAME_BYTES_MAX
			       ? refuse(image->ret_why, "the name of a format has %u bytes", bytes)
			       : 0;
	}
	return 0;
}

/* They end with an end mark, or with the first cluster. */
static int check_extensions(struct qcow2 *image)
{
	size_t at = image->header_bytes;

	while (at < image->cluster_bytes) {
		uint32_t type = 0, bytes = 0;
		uint64_t end = 0;
		int r = 0;

		if (image->cluster_bytes - at < 8)
			return 0;
		if (image->length < 8 || at > image->length - 8)
			return image->length < IMAGE_HEADER_BYTES_MAX
				       ? 0 /* Only zeros, or truncated: the tables decide. */
				       : refuse(image->ret_why,
						"its header is longer than %d bytes",
						IMAGE_HEADER_BYTES_MAX);
		type = get_32(image, at);
		bytes = get_32(image, at + 4);
		if (type == EXTENSION_END)
			return 0;
		end = (uint64_t)at + 8 + bytes;
		if (end > image->cluster_bytes)
			return refuse(image->ret_why,
				      "a header extension (0x%08x) of %u bytes leaves the header",
				      type, bytes);
		r = check_extension(image, type, at + 8, bytes);
		if (r < 0)
			return r;
		at = (size_t)((end + 7) & ~7ULL);
	}
	return 0;
}

/* Notes where it ends. */
static int check_place(struct qcow2 *image, const char *what, uint64_t offset, uint64_t bytes)
{
	uint64_t end = 0;

	if (offset < image->cluster_bytes || offset % image->cluster_bytes != 0 ||
	    offset > INT64_MAX || __builtin_add_overflow(offset, bytes, &end))
		return refuse(image->ret_why, "its %s is at an impossible place, 0x%llx", what,
			      (unsigned long long)offset);
	if (end > image->tables_end)
		image->tables_end = end;
	return 0;
}

static int check_l1(struct qcow2 *image)
{
	const bool extended = image->incompatible & INCOMPATIBLE_EXTENDED_L2;
	/* The range of one entry of the L1 table: a cluster of entries, each for a cluster. */
	const uint64_t reach = image->cluster_bytes * (image->cluster_bytes / (extended ? 16 : 8));
	const uint64_t bytes = (uint64_t)get_32(image, 36) * 8;
	uint64_t needed = 0;
	char size[TEXT_BYTES_MAX];

	if (image->virtual_bytes == 0)
		return refuse(image->ret_why, "a disk of 0 bytes");
	if (image->virtual_bytes > IMAGE_SIZE_MAX)
		return refuse(image->ret_why, "a disk of %s, more than 64 TiB",
			      text_from_bytes(image->virtual_bytes, size));
	needed = (image->virtual_bytes + reach - 1) / reach * 8;
	if (bytes < needed)
		return refuse(image->ret_why,
			      "its L1 table has %llu bytes, and its disk of %s needs %llu",
			      (unsigned long long)bytes,
			      text_from_bytes(image->virtual_bytes, size),
			      (unsigned long long)needed);
	if (bytes > L1_BYTES_MAX || bytes > needed + L1_BYTES_SPARE)
		return refuse(image->ret_why,
			      "an impossible L1 table of %llu bytes: its disk of %s needs %llu",
			      (unsigned long long)bytes,
			      text_from_bytes(image->virtual_bytes, size),
			      (unsigned long long)needed);
	return check_place(image, "L1 table", get_64(image, 40), bytes);
}

static int check_refcounts(struct qcow2 *image)
{
	const uint64_t clusters = get_32(image, 56);

	if (clusters == 0)
		return refuse(image->ret_why, "it has no reference counts");
	if (clusters > REFCOUNT_TABLE_BYTES_MAX / image->cluster_bytes)
		return refuse(image->ret_why,
			      "an impossible reference count table of %llu clusters",
			      (unsigned long long)clusters);
	return check_place(image, "reference count table", get_64(image, 48),
			   clusters * image->cluster_bytes);
}

static int check_snapshots(struct qcow2 *image)
{
	const uint32_t count = get_32(image, 60);

	if (count == 0)
		return 0;
	if (count > SNAPSHOTS_MAX)
		return refuse(image->ret_why, "an impossible number of snapshots, %u", count);
	return check_place(image, "snapshot table", get_64(image, 64),
			   (uint64_t)count * SNAPSHOT_BYTES_MIN);
}

static int check_end(struct qcow2 *image)
{
	if (image->tables_end > image->file_bytes)
		return refuse(image->ret_why, "truncated: its tables end at %llu, the file at %llu",
			      (unsigned long long)image->tables_end,
			      (unsigned long long)image->file_bytes);
	return 0;
}

bool image_header_is_qcow2(const void *data, size_t length)
{
	return length >= 4 && memcmp(data, "QFI\xfb", 4) == 0;
}

int image_header_check_qcow2(const void *data, size_t length, uint64_t file_bytes,
			     struct image_header *ret_header, char **ret_why)
{
	static int (*const checks[])(struct qcow2 *image) = {
		check_version, check_features,  check_backing,   check_extensions,
		check_l1,      check_refcounts, check_snapshots, check_end,
	};
	struct qcow2 image = {
		.data = data, .length = length, .file_bytes = file_bytes, .ret_why = ret_why
	};

	for (size_t i = 0; i < ELEMENTS(checks); i++) {
		int r = checks[i](&image);

		if (r < 0)
			return r;
	}
	*ret_header = (struct image_header){
		.virtual_bytes = image.virtual_bytes,
		.dirty = image.incompatible & INCOMPATIBLE_DIRTY,
	};
	return 0;
}

int image_header_check_raw(uint64_t file_bytes, struct image_header *ret_header, char **ret_why)
{
	if (file_bytes == 0)
		return refuse(ret_why, "an empty file");
	if (file_bytes % SECTOR_BYTES != 0)
		return refuse(ret_why,
			      "its size of %llu bytes is not a multiple of %d: truncated, or not a "
			      "raw disk image",
			      (unsigned long long)file_bytes, SECTOR_BYTES);
	if (file_bytes > IMAGE_SIZE_MAX)
		return refuse(ret_why, "a disk of %llu bytes, more than 64 TiB",
			      (unsigned long long)file_bytes);
	*ret_header = (struct image_header){ .virtual_bytes = file_bytes };
	return 0;
}
