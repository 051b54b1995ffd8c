/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that QEMU may make, as a program for the kernel. */
#pragma once

#include <linux/filter.h>

/*
 * A list of what is allowed; all else fails with ENOSYS, which the C library takes for an old
 * kernel and goes another way. On top of it comes QEMU's own list of denials (-sandbox). Made by
 * the first call, in hostd, so that the child has no more to do than to load it. Returns 0 with a
 * program that stays the callee's, or -errno.
 */
int qemu_seccomp_program(const struct sock_fprog **ret_program);
