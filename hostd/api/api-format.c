// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.FormatDisk, and the answer when it is done.
#include "api-internal.h"
#include "host/host-format.h"

static void on_formatted(const struct error *error, void *userdata)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = userdata;

	if (link)
		(void)api_reply_result(link, error ? -EIO : 0, error);
}

API_METHOD_DEFINE(api_method_format_disk)
{
	struct call {
		const char *serial, *confirm_serial;
		int erase; /* negative: null */
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "serial", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, serial), SD_JSON_MANDATORY },
		{ "erase", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, erase), SD_JSON_NULLABLE },
		{ "confirmSerial", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, confirm_serial), SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(sd_varlink_unrefp) sd_varlink *waiting = NULL;
	struct host_format_request request = {};
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	request = (struct host_format_request){ .serial = call.serial,
						.erase = call.erase > 0,
						.confirm_serial = call.confirm_serial };
	waiting = api_reply_later(link, flags);
	r = host_format_disk(api->host, &request, on_formatted, waiting, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	(void)take_ptr(waiting);
	return 0;
}
