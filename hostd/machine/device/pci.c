// SPDX-License-Identifier: GPL-2.0-or-later
// sysfs's PCI devices. Names are made of the vendor and of the class code: a list of all devices is
// a megabyte.
#include "pci.h"

#include <fcntl.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"

/* Class codes (PCI Code and ID Assignment 1.11); a subclass of -1 is every other. */
static const struct {
	unsigned int class;
	int subclass;
	const char *name;
} kinds[] = {
	{ 0x01, 0x04, "RAID controller" },
	{ 0x01, 0x06, "SATA controller" },
	{ 0x01, 0x07, "SAS controller" },
	{ 0x01, 0x08, "NVMe disk" },
	{ 0x01, -1, "storage controller" },
	{ 0x02, 0x00, "Ethernet controller" },
	{ 0x02, 0x07, "InfiniBand controller" },
	{ 0x02, 0x80, "network controller (wireless?)" },
	{ 0x02, -1, "network controller" },
	{ 0x0c, 0x03, "USB controller" },
	{ 0x0c, 0x04, "Fibre Channel controller" },
	{ 0x0d, -1, "wireless controller" },
};

/* Lines "8086 Intel", made of pci.ids by os/make-pci-vendors; each begins after a line's end. */
static const char vendors[] =
#include "pci-vendors.h"
	;

static const char *kind_of(unsigned int class_code)
{
	for (size_t i = 0; i < ELEMENTS(kinds); i++)
		if (kinds[i].class == class_code >> 16 &&
		    (kinds[i].subclass < 0 ||
		     (unsigned int)kinds[i].subclass == (class_code >> 8 & 0xff)))
			return kinds[i].name;
	return NULL;
}

/* "Intel ", or "" for one that is not in the list; or NULL. To be freed. */
static char *vendor_of(unsigned int id)
{
	char line[] = "\n0000 ";
	const char *found = NULL;

	(void)snprintf(line, sizeof(line), "\n%04x ", id & 0xffff);
	found = strstr(vendors, line);
	if (!found)
		return strdup("");
	found += strlen(line);
	return text_format("%.*s ", (int)strcspn(found, "\n"), found);
}

/* Returns whether the attribute exists, as "0x1af4". */
static bool read_number(int folder_fd, const char *name, unsigned int *ret_value)
{
	_cleanup_free_ char *text = NULL;

	return file_read_line(folder_fd, name, &text) == 0 && sscanf(text, "0x%6x", ret_value) == 1;
}

/* Returns 1 for a device without a driver, 0 for another, or -ENOMEM. */
static int examine(int devices_fd, const char *path, struct pci_device *ret_device)
{
	_cleanup_fd_ int fd = openat(devices_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned int class_code = 0, vendor = 0, device = 0;
	_cleanup_free_ char *vendor_name = NULL;
	const char *kind = NULL;
	struct pci_device found = {};

	if (fd < 0 || faccessat(fd, "driver", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    !read_number(fd, "class", &class_code) || !read_number(fd, "vendor", &vendor) ||
	    !read_number(fd, "device", &device))
		return 0;
	kind = kind_of(class_code);
	if (!kind)
		return 0;
	vendor_name = vendor_of(vendor);
	(void)snprintf(found.id, sizeof(found.id), "%04x:%04x", vendor & 0xffff, device & 0xffff);
	found.path = strdup(path);
	found.name = vendor_name ? text_format("%s%s", vendor_name, kind) : NULL;
	if (!found.path || !found.name) {
		free(found.path);
		free(found.name);
		return -ENOMEM;
	}
	*ret_device = found;
	return 1;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct pci_device *)a)->path, ((const struct pci_device *)b)->path);
}

void pci_devices_free(struct pci_device *devices, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(devices[i].path);
		free(devices[i].name);
	}
	free(devices);
}

int pci_find_driverless(const char *root, struct pci_device **ret_devices, size_t *ret_count)
{
	_cleanup_free_ char *folder = text_format("%s/sys/bus/pci/devices", root);
	_cleanup_dir_ DIR *dir = folder ? opendir(folder) : NULL;
	struct pci_device *devices = NULL;
	size_t count = 0;
	int r = 0;

	if (!dir)
		return folder ? -errno : -ENOMEM;
	for (struct dirent *entry = NULL; r >= 0 && (entry = readdir(dir));) {
		struct pci_device device = {};

		if (entry->d_name[0] == '.')
			continue;
		r = examine(dirfd(dir), entry->d_name, &device);
		if (r <= 0)
			continue;
		if (array_grow(devices, count) < 0) {
			free(device.path);
			free(device.name);
			r = -ENOMEM;
			break;
		}
		devices[count++] = device;
	}
	if (r < 0) {
		pci_devices_free(devices, count);
		return r;
	}
	if (count > 1)
		qsort(devices, count, sizeof(*devices), by_path);
	*ret_devices = devices;
	*ret_count = count;
	return 0;
}
