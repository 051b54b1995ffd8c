/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps: a guest's end of a bridge. */
#pragma once

/*
 * Opens a new tap with vnet headers that is gone when its last fd is closed. Returns 0 or -errno;
 * -EBUSY while another process has one of that name.
 */
int net_tap_open(const char *name, int *ret_fd);
/* An open /dev/vhost-net, or -EBADF where the kernel has none. */
int net_tap_open_vhost(void);
