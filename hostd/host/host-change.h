/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The definition of a guest that there is: read and changed. */
#pragma once

#include "host-definition.h"

/* As it is kept, or what it means where it is not kept alone; to be freed. 0 or -errno. */
int host_read_definition(const struct host *host, const struct guest *guest, char **ret_text,
			 struct error *error);
/* All changes or none, for now and for good. 0 or -errno. */
int host_change_guest(struct host *host, struct guest *guest, const struct host_change *changes,
		      size_t count, struct error *error);
/* A whole new definition, of the same name. 0 or -errno. */
int host_replace_definition(struct host *host, struct guest *guest, const char *definition,
			    struct error *error);
