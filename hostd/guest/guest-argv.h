/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's configuration, and what was opened for it -> QEMU's argv and the numbers of its fds.
 * Pure: no system call. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "config/config.h"

#define GUEST_QEMU_PATH "/usr/bin/qemu-system-x86_64"
#define GUEST_FIRMWARE_PATH "/usr/share/qemu"

/*
 * Under TCG, what QEMU keeps of translated code. Its own default is an eighth of the machine's
 * memory and up to 1 GiB, which neither the guest's cgroup nor admission would have room for.
 */
#define GUEST_TCG_BUFFER_MIB 128

/* Where kernel and initrd appear in QEMU's root. */
#define GUEST_KERNEL_PATH "/kernel"
#define GUEST_INITRD_PATH "/initrd"

/*
 * The fds that QEMU is started with, and no other but 0 to 2. The first three numbers are always
 * the same, whether the guest has that fd or not; from GUEST_FD_FIRST_FREE on the rest follows
 * without gaps, in the order of this enumeration and in each kind in that of the configuration.
 */
enum guest_fd_kind {
	GUEST_FD_KIND_QMP, /* listening socket */
	GUEST_FD_KIND_CONSOLE, /* listening socket of the first serial port */
	GUEST_FD_KIND_KVM, /* /dev/kvm, read-write; not under TCG */
	GUEST_FD_KIND_SERIAL, /* listening sockets of the other ports; index 0 is the second port */
	GUEST_FD_KIND_VARIABLES, /* UEFI's variable store, read-write; firmware uefi only */
	GUEST_FD_KIND_VSOCK, /* /dev/vhost-vsock, read-write */
	GUEST_FD_KIND_TAP, /* one a NIC that is not behind SLIRP */
	GUEST_FD_KIND_VHOST, /* /dev/vhost-net, one a NIC that guest_argv_nic says so of */
	GUEST_FD_KIND_DISK, /* read-write, or read-only as its readonly says */
	GUEST_FD_KIND_CDROM, /* read-only; one a drive that is not empty */
	GUEST_FD_KIND_SEED, /* read-only, the cloud-init seed */
	GUEST_FD_KIND_COUNT,
};

enum {
	GUEST_FD_QMP = 3,
	GUEST_FD_CONSOLE = 4,
	GUEST_FD_KVM = 5,
	GUEST_FD_FIRST_FREE = 6,
};

struct guest_argv_nic {
	bool vhost; /* there is a vhost-net fd; a NIC that is not virtio uses none */
	uint8_t mac[6];
};

struct guest_argv_disk {
	enum disk_format format; /* RAW or QCOW2, never AUTO: QEMU is not to guess */
	bool direct; /* the fd has O_DIRECT; QEMU only takes an fd with the flags it would use */
};

struct guest_argv_input {
	const struct guest_config *config;
	bool kvm; /* otherwise TCG */
	uint32_t vsock_cid; /* with vsock: guest_argv_cid() */
	const struct guest_argv_nic *nics; /* config->nic_count of them */
	const struct guest_argv_disk *disks; /* config->disk_count of them */
};

/* One of the fds: index counts in the configuration's list of its kind (NICs, disks, drives). */
struct guest_argv_fd {
	enum guest_fd_kind kind;
	size_t index;
	int number; /* in QEMU */
};

/*
 * The fds that this guest's QEMU gets, by number: what the launcher passes and an audit finds.
 * Returns 0 with a new array, to be freed, or -ENOMEM.
 */
int guest_argv_plan(const struct guest_argv_input *input, struct guest_argv_fd **ret_fds,
		    size_t *ret_count);
/* The number of one of them, or -EBADF when this guest has no such fd. */
int guest_argv_fd_number(const struct guest_argv_input *input, enum guest_fd_kind kind,
			 size_t index);
/* "qmp", "console"…; NULL out of range. */
const char *guest_fd_kind_name(enum guest_fd_kind kind);

/*
 * Returns 0 with a new list (argv[0] included), -EOPNOTSUPP for a combination that the machine
 * type does not have, with one line in *ret_why to be freed, -EINVAL for a disk format that is not
 * resolved, or -ENOMEM.
 */
int guest_argv_build(const struct guest_argv_input *input, struct text_list *ret_argv,
		     char **ret_why);

/*
 * CD-ROM drives. Drive N of the configuration has the device id "cdN"; its medium, when there is
 *one, is the block node "mediumN" on the fd set GUEST_FDSET_MEDIUM + N, from the start as later. A
 *change of medium is this row of QMP commands; with "(may fail)" a drive that is empty makes no
 *difference:
 *
 *	blockdev-open-tray { id: "cdN", force: true }	  (the guest may have locked it)
 *	blockdev-remove-medium { id: "cdN" }
 *	blockdev-del { node-name: "mediumN" }		  (may fail)
 *	remove-fd { fdset-id: GUEST_FDSET_MEDIUM + N }	  (may fail)
 * and unless it was ejected:
 *	add-fd { fdset-id: GUEST_FDSET_MEDIUM + N }	  with the fd, opened read-only
 *	blockdev-add guest_argv_medium(N)
 *	blockdev-insert-medium { id: "cdN", node-name: "mediumN" }
 *	blockdev-close-tray { id: "cdN" }
 */
#define GUEST_FDSET_MEDIUM 1000
/* The arguments of blockdev-add, in JSON. New string or NULL. */
char *guest_argv_medium(size_t cdrom_index);

/*
 * The display. With display vnc QEMU has a VNC server that listens nowhere (-vnc none). hostd
 *listens on a socket of its own, accepts, and hands each connection over on QMP:
 *
 *	getfd { fdname: "vnc" }				  with the connection
 *	add_client { protocol: "vnc", fdname: "vnc" }
 *
 * From then on QEMU serves it, whether there is a hostd or not; it takes GUEST_VNC_CLIENTS_MAX.
 */
#define GUEST_VNC_CLIENTS_MAX 8

/*
 * The MAC of a NIC: the configured one, or one made from the host's id, the guest's name and the
 * NIC's number, the same after every boot, in QEMU's range 52:54:00.
 */
void guest_argv_mac(const struct guest_config *config, size_t nic_index, const uint8_t host_id[16],
		    uint8_t ret_mac[static 6]);

/*
 * The guest's context id on vsock, the same after every boot: GUEST_CID_MIN at least, so that small
 * numbers are left for those who choose them by hand, and not VMADDR_CID_ANY.
 */
#define GUEST_CID_MIN UINT32_C(0x10000)
uint32_t guest_argv_cid(const uint8_t host_id[16], const char *name);
