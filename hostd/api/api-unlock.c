// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Console.Unlock: a connection that may act, for who knows the console password.
#include "api-internal.h"
#include "host/host-unlock.h"

static void on_unlocked(const struct error *error, void *userdata)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = userdata;
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (error) {
		(void)api_reply_error(link, 0, error);
		return;
	}
	r = api_connect_acting(sd_varlink_get_userdata(link), &fd);
	if (r >= 0)
		r = api_reply_fd(link, &fd);
	if (r < 0)
		(void)sd_varlink_close(link);
}

API_METHOD_DEFINE(api_method_unlock)
{
	static const sd_json_dispatch_field fields[] = {
		{ "password", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(sd_varlink_unrefp) sd_varlink *waiting = NULL;
	const char *password = NULL;
	int r = 0;

	(void)sd_varlink_set_input_sensitive(link);
	r = sd_varlink_dispatch(link, parameters, fields, &password);
	if (r != 0)
		return r;
	waiting = sd_varlink_ref(link);
	r = host_unlock(api->host, password, on_unlocked, waiting, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	(void)take_ptr(waiting);
	return 0;
}
