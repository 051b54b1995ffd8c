// SPDX-License-Identifier: GPL-2.0-or-later
// What the keys of a guest's disks, drives, NICs and cloud-init ask of each other.
#include <string.h>

#include "config-parse.h"

static void check_source(struct config_parse *parse, const struct config_entry *block,
			 const struct disk_config *disk)
{
	bool file = config_has_key(block, "file"), device = config_has_key(block, "device");

	if (!file && !device)
		config_wrong(parse, block->line,
			     "a disk of guest \"%s\" has neither a file nor a device",
			     parse->guest->name);
	if (file && device)
		config_wrong(parse, block->line,
			     "a disk of guest \"%s\" has both a file and a device",
			     parse->guest->name);
	if (device && disk->size_bytes)
		config_wrong(parse, config_line_of(block, "size"),
			     "size is for a file that is made; a device has the size that it has");
	if (!device && disk->allow_existing)
		config_wrong(parse, config_line_of(block, "allow-existing"),
			     "allow-existing is for a device; a file needs no such word");
}

/* Where the file may be written to: read-only is never assumed, for a guest that believes its data
 * kept would lose them. */
static void check_writable(struct config_parse *parse, const struct config_entry *block,
			   const struct disk_config *disk)
{
	unsigned int line = config_line_of(block, "file");
	struct config_path path = config_path_parse(disk->file ? disk->file : "");

	if (disk->readonly) {
		if (disk->file && disk->size_bytes)
			config_wrong(parse, config_line_of(block, "size"),
				     "size is for a file that is made, and a read-only one is not");
		return;
	}
	if (!disk->file)
		return;
	if (path.place == CONFIG_PLACE_IMAGES)
		config_wrong(parse, line,
			     "\"%s\": what is in images is for all guests and not written to: say "
			     "readonly = true, or use a file like \"data:guests/%s/disk.qcow2\"",
			     disk->file, parse->guest->name);
	else if (parse->config && path.place == CONFIG_PLACE_NEAR)
		config_wrong(parse, line,
			     "\"%s\" is on the configuration's file system, which is never written "
			     "to: say readonly = true, or use a file like "
			     "\"data:guests/%s/disk.qcow2\"",
			     disk->file, parse->guest->name);
	else if (config_path_is_reserved(&path))
		config_wrong(parse, line,
			     "\"%s\" is hostd's own and no guest's to write to: use another name",
			     disk->file);
}

static void check_bus(struct config_parse *parse, const struct config_entry *block,
		      const struct disk_config *disk)
{
	enum guest_machine machine = parse->guest->machine;
	enum disk_bus bus = disk->bus;
	unsigned int line = config_line_of(block, "bus");

	if (bus != DISK_BUS_VIRTIO && machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, line, "a microvm's disks are on bus \"virtio\" only");
	else if (bus == DISK_BUS_SATA && machine == GUEST_MACHINE_PC)
		config_wrong(parse, line,
			     "machine \"pc\" has no sata: use \"virtio\", \"scsi\" or \"nvme\", or "
			     "machine \"q35\"");
	else if (bus == DISK_BUS_SATA && disk->readonly)
		config_wrong(parse, line,
			     "no SATA disk is read-only: use \"virtio\", \"scsi\" or \"nvme\", or "
			     "cdrom { file = … } for what is a CD");
}

void config_check_disk(struct config_parse *parse, const struct config_entry *block, void *object)
{
	check_source(parse, block, object);
	check_writable(parse, block, object);
	check_bus(parse, block, object);
}

void config_check_cdrom(struct config_parse *parse, const struct config_entry *block, void *)
{
	if (parse->guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, block->line, "a microvm has no cdrom");
}

void config_check_nic(struct config_parse *parse, const struct config_entry *block, void *object)
{
	struct nic_config *nic = object;

	nic->kind = strcmp(nic->network, "user") == 0 ? NIC_NETWORK_USER : NIC_NETWORK_BRIDGE;
	if (nic->model != NIC_MODEL_VIRTIO && parse->guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, config_line_of(block, "model"),
			     "a microvm's NICs are model \"virtio\" only");
	if (nic->may & NIC_MAY_ROUTER && nic->addresses.count > 0)
		config_wrong(parse, config_line_of(block, "may"),
			     "a nic with address cannot be a router: what a router passes on comes "
			     "from other addresses");
}

void config_check_cloud_init(struct config_parse *parse, const struct config_entry *block, void *)
{
	static const char *const in_file[] = { "ssh-key", "password-hash" };

	for (size_t i = 0; i < ELEMENTS(in_file); i++)
		if (config_has_key(block, "user-data") && config_has_key(block, in_file[i]))
			config_wrong(parse, config_line_of(block, in_file[i]),
				     "%s and user-data exclude each other: put it into the "
				     "user-data file",
				     in_file[i]);
}
