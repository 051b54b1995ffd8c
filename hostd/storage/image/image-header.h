/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides from an image's first bytes whether a guest may use it, or why not. Pure: no system call.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The part of a qcow2 that is read; the rest of its first cluster has to be empty. */
#define IMAGE_HEADER_BYTES_MAX (64 * 1024)
/* No guest gets a larger disk. */
#define IMAGE_SIZE_MAX (64ULL << 40)

struct image_header {
	uint64_t virtual_bytes; /* what the guest sees */
	bool dirty; /* was not closed, and its header says so; QEMU repairs it */
};

/* The magic of QEMU's docs/interop/qcow2.txt. */
bool image_header_is_qcow2(const void *data, size_t length);

/*
 * data is the file's beginning: IMAGE_HEADER_BYTES_MAX bytes, or all of a shorter file of
 * file_bytes. Refuses references to other files (backing file, external data file), what QEMU could
 * not open or would harm the host (encryption, unknown features, impossible tables), and a file
 * that ends before its tables. Returns 0, -EINVAL with one printable line in *ret_why (to be
 * freed), or -ENOMEM.
 */
int image_header_check_qcow2(const void *data, size_t length, uint64_t file_bytes,
			     struct image_header *ret_header, char **ret_why);
/* A raw image has whole sectors, and at least one. */
int image_header_check_raw(uint64_t file_bytes, struct image_header *ret_header, char **ret_why);
