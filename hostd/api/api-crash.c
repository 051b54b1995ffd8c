// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.Crash: what earlier boots said when they panicked.
#include "api-internal.h"
#include "host/host-store.h"
#include "machine/crash.h"

static int answer(sd_varlink *link, const struct text_list *names, const char *name,
		  const char *text)
{
	struct json_builder object = {}, array = {};

	for (size_t i = 0; i < names->count; i++)
		json_append_text(&array, names->items[i]);
	json_add_array(&object, "names", &array);
	json_add_text(&object, "name", name);
	json_add_text(&object, "text", text);
	return api_reply_object(link, &object);
}

API_METHOD_DEFINE(api_method_crash)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_free_ char *text = NULL;
	const char *name = NULL;
	int root_fd = host_store_root(api->host, GUEST_ORIGIN_DATA);
	int r = sd_varlink_dispatch(link, parameters, fields, &name);

	if (r != 0)
		return r;
	r = crash_list("", root_fd, &names);
	if (r >= 0 && !name && names.count > 0)
		name = names.items[0];
	if (r >= 0 && name)
		r = crash_read("", root_fd, name, &text);
	if (r == -ENOENT)
		return api_reply_errorf(link, ERROR_NOT_FOUND, "no crash of the name %s is kept",
					name);
	if (r < 0)
		return api_reply_error(link, r, NULL);
	return answer(link, &names, name, text);
}
