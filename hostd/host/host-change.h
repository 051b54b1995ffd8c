/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The definition of a guest that there is: read and changed. */
#pragma once

#include "host-definition.h"

/*
 * A definition's revision: 16 hex digits, made of its text as it is kept, so that it is the same
 * after hostd or the machine has started again, and another one after somebody has edited the file.
 */
#define HOST_REVISION_BYTES 17
char *host_revision(const char *text, char buffer[static HOST_REVISION_BYTES]);

/* As it is kept, or what it means where it is not kept alone; to be freed. 0 or -errno. */
int host_read_definition(const struct host *host, const struct guest *guest, char **ret_text,
			 struct error *error);
/* ERROR_CONFLICT when there is another one than is meant; NULL: whichever. 0 or -errno. */
int host_check_revision(const struct host *host, const struct guest *guest, const char *revision,
			struct error *error);

/* What a definition becomes, all of it or nothing, for now and for good. */
struct host_change_request {
	const char *revision; /* as of host_check_revision() */
	const char *definition; /* a whole new one, of the same name; or */
	const struct host_change *changes; /* of some keys */
	size_t change_count;
};
/* *ret_revision is the new one. 0 or -errno. */
int host_change_guest(struct host *host, struct guest *guest,
		      const struct host_change_request *request,
		      char ret_revision[static HOST_REVISION_BYTES], struct error *error);
