// SPDX-License-Identifier: GPL-2.0-or-later
// All methods, and who may call which. The socket is root's and has every one. A dashboard's
// connections are served by two other servers, on which what it may not do does not exist: one to
// look, one to act.
#include "api-internal.h"

enum dashboards { NOBODY = 0, LOOK = 1, ACT = 2, BOTH = LOOK | ACT };

static const struct {
	const char *name;
	sd_varlink_method_t method;
	enum dashboards may;
} methods[] = {
	{ "io.mvirt.Host.Status", api_method_status, BOTH },
	{ "io.mvirt.Host.Devices", api_method_devices, BOTH },
	{ "io.mvirt.Host.BootTimes", api_method_boot_times, NOBODY },
	{ "io.mvirt.Host.Crash", api_method_crash, NOBODY },
	{ "io.mvirt.Host.FormatDisk", api_method_format_disk, NOBODY },
	{ "io.mvirt.Host.ReloadDaemon", api_method_reload, NOBODY },
	{ "io.mvirt.Host.Shutdown", api_method_shutdown, ACT },
	{ "io.mvirt.Host.Reboot", api_method_reboot, ACT },
	{ "io.mvirt.Guest.List", api_method_list, BOTH },
	{ "io.mvirt.Guest.Get", api_method_get, BOTH },
	{ "io.mvirt.Guest.Start", api_method_start, ACT },
	{ "io.mvirt.Guest.Stop", api_method_stop, ACT },
	{ "io.mvirt.Guest.Kill", api_method_kill, ACT },
	{ "io.mvirt.Guest.Restart", api_method_restart, ACT },
	{ "io.mvirt.Guest.Pause", api_method_pause, NOBODY },
	{ "io.mvirt.Guest.Resume", api_method_resume, NOBODY },
	{ "io.mvirt.Guest.Medium", api_method_medium, NOBODY },
	{ "io.mvirt.Guest.Display", api_method_display, NOBODY },
	{ "io.mvirt.Guest.Log", api_method_log, BOTH },
	{ "io.mvirt.Guest.Stats", api_method_stats, BOTH },
	{ "io.mvirt.Guest.Console", api_method_console, ACT },
	{ "io.mvirt.Guest.Subscribe", api_method_subscribe, BOTH },
	{ "io.mvirt.Guest.Create", api_method_create, NOBODY },
	{ "io.mvirt.Guest.Definition", api_method_definition, NOBODY },
	{ "io.mvirt.Guest.Set", api_method_set, NOBODY },
	{ "io.mvirt.Guest.Replace", api_method_replace, NOBODY },
	{ "io.mvirt.Guest.Rename", api_method_rename, NOBODY },
	{ "io.mvirt.Guest.Delete", api_method_delete, NOBODY },
	{ "io.mvirt.Job.List", api_method_jobs, NOBODY },
	{ "io.mvirt.Job.Get", api_method_job, NOBODY },
	{ "io.mvirt.Job.Cancel", api_method_cancel, NOBODY },
	{ "io.mvirt.Console.Machine", api_method_machine, BOTH },
	{ "io.mvirt.Console.History", api_method_history, BOTH },
	{ "io.mvirt.Console.Quiet", api_method_quiet, BOTH },
	{ "io.mvirt.Console.Unlock", api_method_unlock, LOOK },
	{ "io.mvirt.Console.TryAddress", api_method_try_address, ACT },
	{ "io.mvirt.Console.KeepAddress", api_method_keep_address, ACT },
	{ "io.mvirt.Console.RevertAddress", api_method_revert_address, ACT },
	{ "io.mvirt.Console.ShowGuest", api_method_show_guest, ACT },
};

int api_bind_methods(struct api *api, sd_varlink_server *server)
{
	unsigned int needed = server == api->look_server  ? LOOK
			      : server == api->act_server ? ACT
							  : 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTS(methods); i++)
		if ((methods[i].may & needed) == needed)
			r = sd_varlink_server_bind_method(server, methods[i].name,
							  methods[i].method);
	return r < 0 ? r : 0;
}
