/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest is created: folder, files, definition, guest, in this order. */
#pragma once

#include "host-definition.h"

#define HOST_CREATIONS_MAX 8
#define HOST_IMPORTS_MAX 32

/* A file for the guest's folder, which the definition names. */
struct host_import {
	const char *name;
	int fd; /* what is used of it is taken out; -EBADF: none came, which is refused */
};

struct host_create_request {
	const char *name, *definition; /* or NULL; one of the two it needs */
	const struct host_change *changes; /* to the definition, or to that of an empty guest */
	size_t change_count;
	struct host_import *imports;
	size_t import_count;
};

/* Once: the guest, which is not started; or NULL, an -errno's error, and nothing is left of it. */
typedef void (*host_created_t)(struct guest *guest, const struct error *error, void *userdata);

/*
 * Begins. Returns 0, and done is called, maybe before this returns; or -errno, and it is not. As
 * long as it is not known whether there is a data volume, it waits for that. *ret_job is the id
 * of the job that goes on; 0: there is nothing to import, or done was called.
 */
int host_create_guest(struct host *host, const struct host_create_request *request,
		      host_created_t done, void *userdata, uint64_t *ret_job, struct error *error);
/* Whether a new guest may have the name. 0 or -errno. */
int host_check_free_name(const struct host *host, const char *name, struct error *error);
/* Whether a guest of that name (NULL: any) is being created. */
bool host_is_being_created(const struct host *host, const char *name);
/* Whether there is a data volume has been found out: what waited for that goes on. */
void host_creations_resume(struct host *host);
/* hostd ends: what is not done is undone, and done is called with an error. */
void host_creations_cancel(struct host *host);
