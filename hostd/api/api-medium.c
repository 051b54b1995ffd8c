// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest.Medium: another medium in a drive, and the answer when QEMU has given its own.
#include "api-internal.h"
#include "host/host-command.h"

/* Freed by on_done(), which comes once, at the latest when the guest is let go. */
struct api_medium {
	struct api *api; /* NULL: it is gone */
	struct api_medium *next;
	sd_varlink *link; /* owned; NULL: nobody waits for the answer */
	char *name; /* of the guest */
};

static void medium_free(struct api_medium *medium)
{
	if (!medium)
		return;
	sd_varlink_unref(medium->link);
	free(medium->name);
	free(medium);
}
DEFINE_CLEANUP(struct api_medium *, medium_free);

static void unlink_medium(struct api_medium *medium)
{
	if (!medium->api)
		return;
	for (struct api_medium **link = &medium->api->media; *link; link = &(*link)->next)
		if (*link == medium) {
			*link = medium->next;
			break;
		}
	medium->api = NULL;
}

void api_media_forget(struct api *api)
{
	while (api->media) {
		struct api_medium *medium = api->media;

		unlink_medium(medium);
		medium->link = sd_varlink_unref(medium->link);
	}
}

static void on_done(const char *why, void *userdata)
{
	_cleanup_(medium_freep) struct api_medium *medium = userdata;

	unlink_medium(medium);
	if (!medium->link)
		return;
	if (why)
		(void)api_reply_errorf(medium->link, ERROR_FAILED, "guest %s: %s", medium->name,
				       why);
	else
		(void)api_reply_done(medium->link);
}

static int begin(sd_varlink *link, struct api *api, struct guest *guest, unsigned int drive,
		 const char *file, bool force, sd_varlink_method_flags_t flags)
{
	_cleanup_(medium_freep) struct api_medium *medium = calloc(1, sizeof(*medium));
	_cleanup_(error_done) struct error error = {};
	struct api_medium *begun = medium;
	int r = 0;

	if (!medium)
		return -ENOMEM;
	medium->name = strdup(guest_config(guest)->name);
	if (!medium->name)
		return -ENOMEM;
	medium->link = api_reply_later(link, flags);
	medium->api = api;
	medium->next = api->media;
	api->media = take_ptr(medium);
	r = host_change_medium(api->host, guest, drive, file, force, on_done, begun, &error);
	if (r >= 0)
		return 0;
	unlink_medium(begun);
	medium_free(begun);
	return api_reply_error(link, r, &error);
}

API_METHOD_DEFINE(api_method_medium)
{
	struct call {
		const char *name, *file;
		unsigned int drive;
		int force; /* negative: null */
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "drive", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint,
		  offsetof(struct call, drive), SD_JSON_MANDATORY },
		{ "file", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, file), SD_JSON_NULLABLE },
		{ "force", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, force), SD_JSON_NULLABLE },
		{},
	};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	return begin(link, userdata, guest, call.drive, call.file, call.force > 0, flags);
}
