// SPDX-License-Identifier: GPL-2.0-or-later
// What is started for a guest: one QEMU, with the fds of its devices, in its confinement.
#include "config/config-machine.h"
#include "vmm/qemu/qemu-argv.h"
#include "vmm/qemu/qemu-internal.h"
#include "vmm/qemu/qemu-seccomp.h"

/* QEMU's heap and threads, buffers; about twice what small guests have (6.7 MiB of a microvm, 13.7
 * of a q35). Its program and other files are in memory once for all guests, or can be dropped: not
 * counted. */
#define OVERHEAD_MICROVM (UINT64_C(16) << 20)
#define OVERHEAD_USUAL (UINT64_C(24) << 20)
/* The display's own: video memory, and the copies of the picture that its clients are sent. */
#define OVERHEAD_DISPLAY (UINT64_C(32) << 20)

/* Its machine types are those that a definition names. */
struct verdict qemu_check(const struct guest_config *config)
{
	size_t next = 0;
	const struct config_misfit *misfit = config_machine_misfit(config, &next);

	return misfit ? verdict_of(VERDICT_REFUSED, -EOPNOTSUPP, "%s", misfit->what)
		      : (struct verdict){};
}

uint64_t qemu_overhead(const struct guest_config *config, bool kvm)
{
	uint64_t bytes =
		config->machine == GUEST_MACHINE_MICROVM ? OVERHEAD_MICROVM : OVERHEAD_USUAL;

	if (config->display != GUEST_DISPLAY_NONE)
		bytes += OVERHEAD_DISPLAY;
	/* What is translated only grows, long after anything was measured. */
	if (!kvm)
		bytes += (uint64_t)QEMU_TCG_BUFFER_MIB << 20;
	return bytes;
}

/* Which path the device is at in QEMU's root, where it is no fd there; or NULL. */
static const char *path_of(const struct vmm_device *device)
{
	if (device->kind == VMM_DEVICE_KERNEL)
		return QEMU_KERNEL_PATH;
	return device->kind == VMM_DEVICE_INITRD ? QEMU_INITRD_PATH : NULL;
}

/* How many of its fds it cannot be without. */
static size_t needed_fds(const struct guest_config *config, const struct vmm_device *device)
{
	if (device->kind == VMM_DEVICE_CDROM)
		return 0;
	if (device->kind == VMM_DEVICE_NIC)
		return config->nics[device->index].kind == NIC_NETWORK_BRIDGE;
	return 1;
}

/* vhost is virtio's alone. */
static bool uses_fd(const struct guest_config *config, const struct vmm_device *device,
		    size_t index)
{
	if (device->fds[index] < 0 || path_of(device))
		return false;
	if (device->kind != VMM_DEVICE_NIC)
		return true;
	return config->nics[device->index].kind == NIC_NETWORK_BRIDGE &&
	       (index == 0 || config->nics[device->index].model == NIC_MODEL_VIRTIO);
}

int qemu_argv_number(const struct vmm_machine *machine, struct qemu_argv_device *ret_devices)
{
	int next = QEMU_FD_FIRST;

	for (size_t i = 0; i < machine->device_count; i++) {
		const struct vmm_device *device = &machine->devices[i];

		ret_devices[i].device = device;
		for (size_t n = 0; n < VMM_DEVICE_FDS_MAX; n++) {
			if (n < needed_fds(machine->config, device) && device->fds[n] < 0)
				return -EBADF;
			ret_devices[i].numbers[n] =
				uses_fd(machine->config, device, n) ? next++ : -EBADF;
		}
	}
	return 0;
}

static void add_device(struct vmm_process *process, const struct qemu_argv_device *numbered)
{
	const struct vmm_device *device = numbered->device;

	for (size_t n = 0; n < VMM_DEVICE_FDS_MAX; n++)
		if (numbered->numbers[n] >= 0)
			process->fds[process->spec.fd_count++] =
				(struct process_fd){ .fd = device->fds[n],
						     .number = numbered->numbers[n] };
	if (path_of(device))
		process->files[process->spec.file_count++] =
			(struct guest_process_file){ .fd = device->fds[0],
						     .path = path_of(device) };
}

static int plan_qemu(const struct vmm_machine *machine, struct vmm_process *process)
{
	const struct guest_config *config = machine->config;
	const size_t count = machine->device_count + 1;
	_cleanup_free_ struct qemu_argv_device *devices = calloc(count, sizeof(*devices));
	int r = 0;

	process->fds = calloc(count * VMM_DEVICE_FDS_MAX, sizeof(*process->fds));
	process->files = calloc(count, sizeof(*process->files));
	if (!devices || !process->fds || !process->files)
		return -ENOMEM;
	r = qemu_argv_number(machine, devices);
	if (r >= 0)
		r = qemu_argv_build(machine, devices, &process->argv);
	if (r >= 0)
		r = qemu_seccomp_program(&process->spec.seccomp);
	if (r < 0)
		return r;
	process->kind = "vmm";
	process->spec.executable = QEMU_PATH;
	process->spec.firmware = QEMU_FIRMWARE_PATH;
	process->spec.argv = process->argv.items;
	process->spec.fds = process->fds;
	process->spec.files = process->files;
	for (size_t i = 0; i < machine->device_count; i++)
		add_device(process, &devices[i]);
	for (size_t i = 0; i < config->nic_count; i++)
		process->spec.host_network |= config->nics[i].kind == NIC_NETWORK_USER;
	return 0;
}

int qemu_make_plan(const struct vmm_machine *machine, struct vmm_plan *ret_plan)
{
	_cleanup_(vmm_plan_done) struct vmm_plan plan = {};
	int r = 0;

	plan.processes = calloc(1, sizeof(*plan.processes));
	if (!plan.processes)
		return -ENOMEM;
	plan.count = 1;
	r = plan_qemu(machine, plan.processes);
	if (r < 0)
		return r;
	*ret_plan = plan;
	plan = (struct vmm_plan){};
	return 0;
}
