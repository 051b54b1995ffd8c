/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ioctls that QEMU may make, as the beginning of its filter. Pure. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#define QEMU_SECCOMP_IOCTL_LENGTH_MAX 64

/*
 * Decides every ioctl by the lower 32 bits of its command, as the kernel does: one that is not
 * listed fails with ENOTTY, as on a file that does not know it. KVM_RUN comes first: every exit to
 * QEMU makes one, and the kernel does not cache calls whose arguments a filter looks at. Every
 * other call goes on behind the program. Returns its length.
 */
size_t qemu_seccomp_ioctl(struct sock_filter ret_program[static QEMU_SECCOMP_IOCTL_LENGTH_MAX]);
