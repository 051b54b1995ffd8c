// SPDX-License-Identifier: GPL-2.0-or-later
// Disks and file systems on them, and what is known of both.
#include "host-volumes-internal.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "machine/device/usb-disks.h"

/*
 * Disks inside the machine are known when hostd starts: the kernel has waited for them. A USB stick
 * is found a second or two later. Nothing is settled before the one, and everything after the
 * other.
 */
#define SETTLED_EARLIEST_USEC UINT64_C(2500000)
#define SETTLED_LATEST_USEC UINT64_C(4000000)

bool volumes_are_awaited(const struct host *host)
{
	return clock_usec(CLOCK_MONOTONIC) - host->volumes.begun_usec < SETTLED_LATEST_USEC;
}

bool volumes_are_settled(const struct host *host)
{
	return !volumes_are_awaited(host) ||
	       (clock_usec(CLOCK_MONOTONIC) - host->volumes.begun_usec >= SETTLED_EARLIEST_USEC &&
		!devices_is_probing(host->devices) && !usb_disks_awaited(""));
}

void host_volumes_done(struct volumes *volumes)
{
	sd_event_source_disable_unref(volumes->settling);
	text_list_done(&volumes->claims);
	free(volumes->config_uuid);
	free(volumes->config_why);
	free(volumes->data_why);
}

/* --- disks --- */

struct disk_claim_device *host_list_disks(const struct host *host, size_t *ret_count)
{
	const struct disk_device *disks = devices_disks(host->devices, ret_count);
	struct disk_claim_device *list = calloc(*ret_count + 1, sizeof(*list));

	for (size_t i = 0; list && i < *ret_count; i++)
		list[i] =
			(struct disk_claim_device){ .name = disks[i].name,
						    .node = disks[i].node,
						    .parent = disks[i].parent,
						    .serial = disks[i].serial,
						    .path = disks[i].path,
						    .type = disks[i].type,
						    .label = disks[i].label,
						    .uuid = disks[i].uuid,
						    .loaded = disks[i].loaded != DISK_LOADED_NOT };
	return list;
}

void volumes_disks_done(struct volumes_disks *disks)
{
	free(disks->items);
}

int volumes_list_disks(const struct host *host, struct volumes_disks *ret_disks)
{
	ret_disks->items = host_list_disks(host, &ret_disks->count);
	return ret_disks->items ? 0 : -ENOMEM;
}

const char *volumes_whole_disk(const struct disk_claim_device *disk)
{
	return disk->parent ? disk->parent : disk->name;
}

/*
 * The one disk that has the partition which the firmware names, or NULL. Of two with that partition
 * one is a copy; and what only holds our ISO may be a copy too: these come before nobody.
 */
const char *volumes_loading_disk(const struct host *host)
{
	size_t count = 0;
	const struct disk_device *disks = devices_disks(host->devices, &count);
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (disks[i].loaded != DISK_LOADED_PARTITION)
			continue;
		if (found)
			return NULL;
		found = disks[i].name;
	}
	return found;
}

bool volumes_is_config(const struct host *host, const struct disk_claim_device *disk)
{
	/* FAT labels know no case. */
	return disk->label && strcasecmp(disk->label, host->config_label) == 0 &&
	       text_equal(disk->type, "vfat");
}

bool volumes_is_data(const struct disk_claim_device *disk)
{
	return text_equal(disk->label, DATA_VOLUME_LABEL) &&
	       (text_equal(disk->type, "ext4") || text_equal(disk->type, "xfs"));
}

const char *volumes_find_claim(const struct text_list *claims, const struct disk_claim_device *disk,
			       const struct volumes_disks *disks)
{
	for (size_t i = 0; i < claims->count; i++)
		if (disk_claim_gives(claims->items[i], disk, disks->items, disks->count))
			return claims->items[i];
	return NULL;
}

/* --- what guests have --- */

static int add_devices(const struct guest_config *config, struct text_list *claims)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && config && i < config->disk_count; i++)
		if (config->disks[i].device)
			r = text_list_add(claims, config->disks[i].device);
	return r;
}

int volumes_list_claims(const struct host *host, struct text_list *claims)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < host->volumes.claims.count; i++)
		r = text_list_add(claims, host->volumes.claims.items[i]);
	for (size_t i = 0; r >= 0 && host->guests && i < guests_count(host->guests); i++) {
		const struct guest *guest = guests_at(host->guests, i);

		r = add_devices(guest_config(guest), claims);
		if (r >= 0)
			r = add_devices(guest_running_config(guest), claims);
	}
	return r;
}
