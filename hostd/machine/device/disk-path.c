// SPDX-License-Identifier: GPL-2.0-or-later
// Maps the folders on the way to a block device to the name of its place.
#include "disk-path.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define PCI_ADDRESS "[0-9a-f]*:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f].[0-7]"
#define USB_INTERFACE "[0-9]*-[0-9]*:[0-9]*.[0-9]*"
#define SCSI_DEVICE "[0-9]*:[0-9]*:[0-9]*:[0-9]*"

/* Found so far, from the controller to the disk. */
struct place {
	char controller[32]; /* "pci-0000:00:1f.2", of the last PCI device on the way */
	char link[64]; /* "-ata-1", "-usb-0:2:1.0", "-sas-0x5000c500a1b2c3d4", or "" */
	char unit[64]; /* "-scsi-0:0:0:0", ".0" behind ATA, "-lun-0" behind SAS, "-nvme-1" */
	bool ata, sas, virtio;
};

static bool matches(const char *name, const char *pattern)
{
	return fnmatch(pattern, name, 0) == 0;
}

static char *read_text(const char *folder, const char *format, const char *name)
{
	_cleanup_free_ char *file = NULL, *path = NULL;
	char *text = NULL;

	if (asprintf(&file, format, name) < 0)
		return NULL;
	path = text_format("%s/%s", folder, file);
	return path && file_read_line(AT_FDCWD, path, &text) >= 0 ? text : NULL;
}

/* The kernel numbers ports from 1 through all controllers; port_no is the controller's own. */
static void add_ata(struct place *place, const char *folder, const char *name)
{
	_cleanup_free_ char *port = read_text(folder, "ata_port/%s/port_no", name);

	place->ata = true;
	(void)snprintf(place->link, sizeof(place->link), "-ata-%s",
		       port ? port : name + strlen("ata"));
}

static void add_sas(struct place *place, const char *folder, const char *name)
{
	_cleanup_free_ char *address = read_text(folder, "sas_device/%s/sas_address", name);

	if (!address)
		return;
	place->sas = true;
	(void)snprintf(place->link, sizeof(place->link), "-sas-%s", address);
}

/* Host numbers depend on the order of the drivers, so each controller's first is called 0. */
static void add_scsi(struct place *place, const char *name)
{
	unsigned int host = 0, channel = 0, target = 0, lun = 0;

	if (sscanf(name, "%u:%u:%u:%u", &host, &channel, &target, &lun) != 4)
		return;
	if (place->ata)
		(void)snprintf(place->unit, sizeof(place->unit), ".%u", target);
	else if (place->sas)
		(void)snprintf(place->unit, sizeof(place->unit), "-lun-%u", lun);
	else
		(void)snprintf(place->unit, sizeof(place->unit), "-scsi-0:%u:%u:%u", channel,
			       target, lun);
}

static void add_nvme(struct place *place, const char *folder)
{
	_cleanup_free_ char *nsid = read_text(folder, "%s", "nsid");

	if (nsid)
		(void)snprintf(place->unit, sizeof(place->unit), "-nvme-%s", nsid);
}

static void add(struct place *place, const char *folder, const char *name)
{
	if (matches(name, PCI_ADDRESS))
		(void)snprintf(place->controller, sizeof(place->controller), "pci-%s", name);
	else if (matches(name, "ata[0-9]*"))
		add_ata(place, folder, name);
	else if (matches(name, "end_device-*"))
		add_sas(place, folder, name);
	else if (matches(name, USB_INTERFACE))
		(void)snprintf(place->link, sizeof(place->link), "-usb-0:%s",
			       strchr(name, '-') + 1);
	else if (matches(name, SCSI_DEVICE))
		add_scsi(place, name);
	else if (matches(name, "nvme[0-9]*n[0-9]*"))
		add_nvme(place, folder);
	else if (matches(name, "virtio[0-9]*"))
		place->virtio = true;
}

char *disk_path_read(const char *syspath)
{
	_cleanup_free_ char *folder = strdup(syspath), *partition = NULL;
	struct place place = {};

	if (!folder)
		return NULL;
	for (char *begin = folder; begin; begin = strchr(begin + 1, '/')) {
		char *end = strchr(begin + 1, '/');

		if (end)
			*end = '\0';
		add(&place, folder, begin + 1);
		if (end)
			*end = '/';
	}
	if (!*place.controller || (!*place.unit && !place.virtio))
		return NULL;
	partition = read_text(folder, "%s", "partition");
	return text_format("%s%s%s%s%s", place.controller, place.link, place.unit,
			   partition ? "-part" : "", partition ? partition : "");
}
