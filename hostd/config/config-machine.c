// SPDX-License-Identifier: GPL-2.0-or-later
// The machines' rules, one a row.
#include "config-machine.h"

#define Q35_SATA_PORTS 6
#define PC_IDE_PORTS 4

static bool is_microvm(const struct guest_config *guest)
{
	return guest->machine == GUEST_MACHINE_MICROVM;
}

static bool microvm_with_uefi(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->firmware == GUEST_FIRMWARE_UEFI;
}

static bool microvm_with_display(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->display != GUEST_DISPLAY_NONE;
}

static bool microvm_with_watchdog(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->watchdog != GUEST_WATCHDOG_NONE;
}

static bool microvm_with_serial_ports(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->serial_ports > 1;
}

static bool microvm_with_panic(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->on_panic != GUEST_ON_DEFAULT;
}

static bool microvm_with_cdrom(const struct guest_config *guest)
{
	return is_microvm(guest) && guest->cdrom_count > 0;
}

static bool microvm_with_disk(const struct guest_config *guest)
{
	for (size_t i = 0; i < guest->disk_count; i++)
		if (is_microvm(guest) && guest->disks[i].bus != DISK_BUS_VIRTIO)
			return true;
	return false;
}

static bool microvm_with_nic(const struct guest_config *guest)
{
	for (size_t i = 0; i < guest->nic_count; i++)
		if (is_microvm(guest) && guest->nics[i].model != NIC_MODEL_VIRTIO)
			return true;
	return false;
}

/* Disks, drives and the cloud-init seed, which is a drive too. */
static size_t count_ports(const struct guest_config *guest)
{
	size_t used = guest->cdrom_count + guest->cloud_init.present;

	for (size_t i = 0; i < guest->disk_count; i++)
		used += guest->disks[i].bus == DISK_BUS_SATA;
	return used;
}

static bool q35_with_ports(const struct guest_config *guest)
{
	return guest->machine == GUEST_MACHINE_Q35 && count_ports(guest) > Q35_SATA_PORTS;
}

static bool pc_with_ports(const struct guest_config *guest)
{
	return guest->machine == GUEST_MACHINE_PC && count_ports(guest) > PC_IDE_PORTS;
}

static const struct {
	bool (*is_broken)(const struct guest_config *guest);
	struct config_misfit misfit;
} rules[] = {
	{ microvm_with_uefi,
	  { "firmware", "a microvm boots its kernel directly: no firmware \"uefi\"", false } },
	{ microvm_with_display, { "display", "a microvm has no display", false } },
	{ microvm_with_watchdog, { "watchdog", "a microvm has no watchdog", false } },
	{ microvm_with_serial_ports, { "serial-ports", "a microvm has one serial port", false } },
	{ microvm_with_panic,
	  { "on-panic", "a microvm has no pvpanic device to tell of a panic: no on-panic",
	    false } },
	{ microvm_with_cdrom, { "cdrom", "a microvm has no cdrom", true } },
	{ microvm_with_disk, { "disk", "a microvm's disks are on bus \"virtio\" only", true } },
	{ microvm_with_nic, { "nic", "a microvm's NICs are model \"virtio\" only", true } },
	{ q35_with_ports,
	  { NULL, "machine \"q35\" has 6 SATA ports, for disks, cdroms and cloud-init", false } },
	{ pc_with_ports,
	  { NULL, "machine \"pc\" has 4 IDE ports, for cdroms and cloud-init", false } },
};

const struct config_misfit *config_machine_misfit(const struct guest_config *guest, size_t *next)
{
	while (*next < ELEMENTS(rules)) {
		size_t at = (*next)++;

		if (rules[at].is_broken(guest))
			return &rules[at].misfit;
	}
	return NULL;
}
