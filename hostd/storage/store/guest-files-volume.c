// SPDX-License-Identifier: GPL-2.0-or-later
// What is on the data volume, and what in memory: one answer for all who choose.
#include <string.h>

#include "guest-files.h"

int guest_files_data_root(const struct guest_files *files)
{
	if (files->data_fd >= 0)
		return files->data_fd;
	return files->data_volume && data_volume_is_undecided(files->data_volume) ? -EAGAIN
										  : -ENODEV;
}

/* What mvirt.conf does not name (the variable store) is in memory only where there is no volume. */
int guest_files_root(const struct guest_files *files, const struct guest_files_owner *owner)
{
	int r = owner->in_memory ? files->memory_fd : guest_files_data_root(files);

	return r == -ENODEV && owner->from_config ? files->memory_fd : r;
}

const char *guest_files_volume_error(int error)
{
	return error == -EAGAIN ? "the data volume is being checked (`mvirt status`)"
				: "the data volume is not there (`mvirt status`)";
}

/* --- what a guest needs of it --- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_on_volume(const struct guest_files_owner *owner, const char *path)
{
	if (!path)
		return false;
	if (begins(path, GUEST_FILES_SHARED))
		return true;
	return !owner->in_memory && (!owner->from_config || begins(path, GUEST_FILES_OWN));
}

static bool names_file_on_volume(const struct guest_files_owner *owner,
				 const struct guest_config *config)
{
	const struct cloud_init_config *cloud_init = &config->cloud_init;
	const char *const paths[] = { config->kernel, config->initrd, cloud_init->user_data,
				      cloud_init->meta_data, cloud_init->network_config };

	for (size_t i = 0; i < ELEMENTS(paths); i++)
		if (is_on_volume(owner, paths[i]))
			return true;
	for (size_t i = 0; i < config->disk_count; i++)
		if (is_on_volume(owner, config->disks[i].file))
			return true;
	for (size_t i = 0; i < config->cdrom_count; i++)
		if (is_on_volume(owner, config->cdroms[i].file))
			return true;
	return false;
}

int guest_files_check_volume(const struct guest_files *files, const struct guest_files_owner *owner,
			     const struct guest_config *config)
{
	int r = guest_files_data_root(files);

	if (r >= 0)
		return 0;
	if (names_file_on_volume(owner, config))
		return r;
	/* Its variable store would be in memory now, and at its next start on the volume. */
	r = config->firmware == GUEST_FIRMWARE_UEFI ? guest_files_root(files, owner) : 0;
	return r < 0 ? r : 0;
}
