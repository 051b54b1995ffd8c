// SPDX-License-Identifier: GPL-2.0-or-later
// usage: power-cut-reader FOLDER
// What the next hostd finds on a data volume: each guest's name, and its whole definition behind
// it.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/store/guest-store.h"

int main(int argc, char **argv)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int root_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	int r = root_fd < 0 ? -EBADF : guest_store_list(root_fd, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		_cleanup_free_ char *text = NULL;

		r = guest_store_load(root_fd, names.items[i], &text);
		if (r >= 0)
			(void)printf("== %s\n%s", names.items[i], text);
	}
	if (r < 0)
		(void)fprintf(stderr, "power-cut-reader: %s\n", strerror(-r));
	return r < 0;
}
