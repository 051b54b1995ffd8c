// SPDX-License-Identifier: GPL-2.0-or-later
// An empty qcow2 image (QEMU's docs/interop/qcow2.txt): header, one table and one block of
// reference counts, and an L1 table of zeros, which is a hole.
#include "qcow2.h"

#include <endian.h>

#include "base/cleanup.h"

#define CLUSTER_BITS 16
#define CLUSTER_BYTES (1U << CLUSTER_BITS)
/* An L1 entry leads to a cluster of entries of 8 bytes, each to a cluster. */
#define L1_REACH ((uint64_t)CLUSTER_BYTES * (CLUSTER_BYTES / 8))
#define REFCOUNT_ORDER 4 /* 16 bits */

enum place { HEADER, REFCOUNT_TABLE, REFCOUNT_BLOCK, L1_TABLE };

struct header {
	char magic[4];
	uint32_t version;
	uint64_t backing_file_offset;
	uint32_t backing_file_size, cluster_bits;
	uint64_t size;
	uint32_t crypt_method, l1_size;
	uint64_t l1_table_offset, refcount_table_offset;
	uint32_t refcount_table_clusters, nb_snapshots;
	uint64_t snapshots_offset, incompatible_features, compatible_features, autoclear_features;
	uint32_t refcount_order, header_length;
};
static_assert(sizeof(struct header) == 104);

static int write_at(int fd, const void *data, size_t length, uint64_t offset)
{
	ssize_t written = pwrite(fd, data, length, (off_t)offset);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -ENOSPC;
}

int qcow2_make(int fd, uint64_t size_bytes)
{
	const uint32_t l1_entries = (uint32_t)((size_bytes + L1_REACH - 1) / L1_REACH);
	const uint32_t clusters =
		L1_TABLE +
		(uint32_t)(((uint64_t)l1_entries * 8 + CLUSTER_BYTES - 1) / CLUSTER_BYTES);
	const struct header header = {
		.magic = { 'Q', 'F', 'I', '\xfb' },
		.version = htobe32(3),
		.cluster_bits = htobe32(CLUSTER_BITS),
		.size = htobe64(size_bytes),
		.l1_size = htobe32(l1_entries),
		.l1_table_offset = htobe64((uint64_t)L1_TABLE * CLUSTER_BYTES),
		.refcount_table_offset = htobe64((uint64_t)REFCOUNT_TABLE * CLUSTER_BYTES),
		.refcount_table_clusters = htobe32(1),
		.refcount_order = htobe32(REFCOUNT_ORDER),
		.header_length = htobe32(sizeof(header)),
	};
	const uint64_t block = htobe64((uint64_t)REFCOUNT_BLOCK * CLUSTER_BYTES);
	uint16_t counts[64];
	int r = 0;

	for (size_t i = 0; i < ELEMENTS(counts); i++)
		counts[i] = htobe16(i < clusters);
	if (clusters > ELEMENTS(counts))
		return -EFBIG;
	/* The header last: without it the file is no qcow2. */
	if (ftruncate(fd, (off_t)clusters * CLUSTER_BYTES) < 0)
		return -errno;
	r = write_at(fd, counts, sizeof(counts), (uint64_t)REFCOUNT_BLOCK * CLUSTER_BYTES);
	if (r == 0)
		r = write_at(fd, &block, sizeof(block), (uint64_t)REFCOUNT_TABLE * CLUSTER_BYTES);
	if (r == 0)
		r = write_at(fd, &header, sizeof(header), 0);
	return r;
}
