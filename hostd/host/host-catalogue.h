/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which guests there are, and where their definitions are kept. */
#pragma once

#include "base/error.h"
#include "guest/guest.h"

struct host;

/* NULL: there is none of that name. */
struct guest *host_find_guest(const struct host *host, const char *name, struct error *error);
/* The root below which its definition is, where it is ours to change. 0 or -errno. */
int host_writable_root(const struct host *host, const struct guest *guest, int *ret_root_fd,
		       struct error *error);

/* --- at the boot, and when the data volume comes --- */

/* One line for each mistake, with its file and line; of many the first ones. */
void host_tell_mistakes(const char *file, const struct config_mistakes *mistakes);
/* Those of mvirt.conf. 0 or -errno. */
int host_define_configured(struct host *host);
/* Those kept below the root of that origin. A definition with a mistake, or one that does not fit
 * this host, costs that guest alone. 0 or -errno. */
int host_define_stored(struct host *host, enum guest_origin origin);
