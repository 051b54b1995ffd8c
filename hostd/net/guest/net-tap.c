// SPDX-License-Identifier: GPL-2.0-or-later
// Taps: a guest's end of a bridge.
#include "net-tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

int net_tap_open(const char *name, int *ret_fd)
{
	_cleanup_fd_ int fd = -EBADF;
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };

	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int net_tap_open_vhost(void)
{
	int fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -EBADF : fd;
}
