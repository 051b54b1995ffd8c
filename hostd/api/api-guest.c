// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: what guests there are, and commands to them.
#include "api-internal.h"
#include "host/host-command.h"

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

static int command(sd_varlink *link, sd_json_variant *parameters, enum host_command what)
{
	const struct api *api = sd_varlink_get_userdata(link);
	_cleanup_(error_done) struct error error = {};
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = host_command_guest(api->host, guest, what, &error);
	return api_reply_result(link, r, &error);
}

/* The methods that are a command to a guest, and nothing else. */
#define COMMAND(name, what)                             \
	API_METHOD_DEFINE(name)                         \
	{                                               \
		return command(link, parameters, what); \
	}
COMMAND(api_method_start, HOST_COMMAND_START)
COMMAND(api_method_stop, HOST_COMMAND_STOP)
COMMAND(api_method_kill, HOST_COMMAND_KILL)
COMMAND(api_method_restart, HOST_COMMAND_RESTART)
COMMAND(api_method_pause, HOST_COMMAND_PAUSE)
COMMAND(api_method_resume, HOST_COMMAND_RESUME)

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
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = host_open_display(api->host, guest, &fd, &error);
	return r < 0 ? api_reply_error(link, r, &error) : api_reply_fd(link, &fd);
}
