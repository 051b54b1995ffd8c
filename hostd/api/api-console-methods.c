// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Console: what the dashboard asks for and does beyond Host and Guest.
#include <fcntl.h>
#include <string.h>

#include "api-internal.h"
#include "base/file.h"
#include "host/host-address.h"
#include "host/host-screen.h"
#include "host/host-unlock.h"
#include "machine/device/pci.h"
#include "machine/firmware.h"

/* The kernel shows on its consoles what is below the first number. At 1 these are emergencies; an
 * oops and a panic raise it themselves. */
#define PRINTK "/proc/sys/kernel/printk"
#define LEVEL_QUIET "1"

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

static void add_trial(struct json_builder *object, const struct host *host)
{
	struct net_trial_status trial = {};
	struct json_builder member = {};

	if (!host_get_address_trial(host, &trial))
		return;
	json_add_text(&member, "network", trial.network);
	json_add_text(&member, "address", trial.address);
	json_add_unsigned(&member, "leftUsec", trial.left_usec);
	json_add_object(object, "addressTrial", &member);
}

API_METHOD_DEFINE(api_method_machine)
{
	const struct api *api = userdata;
	const struct host *host = api->host;
	struct json_builder answer = {};
	const struct hotkey_config *hotkey = &host_configuration(host)->screen.dashboard;
	char hotkey_text[HOTKEY_CONFIG_BYTES];
	uint64_t busy_usec = 0;

	json_add_text(&answer, "secureBoot", machine_secure_boot(""));
	json_add_text(&answer, "tpm", machine_tpm(""));
	if (machine_cpu_busy("", &busy_usec) >= 0)
		json_add_unsigned(&answer, "cpuBusyUsec", busy_usec);
	json_add_bool(&answer, "passwordNeeded", host_needs_password(host));
	json_add_text(&answer, "shellTerminal", host_shell_terminal(host));
	json_add_bool(&answer, "canChooseScreen", true);
	json_add_text(&answer, "dashboardHotkey",
		      hotkey->code ? hotkey_config_format(hotkey, hotkey_text) : NULL);
	json_add_text(&answer, "screenGuest", host_screen_guest(host));
	add_trial(&answer, host);
	add_driverless(&answer);
	return api_reply_object(link, &answer);
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

API_METHOD_DEFINE(api_method_quiet)
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
	return api_reply_done(link);
}

/* --- addresses --- */

API_METHOD_DEFINE(api_method_try_address)
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
	_cleanup_(error_done) struct error error = {};
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	r = host_try_address(api->host, call.network, call.address, call.gateway, &error);
	return api_reply_result(link, r, &error);
}

static int settle_address(sd_varlink *link, sd_json_variant *parameters, const struct api *api,
			  bool keep)
{
	static const sd_json_dispatch_field fields[] = {
		{ "network", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	_cleanup_(error_done) struct error error = {};
	const char *network = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &network);

	if (r != 0)
		return r;
	r = host_settle_address(api->host, network, keep, &error);
	return api_reply_result(link, r, &error);
}

API_METHOD_DEFINE(api_method_keep_address)
{
	return settle_address(link, parameters, userdata, true);
}

API_METHOD_DEFINE(api_method_revert_address)
{
	return settle_address(link, parameters, userdata, false);
}

/* --- the screen --- */

API_METHOD_DEFINE(api_method_show_guest)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	const char *name = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &name);

	if (r != 0)
		return r;
	r = host_screen_give_to(api->host, name, &error);
	return api_reply_result(link, r, &error);
}
