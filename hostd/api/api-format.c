// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.FormatDisk: which disk is meant, whether it may be had, and the answer when it is
// done.
#include <string.h>

#include "api-internal.h"
#include "base/log.h"
#include "storage/disk/disk-format.h"
#include "storage/disk/disk-use.h"

struct api_formatting {
	struct api *api;
	sd_varlink *link; /* owned; NULL: nobody waits for the answer */
	char *serial;
	struct disk_format_job *job;
};

struct call {
	const char *serial, *confirm_serial;
	int erase; /* negative: null */
};

static void formatting_free(struct api_formatting *formatting)
{
	if (!formatting)
		return;
	disk_format_cancel(formatting->job);
	sd_varlink_unref(formatting->link);
	free(formatting->serial);
	free(formatting);
}
DEFINE_CLEANUP(struct api_formatting *, formatting_free);

void api_formatting_cancel(struct api *api)
{
	formatting_free(take_ptr(api->formatting));
}

static void on_done(int error, const char *why, void *userdata)
{
	_cleanup_(formatting_freep) struct api_formatting *formatting = userdata;

	formatting->job = NULL;
	formatting->api->formatting = NULL;
	if (error < 0)
		log_error("data", "disk %s is not formatted: %s", formatting->serial,
			  why ? why : strerrordesc_np(-error));
	else
		log_notice("data", "disk %s is formatted as a data volume", formatting->serial);
	if (!formatting->link)
		return;
	if (error < 0)
		(void)api_client_refuse_errno(formatting->link, error, why);
	else
		(void)api_client_done(formatting->link);
}

/* The one whole disk of that serial. Sends the refusal and returns NULL otherwise. */
static const struct disk_device *find_disk(sd_varlink *link, const struct api *api,
					   const char *serial, int *ret_error)
{
	size_t count = 0, found = 0;
	const struct disk_device *disks = NULL, *disk = NULL;

	if (api->context.devices)
		disks = devices_disks(api->context.devices, &count);
	for (size_t i = 0; i < count; i++)
		if (!disks[i].parent && disks[i].node && *serial &&
		    text_equal(disks[i].serial, serial)) {
			disk = &disks[i];
			found++;
		}
	if (found == 1)
		return disk;
	*ret_error =
		found == 0 ? api_client_refusef(link,
						"there is no disk with the serial \"%s\": see "
						"`mvirt devices`",
						serial)
			   : api_client_refusef(link,
						"%zu disks have the serial \"%s\": none is touched",
						found, serial);
	return NULL;
}

/* Why the disk is not touched, whatever was asked for: new string, or NULL when it may be. */
static char *reason_against(const struct api *api, const struct disk_device *disk,
			    const char **ret_uuid)
{
	const struct api_operations *operations = &api->context.operations;
	struct data_volume_status volume = {};
	_cleanup_free_ char *use = NULL;
	char *against = NULL;
	int r = 0;

	if (api->context.data_volume)
		data_volume_get_status(api->context.data_volume, &volume);
	if (volume.phase == DATA_VOLUME_MOUNTED || volume.phase == DATA_VOLUME_CHECKING)
		return text_format("there is a data volume already, on %s: the host uses one",
				   volume.device ? volume.device : "?");
	if (operations->check_format)
		against = operations->check_format(disk->name, ret_uuid, api->context.userdata);
	if (against)
		return against;
	if (disk->readonly)
		return text_format("%s is read-only", disk->node);
	if (disk->size_bytes == 0)
		return text_format("%s has no medium", disk->node);
	r = disk_use_check(&disk_use_paths, disk->name, &use);
	return r < 0 ? text_format("%s", use ? use : strerrordesc_np(-r)) : NULL;
}

static int start(sd_varlink *link, struct api *api, const struct disk_device *disk, bool erase,
		 const char *uuid, bool oneway)
{
	const struct disk_format_target target = {
		.node = disk->node, .size_bytes = disk->size_bytes, .erase = erase, .uuid = uuid
	};
	_cleanup_(formatting_freep) struct api_formatting *formatting =
		calloc(1, sizeof(*formatting));
	int r = 0;

	if (!formatting)
		return -ENOMEM;
	formatting->api = api;
	formatting->serial = strdup(disk->serial);
	if (!formatting->serial)
		return -ENOMEM;
	formatting->link = oneway ? NULL : sd_varlink_ref(link);
	r = disk_format_start(api->event, &target, on_done, formatting, &formatting->job);
	if (r < 0)
		return api_client_refusef(link, "%s: %s", disk->node, strerrordesc_np(-r));
	log_notice("data", "formatting %s (disk %s)%s", disk->node, disk->serial,
		   erase ? ", with what is on it" : "");
	api->formatting = take_ptr(formatting);
	return 0;
}

int api_method_format_disk(sd_varlink *link, sd_json_variant *parameters,
			   sd_varlink_method_flags_t flags, void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "serial", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, serial), SD_JSON_MANDATORY },
		{ "erase", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, erase), SD_JSON_NULLABLE },
		{ "confirmSerial", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, confirm_serial), SD_JSON_NULLABLE },
		{},
	};
	_cleanup_free_ char *against = NULL;
	struct call call = {};
	struct api *api = userdata;
	const struct disk_device *disk = NULL;
	const char *uuid = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	disk = find_disk(link, api, call.serial, &r);
	if (!disk)
		return r;
	if (call.erase > 0 && !text_equal(call.serial, call.confirm_serial))
		return api_client_refuse(link, "to erase a disk its serial has to be given twice, "
					       "and the two are not the same");
	if (api->formatting)
		return api_client_refusef(link, "disk %s is being formatted",
					  api->formatting->serial);
	against = reason_against(api, disk, &uuid);
	if (against)
		return api_client_refuse(link, against);
	return start(link, api, disk, call.erase > 0, uuid, flags & SD_VARLINK_METHOD_ONEWAY);
}
