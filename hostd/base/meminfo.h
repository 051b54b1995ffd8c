/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory there is: /proc/meminfo (proc_meminfo(5)). */
#pragma once

#include <stdint.h>

#define MEMINFO_PATH "/proc/meminfo"

struct meminfo {
	uint64_t total_bytes; /* what the kernel manages */
	uint64_t available_bytes; /* what could be had without swapping */
};

/* Returns 0, -ENODATA when a field is not there, or -errno. */
int meminfo_read(const char *path, struct meminfo *ret_meminfo);
