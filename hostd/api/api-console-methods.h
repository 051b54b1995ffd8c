/* SPDX-License-Identifier: GPL-2.0-or-later */
/* io.mvirt.Console, and the rights of dashboards: what the files share. */
#pragma once

#include "api-internal.h"

extern const sd_varlink_interface vl_interface_io_mvirt_Console;

/* --- api-rights.c --- */

/* The fd of a connection that may act. Returns 0 or -errno. */
int api_connect_acting(struct api *api, int *ret_fd);

/* --- api-console-methods.c --- */

int api_console_bind(sd_varlink_server *server);

/* --- api-history.c --- */

struct api_history;

int api_history_new(struct api *api, struct api_history **ret_history);
void api_history_free(struct api_history *history);
/* As api_event_tell(): one more line. */
int api_history_tell(struct api_client *client);
int api_method_history(sd_varlink *link, sd_json_variant *parameters,
		       sd_varlink_method_flags_t flags, void *userdata);

/* --- api-unlock.c --- */

struct api_unlock;

void api_unlock_free(struct api_unlock *unlock);
int api_method_unlock(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);
