/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command line share: qemu-argv.c (process, machine, boot),
 * qemu-argv-option.c, qemu-argv-disks.c, qemu-argv-devices.c. Nobody else includes this. */
#pragma once

#include "vmm/qemu/qemu-argv.h"

#define MICROVM_SLOTS 8

/* A text_list that remembers its first failure, so that the options read as a list. */
struct arguments {
	const struct vmm_machine *machine;
	const struct guest_config *config; /* of the machine */
	const struct qemu_argv_device *devices; /* as many as the machine has */
	struct text_list list;
	int error;
	size_t ports; /* of SATA or IDE that are taken */
};

/* Calls add for each device of that kind. */
typedef void (*qemu_argv_adder_t)(struct arguments *arguments,
				  const struct qemu_argv_device *device);
void qemu_argv_each(struct arguments *arguments, enum vmm_device_kind kind, qemu_argv_adder_t add);

void qemu_argv_add(struct arguments *arguments, const char *text);
__attribute__((format(printf, 3, 4))) void
qemu_argv_option(struct arguments *arguments, const char *option, const char *format, ...);
/* Makes an fd that is passed openable as /dev/fdset/SET. */
void qemu_argv_add_fd(struct arguments *arguments, int fd, int set);

static inline bool is_microvm(const struct guest_config *config)
{
	return config->machine == GUEST_MACHINE_MICROVM;
}

/* virtio devices sit on MMIO in a microvm, which has no PCI, and on PCI elsewhere. */
static inline const char *virtio_transport(const struct guest_config *config)
{
	return is_microvm(config) ? "device" : "pci";
}

/* The firmware tries devices from 1 on; 0: not to be booted from. */
unsigned int qemu_argv_boot_index(const struct guest_config *config, enum guest_boot kind,
				  size_t index);

/* qemu-argv-disks.c */
void qemu_argv_add_disks(struct arguments *arguments);
void qemu_argv_add_firmware(struct arguments *arguments, const struct qemu_argv_device *device);

/* qemu-argv-devices.c */
void qemu_argv_add_control(struct arguments *arguments, const struct qemu_argv_device *device);
void qemu_argv_add_serial(struct arguments *arguments, const struct qemu_argv_device *device);
void qemu_argv_add_devices(struct arguments *arguments);
void qemu_argv_add_display(struct arguments *arguments);
void qemu_argv_add_nic(struct arguments *arguments, const struct qemu_argv_device *device);
