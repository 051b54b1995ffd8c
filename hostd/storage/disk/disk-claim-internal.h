/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disk_claim_open() with other folders than /proc, /sys and /dev. For disk-claim.c and its tests.
 */
#pragma once

#include "disk-claim.h"
#include "disk-use.h"

int disk_claim_open_at(const struct disk_use_paths *paths, const struct disk_claim_request *request,
		       const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		       char **ret_why);
