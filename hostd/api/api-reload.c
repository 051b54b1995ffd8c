// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.ReloadDaemon: another hostd, and the answer before this one ends.
#include "api-internal.h"
#include "base/log.h"

struct api_reload {
	sd_varlink *link; /* owned; NULL: nobody waits for the answer */
};

void api_reload_free(struct api_reload *reload)
{
	if (!reload)
		return;
	sd_varlink_unref(reload->link);
	free(reload);
}
DEFINE_CLEANUP(struct api_reload *, api_reload_free);

static void on_done(int error, const char *text, void *userdata)
{
	struct api *api = userdata;
	_cleanup_(api_reload_freep) struct api_reload *reload = take_ptr(api->reload);
	struct json_builder answer = {};

	if (error < 0)
		log_warning("host", "hostd is not replaced: %s", text);
	else
		log_notice("host", "%s takes over", text);
	if (!reload || !reload->link)
		return;
	if (error < 0) {
		(void)api_client_refusef(reload->link, "hostd is not replaced: %s", text);
		return;
	}
	json_add_text(&answer, "version", text);
	(void)api_client_reply_object(reload->link, &answer);
}

static int begin(sd_varlink *link, struct api *api, int fd, bool oneway)
{
	const struct api_context *context = &api->context;
	_cleanup_(api_reload_freep) struct api_reload *reload = calloc(1, sizeof(*reload));
	_cleanup_free_ char *why = NULL;
	int r = 0;

	if (!reload)
		return -ENOMEM;
	reload->link = oneway ? NULL : sd_varlink_ref(link);
	r = context->operations.reload(fd, on_done, api, &why, context->userdata);
	if (r < 0)
		return api_client_refusef(link, "hostd is not replaced: %s",
					  why ? why : strerrordesc_np(-r));
	api->reload = take_ptr(reload);
	return 0;
}

int api_method_reload(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "fileDescriptor", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	struct api *api = userdata;
	_cleanup_fd_ int fd = -EBADF;
	unsigned int index = 0;
	int r = sd_varlink_dispatch(link, parameters, fields, &index);

	if (r != 0)
		return r;
	if (!api->context.operations.reload)
		return api_client_refuse(link, "this hostd cannot be replaced");
	if (api->reload)
		return api_client_refuse(link, "hostd is being replaced already");
	/* Both would be undone by its end. */
	if (api_is_being_created(api, NULL))
		return api_client_refuse(link, "a guest is being created: try again after that");
	if (api->formatting)
		return api_client_refuse(link, "a disk is being formatted: try again after that");
	fd = sd_varlink_take_fd(link, index);
	if (fd < 0)
		return api_client_refusef(link, "there is no file descriptor %u with the call",
					  index);
	return begin(link, api, fd, flags & SD_VARLINK_METHOD_ONEWAY);
}
