// SPDX-License-Identifier: GPL-2.0-or-later
// The data volume, and the folder in memory where there is none.
#include "host-store.h"

#include "host-internal.h"

int host_store_root(const struct host *host, enum guest_origin origin)
{
	return origin == GUEST_ORIGIN_MEMORY ? host->files.memory_fd
	       : origin == GUEST_ORIGIN_DATA ? guest_files_data_root(&host->files)
					     : -EBADF;
}

void host_empty_trash(const struct host *host, enum guest_origin origin)
{
	if (origin == GUEST_ORIGIN_DATA && guest_files_data_root(&host->files) >= 0)
		guest_trash_empty(host->data_trash);
	else if (origin == GUEST_ORIGIN_MEMORY)
		guest_trash_empty(host->memory_trash);
}
