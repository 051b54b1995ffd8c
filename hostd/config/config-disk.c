// SPDX-License-Identifier: GPL-2.0-or-later
// The blocks disk { … } and cdrom { … } of a guest.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

#define DISKS_MAX 16
#define CDROMS_MAX 4
#define DEVICE_LENGTH_MAX 256
/* virtio-blk's serial has 20 bytes, the least of all buses. */
#define SERIAL_LENGTH_MAX 20
#define SIZE_MAX_MIB (16ULL << 20)

static const char *const formats[] = { "raw", "qcow2", NULL };

SETTER(set_file, struct disk_config, config_set_path(parse, entry, &object->file))
SETTER(set_readonly, struct disk_config, config_set_bool(parse, entry, &object->readonly))
SETTER(set_allow_existing, struct disk_config,
       config_set_bool(parse, entry, &object->allow_existing))
SETTER(set_size, struct disk_config,
       config_set_mebibytes(parse, entry, 1, SIZE_MAX_MIB, &object->size_bytes))
CHOICE(set_bus, struct disk_config, bus, config_bus_names)
SETTER(set_format, struct disk_config, int chosen = config_choose(parse, entry, formats);
       if (chosen >= 0) object->format = chosen == 0 ? DISK_FORMAT_RAW : DISK_FORMAT_QCOW2)

static bool is_device(const char *text)
{
	const char *rest = strchr(text, ':');

	if (strlen(text) > DEVICE_LENGTH_MAX || config_has_control(text))
		return false;
	if (config_path_begins(text, "/dev/"))
		return text[strlen("/dev/")] && !strstr(text, "//") && !strstr(text, "/.");
	if (config_path_begins(text, "serial:"))
		return rest[1];
	return config_path_begins(text, "path:") && rest[1] && rest[1] != '.' && !strchr(rest, '/');
}

static void set_device(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct disk_config *disk = untyped;

	if (!is_device(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "device is \"serial:SERIAL\", \"path:NAME\" (of /dev/disk/by-path) or "
			     "\"/dev/NAME\", not \"%s\"",
			     entry->values.items[0]);
	else
		config_set_text(parse, entry, &disk->device);
}

static void set_serial(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct disk_config *disk = untyped;

	/* QEMU's options are split at commas. */
	if (!config_is_word(entry->values.items[0], "-_.", SERIAL_LENGTH_MAX))
		config_wrong(parse, entry->line,
			     "serial is 1 to %d letters, digits, -, _ or ., not \"%s\"",
			     SERIAL_LENGTH_MAX, entry->values.items[0]);
	else
		config_set_text(parse, entry, &disk->serial);
}

static const struct config_key disk_keys[] = {
	{ "file", CONFIG_ATTRIBUTE, set_file },
	{ "device", CONFIG_ATTRIBUTE, set_device },
	{ "format", CONFIG_ATTRIBUTE, set_format },
	{ "bus", CONFIG_ATTRIBUTE, set_bus },
	{ "readonly", CONFIG_ATTRIBUTE, set_readonly },
	{ "serial", CONFIG_ATTRIBUTE, set_serial },
	{ "size", CONFIG_ATTRIBUTE, set_size },
	{ "allow-existing", CONFIG_ATTRIBUTE, set_allow_existing },
};
const struct config_keys config_disk_keys = CONFIG_KEYS(disk_keys);

SETTER(set_medium, struct cdrom_config, config_set_path(parse, entry, &object->file))

static const struct config_key cdrom_keys[] = { { "file", CONFIG_ATTRIBUTE, set_medium } };
const struct config_keys config_cdrom_keys = CONFIG_KEYS(cdrom_keys);

static void check_source(struct config_parse *parse, const struct config_entry *block,
			 const char *where, const struct disk_config *disk)
{
	bool file = config_has_key(block, "file"), device = config_has_key(block, "device");

	if (!file && !device)
		config_wrong(parse, block->line, "a disk of %s has neither a file nor a device",
			     where);
	if (file && device)
		config_wrong(parse, block->line, "a disk of %s has both a file and a device",
			     where);
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

	if (disk->readonly) {
		if (disk->file && disk->size_bytes)
			config_wrong(parse, config_line_of(block, "size"),
				     "size is for a file that is made, and a read-only one is not");
		return;
	}
	if (!disk->file)
		return;
	if (config_path_begins(disk->file, CONFIG_DATA_IMAGES))
		config_wrong(parse, line,
			     "\"%s\": what is in images is for all guests and not written to: say "
			     "readonly = true, or use a file like \"data:guests/%s/disk.qcow2\"",
			     disk->file, parse->guest);
	else if (parse->config && !config_path_begins(disk->file, CONFIG_DATA))
		config_wrong(parse, line,
			     "\"%s\" is on the configuration's file system, which is never written "
			     "to: say readonly = true, or use a file like "
			     "\"data:guests/%s/disk.qcow2\"",
			     disk->file, parse->guest);
	else if (config_path_is_reserved(disk->file))
		config_wrong(parse, line,
			     "\"%s\" is hostd's own and no guest's to write to: use another name",
			     disk->file);
}

static void check_bus(struct config_parse *parse, const struct config_entry *block,
		      const struct disk_config *disk, enum guest_machine machine)
{
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

void config_parse_disk(struct config_parse *parse, const struct config_entry *block,
		       const char *where, struct guest_config *guest)
{
	struct disk_config *disk = NULL;

	if (guest->disk_count == DISKS_MAX) {
		config_wrong(parse, block->line, "%s has more than %d disks", where, DISKS_MAX);
		return;
	}
	if (array_grow(guest->disks, guest->disk_count) < 0) {
		parse->out_of_memory = true;
		return;
	}
	disk = &guest->disks[guest->disk_count++];
	*disk = (struct disk_config){ .line = block->line };
	config_apply(parse, block, where, &config_disk_keys, disk);
	check_source(parse, block, where, disk);
	check_writable(parse, block, disk);
	check_bus(parse, block, disk, guest->machine);
}

void config_parse_cdrom(struct config_parse *parse, const struct config_entry *block,
			const char *where, struct guest_config *guest)
{
	struct cdrom_config *cdrom = NULL;

	if (guest->cdrom_count == CDROMS_MAX) {
		config_wrong(parse, block->line, "%s has more than %d cdroms", where, CDROMS_MAX);
		return;
	}
	if (array_grow(guest->cdroms, guest->cdrom_count) < 0) {
		parse->out_of_memory = true;
		return;
	}
	cdrom = &guest->cdroms[guest->cdrom_count++];
	*cdrom = (struct cdrom_config){ .line = block->line };
	config_apply(parse, block, where, &config_cdrom_keys, cdrom);
	if (guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, block->line, "a microvm has no cdrom");
}
