/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that is being created: what was asked for, and how far it has come. */
#pragma once

#include "api-internal.h"
#include "storage/image/image.h"

/* A file of the guest's folder: copied from source_fd, or made empty. */
struct api_file {
	char *name;
	int source_fd; /* owned; -EBADF: an empty one of size_bytes */
	int target_fd; /* owned, under its temporary name */
	bool is_boot_file; /* kernel or initrd: QEMU itself opens it, as another user */
	bool is_image; /* of a disk or a CD-ROM: it is examined */
	enum disk_format format;
	uint64_t size_bytes;
	bool made, finished; /* it is there; it has its own name */
};

struct api_creation {
	struct api *api;
	sd_varlink *link; /* owned; NULL: nobody waits for the answer */
	struct guest_config *config;
	char *text; /* what guest.conf will be */
	enum guest_origin origin; /* CONFIG as long as it is not known where it will be kept */
	struct api_file *files;
	size_t file_count, current;
	struct image_job *job; /* of the current file */
	uint64_t reserved_bytes; /* of memory, for the current file */
	bool defined; /* guest.conf is there */
	struct api_creation *next;
};

/* Takes NULL; undoes nothing. */
void api_creation_free(struct api_creation *creation);

/*
 * --- api-create-read.c ---
 *
 * The call's parameters: config, text and the files to import are set. Returns 0; 1 when the error
 * has been sent; -EINVAL with one line in *ret_why, or NULL there for parameters that are none; or
 * -ENOMEM.
 */
int api_creation_read(struct api_creation *creation, sd_varlink *link, sd_json_variant *parameters,
		      char **ret_why);
/* Adds the disks that have a size, and no file in the guest's folder yet. Returns 0 or -errno. */
int api_creation_add_disks(struct api_creation *creation);
