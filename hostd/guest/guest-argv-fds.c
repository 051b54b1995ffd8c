// SPDX-License-Identifier: GPL-2.0-or-later
// The numbers of the fds that QEMU is started with; and what is stable for a guest: MACs and the
// CID.
#include <string.h>

#include "guest/guest-argv-internal.h"

const char *guest_fd_kind_name(enum guest_fd_kind kind)
{
	switch (kind) {
	case GUEST_FD_KIND_QMP:
		return "qmp";
	case GUEST_FD_KIND_CONSOLE:
		return "console";
	case GUEST_FD_KIND_KVM:
		return "kvm";
	case GUEST_FD_KIND_SERIAL:
		return "serial";
	case GUEST_FD_KIND_VARIABLES:
		return "variables";
	case GUEST_FD_KIND_VSOCK:
		return "vsock";
	case GUEST_FD_KIND_TAP:
		return "tap";
	case GUEST_FD_KIND_VHOST:
		return "vhost";
	case GUEST_FD_KIND_DISK:
		return "disk";
	case GUEST_FD_KIND_CDROM:
		return "cdrom";
	case GUEST_FD_KIND_SEED:
		return "seed";
	case GUEST_FD_KIND_COUNT:
		break;
	}
	return NULL;
}

/* How many there may be of a kind: the length of the configuration's list. */
static size_t kind_count(const struct guest_argv_input *input, enum guest_fd_kind kind)
{
	const struct guest_config *config = input->config;

	switch (kind) {
	case GUEST_FD_KIND_QMP:
	case GUEST_FD_KIND_CONSOLE:
	case GUEST_FD_KIND_KVM:
	case GUEST_FD_KIND_VARIABLES:
	case GUEST_FD_KIND_VSOCK:
	case GUEST_FD_KIND_SEED:
		return 1;
	case GUEST_FD_KIND_SERIAL:
		return config->serial_ports > 1 ? config->serial_ports - 1 : 0;
	case GUEST_FD_KIND_TAP:
	case GUEST_FD_KIND_VHOST:
		return config->nic_count;
	case GUEST_FD_KIND_DISK:
		return config->disk_count;
	case GUEST_FD_KIND_CDROM:
		return config->cdrom_count;
	case GUEST_FD_KIND_COUNT:
		break;
	}
	return 0;
}

/* Whether this guest has that one; index is below kind_count(). */
static bool has_fd(const struct guest_argv_input *input, enum guest_fd_kind kind, size_t index)
{
	const struct guest_config *config = input->config;

	switch (kind) {
	case GUEST_FD_KIND_QMP:
	case GUEST_FD_KIND_CONSOLE:
	case GUEST_FD_KIND_SERIAL:
	case GUEST_FD_KIND_DISK:
		return true;
	case GUEST_FD_KIND_KVM:
		return input->kvm;
	case GUEST_FD_KIND_VARIABLES:
		return config->firmware == GUEST_FIRMWARE_UEFI;
	case GUEST_FD_KIND_VSOCK:
		return config->vsock;
	case GUEST_FD_KIND_TAP:
		return config->nics[index].kind == NIC_NETWORK_BRIDGE;
	case GUEST_FD_KIND_VHOST:
		return config->nics[index].kind == NIC_NETWORK_BRIDGE &&
		       config->nics[index].model == NIC_MODEL_VIRTIO && input->nics[index].vhost;
	case GUEST_FD_KIND_CDROM:
		return config->cdroms[index].file != NULL;
	case GUEST_FD_KIND_SEED:
		return config->cloud_init.present;
	case GUEST_FD_KIND_COUNT:
		break;
	}
	return false;
}

int guest_argv_fd_number(const struct guest_argv_input *input, enum guest_fd_kind kind,
			 size_t index)
{
	int number = GUEST_FD_FIRST_FREE;

	if (index >= kind_count(input, kind) || !has_fd(input, kind, index))
		return -EBADF;
	if (kind == GUEST_FD_KIND_QMP)
		return GUEST_FD_QMP;
	if (kind == GUEST_FD_KIND_CONSOLE)
		return GUEST_FD_CONSOLE;
	if (kind == GUEST_FD_KIND_KVM)
		return GUEST_FD_KVM;
	for (enum guest_fd_kind k = GUEST_FD_KIND_SERIAL; k <= kind; k++)
		for (size_t i = 0; i < (k == kind ? index : kind_count(input, k)); i++)
			number += has_fd(input, k, i);
	return number;
}

int guest_argv_plan(const struct guest_argv_input *input, struct guest_argv_fd **ret_fds,
		    size_t *ret_count)
{
	struct guest_argv_fd *fds = NULL;
	size_t most = 0, count = 0;

	for (enum guest_fd_kind k = 0; k < GUEST_FD_KIND_COUNT; k++)
		most += kind_count(input, k);
	fds = calloc(most, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (enum guest_fd_kind k = 0; k < GUEST_FD_KIND_COUNT; k++)
		for (size_t i = 0; i < kind_count(input, k); i++) {
			int number = guest_argv_fd_number(input, k, i);

			if (number >= 0)
				fds[count++] = (struct guest_argv_fd){ k, i, number };
		}
	*ret_fds = fds;
	*ret_count = count;
	return 0;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static uint64_t hash_guest(const uint8_t host_id[16], const char *name)
{
	return hash_bytes(hash_bytes(0xcbf29ce484222325, host_id, 16), name, strlen(name));
}

void guest_argv_mac(const struct guest_config *config, size_t nic_index, const uint8_t host_id[16],
		    uint8_t ret_mac[static 6])
{
	uint64_t hash = 0;

	if (config->nics[nic_index].has_mac) {
		memcpy(ret_mac, config->nics[nic_index].mac, 6);
		return;
	}
	hash = hash_guest(host_id, config->name);
	hash = hash_bytes(hash, &(uint8_t){ (uint8_t)nic_index }, 1);
	hash ^= hash >> 32; /* the low bits alone mix least */
	ret_mac[0] = 0x52;
	ret_mac[1] = 0x54;
	ret_mac[2] = 0x00;
	ret_mac[3] = (uint8_t)(hash >> 16);
	ret_mac[4] = (uint8_t)(hash >> 8);
	ret_mac[5] = (uint8_t)hash;
}

uint32_t guest_argv_cid(const uint8_t host_id[16], const char *name)
{
	uint64_t hash = hash_guest(host_id, name);

	hash ^= hash >> 32;
	return GUEST_CID_MIN + (uint32_t)(hash % (UINT32_MAX - GUEST_CID_MIN));
}
