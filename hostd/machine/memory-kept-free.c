// SPDX-License-Identifier: GPL-2.0-or-later
// vm.min_free_kbytes, lowered where it is a large part of the machine.
#include "memory-kept-free.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/meminfo.h"
#include "base/text.h"

#define MIN_FREE "/proc/sys/vm/min_free_kbytes"
#define DIVISOR 256

void memory_kept_free_limit(const char *root)
{
	_cleanup_free_ char *meminfo_path = text_format("%s%s", root, MEMINFO_PATH),
			    *path = text_format("%s%s", root, MIN_FREE), *line = NULL;
	struct meminfo memory = {};
	uint64_t kept_kib = 0, most_kib = 0;
	char text[32];
	int r = 0;

	if (!meminfo_path || !path || meminfo_read(meminfo_path, &memory) < 0 ||
	    file_read_line(AT_FDCWD, path, &line) < 0 || sscanf(line, "%" SCNu64, &kept_kib) != 1)
		return;
	most_kib = memory.total_bytes / 1024 / DIVISOR;
	if (kept_kib <= most_kib)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 "\n", most_kib);
	r = file_write(AT_FDCWD, path, text);
	if (r < 0)
		log_debug("host", "%s stays %" PRIu64 ": %s", MIN_FREE, kept_kib, strerror(-r));
}
