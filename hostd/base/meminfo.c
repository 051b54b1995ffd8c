// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/meminfo -> struct meminfo.
#include "meminfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define BYTES_MAX (64UL * 1024)

/* A line "Name: 123 kB" in bytes; 0 if it is missing. */
static uint64_t find(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	uint64_t kib = 0;

	if (!line || (line != text && line[-1] != '\n') ||
	    sscanf(line + strlen(name), ": %" SCNu64 " kB", &kib) != 1)
		return 0;
	return kib * 1024;
}

int meminfo_read(const char *path, struct meminfo *ret_meminfo)
{
	_cleanup_free_ char *text = NULL;
	struct meminfo found = {};
	int r = file_read(AT_FDCWD, path, BYTES_MAX, &text, NULL);

	if (r < 0)
		return r;
	found.total_bytes = find(text, "MemTotal");
	found.available_bytes = find(text, "MemAvailable");
	if (found.total_bytes == 0 || found.available_bytes == 0)
		return -ENODATA;
	*ret_meminfo = found;
	return 0;
}
