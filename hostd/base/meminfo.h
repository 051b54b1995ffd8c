/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory there is: /proc/meminfo (proc_meminfo(5)). */
#pragma once

#include <stdint.h>

#define MEMINFO_PATH "/proc/meminfo"

struct meminfo {
	uint64_t total_bytes; /* managed by the kernel */
	uint64_t available_bytes; /* available without swapping */
};

/* Returns 0, -ENODATA when a field is missing, or -errno. */
int meminfo_read(const char *path, struct meminfo *ret_meminfo);
