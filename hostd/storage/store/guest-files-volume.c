// SPDX-License-Identifier: GPL-2.0-or-later
// What is on the data volume, and what in memory: one answer for all who choose.
#include "guest-files.h"

#include "config/config-path.h"

int guest_files_data_root(const struct guest_files *files)
{
	if (files->data_fd >= 0)
		return files->data_fd;
	return files->data_volume && data_volume_is_undecided(files->data_volume) ? -EAGAIN
										  : -ENODEV;
}

/* Files that mvirt.conf does not name (the variable store) are in memory only if there is no
 * volume. */
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

/* --- which guests need it --- */

static bool names_file_on_volume(const struct guest_files_owner *owner,
				 const struct guest_config *config)
{
	const char *text = NULL;

	for (size_t i = 0; (text = guest_config_path(config, i)); i++) {
		enum config_place place = config_path_parse(text).place;

		if (place == CONFIG_PLACE_IMAGES ||
		    (!owner->in_memory && (!owner->from_config || place == CONFIG_PLACE_GUEST)))
			return true;
	}
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
	/* Its variable store would be in memory now, and on the volume at its next start. */
	r = config->firmware == GUEST_FIRMWARE_UEFI ? guest_files_root(files, owner) : 0;
	return r < 0 ? r : 0;
}
