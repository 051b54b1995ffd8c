// SPDX-License-Identifier: GPL-2.0-or-later
// USB interfaces in sysfs, and the devices below them.
#include "usb-disks.h"

#include <fcntl.h>
#include <glob.h>
#include <stddef.h>

#include "base/file.h"
#include "base/text.h"

/* USB class codes, https://www.usb.org/defined-class-codes */
#define MASS_STORAGE "08"

static bool has_match(const char *folder, const char *pattern)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder, pattern);
	glob_t found = {};
	bool any = path && glob(path, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;

	globfree(&found);
	return any;
}

/* Do not wait for one that has no driver, or has another medium than disks. */
static bool is_awaited(const char *interface)
{
	_cleanup_free_ char *path = text_format("%s/bInterfaceClass", interface), *class = NULL;

	return path && file_read_line(AT_FDCWD, path, &class) >= 0 &&
	       text_equal(class, MASS_STORAGE) && has_match(interface, "driver") &&
	       !has_match(interface, "host*/target*/*/block/*");
}

bool usb_disks_awaited(const char *root)
{
	_cleanup_free_ char *pattern = text_format("%s/sys/bus/usb/devices/*:*", root);
	glob_t interfaces = {};
	bool awaited = false;

	if (pattern && glob(pattern, GLOB_NOSORT, NULL, &interfaces) == 0)
		for (size_t i = 0; i < interfaces.gl_pathc && !awaited; i++)
			awaited = is_awaited(interfaces.gl_pathv[i]);
	globfree(&interfaces);
	return awaited;
}
