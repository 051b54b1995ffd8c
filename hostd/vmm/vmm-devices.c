// SPDX-License-Identifier: GPL-2.0-or-later
// Which devices a definition has, and the end of a plan for them.
#include "vmm/vmm.h"

const char *vmm_device_kind_name(enum vmm_device_kind kind)
{
	static const char *const names[VMM_DEVICE_COUNT] = {
		[VMM_DEVICE_CONTROL] = "control",
		[VMM_DEVICE_SERIAL] = "serial",
		[VMM_DEVICE_ACCELERATOR] = "accelerator",
		[VMM_DEVICE_KERNEL] = "kernel",
		[VMM_DEVICE_INITRD] = "initrd",
		[VMM_DEVICE_VARIABLES] = "variables",
		[VMM_DEVICE_VSOCK] = "vsock",
		[VMM_DEVICE_NIC] = "nic",
		[VMM_DEVICE_DISK] = "disk",
		[VMM_DEVICE_CDROM] = "cdrom",
		[VMM_DEVICE_SEED] = "seed",
		[VMM_DEVICE_MEDIUM] = "medium",
	};

	return kind < VMM_DEVICE_COUNT ? names[kind] : NULL;
}

static size_t count_kind(const struct guest_config *config, bool kvm, enum vmm_device_kind kind)
{
	switch (kind) {
	case VMM_DEVICE_CONTROL:
		return 1;
	case VMM_DEVICE_SERIAL:
		return config->serial_ports > 1 ? config->serial_ports : 1;
	case VMM_DEVICE_ACCELERATOR:
		return kvm;
	case VMM_DEVICE_KERNEL:
		return config->kernel != NULL;
	case VMM_DEVICE_INITRD:
		return config->initrd != NULL;
	case VMM_DEVICE_VARIABLES:
		return config->firmware == GUEST_FIRMWARE_UEFI;
	case VMM_DEVICE_VSOCK:
		return config->vsock;
	case VMM_DEVICE_NIC:
		return config->nic_count;
	case VMM_DEVICE_DISK:
		return config->disk_count;
	case VMM_DEVICE_CDROM:
		return config->cdrom_count;
	case VMM_DEVICE_SEED:
		return config->cloud_init.present;
	case VMM_DEVICE_MEDIUM:
	case VMM_DEVICE_COUNT:
		break;
	}
	return 0;
}

int vmm_list_devices(const struct guest_config *config, bool kvm, struct vmm_device **ret_devices,
		     size_t *ret_count)
{
	struct vmm_device *devices = NULL;
	size_t most = 0, count = 0;

	for (enum vmm_device_kind kind = 0; kind < VMM_DEVICE_COUNT; kind++)
		most += count_kind(config, kvm, kind);
	devices = calloc(most, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	for (enum vmm_device_kind kind = 0; kind < VMM_DEVICE_COUNT; kind++)
		for (size_t i = 0; i < count_kind(config, kvm, kind); i++)
			devices[count++] = (struct vmm_device){ .kind = kind,
								.index = i,
								.fds = { -EBADF, -EBADF } };
	*ret_devices = devices;
	*ret_count = count;
	return 0;
}

void vmm_plan_done(struct vmm_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		text_list_done(&plan->processes[i].argv);
		free(plan->processes[i].fds);
		free(plan->processes[i].files);
	}
	free(plan->processes);
	*plan = (struct vmm_plan){};
}
