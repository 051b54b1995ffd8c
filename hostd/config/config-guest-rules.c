// SPDX-License-Identifier: GPL-2.0-or-later
// What one key of a guest asks of another: what boots it, and what its machine has, which is the same
// with every VMM. What one VMM alone cannot do is said by that VMM's check.
#include <string.h>

#include "config-parse.h"

#define Q35_SATA_PORTS 6
#define PC_IDE_PORTS 4
#define HUGE_PAGE (2ULL << 20)

/* A block that is there, with or without a mistake in it. */
static bool can_boot_from(const struct config_entry *block, enum guest_boot what)
{
	static const char *const keys[GUEST_BOOT_COUNT] = { "disk", "cdrom", "nic" };

	return config_has_key(block, keys[what]);
}

static void check_boot(struct config_parse *parse, const struct config_entry *block,
		       const struct guest_config *guest)
{
	bool bootable = false, ordered = false;

	if (config_has_key(block, "kernel"))
		return;
	for (size_t i = 0; i < GUEST_BOOT_COUNT; i++)
		bootable |= can_boot_from(block, (enum guest_boot)i);
	for (size_t i = 0; i < guest->boot_count; i++)
		ordered |= can_boot_from(block, guest->boot[i]);
	if (guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, guest->line, "guest \"%s\": a microvm needs a kernel",
			     guest->name);
	else if (!bootable)
		config_wrong(parse, guest->line,
			     "guest \"%s\" has nothing to boot from: no kernel, disk, cdrom or nic",
			     guest->name);
	else if (guest->boot_count > 0 && !ordered)
		config_wrong(parse, config_line_of(block, "boot"),
			     "guest \"%s\" has nothing that boot names", guest->name);
	if (guest->initrd)
		config_wrong(parse, config_line_of(block, "initrd"),
			     "guest \"%s\" has an initrd and no kernel", guest->name);
	if (guest->cmdline)
		config_wrong(parse, config_line_of(block, "cmdline"),
			     "guest \"%s\" has a cmdline and no kernel", guest->name);
}

static void check_microvm(struct config_parse *parse, const struct config_entry *block,
			  const struct guest_config *guest)
{
	const struct {
		bool wrong;
		const char *key, *message;
	} rules[] = {
		{ guest->firmware == GUEST_FIRMWARE_UEFI, "firmware",
		  "a microvm boots its kernel directly: no firmware \"uefi\"" },
		{ guest->display != GUEST_DISPLAY_NONE, "display", "a microvm has no display" },
		{ guest->watchdog != GUEST_WATCHDOG_NONE, "watchdog", "a microvm has no watchdog" },
		{ guest->serial_ports > 1, "serial-ports", "a microvm has one serial port" },
		{ guest->on_panic != GUEST_ON_DEFAULT, "on-panic",
		  "a microvm has no pvpanic device to tell of a panic: no on-panic" },
	};

	for (size_t i = 0; i < ELEMENTS(rules); i++)
		if (guest->machine == GUEST_MACHINE_MICROVM && rules[i].wrong)
			config_wrong(parse, config_line_of(block, rules[i].key), "%s",
				     rules[i].message);
}

/* Disks, drives and the cloud-init seed, which is a drive too. */
static void check_sata_ports(struct config_parse *parse, const struct guest_config *guest)
{
	size_t used = guest->cdrom_count + guest->cloud_init.present;

	for (size_t i = 0; i < guest->disk_count; i++)
		used += guest->disks[i].bus == DISK_BUS_SATA;
	if (guest->machine == GUEST_MACHINE_Q35 && used > Q35_SATA_PORTS)
		config_wrong(parse, guest->line,
			     "guest \"%s\": machine \"q35\" has %d SATA ports, for disks, cdroms "
			     "and cloud-init",
			     guest->name, Q35_SATA_PORTS);
	if (guest->machine == GUEST_MACHINE_PC && guest->cdrom_count > 0 && used > PC_IDE_PORTS)
		config_wrong(parse, guest->line,
			     "guest \"%s\": machine \"pc\" has %d IDE ports, for cdroms and "
			     "cloud-init",
			     guest->name, PC_IDE_PORTS);
}

static void check_same_disk(struct config_parse *parse, const struct guest_config *guest)
{
	for (size_t i = 0; i < guest->disk_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct disk_config *a = &guest->disks[j], *b = &guest->disks[i];
			bool same = (a->file && text_equal(a->file, b->file)) ||
				    (a->device && text_equal(a->device, b->device));

			if (same && !(a->readonly && b->readonly))
				config_wrong(parse, b->line,
					     "guest \"%s\" has \"%s\" as two disks, and writes to "
					     "it",
					     guest->name, b->file ? b->file : b->device);
		}
}

void config_check_guest(struct config_parse *parse, const struct config_entry *block, void *object)
{
	const struct guest_config *guest = object;
	bool has_address = false;

	if (config_list_has(&guest->after, guest->name))
		config_wrong(parse, config_line_of(block, "after"),
			     "guest \"%s\" cannot come after itself", guest->name);
	check_boot(parse, block, guest);
	check_microvm(parse, block, guest);
	check_sata_ports(parse, guest);
	check_same_disk(parse, guest);
	if (guest->hugepages && guest->memory_bytes % HUGE_PAGE)
		config_wrong(parse, config_line_of(block, "memory"),
			     "with hugepages, memory is a multiple of 2 MiB");
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, "nic") == 0)
			has_address |= config_has_key(&block->entries[i], "address");
	if (guest->ready == GUEST_READY_TCP && !has_address)
		config_wrong(parse, config_line_of(block, "ready"),
			     "ready \"tcp:%u\" needs the address of a nic to connect to: say "
			     "nic { address = … }",
			     guest->ready_port);
}
