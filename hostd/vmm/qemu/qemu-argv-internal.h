/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command line share: qemu-argv.c (process, machine, boot),
 * qemu-argv-disks.c, qemu-argv-devices.c, qemu-argv-fds.c. Nobody else includes this. */
#pragma once

#include "vmm/qemu/qemu-argv.h"

#define MICROVM_SERIAL_PORTS 1
#define MICROVM_SLOTS 8
#define Q35_SATA_PORTS 6
#define PC_IDE_PORTS 4

/* A text_list that remembers its first failure, so that the options read as a list. */
struct arguments {
	const struct qemu_argv_input *input;
	const struct guest_config *config; /* of the input */
	struct text_list list;
	int error;
};

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

/* qemu-argv-disks.c, in the order of the command line */
void qemu_argv_add_firmware(struct arguments *arguments);
void qemu_argv_add_disks(struct arguments *arguments);
/* How many of the machine's SATA or IDE ports are needed. */
size_t qemu_argv_sata_ports(const struct guest_config *config);

/* qemu-argv-devices.c */
void qemu_argv_add_control(struct arguments *arguments);
void qemu_argv_add_devices(struct arguments *arguments);
void qemu_argv_add_display(struct arguments *arguments);
void qemu_argv_add_nics(struct arguments *arguments);
