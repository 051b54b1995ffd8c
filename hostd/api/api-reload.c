// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.ReloadDaemon: another hostd, and the answer before this one ends.
#include "api-internal.h"
#include "host/host-replace.h"

static void on_replaced(const char *version, const struct error *error, void *userdata)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = userdata;
	struct json_builder answer = {};

	if (!link)
		return;
	if (error) {
		(void)api_reply_error(link, 0, error);
		return;
	}
	json_add_text(&answer, "version", version);
	(void)api_reply_object(link, &answer);
}

API_METHOD_DEFINE(api_method_reload)
{
	static const sd_json_dispatch_field fields[] = {
		{ "fileDescriptor", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(sd_varlink_unrefp) sd_varlink *waiting = NULL;
	_cleanup_fd_ int fd = -EBADF;
	unsigned int index = 0;
	int r = sd_varlink_dispatch(link, parameters, fields, &index);

	if (r != 0)
		return r;
	fd = sd_varlink_take_fd(link, index);
	if (fd < 0)
		return api_reply_errorf(link, ERROR_INVALID,
					"there is no file descriptor %u with the call", index);
	waiting = api_reply_later(link, flags);
	r = host_replace(api->host, fd, on_replaced, waiting, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	(void)take_ptr(waiting);
	return 0;
}
