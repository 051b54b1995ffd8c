/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole disk becomes the data volume. */
#pragma once

#include "base/error.h"

struct host;

struct host_format_request {
	const char *serial; /* of the disk */
	bool erase; /* also one that is not empty */
	const char *confirm_serial; /* the same once more, to erase; or NULL */
};

typedef void (*host_formatted_t)(const struct error *error, void *userdata);

/* Begins; one at a time. Returns 0, and done is called from the event loop, error NULL when it is
 * done; or -errno, and it is not called. */
int host_format_disk(struct host *host, const struct host_format_request *request,
		     host_formatted_t done, void *userdata, struct error *error);
bool host_is_formatting(const struct host *host);
/* hostd ends: the disk stays as far as it has come, and done is called with an error. */
void host_format_cancel(struct host *host);
