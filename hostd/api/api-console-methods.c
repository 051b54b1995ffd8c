// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Console: what the dashboard asks for and does beyond Host and Guest.
#include "api-console-methods.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "machine/device/pci.h"
#include "machine/firmware.h"

/* The kernel shows on its consoles what is below the first number. At 1 these are emergencies; an
 * oops and a panic raise it themselves. */
#define PRINTK "/proc/sys/kernel/printk"
#define LEVEL_QUIET "1"

static int refuse(sd_varlink *link, int error, const char *reason)
{
	struct json_builder parameters = {};

	json_add_text(&parameters, "reason", reason ? reason : strerror(-error));
	return api_client_error(link, "io.mvirt.Console.Refused", &parameters);
}

static int done(sd_varlink *link)
{
	struct json_builder nothing = {};

	return api_client_reply_object(link, &nothing);
}

static void add_driverless(struct json_builder *object)
{
	struct json_builder list = {};
	struct pci_device *devices = NULL;
	size_t count = 0;

	(void)pci_find_driverless("", &devices, &count);
	for (size_t i = 0; i < count; i++) {
		struct json_builder device = {};

		json_add_text(&device, "path", devices[i].path);
		json_add_text(&device, "id", devices[i].id);
		json_add_text(&device, "name", devices[i].name);
		json_append_object(&list, &device);
	}
	pci_devices_free(devices, count);
	json_add_array(object, "driverless", &list);
}

static void add_trial(struct json_builder *object, const struct api_context *context)
{
	const struct api_console_operations *operations = &context->console;
	struct api_address_trial trial = {};
	struct json_builder member = {};

	if (!operations->address_trial || !operations->address_trial(&trial, context->userdata))
		return;
	json_add_text(&member, "network", trial.network);
	json_add_text(&member, "address", trial.address);
	json_add_unsigned(&member, "leftUsec", trial.left_usec);
	json_add_object(object, "addressTrial", &member);
}

static int method_machine(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
			  sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;
	const struct api_context *context = &api->context;
	struct json_builder answer = {};
	uint64_t busy_usec = 0;

	json_add_text(&answer, "secureBoot", machine_secure_boot(""));
	json_add_text(&answer, "tpm", machine_tpm(""));
	if (machine_cpu_busy("", &busy_usec) >= 0)
		json_add_unsigned(&answer, "cpuBusyUsec", busy_usec);
	json_add_bool(&answer, "passwordNeeded", context->config->console_password);
	json_add_text(&answer, "shellTerminal", context->console.shell_terminal);
	json_add_bool(&answer, "canChooseScreen", context->console.show_guest);
	json_add_text(&answer, "screenGuest",
		      context->console.shown_guest ? context->console.shown_guest(context->userdata)
						   : NULL);
	add_trial(&answer, context);
	add_driverless(&answer);
	return api_client_reply_object(link, &answer);
}

/* --- the log on the consoles --- */

void api_console_log_update(struct api *api)
{
	bool quiet = false;

	for (const struct api_client *client = api->clients; client; client = client->next)
		quiet |= client->quiet;
	if (quiet == (api->log_level != NULL))
		return;
	if (quiet) {
		if (file_read_line(AT_FDCWD, PRINTK, &api->log_level) >= 0)
			(void)file_write(AT_FDCWD, PRINTK, LEVEL_QUIET);
		return;
	}
	(void)file_write(AT_FDCWD, PRINTK, api->log_level);
	free(api->log_level);
	api->log_level = NULL;
}

static int method_quiet(sd_varlink *link, sd_json_variant *parameters,
			sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "quiet", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_stdbool, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	struct api *api = userdata;
	bool quiet = false;
	int r = sd_varlink_dispatch(link, parameters, fields, &quiet);

	if (r != 0)
		return r;
	for (struct api_client *client = api->clients; client; client = client->next)
		if (client->link == link)
			client->quiet = quiet;
	api_console_log_update(api);
	return done(link);
}

/* --- addresses --- */

static int method_try_address(sd_varlink *link, sd_json_variant *parameters,
			      sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct call {
		const char *network, *address, *gateway;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "network", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, network), SD_JSON_MANDATORY },
		{ "address", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, address), SD_JSON_NULLABLE },
		{ "gateway", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, gateway), SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	const struct api_console_operations *operations = &api->context.console;
	_cleanup_free_ char *why = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	if (!operations->try_address)
		return refuse(link, -ENOTSUP, NULL);
	r = operations->try_address(call.network, call.address, call.gateway, &why,
				    api->context.userdata);
	return r < 0 ? refuse(link, r, why) : done(link);
}

static int settle_address(sd_varlink *link, sd_json_variant *parameters, const struct api *api,
			  bool keep)
{
	static const sd_json_dispatch_field fields[] = {
		{ "network", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	const struct api_console_operations *operations = &api->context.console;
	_cleanup_free_ char *why = NULL;
	const char *network = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &network);

	if (r != 0)
		return r;
	if (!operations->settle_address)
		return refuse(link, -ENOTSUP, NULL);
	r = operations->settle_address(network, keep, &why, api->context.userdata);
	return r < 0 ? refuse(link, r, why) : done(link);
}

static int method_keep_address(sd_varlink *link, sd_json_variant *parameters,
			       sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	return settle_address(link, parameters, userdata, true);
}

static int method_revert_address(sd_varlink *link, sd_json_variant *parameters,
				 sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	return settle_address(link, parameters, userdata, false);
}

/* --- the screen --- */

static int method_show_guest(sd_varlink *link, sd_json_variant *parameters,
			     sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_free_ char *why = NULL;
	const char *name = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &name);

	if (r != 0)
		return r;
	if (!api->context.console.show_guest)
		return refuse(link, -ENOTSUP, "This host has no screen that guests could have");
	r = api->context.console.show_guest(name, &why, api->context.userdata);
	return r < 0 ? refuse(link, r, why) : done(link);
}

int api_console_bind(sd_varlink_server *server)
{
	return api_bind(server, "io.mvirt.Console.Machine", method_machine,
			"io.mvirt.Console.History", api_method_history, "io.mvirt.Console.Quiet",
			method_quiet, "io.mvirt.Console.Unlock", api_method_unlock,
			"io.mvirt.Console.TryAddress", method_try_address,
			"io.mvirt.Console.KeepAddress", method_keep_address,
			"io.mvirt.Console.RevertAddress", method_revert_address,
			"io.mvirt.Console.ShowGuest", method_show_guest);
}
