// SPDX-License-Identifier: GPL-2.0-or-later
// The first framebuffer, as the kernel describes it.
#include "framebuffer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

static struct framebuffer_channel channel(const struct fb_bitfield *field)
{
	return (struct framebuffer_channel){ field->offset, field->length };
}

int framebuffer_open(const char *node, struct framebuffer *ret_framebuffer)
{
	_cleanup_fd_ int fd = open(node, O_RDWR | O_CLOEXEC);
	struct fb_var_screeninfo shown = {};
	struct fb_fix_screeninfo memory = {};

	if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &shown) < 0 ||
	    ioctl(fd, FBIOGET_FSCREENINFO, &memory) < 0)
		return -errno;
	if (memory.visual != FB_VISUAL_TRUECOLOR && memory.visual != FB_VISUAL_DIRECTCOLOR)
		return -EOPNOTSUPP;
	*ret_framebuffer = (struct framebuffer){
		.width = shown.xres,
		.height = shown.yres,
		.bits = shown.bits_per_pixel,
		.red = channel(&shown.red),
		.green = channel(&shown.green),
		.blue = channel(&shown.blue),
		.stride = memory.line_length,
		.offset = (uint64_t)shown.yoffset * memory.line_length +
			  (uint64_t)shown.xoffset * shown.bits_per_pixel / 8,
	};
	ret_framebuffer->fd = take_fd(&fd);
	return 0;
}

void framebuffer_close(struct framebuffer *framebuffer)
{
	framebuffer->fd = fd_close(framebuffer->fd);
}
