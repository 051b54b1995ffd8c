// SPDX-License-Identifier: GPL-2.0-or-later
// What one key of a guest asks of another: what boots it, and what its machine has, which is the
// same with every VMM. What one VMM alone cannot do is said by that VMM's check.
#include <string.h>

#include "config-machine.h"
#include "config-parse.h"

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

static void check_machine(struct config_parse *parse, const struct config_entry *block,
			  const struct guest_config *guest)
{
	const struct config_misfit *misfit = NULL;
	size_t next = 0;

	while ((misfit = config_machine_misfit(guest, &next))) {
		if (misfit->of_part)
			continue;
		if (misfit->key)
			config_wrong(parse, config_line_of(block, misfit->key), "%s", misfit->what);
		else
			config_wrong(parse, guest->line, "guest \"%s\": %s", guest->name,
				     misfit->what);
	}
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
	check_machine(parse, block, guest);
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
