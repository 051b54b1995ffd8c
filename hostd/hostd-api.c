// SPDX-License-Identifier: GPL-2.0-or-later
// What the API stands on: where guests are kept, what the host was started from, power, and another
// hostd in the place of this one.
#include <string.h>

#include "base/log.h"
#include "hostd.h"

#define HOSTD "/usr/bin/hostd" /* where PID 1 starts it from */

static void on_power(enum power_action action, void *)
{
	int r = power_request(action);

	if (r < 0)
		log_error("power", "PID 1 cannot be told: %s", strerrordesc_np(-r));
}

static int store_root(enum guest_origin origin, void *userdata)
{
	const struct host *host = userdata;

	return origin == GUEST_ORIGIN_MEMORY ? host->files.memory_fd
	       : origin == GUEST_ORIGIN_DATA ? host->files.data_fd
					     : -EBADF;
}

static const char *boot_node(void *userdata)
{
	const struct host *host = userdata;

	return config_volume_device(host->volume);
}

/* The answer is sent on the way out of the event loop; PID 1 starts what is in place then. */
static void on_replaced(int error, const char *text, void *userdata)
{
	struct host *host = userdata;

	host->replacement = NULL;
	host->replaced(error, text, host->replaced_userdata);
	if (error == 0)
		(void)sd_event_exit(host->event, 0);
}

static int reload(int hostd_fd, api_reload_done_t done, void *done_userdata, char **ret_why,
		  void *userdata)
{
	struct host *host = userdata;

	if (host->stopping) {
		*ret_why = text_format("the machine is going down");
		return -ESHUTDOWN;
	}
	host->replaced = done;
	host->replaced_userdata = done_userdata;
	return program_replace_start(host->event, HOSTD, hostd_fd, on_replaced, host, ret_why,
				     &host->replacement);
}

int host_start_api(struct host *host, const char *version)
{
	const struct api_context context = {
		.guests = host->guests,
		.net = host->net,
		.devices = host->devices,
		.data_volume = host->data_volume,
		.kvm = &host->kvm,
		.screen = &host->screen,
		.config = host->config,
		.mistakes = &host->mistakes,
		.config_source = host->config_source,
		.version = version,
		.power = on_power,
		.operations = {
			.store_root = store_root,
			.empty_trash = host_empty_trash,
			.boot_node = boot_node,
			.reload = reload,
		},
		.console = host_console_operations(host),
		.userdata = host,
	};

	program_replace_clean(HOSTD);
	return api_new(host->event, &context, &host->api);
}
