// SPDX-License-Identifier: GPL-2.0-or-later
// Commands to a guest, and why one is not carried out.
#include "host-command.h"

#include "host.h"

static int explain(const struct host *host, const struct guest *guest, struct error *error, int r,
		   char *why_consume)
{
	struct guests_memory memory = {};

	(void)error_take(error, r, why_consume);
	if (error->kind == ERROR_NOT_NOW)
		error->state = guest_state_name(guest_state(guest));
	if (error->kind == ERROR_NO_MEMORY) {
		guests_read_memory(host_guests(host), &memory);
		error->free_bytes = memory.free_bytes;
		error->reserve_bytes = memory.reserve_bytes;
		error->needed_bytes = guest_needed_memory(guest);
	}
	return r;
}

static int not_running(const struct host *host, const struct guest *guest, struct error *error)
{
	int r = error_set(error, ERROR_NOT_NOW, "guest %s is not running",
			  guest_config(guest)->name);

	return explain(host, guest, error, r, NULL);
}

int host_command_guest(const struct host *host, struct guest *guest, enum host_command command,
		       struct error *error)
{
	static int (*const commands[])(struct guest *guest, char **ret_why) = {
		[HOST_COMMAND_START] = guest_start, [HOST_COMMAND_STOP] = guest_stop,
		[HOST_COMMAND_KILL] = guest_kill,   [HOST_COMMAND_RESTART] = guest_restart,
		[HOST_COMMAND_PAUSE] = guest_pause, [HOST_COMMAND_RESUME] = guest_resume,
	};
	char *why = NULL;
	int r = commands[command](guest, &why);

	return explain(host, guest, error, r, why);
}

int host_change_medium(const struct host *host, struct guest *guest, unsigned int drive,
		       const char *file, bool force, guest_medium_done_t done, void *userdata,
		       struct error *error)
{
	const struct guest_config *config = guest_running_config(guest);
	char *why = NULL;
	int r = 0;

	if (!guest_state_has_process(guest_state(guest)) || !config)
		return not_running(host, guest, error);
	if (drive >= config->cdrom_count)
		return error_set(error, ERROR_NOT_FOUND,
				 "guest %s has no CD-ROM drive %u: it has %zu, counted from 0",
				 config->name, drive, config->cdrom_count);
	r = guest_change_medium(guest, drive, file, force, done, userdata, &why);
	return explain(host, guest, error, r, why);
}

int host_open_display(const struct host *host, struct guest *guest, int *ret_fd,
		      struct error *error)
{
	int r = guest_open_display(guest, ret_fd);

	if (r == -ESRCH)
		return not_running(host, guest, error);
	if (r == -EOPNOTSUPP)
		return error_set(error, ERROR_UNSUPPORTED,
				 "guest %s runs without a display: display = \"vnc\"",
				 guest_config(guest)->name);
	return error_take(error, r, NULL);
}

int host_read_stats(const struct host *host, const struct guest *guest,
		    struct guest_stats *ret_stats, struct error *error)
{
	int r = guest_read_stats(guest, ret_stats);

	return r == -ESRCH ? not_running(host, guest, error) : error_take(error, r, NULL);
}
