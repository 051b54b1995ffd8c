// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: what guests there are, and commands to them.
#include "api-internal.h"

API_METHOD_DEFINE(api_method_list)
{
	const struct api *api = userdata;
	const struct guests *all = host_guests(api->host);
	struct json_builder answer = {}, guests = {};

	for (size_t i = 0; i < guests_count(all); i++) {
		sd_json_variant *guest = NULL;
		int r = api_build_guest(host_net(api->host), guests_at(all, i), &guest);

		if (r < 0) {
			json_builder_done(&guests);
			return r;
		}
		json_append_variant(&guests, guest);
	}
	json_add_array(&answer, "guests", &guests);
	return api_reply_object(link, &answer);
}

API_METHOD_DEFINE(api_method_get)
{
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	return guest ? api_reply_guest(link, guest) : r;
}

static int command(sd_varlink *link, sd_json_variant *parameters,
		   int (*carry_out)(struct guest *guest, char **ret_why))
{
	_cleanup_(error_done) struct error error = {};
	char *why = NULL;
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = carry_out(guest, &why);
	if (error_take(&error, r, why) < 0 && error.kind == ERROR_NOT_NOW)
		error.state = guest_state_name(guest_state(guest));
	return api_reply_result(link, r, &error);
}

/* The methods that are a command to a guest, and nothing else. */
#define COMMAND(name, carry_out)                             \
	API_METHOD_DEFINE(name)                              \
	{                                                    \
		return command(link, parameters, carry_out); \
	}
COMMAND(api_method_start, guest_start)
COMMAND(api_method_stop, guest_stop)
COMMAND(api_method_kill, guest_kill)
COMMAND(api_method_restart, guest_restart)
COMMAND(api_method_pause, guest_pause)
COMMAND(api_method_resume, guest_resume)

API_METHOD_DEFINE(api_method_log)
{
	struct call {
		const char *name;
		unsigned int port;
	} call = { .port = 1 };
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "port", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint,
		  offsetof(struct call, port), SD_JSON_NULLABLE },
		{},
	};
	_cleanup_free_ char *data = NULL;
	struct json_builder answer = {};
	size_t length = 0;
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	r = guest_console_read(guest, (size_t)call.port - 1, &data, &length);
	if (r == -ENODEV)
		return api_refuse_port(link, guest, call.port);
	if (r < 0)
		return r;
	json_add_bytes(&answer, "data", data, length);
	return api_reply_object(link, &answer);
}

API_METHOD_DEFINE(api_method_display)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = guest_open_display(guest, &fd);
	if (r == -ESRCH)
		return api_reply_errorf(link, ERROR_NOT_NOW, "guest %s is not running",
					guest_config(guest)->name);
	if (r == -EOPNOTSUPP)
		return api_reply_errorf(link, ERROR_UNSUPPORTED,
					"guest %s runs without a display: display = \"vnc\"",
					guest_config(guest)->name);
	return r < 0 ? api_reply_error(link, r, NULL) : api_reply_fd(link, &fd);
}
