/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that is being created: what was asked for, and how far it has come. */
#pragma once

#include "host-create.h"
#include "host-internal.h"
#include "storage/image/image.h"

/* A file of the guest's folder: copied from source_fd, or made empty. */
struct creation_file {
	char *name;
	int source_fd; /* owned; -EBADF: an empty one of size_bytes */
	int target_fd; /* owned, under its temporary name */
	bool is_boot_file; /* kernel or initrd: QEMU itself opens it, as another user */
	bool is_image; /* of a disk or a CD-ROM: it is examined */
	enum disk_format format;
	uint64_t size_bytes;
	bool made, finished; /* it is there; it has its own name */
};

struct host_creation {
	struct host *host;
	host_created_t done;
	void *userdata;
	struct guest_config *config;
	char *text; /* what guest.conf will be */
	enum guest_origin origin; /* CONFIG as long as it is not known where it will be kept */
	struct creation_file *files;
	size_t file_count, current;
	struct image_job *import; /* of the current file */
	struct job *job; /* weak; NULL: there is nothing to import */
	uint64_t imported_bytes; /* of the files before the current one */
	uint64_t reserved_bytes; /* of memory, for the current file */
	bool defined; /* guest.conf is there */
	struct host_creation *next;
};

/*
 * --- host-create-files.c ---
 *
 * What is asked for: config, text and the files to import are set. Returns 0 or -errno.
 */
int creation_read(struct host_creation *creation, const struct host_create_request *request,
		  struct error *error);
/* Adds the disks that have a size, and no file in the guest's folder yet. Returns 0 or -errno. */
int creation_add_disks(struct host_creation *creation);
