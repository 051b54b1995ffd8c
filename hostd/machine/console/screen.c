// SPDX-License-Identifier: GPL-2.0-or-later
// The first framebuffer, as sysfs describes it.
#include "screen.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

/* DRM's framebuffer emulation appends this to its drivers' names. */
#define DRM_SUFFIX "drmfb"

static int open_folder(const char *root)
{
	_cleanup_free_ char *path = text_format("%s/sys/class/graphics/fb0", root);

	if (!path)
		return -ENOMEM;
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* "modes" is the visible size; "virtual_size" may be higher, for drivers that flip pages. */
static void read_size(int folder_fd, struct screen_status *screen)
{
	_cleanup_free_ char *modes = NULL, *size = NULL;
	unsigned int width = 0, height = 0;

	if (file_read_line(folder_fd, "modes", &modes) == 0 &&
	    sscanf(modes, "%*c:%5ux%5u", &width, &height) == 2 && width && height) {
		screen->width = width;
		screen->height = height;
		return;
	}
	if (file_read_line(folder_fd, "virtual_size", &size) == 0 &&
	    sscanf(size, "%5u,%5u", &width, &height) == 2) {
		screen->width = width;
		screen->height = height;
	}
}

static void read_driver(int folder_fd, struct screen_status *screen)
{
	_cleanup_free_ char *name = NULL;
	size_t length = 0;

	if (file_read_line(folder_fd, "name", &name) < 0)
		return;
	length = strlen(name);
	if (length > strlen(DRM_SUFFIX) &&
	    strcmp(name + length - strlen(DRM_SUFFIX), DRM_SUFFIX) == 0) {
		length -= strlen(DRM_SUFFIX);
		if (length > 1 && name[length - 1] == '-')
			length--;
	}
	if (length >= sizeof(screen->driver))
		length = sizeof(screen->driver) - 1;
	memcpy(screen->driver, name, length);
	screen->driver[length] = '\0';
}

void screen_probe(const char *root, struct screen_status *ret_status)
{
	_cleanup_fd_ int folder_fd = -EBADF;
	_cleanup_free_ char *depth = NULL;

	*ret_status = (struct screen_status){};
	folder_fd = open_folder(root);
	if (folder_fd < 0)
		return;
	ret_status->present = true;
	read_size(folder_fd, ret_status);
	read_driver(folder_fd, ret_status);
	if (file_read_line(folder_fd, "bits_per_pixel", &depth) == 0)
		(void)sscanf(depth, "%3u", &ret_status->bits_per_pixel);
}
