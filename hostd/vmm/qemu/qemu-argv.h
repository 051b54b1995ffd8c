/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine -> QEMU's argv and the numbers of its fds. Pure: no system call. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "vmm/vmm.h"

#define QEMU_PATH "/usr/bin/qemu-system-x86_64"
#define QEMU_FIRMWARE_PATH "/usr/share/qemu"

/*
 * Under TCG, what QEMU keeps of translated code. Its own default is an eighth of the machine's
 * memory and up to 1 GiB, which neither the guest's cgroup nor admission would have room for.
 */
#define QEMU_TCG_BUFFER_MIB 128

/* Where kernel and initrd appear in QEMU's root. */
#define QEMU_KERNEL_PATH "/kernel"
#define QEMU_INITRD_PATH "/initrd"

/* The first of the numbers that fds have in QEMU, one after the other in the order of the devices.
 */
#define QEMU_FD_FIRST 3

/* A device, and the numbers that its fds have in QEMU; -EBADF where it has none. */
struct qemu_argv_device {
	const struct vmm_device *device;
	int numbers[VMM_DEVICE_FDS_MAX];
};

/* Numbers the machine's devices, in their order; ret_devices has room for all of them. Returns 0,
 * or -EBADF where one has not the fds that it needs. */
int qemu_argv_number(const struct vmm_machine *machine, struct qemu_argv_device *ret_devices);

/*
 * For a machine that qemu_check() has nothing against, with its devices as they were numbered.
 * Returns 0 with a new list (argv[0] included), -EINVAL for a disk whose format is not said, or
 * -ENOMEM.
 */
int qemu_argv_build(const struct vmm_machine *machine, const struct qemu_argv_device *devices,
		    struct text_list *ret_argv);

/*
 * CD-ROM drive N of the definition has the device id "cdN"; its medium, when there is one, is the
 * block node "mediumN" on the fd set QEMU_FDSET_MEDIUM + N, from the start as later. How it is
 * changed is in qemu-medium.c.
 */
#define QEMU_FDSET_MEDIUM 1000
#define QEMU_FDSET_PICTURE 2000
/* The arguments of blockdev-add, in JSON. New string or NULL. */
char *qemu_argv_medium(size_t cdrom_index);

/* With display vnc QEMU has a VNC server that listens nowhere (-vnc none), and takes so many
 * connections that are handed over on QMP (qemu-display.c). */
#define QEMU_VNC_CLIENTS_MAX 8
