// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: what guests there are, and commands to them.
#include <string.h>

#include "api-interface.h"
#include "api-internal.h"

struct guest *api_guest_of_call(sd_varlink *link, const char *name, int *ret_error)
{
	struct api *api = sd_varlink_get_userdata(link);
	struct guest *guest = guests_find(api->context.guests, name);
	struct json_builder parameters = {};

	if (guest)
		return guest;
	json_add_text(&parameters, "name", name);
	*ret_error = api_client_error(link, API_ERROR_NO_SUCH_GUEST, &parameters);
	return NULL;
}

struct guest *api_guest_of_parameters(sd_varlink *link, sd_json_variant *parameters, int *ret_error)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	const char *name = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &name);

	if (r != 0) {
		*ret_error = r;
		return NULL;
	}
	return api_guest_of_call(link, name, ret_error);
}

static int method_list(sd_varlink *link, sd_json_variant *, sd_varlink_method_flags_t,
		       void *userdata)
{
	struct api *api = userdata;
	struct json_builder answer = {}, guests = {};

	for (size_t i = 0; i < guests_count(api->context.guests); i++) {
		sd_json_variant *guest = NULL;
		int r = api_build_guest(api->context.net, guests_at(api->context.guests, i),
					&guest);

		if (r < 0) {
			json_builder_done(&guests);
			return r;
		}
		json_append_variant(&guests, guest);
	}
	json_add_array(&answer, "guests", &guests);
	return api_client_reply_object(link, &answer);
}

int api_reply_guest(sd_varlink *link, const struct guest *guest)
{
	const struct api *api = sd_varlink_get_userdata(link);
	struct json_builder answer = {};
	sd_json_variant *object = NULL;
	int r = api_build_guest(api->context.net, guest, &object);

	if (r < 0)
		return r;
	json_add_variant(&answer, "guest", object);
	return api_client_reply_object(link, &answer);
}

static int method_get(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
		      void *)
{
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	return guest ? api_reply_guest(link, guest) : r;
}

static int command(sd_varlink *link, sd_json_variant *parameters,
		   int (*carry_out)(struct guest *guest, char **ret_why))
{
	_cleanup_free_ char *why = NULL;
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = carry_out(guest, &why);
	return r < 0 ? api_client_refuse_errno(link, r, why) : api_client_done(link);
}

/* The methods that are a command to a guest, and nothing else. */
#define COMMAND(name, carry_out)                                                                  \
	static int name(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t, \
			void *)                                                                   \
	{                                                                                         \
		return command(link, parameters, carry_out);                                      \
	}
COMMAND(method_start, guest_start)
COMMAND(method_stop, guest_stop)
COMMAND(method_kill, guest_kill)
COMMAND(method_restart, guest_restart)
COMMAND(method_pause, guest_pause)
COMMAND(method_resume, guest_resume)

int api_refuse_port(sd_varlink *link, const struct guest *guest, unsigned int port)
{
	unsigned int count = guest_config(guest)->serial_ports;

	return api_client_refusef(link,
				  "guest %s has %u serial port%s, counted from 1: there is no %u",
				  guest_config(guest)->name, count, count == 1 ? "" : "s", port);
}

static int method_log(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
		      void *)
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
	return api_client_reply_object(link, &answer);
}

static int method_display(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
			  void *)
{
	struct json_builder answer = {};
	_cleanup_fd_ int fd = -EBADF;
	int r = 0, index = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = guest_open_display(guest, &fd);
	if (r == -ESRCH)
		return api_client_refusef(link, "guest %s is not running",
					  guest_config(guest)->name);
	if (r == -EOPNOTSUPP)
		return api_client_refusef(link,
					  "guest %s runs without a display: display = \"vnc\"",
					  guest_config(guest)->name);
	if (r < 0)
		return api_client_refuse_errno(link, r, NULL);
	index = sd_varlink_push_fd(link, fd);
	if (index < 0)
		return index;
	(void)take_fd(&fd);
	json_add_unsigned(&answer, "fileDescriptor", (uint64_t)index);
	return api_client_reply_object(link, &answer);
}

int api_guest_bind(sd_varlink_server *server)
{
	return api_bind(server, "io.mvirt.Guest.List", method_list, "io.mvirt.Guest.Get",
			method_get, "io.mvirt.Guest.Start", method_start, "io.mvirt.Guest.Stop",
			method_stop, "io.mvirt.Guest.Kill", method_kill, "io.mvirt.Guest.Restart",
			method_restart, "io.mvirt.Guest.Pause", method_pause,
			"io.mvirt.Guest.Resume", method_resume, "io.mvirt.Guest.Medium",
			api_method_medium, "io.mvirt.Guest.Display", method_display,
			"io.mvirt.Guest.Log", method_log, "io.mvirt.Guest.Stats", api_method_stats,
			"io.mvirt.Guest.Console", api_method_console, "io.mvirt.Guest.Subscribe",
			api_method_subscribe);
}
