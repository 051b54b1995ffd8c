/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that is opened for one start of a guest. Shared by guest-launch*.c. */
#pragma once

#include "guest/guest-internal.h"
#include "vmm/qemu/qemu-argv.h"

struct guest_launch {
	bool kvm;
	int kernel_fd, initrd_fd; /* owned */
	/* Owned: what becomes an fd of QEMU, by kind and index (qemu-argv.h); -EBADF: not there.
	 */
	struct {
		int *fds;
		size_t count;
	} kinds[QEMU_FD_KIND_COUNT];
	struct qemu_argv_nic *nics; /* owned, one a NIC */
	struct qemu_argv_disk *disks; /* owned, one a disk */
	struct guest_disk_identity *identities; /* owned, one a disk */
	dev_t *devices; /* owned, one a disk: what its file is on */
};

/* What can be opened without leaving a trace: all but taps and sockets. Returns 0, or -errno with
 * why.
 */
int guest_launch_open(struct guest *guest, struct guest_launch **ret_launch, char **ret_why);
void guest_launch_free(struct guest_launch *launch);
DEFINE_CLEANUP(struct guest_launch *, guest_launch_free);
/* What argv is made of. The pointers are into launch. */
struct qemu_argv_input guest_launch_input(const struct guest *guest,
					  const struct guest_launch *launch);
/* The same as one list: -EBADF where the plan has an fd that was not opened. */
int guest_launch_fd(const struct guest_launch *launch, const struct qemu_argv_fd *planned);
