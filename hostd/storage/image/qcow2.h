/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes an empty qcow2 image, so that no qemu-img has to. */
#pragma once

#include <stdint.h>

/*
 * Version 3 with clusters of 64 KiB, in a file that is empty. size_bytes is whole sectors, at most
 * IMAGE_SIZE_MAX. Returns 0 or -errno.
 */
int qcow2_make(int fd, uint64_t size_bytes);
