// SPDX-License-Identifier: GPL-2.0-or-later
// Deleted files are renamed, which takes no time whatever their size.
#include <errno.h>
#include <stdio.h>

#include "guest-store-internal.h"
#include "guest-trash.h"

char *guest_trash_name(unsigned int number, char buffer[static GUEST_TRASH_NAME_BYTES])
{
	(void)snprintf(buffer, GUEST_TRASH_NAME_BYTES, GUEST_STORE_GONE "%u", number);
	return buffer;
}

int guest_trash_put(int guests_fd, int from_fd, const char *path)
{
	char name[GUEST_TRASH_NAME_BYTES];

	for (unsigned int number = 0; number < GUEST_TRASH_NAMES_MAX; number++) {
		if (renameat2(from_fd, path, guests_fd, guest_trash_name(number, name),
			      RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EEXIST;
}
