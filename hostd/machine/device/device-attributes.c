// SPDX-License-Identifier: GPL-2.0-or-later
// sysfs -> struct disk_device, struct nic_device.
#include "device-attributes.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "disk-path.h"

#define SECTOR_BYTES 512 /* the unit of "size", whatever the disk's own sectors are */
#define VPD_PAGE_BYTES_MAX 4096
#define VPD_UNIT_SERIAL_NUMBER 0x80
#define VPD_HEADER_BYTES 4

static bool matches(const char *name, const char *pattern)
{
	return fnmatch(pattern, name, 0) == 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Cuts off the last component. Returns false at the top of the devices. */
static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return strcmp(base_name(path), "devices") != 0 && *base_name(path);
}

static char *read_text(const char *folder, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder, name);
	_cleanup_free_ char *text = NULL;

	if (!path || file_read_line(AT_FDCWD, path, &text) < 0)
		return NULL;
	return attribute_text(text, strlen(text));
}

static uint64_t read_number(const char *folder, const char *name)
{
	_cleanup_free_ char *text = read_text(folder, name);
	uint64_t number = 0;

	if (!text || sscanf(text, "%" SCNu64, &number) != 1)
		return 0;
	return number;
}

static bool exists(const char *folder, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder, name);

	return path && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The last component of a link's target ("driver", "subsystem"); new string or NULL. */
static char *read_link_name(const char *folder, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", folder, name);
	char target[PATH_MAX];
	ssize_t length = path ? readlink(path, target, sizeof(target) - 1) : -1;

	if (length <= 0)
		return NULL;
	target[length] = '\0';
	return strdup(base_name(target));
}

static bool is_in_subsystem(const char *folder, const char *subsystem)
{
	_cleanup_free_ char *name = read_link_name(folder, "subsystem");

	return name && strcmp(name, subsystem) == 0;
}

char *attribute_text(const char *text, size_t length)
{
	char *copy = NULL;

	length = strnlen(text, length);
	for (; length > 0 && (unsigned char)*text <= ' '; length--)
		text++;
	while (length > 0 && (unsigned char)text[length - 1] <= ' ')
		length--;
	if (length == 0)
		return NULL;
	copy = strndup(text, length);
	for (unsigned char *c = (unsigned char *)copy; c && *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	return copy;
}

char *vpd_page80_serial(const uint8_t *page, size_t length)
{
	size_t serial_length = 0;

	if (length < VPD_HEADER_BYTES || page[1] != VPD_UNIT_SERIAL_NUMBER)
		return NULL;
	serial_length = (size_t)page[2] << 8 | page[3];
	if (serial_length > length - VPD_HEADER_BYTES)
		return NULL;
	return attribute_text((const char *)page + VPD_HEADER_BYTES, serial_length);
}

static char *read_vpd_serial(const char *folder)
{
	_cleanup_free_ char *path = text_format("%s/device/vpd_pg80", folder);
	_cleanup_free_ char *page = NULL;
	size_t length = 0;

	if (!path || file_read(AT_FDCWD, path, VPD_PAGE_BYTES_MAX, &page, &length) < 0)
		return NULL;
	return vpd_page80_serial((const uint8_t *)page, length);
}

/*
 * The bus by the nearest parent that tells: a USB stick is also a SCSI disk, and so is a SATA disk.
 * *ret_usb gets the USB device's folder, which has the stick's own model and serial.
 */
static const char *find_bus(const char *disk_folder, char **ret_usb)
{
	_cleanup_free_ char *folder = strdup(disk_folder);
	const char *bus = NULL;

	while (folder && to_parent(folder)) {
		_cleanup_free_ char *subsystem = read_link_name(folder, "subsystem");

		if (matches(base_name(folder), "ata[0-9]*"))
			return "ata";
		if (!subsystem)
			continue;
		if (strcmp(subsystem, "usb") == 0) {
			if (!exists(folder, "idVendor"))
				continue;
			*ret_usb = take_ptr(folder);
			return "usb";
		}
		if (bus)
			continue;
		if (strcmp(subsystem, "scsi") == 0)
			bus = "scsi";
		else if (strcmp(subsystem, "virtio") == 0)
			bus = "virtio";
		else if (strcmp(subsystem, "mmc") == 0)
			bus = "mmc";
		else if (matches(subsystem, "nvme*"))
			bus = "nvme";
	}
	return bus;
}

/* "Vendor Model"; ATA disks have the vendor "ATA", which is left out. */
static char *join_model(const char *vendor, const char *model)
{
	if (!vendor || strcmp(vendor, "ATA") == 0)
		return model ? strdup(model) : NULL;
	return model ? text_format("%s %s", vendor, model) : strdup(vendor);
}

static char *read_model(const char *folder, const char *usb_folder)
{
	_cleanup_free_ char *model = read_text(folder, "device/model");
	_cleanup_free_ char *vendor = read_text(folder, "device/vendor");

	/* A PCI or virtio device's "vendor" is a number. */
	if (vendor && strncmp(vendor, "0x", 2) == 0) {
		free(vendor);
		vendor = NULL;
	}
	if (!model && usb_folder) {
		free(vendor);
		vendor = read_text(usb_folder, "manufacturer");
		model = read_text(usb_folder, "product");
	}
	if (!model && !vendor)
		model = read_text(folder, "device/name"); /* mmc */
	if (!model && !vendor)
		model = read_text(folder, "dm/name");
	return join_model(vendor, model);
}

static char *read_serial(const char *folder, const char *usb_folder)
{
	char *serial = usb_folder ? read_text(usb_folder, "serial") : NULL;

	if (!serial)
		serial = read_vpd_serial(folder);
	if (!serial)
		serial = read_text(folder, "device/serial"); /* nvme, mmc */
	if (!serial)
		serial = read_text(folder, "serial"); /* virtio */
	return serial;
}

/* Which device uses the disk as a part: the first of "holders". */
static char *read_holder(const char *syspath)
{
	_cleanup_free_ char *path = text_format("%s/holders", syspath);
	_cleanup_dir_ DIR *dir = path ? opendir(path) : NULL;

	for (struct dirent *entry = NULL; dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			return strdup(entry->d_name);
	return NULL;
}

static char *find_skip_reason(const char *syspath, const struct disk_device *disk)
{
	_cleanup_free_ char *holder = read_holder(syspath);

	if (holder)
		return text_format("part of %s", holder);
	if (matches(disk->name, "mmcblk*boot[0-9]"))
		return strdup("boot partition of an eMMC");
	/* A drive without a medium has no size either, but the probe gives the better reason. */
	if (disk->size_bytes == 0 && !disk->removable)
		return strdup("0 bytes");
	return NULL;
}

static bool is_nobodys(const char *name, const char *syspath)
{
	static const char *const patterns[] = { "ram[0-9]*", "loop[0-9]*", "zram[0-9]*",
						"mmcblk*rpmb" };

	for (size_t i = 0; i < ELEMENTS(patterns); i++)
		if (matches(name, patterns[i]))
			return true;
	return read_number(syspath, "hidden") != 0;
}

int disk_attributes_read(const char *syspath, struct disk_device *ret_disk)
{
	_cleanup_(disk_device_done) struct disk_device disk = {};
	_cleanup_free_ char *folder = NULL, *usb_folder = NULL;
	const char *bus = NULL;

	if (is_nobodys(base_name(syspath), syspath))
		return 0;
	disk.name = strdup(base_name(syspath));
	folder = strdup(syspath);
	if (!disk.name || !folder)
		return -ENOMEM;
	/* The kernel writes '/' as '!' there (cciss!c0d0). */
	for (char *c = disk.name; *c; c++)
		if (*c == '!')
			*c = '/';
	if (exists(syspath, "partition") && to_parent(folder)) {
		disk.parent = strdup(base_name(folder));
		if (!disk.parent)
			return -ENOMEM;
		if (is_nobodys(disk.parent, folder))
			return 0;
	}
	bus = find_bus(folder, &usb_folder);
	if (bus) {
		disk.bus = strdup(bus);
		if (!disk.bus)
			return -ENOMEM;
	}
	disk.model = read_model(folder, usb_folder);
	disk.serial = read_serial(folder, usb_folder);
	disk.path = disk_path_read(syspath);
	disk.removable = read_number(folder, "removable") != 0;
	disk.readonly = read_number(syspath, "ro") != 0;
	disk.size_bytes = read_number(syspath, "size") * SECTOR_BYTES;
	disk.skipped = find_skip_reason(syspath, &disk);
	*ret_disk = disk;
	disk = (struct disk_device){};
	return 1;
}

void disk_device_done(struct disk_device *disk)
{
	free(disk->name);
	free(disk->node);
	free(disk->parent);
	free(disk->model);
	free(disk->serial);
	free(disk->path);
	free(disk->bus);
	free(disk->label);
	free(disk->type);
	free(disk->uuid);
	free(disk->skipped);
	*disk = (struct disk_device){};
}

bool disk_device_equal(const struct disk_device *a, const struct disk_device *b)
{
	return text_equal(a->name, b->name) && text_equal(a->node, b->node) &&
	       text_equal(a->parent, b->parent) && text_equal(a->model, b->model) &&
	       text_equal(a->serial, b->serial) && text_equal(a->path, b->path) &&
	       text_equal(a->bus, b->bus) && text_equal(a->label, b->label) &&
	       text_equal(a->type, b->type) && text_equal(a->uuid, b->uuid) &&
	       a->loaded == b->loaded && text_equal(a->skipped, b->skipped) &&
	       a->size_bytes == b->size_bytes && a->removable == b->removable &&
	       a->readonly == b->readonly;
}

/* The PCI address of the NIC's own function. A USB NIC's controller does not count. */
static char *find_pci_path(const char *syspath)
{
	_cleanup_free_ char *folder = strdup(syspath);

	while (folder && to_parent(folder)) {
		if (is_in_subsystem(folder, "usb"))
			return NULL;
		if (is_in_subsystem(folder, "pci"))
			return strdup(base_name(folder));
	}
	return NULL;
}

bool nic_link_read(const char *syspath)
{
	return read_number(syspath, "carrier") == 1;
}

int nic_attributes_read(const char *syspath, struct nic_device *ret_nic)
{
	if (!exists(syspath, "device"))
		return 0;
	char *name = strdup(base_name(syspath));

	if (!name)
		return -ENOMEM;
	*ret_nic = (struct nic_device){
		.name = name,
		.driver = read_link_name(syspath, "device/driver"),
		.mac = read_text(syspath, "address"),
		.pci_path = find_pci_path(syspath),
		.link = nic_link_read(syspath),
		.wireless = exists(syspath, "wireless") || exists(syspath, "phy80211"),
	};
	return 1;
}

void nic_device_done(struct nic_device *nic)
{
	free(nic->name);
	free(nic->driver);
	free(nic->mac);
	free(nic->pci_path);
	*nic = (struct nic_device){};
}
