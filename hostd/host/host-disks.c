// SPDX-License-Identifier: GPL-2.0-or-later
// The disks that are found, and who is offered them: the configuration, the data volume, guests.
#include "base/clock.h"
#include "host-volumes-internal.h"

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

	host->volumes.begun_usec = clock_usec(CLOCK_MONOTONIC);
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
