// SPDX-License-Identifier: GPL-2.0-or-later
// Where guests' processes have their things.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "process/guest-process-internal.h"
#include "process/guest-process.h"

static const struct guest_process_paths default_paths = {
	.guests = GUESTS_FOLDER,
	.cgroup = "/sys/fs/cgroup",
	.resolver = "/run/mvirt/resolver",
	.proc = "/proc",
};
static const struct guest_process_paths *paths = &default_paths;

void guest_process_set_paths(const struct guest_process_paths *new_paths)
{
	paths = new_paths ? new_paths : &default_paths;
}

const struct guest_process_paths *guest_process_paths(void)
{
	return paths;
}

char *guest_process_path(const char *name, const char *file)
{
	return text_format("%s/%s%s%s", paths->guests, name, *file ? "/" : "", file);
}

int guest_process_make_folders(const char *path)
{
	_cleanup_free_ char *whole = text_format("%s/", path);

	if (!whole)
		return -ENOMEM;
	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(whole, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}
