/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests that do not run are renamed and deleted. */
#pragma once

#include "base/error.h"
#include "guest/guest.h"

struct host;

/* The guest is another object afterwards, *ret_guest. 0 or -errno. */
int host_rename_guest(struct host *host, struct guest *guest, const char *new_name,
		      struct guest **ret_guest, struct error *error);
/* The guest is no more afterwards. revision: host_check_revision()'s. 0 or -errno. */
int host_delete_guest(struct host *host, struct guest *guest, bool with_disks, const char *revision,
		      struct error *error);
