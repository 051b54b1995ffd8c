// SPDX-License-Identifier: GPL-2.0-or-later
// Which disk is meant, whether it may be had, and the answer when it is formatted.
#include "host-format.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "host-internal.h"
#include "host-job.h"
#include "host-volumes.h"
#include "storage/disk/disk-format.h"
#include "storage/disk/disk-use.h"

struct host_formatting {
	struct host *host;
	host_formatted_t done;
	void *userdata;
	char *serial;
	struct disk_format_job *work;
	struct job *job; /* weak, or NULL */
};

static void formatting_free(struct host_formatting *formatting)
{
	if (!formatting)
		return;
	disk_format_cancel(formatting->work);
	free(formatting->serial);
	free(formatting);
}
DEFINE_CLEANUP(struct host_formatting *, formatting_free);

static void on_done(int r, const char *why, void *userdata)
{
	_cleanup_(formatting_freep) struct host_formatting *formatting = userdata;
	_cleanup_(error_done) struct error error = {};

	formatting->work = NULL;
	formatting->host->formatting = NULL;
	if (r < 0 && why)
		(void)error_set(&error, error_kind_of(r), "%s", why);
	if (error_take(&error, r, NULL) < 0)
		log_error("data", "disk %s is not formatted: %s", formatting->serial, error.reason);
	else
		log_notice("data", "disk %s is formatted as a data volume", formatting->serial);
	job_end(take_ptr(formatting->job), &error);
	formatting->done(r < 0 ? &error : NULL, formatting->userdata);
}

bool host_is_formatting(const struct host *host)
{
	return host->formatting;
}

void host_format_cancel(struct host *host)
{
	_cleanup_(formatting_freep) struct host_formatting *formatting = take_ptr(host->formatting);
	_cleanup_(error_done) struct error error = {};

	if (!formatting)
		return;
	(void)error_set(&error, ERROR_NOT_NOW, "hostd ends");
	job_end(take_ptr(formatting->job), &error);
	formatting->done(&error, formatting->userdata);
}

/* The one whole disk of that serial, or NULL. */
static const struct disk_device *find_disk(const struct host *host, const char *serial,
					   struct error *error)
{
	size_t count = 0, found = 0;
	const struct disk_device *disks = NULL, *disk = NULL;

	if (host->devices)
		disks = devices_disks(host->devices, &count);
	for (size_t i = 0; i < count; i++)
		if (!disks[i].parent && disks[i].node && *serial &&
		    text_equal(disks[i].serial, serial)) {
			disk = &disks[i];
			found++;
		}
	if (found == 1)
		return disk;
	if (found == 0)
		(void)error_set(error, ERROR_NOT_FOUND,
				"there is no disk with the serial \"%s\": see `mvirt devices`",
				serial);
	else
		(void)error_set(error, ERROR_INVALID,
				"%zu disks have the serial \"%s\": none is touched", found, serial);
	return NULL;
}

/* Whether the disk may be touched at all, whatever was asked for. */
static int check_disk(const struct host *host, const struct disk_device *disk,
		      const char **ret_uuid, struct error *error)
{
	struct data_volume_status volume = {};
	char *use = NULL;
	int r = 0;

	if (host->data_volume)
		data_volume_get_status(host->data_volume, &volume);
	if (volume.phase == DATA_VOLUME_MOUNTED || volume.phase == DATA_VOLUME_CHECKING)
		return error_set(error, ERROR_EXISTS,
				 "there is a data volume already, on %s: the host uses one",
				 volume.device ? volume.device : "?");
	r = host_check_format(host, disk->name, ret_uuid, error);
	if (r < 0)
		return r;
	if (disk->readonly)
		return error_set(error, ERROR_DENIED, "%s is read-only", disk->node);
	if (disk->size_bytes == 0)
		return error_set(error, ERROR_NOT_NOW, "%s has no medium", disk->node);
	r = disk_use_check(&disk_use_paths, disk->name, &use);
	return error_take(error, r, use);
}

static int start(struct host *host, const struct disk_format_target *target, const char *serial,
		 host_formatted_t done, void *userdata, struct error *error)
{
	_cleanup_(formatting_freep) struct host_formatting *formatting =
		calloc(1, sizeof(*formatting));
	const struct job_spec spec = {
		.kind = "format",
		.subject = serial,
		.abandoned = "the disk may be half formatted: format it again",
	};
	int r = 0;

	if (!formatting)
		return -ENOMEM;
	*formatting = (struct host_formatting){
		.host = host, .done = done, .userdata = userdata, .serial = strdup(serial)
	};
	if (!formatting->serial)
		return -ENOMEM;
	r = disk_format_start(host->event, target, on_done, formatting, &formatting->work);
	if (r < 0)
		return error_prefix(error, r, "%s", target->node);
	log_notice("data", "formatting %s (disk %s)%s", target->node, serial,
		   target->erase ? ", with what is on it" : "");
	formatting->job = host_begin_job(host, &spec);
	host->formatting = take_ptr(formatting);
	return 0;
}

int host_format_disk(struct host *host, const struct host_format_request *request,
		     host_formatted_t done, void *userdata, struct error *error)
{
	const struct disk_device *disk = find_disk(host, request->serial, error);
	struct disk_format_target target = { .erase = request->erase };
	int r = 0;

	if (!disk)
		return -ENOENT;
	if (request->erase && !text_equal(request->serial, request->confirm_serial))
		return error_set(error, ERROR_INVALID,
				 "to erase a disk its serial has to be given twice, and the two "
				 "are not the same");
	if (host->formatting)
		return error_set(error, ERROR_BUSY, "disk %s is being formatted",
				 host->formatting->serial);
	r = check_disk(host, disk, &target.uuid, error);
	if (r < 0)
		return r;
	target.node = disk->node;
	target.size_bytes = disk->size_bytes;
	return start(host, &target, disk->serial, done, userdata, error);
}
