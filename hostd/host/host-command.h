/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands to a guest. */
#pragma once

#include "base/error.h"
#include "guest/guest.h"

struct host;

enum host_command {
	HOST_COMMAND_START,
	HOST_COMMAND_STOP,
	HOST_COMMAND_KILL,
	HOST_COMMAND_RESTART,
	HOST_COMMAND_PAUSE,
	HOST_COMMAND_RESUME,
};

/* Returns as soon as it is taken up, 0 or -errno; events tell the rest. */
int host_command_guest(const struct host *host, struct guest *guest, enum host_command command,
		       struct error *error);
/* As guest_change_medium(), of a drive counted from 0. */
int host_change_medium(const struct host *host, struct guest *guest, unsigned int drive,
		       const char *file, bool force, guest_medium_done_t done, void *userdata,
		       struct error *error);
/* As guest_open_display(). */
int host_open_display(const struct host *host, struct guest *guest, int *ret_fd,
		      struct error *error);
/* As guest_read_stats(). */
int host_read_stats(const struct host *host, const struct guest *guest,
		    struct guest_stats *ret_stats, struct error *error);
