/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's configuration, and what was opened for it -> QEMU's argv and the numbers of its fds.
 * Pure: no system call. */
#pragma once

#include <stdint.h>

#include "base/text.h"
#include "config/config.h"

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

/*
 * The fds that QEMU is started with, and no other but 0 to 2. The first three numbers are always
 * the same, whether the guest has that fd or not; from QEMU_FD_FIRST_FREE on the rest follows
 * without gaps, in the order of this enumeration and in each kind in that of the configuration.
 */
enum qemu_fd_kind {
	QEMU_FD_KIND_QMP, /* listening socket */
	QEMU_FD_KIND_CONSOLE, /* listening socket of the first serial port */
	QEMU_FD_KIND_KVM, /* /dev/kvm, read-write; not under TCG */
	QEMU_FD_KIND_SERIAL, /* listening sockets of the other ports; index 0 is the second port */
	QEMU_FD_KIND_VARIABLES, /* UEFI's variable store, read-write; firmware uefi only */
	QEMU_FD_KIND_VSOCK, /* /dev/vhost-vsock, read-write */
	QEMU_FD_KIND_TAP, /* one a NIC that is not behind SLIRP */
	QEMU_FD_KIND_VHOST, /* /dev/vhost-net, one a NIC that qemu_argv_nic says so of */
	QEMU_FD_KIND_DISK, /* read-write, or read-only as its readonly says */
	QEMU_FD_KIND_CDROM, /* read-only; one a drive that is not empty */
	QEMU_FD_KIND_SEED, /* read-only, the cloud-init seed */
	QEMU_FD_KIND_COUNT,
};

enum {
	QEMU_FD_QMP = 3,
	QEMU_FD_CONSOLE = 4,
	QEMU_FD_KVM = 5,
	QEMU_FD_FIRST_FREE = 6,
};

struct qemu_argv_nic {
	bool vhost; /* there is a vhost-net fd; a NIC that is not virtio uses none */
	uint8_t mac[6];
};

struct qemu_argv_disk {
	enum disk_format format; /* RAW or QCOW2, never AUTO: QEMU is not to guess */
	bool direct; /* the fd has O_DIRECT; QEMU only takes an fd with the flags it would use */
};

struct qemu_argv_input {
	const struct guest_config *config;
	bool kvm; /* otherwise TCG */
	uint32_t vsock_cid; /* with vsock */
	const struct qemu_argv_nic *nics; /* config->nic_count of them */
	const struct qemu_argv_disk *disks; /* config->disk_count of them */
};

/* One of the fds: index counts in the configuration's list of its kind (NICs, disks, drives). */
struct qemu_argv_fd {
	enum qemu_fd_kind kind;
	size_t index;
	int number; /* in QEMU */
};

/*
 * The fds that this guest's QEMU gets, by number: what the launcher passes and an audit finds.
 * Returns 0 with a new array, to be freed, or -ENOMEM.
 */
int qemu_argv_plan(const struct qemu_argv_input *input, struct qemu_argv_fd **ret_fds,
		   size_t *ret_count);
/* The number of one of them, or -EBADF when this guest has no such fd. */
int qemu_argv_fd_number(const struct qemu_argv_input *input, enum qemu_fd_kind kind, size_t index);
/* "qmp", "console"…; NULL out of range. */
const char *qemu_fd_kind_name(enum qemu_fd_kind kind);

/*
 * Returns 0 with a new list (argv[0] included), -EOPNOTSUPP for a combination that the machine
 * type does not have, with one line in *ret_why to be freed, -EINVAL for a disk format that is not
 * resolved, or -ENOMEM.
 */
int qemu_argv_build(const struct qemu_argv_input *input, struct text_list *ret_argv,
		    char **ret_why);

/*
 * CD-ROM drives. Drive N of the configuration has the device id "cdN"; its medium, when there is
 *one, is the block node "mediumN" on the fd set QEMU_FDSET_MEDIUM + N, from the start as later. A
 *change of medium is this row of QMP commands; with "(may fail)" a drive that is empty makes no
 *difference:
 *
 *	blockdev-open-tray { id: "cdN", force: true }	  (the guest may have locked it)
 *	blockdev-remove-medium { id: "cdN" }
 *	blockdev-del { node-name: "mediumN" }		  (may fail)
 *	remove-fd { fdset-id: QEMU_FDSET_MEDIUM + N }	  (may fail)
 * and unless it was ejected:
 *	add-fd { fdset-id: QEMU_FDSET_MEDIUM + N }	  with the fd, opened read-only
 *	blockdev-add qemu_argv_medium(N)
 *	blockdev-insert-medium { id: "cdN", node-name: "mediumN" }
 *	blockdev-close-tray { id: "cdN" }
 */
#define QEMU_FDSET_MEDIUM 1000
/* The arguments of blockdev-add, in JSON. New string or NULL. */
char *qemu_argv_medium(size_t cdrom_index);

/*
 * The display. With display vnc QEMU has a VNC server that listens nowhere (-vnc none). hostd
 *listens on a socket of its own, accepts, and hands each connection over on QMP:
 *
 *	getfd { fdname: "vnc" }				  with the connection
 *	add_client { protocol: "vnc", fdname: "vnc" }
 *
 * From then on QEMU serves it, whether there is a hostd or not; it takes QEMU_VNC_CLIENTS_MAX.
 */
#define QEMU_VNC_CLIENTS_MAX 8
