// SPDX-License-Identifier: GPL-2.0-or-later
// The disks that are found, and who is offered them: the configuration, the data volume, guests.
#include "host-volumes-internal.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "machine/device/usb-disks.h"

/*
 * Disks inside the machine are known when hostd starts: the kernel has waited for them. A USB stick
 * is found a second or two later. Nothing is settled before the one, and everything after the
 * other.
 */
#define SETTLED_EARLIEST_USEC UINT64_C(2500000)
#define SETTLED_LATEST_USEC UINT64_C(4000000)

static uint64_t now_usec(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool volumes_are_awaited(const struct host *host)
{
	return now_usec() - host->volumes.begun_usec < SETTLED_LATEST_USEC;
}

bool volumes_are_settled(const struct host *host)
{
	return !volumes_are_awaited(host) ||
	       (now_usec() - host->volumes.begun_usec >= SETTLED_EARLIEST_USEC &&
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

/* --- devices --- */

static void consider_disk(struct host *host, const struct disk_claim_device *disk,
			  const struct volumes_disks *disks)
{
	struct data_volume_status status = {};

	volumes_consider_config(host, disk, disks);
	data_volume_get_status(host->data_volume, &status);
	/* Says what is wrong with it, or that there is one already. */
	if (text_equal(disk->label, DATA_VOLUME_LABEL) &&
	    (!volumes_is_data(disk) || status.phase == DATA_VOLUME_MOUNTED ||
	     status.phase == DATA_VOLUME_CHECKING))
		(void)data_volume_offer(host->data_volume, disk->node, disk->label, disk->type);
}

static void on_disk_added(const struct disk_device *added, void *userdata)
{
	struct host *host = userdata;
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};

	/* At the boot the disks are looked at when the guests are known. */
	if (!host->guests || volumes_list_disks(host, &disks) < 0)
		return;
	for (size_t i = 0; i < disks.count; i++)
		if (text_equal(disks.items[i].name, added->name))
			consider_disk(host, &disks.items[i], &disks);
	volumes_consider_data(host, added->node);
	guests_devices_changed(host->guests);
}

static void on_disk_removed(const char *name, void *userdata)
{
	struct host *host = userdata;

	(void)config_volume_remove(host->volume, name);
	(void)data_volume_remove(host->data_volume, name);
}

int host_find_disks(struct host *host)
{
	const struct devices_callbacks callbacks = {
		.disk_added = on_disk_added,
		.disk_removed = on_disk_removed,
		.userdata = host,
	};
	int r = 0;

	host->volumes.begun_usec = now_usec();
	r = devices_new(host->event, &host->loader, &callbacks, &host->devices);
	if (r < 0)
		return r;
	return volumes_find_config(host);
}

/* What was found before the guests were known. */
void host_offer_disks(struct host *host)
{
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};

	if (!host->data_volume)
		return;
	if (!host->devices || volumes_list_disks(host, &disks) < 0) {
		data_volume_settle(host->data_volume);
		return;
	}
	for (size_t i = 0; i < disks.count; i++)
		consider_disk(host, &disks.items[i], &disks);
	volumes_start_data(host);
}
