/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions before they are anyone's: parsed, changed, checked; and when a change counts. */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "guest/guest.h"

struct host;

#define HOST_CHANGES_MAX 256

/* A key of a definition, and what it is to be. */
struct host_change {
	const char *key, *value;
};

/* guest_config_parse(), the mistakes as one line: "line 3: …; line 7: …". 0 or -errno. */
int host_parse_definition(const char *text, struct guest_config **ret_config, struct error *error);
/* A copy with all of the changes, which may need each other. 0 or -errno. */
int host_apply_changes(const struct guest_config *config, const struct host_change *changes,
		       size_t count, struct guest_config **ret_config, struct error *error);
/* guest_config_check() against all guests but one, then the kinds of its NICs. */
int host_check_definition(const struct host *host, struct guest_config *config,
			  const struct guest *but, struct error *error);
/* ERROR_INVALID for what is no guest's name. 0 or -errno. */
int host_check_name(const char *name, struct error *error);

/* Whether the guest, which runs, will be another after its next start. */
bool host_next_start_differs(const struct guest *guest);
