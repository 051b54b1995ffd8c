// SPDX-License-Identifier: GPL-2.0-or-later
// What dashboards are started with.
#include "host-dashboard.h"

#include "host-internal.h"

int host_start_dashboards(struct host *host, int (*connect)(void *userdata), void *userdata)
{
	const struct dashboards_settings settings = {
		.program = DASHBOARD_PROGRAM,
		.shell_terminal = host->shell_terminal,
		.line_type = host->line_type,
		.connect = connect,
		.userdata = userdata,
	};

	return dashboards_new(host->event, &settings, &host->dashboards);
}
