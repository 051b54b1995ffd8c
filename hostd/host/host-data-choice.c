// SPDX-License-Identifier: GPL-2.0-or-later
// The data volume's file system, chosen when the guests and their disks are known; and which disk
// may become one.
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"
#include "host-volumes-internal.h"
#include "storage/disk/disk-use.h"
#include "storage/volume/volume-choice.h"

/* For the next hostd of this boot: why none is used. */
#define DATA_REFUSED "/run/mvirt/data-refused"
#define DATA_ADVICE                                                                             \
	"Name the right one in mvirt.conf, data-volume = \"UUID\", or take out the other; and " \
	"reboot"

static void refuse_data(struct host *host, const char *why)
{
	struct data_volume_status status = {};
	int r = 0;

	data_volume_get_status(host->data_volume, &status);
	if (status.phase == DATA_VOLUME_FAILED && text_equal(status.why, why))
		return;
	data_volume_refuse(host->data_volume, why);
	if (!host->volumes.data_why)
		return;
	r = file_replace(AT_FDCWD, DATA_REFUSED, why, strlen(why), 0600);
	if (r < 0)
		log_warning("data", "that none is used cannot be kept: %s", strerror(-r));
}

static size_t list_data(const struct host *host, const struct volumes_disks *disks,
			const struct text_list *claims, struct volume_candidate *candidates)
{
	const char *loading = volumes_loading_disk(host);
	size_t count = 0;

	for (size_t i = 0; i < disks->count; i++) {
		const struct disk_claim_device *disk = &disks->items[i];

		if (volumes_is_data(disk))
			candidates[count++] = (struct volume_candidate){
				.node = disk->node,
				.uuid = disk->uuid,
				.loaded = loading && text_equal(volumes_whole_disk(disk), loading),
				.claimed = volumes_find_claim(claims, disk, disks),
			};
	}
	return count;
}

static bool has_loaded(const struct volume_candidate *candidates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (candidates[i].loaded)
			return true;
	return false;
}

/* Before the disks have settled only one that no later one can compete with is chosen. */
static bool may_choose(const struct host *host, const struct volume_candidate *candidates,
		       size_t count)
{
	return host->volumes.settled || host->config->data_volume || has_loaded(candidates, count);
}

static void offer_data(struct host *host, const struct volumes_disks *disks, const char *node,
		       const char *changed)
{
	struct data_volume_status status = {};

	data_volume_get_status(host->data_volume, &status);
	/* One that has failed is tried again when it is another than before. */
	if (status.phase == DATA_VOLUME_FAILED && text_equal(status.device, node) &&
	    !text_equal(changed, node))
		return;
	for (size_t i = 0; i < disks->count; i++)
		if (text_equal(disks->items[i].node, node))
			(void)data_volume_offer(host->data_volume, node, disks->items[i].label,
						disks->items[i].type);
}

/* changed is the node of a disk that is new, or NULL. */
static int choose_data(struct host *host, const char *changed)
{
	const struct volume_wish wish = { .label = DATA_VOLUME_LABEL,
					  .uuid = host->config->data_volume,
					  .advice = DATA_ADVICE };
	_cleanup_(text_list_done) struct text_list claims = {};
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};
	_cleanup_free_ struct volume_candidate *candidates = NULL;
	_cleanup_free_ char *why = NULL;
	size_t count = 0, index = 0;
	int r = volumes_list_disks(host, &disks);

	if (r >= 0)
		r = volumes_list_claims(host, &claims);
	candidates = r < 0 ? NULL : calloc(disks.count + 1, sizeof(*candidates));
	if (!candidates)
		return -ENOMEM;
	count = list_data(host, &disks, &claims, candidates);
	if (!may_choose(host, candidates, count))
		return 0;
	/* A guest that has made the dispute would have its own volume believed. */
	if (host->volumes.config_disputed && count > 0 && !has_loaded(candidates, count))
		why = text_format("%s is not used: there are several mvirt.conf, and only the "
				  "right one says which disks are guests'",
				  candidates[0].node);
	else
		r = volume_choose(&wish, candidates, count, &index, &why);
	if (r == 0 && !why)
		offer_data(host, &disks, candidates[index].node, changed);
	if (r == -ENOTUNIQ)
		host->volumes.data_why = strdup(why);
	if (why && host->volumes.settled)
		refuse_data(host, why);
	return 0;
}

/* Once two were there, one of them alone is not believed either: it may be the wrong one that is
 * left. */
void volumes_consider_data(struct host *host, const char *changed)
{
	struct data_volume_status status = {};
	int r = 0;

	if (!host->guests || host->stopping)
		return;
	data_volume_get_status(host->data_volume, &status);
	if (status.phase == DATA_VOLUME_MOUNTED || status.phase == DATA_VOLUME_CHECKING)
		return;
	if (host->volumes.data_why) {
		refuse_data(host, host->volumes.data_why);
		return;
	}
	r = choose_data(host, changed);
	if (r < 0)
		log_error("data", "no data volume can be chosen: %s", strerror(-r));
}

static void settle(struct host *host)
{
	host->volumes.settled = true;
	host->volumes.settling = sd_event_source_disable_unref(host->volumes.settling);
	volumes_consider_data(host, NULL);
	data_volume_settle(host->data_volume);
}

static int on_settling(sd_event_source *source, uint64_t usec [[maybe_unused]], void *userdata)
{
	struct host *host = userdata;

	if (!volumes_are_settled(host)) {
		(void)sd_event_source_set_time_relative(source, VOLUMES_STEP_MS * 1000);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	settle(host);
	return 0;
}

void volumes_start_data(struct host *host)
{
	int r = 0;

	(void)file_read_line(AT_FDCWD, DATA_REFUSED, &host->volumes.data_why);
	if (volumes_are_settled(host)) {
		settle(host);
		return;
	}
	volumes_consider_data(host, NULL);
	r = sd_event_add_time_relative(host->event, &host->volumes.settling, CLOCK_MONOTONIC,
				       VOLUMES_STEP_MS * 1000, 0, on_settling, host);
	if (r < 0) {
		log_error("data", "the disks are not waited for: %s", strerror(-r));
		settle(host);
	}
}

/* --- formatting --- */

static const struct disk_claim_device *find_disk(const struct volumes_disks *disks,
						 const char *name)
{
	for (size_t i = 0; i < disks->count; i++)
		if (text_equal(disks->items[i].name, name))
			return &disks->items[i];
	return NULL;
}

/* Another volume that would be a candidate beside the new one. */
static const struct disk_claim_device *find_other_data(const struct host *host,
						       const struct disk_claim_device *disk,
						       const struct text_list *claims,
						       const struct volumes_disks *disks)
{
	const char *named = host->config->data_volume;

	for (size_t i = 0; i < disks->count; i++) {
		const struct disk_claim_device *other = &disks->items[i];

		if (volumes_is_data(other) && !text_equal(volumes_whole_disk(other), disk->name) &&
		    !volumes_find_claim(claims, other, disks) &&
		    (!named || (other->uuid && strcasecmp(other->uuid, named) == 0)))
			return other;
	}
	return NULL;
}

static int check_format(const struct host *host, const struct disk_claim_device *disk,
			const struct volumes_disks *disks, struct error *error)
{
	_cleanup_(text_list_done) struct text_list claims = {};
	const struct disk_claim_device *other = NULL;
	const char *claim = NULL;
	char *why = NULL;
	int r = disk_claim_check_boot(&disk_use_paths, disk, config_volume_device(host->volume),
				      disks->items, disks->count, &why);

	if (r < 0)
		return why ? error_take(error, r, why) : error_prefix(error, r, "%s", disk->node);
	/* It would be used in the next boot only. */
	if (host->volumes.data_why)
		return error_set(error, ERROR_NOT_NOW, "%s", host->volumes.data_why);
	if (host->volumes.config_disputed)
		return error_set(error, ERROR_NOT_NOW,
				 "there are several mvirt.conf, so that it would not be used");
	if (volumes_list_claims(host, &claims) < 0)
		return -ENOMEM;
	claim = volumes_find_claim(&claims, disk, disks);
	if (claim)
		return error_set(error, ERROR_BUSY,
				 "%s is a guest's (%s): a data volume on it would not be used",
				 disk->node, claim);
	other = find_other_data(host, disk, &claims, disks);
	if (other)
		return error_set(error, ERROR_EXISTS,
				 "%s is labelled " DATA_VOLUME_LABEL
				 " already: with two of them none would be used. Take it out, or "
				 "format that disk",
				 other->node);
	return 0;
}

int host_check_format(const struct host *host, const char *disk, const char **ret_uuid,
		      struct error *error)
{
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};
	const struct disk_claim_device *found = NULL;

	if (volumes_list_disks(host, &disks) < 0)
		return -ENOMEM;
	found = find_disk(&disks, disk);
	if (!found)
		return error_set(error, ERROR_NOT_FOUND, "%s is gone", disk);
	*ret_uuid = host->config->data_volume;
	return check_format(host, found, &disks, error);
}
