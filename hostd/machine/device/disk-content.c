// SPDX-License-Identifier: GPL-2.0-or-later
// libblkid's low-level probing: superblocks only, straight from the node, because there is no udev
// database.
#include "disk-content.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/cdrom.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine/loader.h"

#define AMBIVALENT (-2)

static void probe_done(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static int skip(struct disk_content *content, int error)
{
	if (error == ENOMEDIUM)
		(void)snprintf(content->skipped, sizeof(content->skipped), "no medium");
	else
		(void)snprintf(content->skipped, sizeof(content->skipped), "cannot be opened: %s",
			       strerror(error));
	return -error;
}

/* An optical drive opens without a medium only with O_NONBLOCK, and is then asked for its medium.
 */
int disk_content_open(const char *node, struct disk_content *content)
{
	_cleanup_fd_ int fd = -EBADF;
	bool optical = strncmp(node, "/dev/sr", strlen("/dev/sr")) == 0;

	fd = open(node, O_RDONLY | O_CLOEXEC | O_NOCTTY | (optical ? O_NONBLOCK : 0));
	if (fd < 0)
		return skip(content, errno);
	if (optical) {
		int status = ioctl(fd, CDROM_DRIVE_STATUS, CDSL_CURRENT);

		if (status == CDS_NO_DISC || status == CDS_TRAY_OPEN ||
		    status == CDS_DRIVE_NOT_READY)
			return skip(content, ENOMEDIUM);
	}
	return take_fd(&fd);
}

/* Labels have the file system's own character set; only control characters are replaced. */
static void copy_value(blkid_probe probe, const char *name, char *target, size_t size)
{
	const char *value = NULL;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) < 0 || !value)
		return;
	(void)snprintf(target, size, "%s", value);
	for (unsigned char *c = (unsigned char *)target; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
}

/* The probe owns the list. */
static bool has_loaders_partition(blkid_probe probe, const struct loader *loader)
{
	blkid_partlist list = blkid_probe_get_partitions(probe);
	int count = list ? blkid_partlist_numof_partitions(list) : 0;

	for (int i = 0; i < count; i++) {
		const char *uuid = blkid_partition_get_uuid(blkid_partlist_get_partition(list, i));

		if (uuid && loader_has_partition(loader, uuid))
			return true;
	}
	return false;
}

/* The firmware does not name a CD's partition, and a BIOS names nothing. */
static bool is_loaders_iso(const struct loader *loader, const struct disk_content *content)
{
	return loader->partition_uuids.count == 0 && loader->iso_uuid &&
	       strcmp(content->type, "iso9660") == 0 &&
	       strcmp(content->uuid, loader->iso_uuid) == 0;
}

void disk_content_read(int fd, const struct loader *loader, struct disk_content *content)
{
	_cleanup_(probe_done) blkid_probe probe = blkid_new_probe();
	int r = 0;

	if (!probe || blkid_probe_set_device(probe, fd, 0, 0) < 0) {
		(void)snprintf(content->skipped, sizeof(content->skipped), "cannot be read: %s",
			       strerror(errno));
		return;
	}
	content->size_bytes = (uint64_t)blkid_probe_get_size(probe);
	if (loader && loader->partition_uuids.count > 0 && has_loaders_partition(probe, loader))
		content->loaded = DISK_LOADED_PARTITION;
	(void)blkid_probe_enable_superblocks(probe, 1);
	(void)blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE |
							       BLKID_SUBLKS_UUID);
	r = blkid_do_safeprobe(probe);
	if (r == AMBIVALENT)
		(void)snprintf(content->skipped, sizeof(content->skipped),
			       "signatures of several file systems");
	else if (r < 0)
		(void)snprintf(content->skipped, sizeof(content->skipped), "cannot be read: %s",
			       strerror(errno));
	if (r != 0)
		return;
	copy_value(probe, "LABEL", content->label, sizeof(content->label));
	copy_value(probe, "TYPE", content->type, sizeof(content->type));
	copy_value(probe, "UUID", content->uuid, sizeof(content->uuid));
	if (loader && content->loaded == DISK_LOADED_NOT && is_loaders_iso(loader, content))
		content->loaded = DISK_LOADED_ISO;
}
