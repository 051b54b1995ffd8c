/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls of udhcpc, which reads what anybody on the network sends. */
#pragma once

#include <linux/filter.h>

/* The number of the fd that it is executed from, just beyond its limit of open files, so that once
 * exec has closed it nothing can be executed again. */
#define NET_DHCP_EXECUTABLE_FD 16

/*
 * The system calls that it may make; all else fails with ENOSYS. Made by the first call, in hostd.
 * Returns 0 with a program that stays the callee's, or -errno.
 */
int net_dhcp_seccomp_program(const struct sock_fprog **ret_program);
