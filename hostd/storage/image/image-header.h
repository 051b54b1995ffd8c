/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first bytes of a disk image -> fit for a guest, or why not. Pure: no system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What is looked at of a qcow2; what follows of its first cluster has to be empty. */
#define IMAGE_HEADER_BYTES_MAX (64 * 1024)
/* No larger disk is given to a guest. */
#define IMAGE_SIZE_MAX (64ULL << 40)

struct image_header {
	uint64_t virtual_bytes; /* what the guest sees */
	bool dirty; /* was not closed, and says so itself; QEMU repairs it */
};

/* The magic of QEMU's docs/interop/qcow2.txt. */
bool image_header_is_qcow2(const void *data, size_t length);

/*
 * data is how the file begins: IMAGE_HEADER_BYTES_MAX bytes, or all of a shorter one of file_bytes.
 * Refuses what leads out of the file (backing file, external data file), what QEMU could not open
 * or the host would suffer from (encryption, unknown features, absurd tables), and a file that ends
 * before its tables do. Returns 0, -EINVAL with one printable line in *ret_why (to be freed), or
 * -ENOMEM.
 */
int image_header_check_qcow2(const void *data, size_t length, uint64_t file_bytes,
			     struct image_header *ret_header, char **ret_why);
/* A raw image is whole sectors, and at least one. */
int image_header_check_raw(uint64_t file_bytes, struct image_header *ret_header, char **ret_why);
