/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's configuration, and the fds that were opened for it -> QEMU's argv. Pure: no system
 * call. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "config/config.h"

#define GUEST_QEMU_PATH "/usr/bin/qemu-system-x86_64"
#define GUEST_FIRMWARE_PATH "/usr/share/qemu"

/* Where kernel and initrd appear in QEMU's root. */
#define GUEST_KERNEL_PATH "/kernel"
#define GUEST_INITRD_PATH "/initrd"

/*
 * The numbers that fds have in QEMU. The first three are always the same, whether the guest has
 * that fd or not; then come the taps of all bridge NICs, their vhosts, and the disks, each in the
 * order of the configuration and without gaps.
 */
enum {
	GUEST_FD_QMP = 3,
	GUEST_FD_SERIAL = 4,
	GUEST_FD_KVM = 5,
	GUEST_FD_FIRST_FREE = 6,
};

struct guest_argv_nic {
	int tap_fd, vhost_fd; /* numbers in QEMU; -EBADF: none (user networking, no vhost-net) */
	uint8_t mac[6];
};

struct guest_argv_disk {
	int fd;
	bool direct; /* the fd has O_DIRECT; QEMU only takes an fd with the flags it would use */
};

struct guest_argv_input {
	const struct guest_config *config;
	bool kvm; /* with GUEST_FD_KVM; otherwise TCG */
	const struct guest_argv_nic *nics; /* config->nic_count of them */
	const struct guest_argv_disk *disks; /* config->disk_count of them */
};

/*
 * Returns 0 with a new list (argv[0] included), -EOPNOTSUPP for a combination that the machine
 * type does not have, with one line in *ret_why to be freed, or -ENOMEM.
 */
int guest_argv_build(const struct guest_argv_input *input, struct text_list *ret_argv,
		     char **ret_why);

/*
 * The MAC of a NIC: the configured one, or one made from the host's id, the guest's name and the
 * NIC's number, the same after every boot, in QEMU's range 52:54:00.
 */
void guest_argv_mac(const struct guest_config *config, size_t nic_index, const uint8_t host_id[16],
		    uint8_t ret_mac[static 6]);
