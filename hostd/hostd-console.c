// SPDX-License-Identifier: GPL-2.0-or-later
// What dashboards get from the rest of hostd: connections, addresses to try out.
#include <string.h>

#include "base/log.h"
#include "hostd.h"

static int show_guest(const char *name, char **ret_why, void *userdata)
{
	return host_screen_give_to(userdata, name, ret_why);
}

static const char *shown_guest(void *userdata)
{
	return host_screen_guest(userdata);
}

static int try_address(const char *network, const char *address, const char *gateway,
		       char **ret_why, void *userdata)
{
	struct host *host = userdata;

	return host->net ? net_try_address(host->net, network, address, gateway, ret_why)
			 : -ENETDOWN;
}

static int settle_address(const char *network, bool keep, char **ret_why, void *userdata)
{
	struct host *host = userdata;

	return host->net ? net_settle_address(host->net, network, keep, ret_why) : -ENETDOWN;
}

static bool address_trial(struct api_address_trial *ret_trial, void *userdata)
{
	const struct host *host = userdata;
	struct net_trial_status status = {};

	if (!host->net || !net_get_trial(host->net, &status))
		return false;
	*ret_trial = (struct api_address_trial){ .network = status.network,
						 .address = status.address,
						 .left_usec = status.left_usec };
	return true;
}

struct api_console_operations host_console_operations(const struct host *host)
{
	return (struct api_console_operations){
		.shell_terminal = host->shell_terminal,
		.show_guest = show_guest,
		.shown_guest = shown_guest,
		.try_address = try_address,
		.settle_address = settle_address,
		.address_trial = address_trial,
	};
}

static int connect_dashboard(void *userdata)
{
	struct host *host = userdata;

	return host->api ? api_connect_dashboard(host->api) : -ENOTCONN;
}

int host_start_dashboards(struct host *host)
{
	const struct dashboards_settings settings = {
		.program = DASHBOARD_PROGRAM,
		.shell_terminal = host->shell_terminal,
		.line_type = host->line_type,
		.connect = connect_dashboard,
		.userdata = host,
	};

	return dashboards_new(host->event, &settings, &host->dashboards);
}
