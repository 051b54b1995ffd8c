// SPDX-License-Identifier: GPL-2.0-or-later
// The numbers of the fds that QEMU is started with.
#include "vmm/qemu/qemu-argv-internal.h"

const char *qemu_fd_kind_name(enum qemu_fd_kind kind)
{
	switch (kind) {
	case QEMU_FD_KIND_QMP:
		return "qmp";
	case QEMU_FD_KIND_CONSOLE:
		return "console";
	case QEMU_FD_KIND_KVM:
		return "kvm";
	case QEMU_FD_KIND_SERIAL:
		return "serial";
	case QEMU_FD_KIND_VARIABLES:
		return "variables";
	case QEMU_FD_KIND_VSOCK:
		return "vsock";
	case QEMU_FD_KIND_TAP:
		return "tap";
	case QEMU_FD_KIND_VHOST:
		return "vhost";
	case QEMU_FD_KIND_DISK:
		return "disk";
	case QEMU_FD_KIND_CDROM:
		return "cdrom";
	case QEMU_FD_KIND_SEED:
		return "seed";
	case QEMU_FD_KIND_COUNT:
		break;
	}
	return NULL;
}

/* How many there may be of a kind: the length of the configuration's list. */
static size_t kind_count(const struct qemu_argv_input *input, enum qemu_fd_kind kind)
{
	const struct guest_config *config = input->config;

	switch (kind) {
	case QEMU_FD_KIND_QMP:
	case QEMU_FD_KIND_CONSOLE:
	case QEMU_FD_KIND_KVM:
	case QEMU_FD_KIND_VARIABLES:
	case QEMU_FD_KIND_VSOCK:
	case QEMU_FD_KIND_SEED:
		return 1;
	case QEMU_FD_KIND_SERIAL:
		return config->serial_ports > 1 ? config->serial_ports - 1 : 0;
	case QEMU_FD_KIND_TAP:
	case QEMU_FD_KIND_VHOST:
		return config->nic_count;
	case QEMU_FD_KIND_DISK:
		return config->disk_count;
	case QEMU_FD_KIND_CDROM:
		return config->cdrom_count;
	case QEMU_FD_KIND_COUNT:
		break;
	}
	return 0;
}

/* Whether this guest has that one; index is below kind_count(). */
static bool has_fd(const struct qemu_argv_input *input, enum qemu_fd_kind kind, size_t index)
{
	const struct guest_config *config = input->config;

	switch (kind) {
	case QEMU_FD_KIND_QMP:
	case QEMU_FD_KIND_CONSOLE:
	case QEMU_FD_KIND_SERIAL:
	case QEMU_FD_KIND_DISK:
		return true;
	case QEMU_FD_KIND_KVM:
		return input->kvm;
	case QEMU_FD_KIND_VARIABLES:
		return config->firmware == GUEST_FIRMWARE_UEFI;
	case QEMU_FD_KIND_VSOCK:
		return config->vsock;
	case QEMU_FD_KIND_TAP:
		return config->nics[index].kind == NIC_NETWORK_BRIDGE;
	case QEMU_FD_KIND_VHOST:
		return config->nics[index].kind == NIC_NETWORK_BRIDGE &&
		       config->nics[index].model == NIC_MODEL_VIRTIO && input->nics[index].vhost;
	case QEMU_FD_KIND_CDROM:
		return config->cdroms[index].file != NULL;
	case QEMU_FD_KIND_SEED:
		return config->cloud_init.present;
	case QEMU_FD_KIND_COUNT:
		break;
	}
	return false;
}

int qemu_argv_fd_number(const struct qemu_argv_input *input, enum qemu_fd_kind kind, size_t index)
{
	int number = QEMU_FD_FIRST_FREE;

	if (index >= kind_count(input, kind) || !has_fd(input, kind, index))
		return -EBADF;
	if (kind == QEMU_FD_KIND_QMP)
		return QEMU_FD_QMP;
	if (kind == QEMU_FD_KIND_CONSOLE)
		return QEMU_FD_CONSOLE;
	if (kind == QEMU_FD_KIND_KVM)
		return QEMU_FD_KVM;
	for (enum qemu_fd_kind k = QEMU_FD_KIND_SERIAL; k <= kind; k++)
		for (size_t i = 0; i < (k == kind ? index : kind_count(input, k)); i++)
			number += has_fd(input, k, i);
	return number;
}

int qemu_argv_plan(const struct qemu_argv_input *input, struct qemu_argv_fd **ret_fds,
		   size_t *ret_count)
{
	struct qemu_argv_fd *fds = NULL;
	size_t most = 0, count = 0;

	for (enum qemu_fd_kind k = 0; k < QEMU_FD_KIND_COUNT; k++)
		most += kind_count(input, k);
	fds = calloc(most, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (enum qemu_fd_kind k = 0; k < QEMU_FD_KIND_COUNT; k++)
		for (size_t i = 0; i < kind_count(input, k); i++) {
			int number = qemu_argv_fd_number(input, k, i);

			if (number >= 0)
				fds[count++] = (struct qemu_argv_fd){ k, i, number };
		}
	*ret_fds = fds;
	*ret_count = count;
	return 0;
}
