// SPDX-License-Identifier: GPL-2.0-or-later
// What the API stands on: where guests are kept, what the host was started from, power, and another
// hostd in the place of this one.
#include <string.h>

#include "base/log.h"
#include "hostd.h"

static int store_root(enum guest_origin origin, void *userdata)
{
	const struct host *host = userdata;

	return origin == GUEST_ORIGIN_MEMORY ? host->files.memory_fd
	       : origin == GUEST_ORIGIN_DATA ? guest_files_data_root(&host->files)
					     : -EBADF;
}

/* The answer is sent on the way out of the event loop; PID 1 starts what is in place then. */
static void on_replaced(int error, const char *text, void *userdata)
{
	struct host *host = userdata;

	host->replacement = NULL;
	host->replaced(error, text, host->replaced_userdata);
	if (error == 0 && !host->stopping)
		(void)sd_event_exit(host->event, INIT_EXIT_REPLACED);
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
	return program_replace_start(host->event, INIT_HOSTD, INIT_HOSTD INIT_TRIAL, hostd_fd,
				     on_replaced, host, ret_why, &host->replacement);
}

/* With the lowest priority: what has come until now is answered. */
static int on_answering(sd_event_source *, void *)
{
	if (rename(INIT_HOSTD INIT_TRIAL, INIT_HOSTD INIT_REPLACED) == 0)
		(void)unlink(INIT_HOSTD INIT_FAILED);
	else if (errno != ENOENT)
		log_error("host", "PID 1 cannot be told that this hostd is good: %m");
	return 0;
}

/* Says that another hostd did not come up; or that this one has. */
static int settle_trial(struct host *host)
{
	sd_event_source *source = NULL;
	int r = 0;

	host->replace_failed = access(INIT_HOSTD INIT_FAILED, F_OK) == 0 &&
			       access(INIT_HOSTD INIT_TRIAL, F_OK) < 0;
	if (host->replace_failed)
		log_error("host", "the hostd that was to take over did not come up, or did not "
				  "stay: this is the one before it");
	r = sd_event_add_defer(host->event, &source, on_answering, host);
	if (r >= 0)
		r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r < 0 ? r : 0;
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
		.power = host_end,
		.replace_failed = &host->replace_failed,
		.operations = {
			.store_root = store_root,
			.empty_trash = host_empty_trash,
			.check_format = host_check_format,
			.reload = reload,
		},
		.console = host_console_operations(host),
		.userdata = host,
	};
	int r = 0;

	program_replace_clean(INIT_HOSTD);
	r = api_new(host->event, &context, &host->api);
	return r < 0 ? r : settle_trial(host);
}
