/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a definition's files are: on the configuration volume, in the guest's own folder, or among
 * the shared images; and the files that a guest has without naming them. */
#pragma once

#include "config/config.h"
#include "storage/volume/config-volume.h"
#include "storage/volume/data-volume.h"

struct guest_files {
	struct config_volume *volume; /* weak */
	const struct data_volume *data_volume; /* weak; NULL: there is never one */
	int data_fd; /* weak: its root, or -EBADF */
	int memory_fd; /* weak: the same layout in memory */
};

/* The guest that a file belongs to. */
struct guest_files_owner {
	const char *name;
	bool from_config; /* defined in mvirt.conf: a plain path is on the configuration volume */
	bool in_memory; /* its folder is not on the data volume */
};

/*
 * --- guest-files-volume.c: what is on the data volume, and what in memory ---
 *
 * The data volume's root, -ENODEV: there is none, or -EAGAIN: whether there is one is being found
 * out (data-volume.h). Everybody who chooses between it and memory asks here.
 */
int guest_files_data_root(const struct guest_files *files);
/* The root of the guest's folder, or as above. */
int guest_files_root(const struct guest_files *files, const struct guest_files_owner *owner);
/* Whether the guest can start as far as the data volume is concerned: 0, or as above. */
int guest_files_check_volume(const struct guest_files *files, const struct guest_files_owner *owner,
			     const struct guest_config *config);
/* One line about -ENODEV or -EAGAIN. */
const char *guest_files_volume_error(int error);

/*
 * A file that the definition names, read-only. kept: use the copy in memory of a file on the
 * configuration volume. Returns 0, or -errno with one line in *ret_why (to be freed) or NULL there.
 */
int guest_files_open(const struct guest_files *files, const struct guest_files_owner *owner,
		     const char *path, bool kept, int *ret_fd, char **ret_why);

/* The same for a kernel or initrd, which QEMU opens itself: QEMU can read it, or it is refused with
 * what to do. */
int guest_files_open_boot(const struct guest_files *files, const struct guest_files_owner *owner,
			  const char *path, int *ret_fd, char **ret_why);

/*
 * A disk's file, with the access that the definition asks for; made if it does not exist and has a
 * size; its header is checked. *ret_format is RAW or QCOW2. Returns as above; -EROFS for a writable
 * disk on the configuration volume.
 */
int guest_files_open_disk(const struct guest_files *files, const struct guest_files_owner *owner,
			  const struct disk_config *disk, int *ret_fd, enum disk_format *ret_format,
			  char **ret_why);

/* The UEFI variable store in the guest's folder, made from the template if it does not exist. */
int guest_files_open_variables(const struct guest_files *files,
			       const struct guest_files_owner *owner, const char *template_path,
			       int *ret_fd, char **ret_why);

/* The NoCloud seed, made anew in memory (memfd). instance_id is used if the definition has none. */
int guest_files_make_seed(const struct guest_files *files, const struct guest_files_owner *owner,
			  const struct cloud_init_config *cloud_init, const char *instance_id,
			  int *ret_fd, char **ret_why);
