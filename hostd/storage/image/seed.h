/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NoCloud seed: an ISO 9660 file system labelled cidata with user-data, meta-data,
 * network-config. */
#pragma once

#include "config/config.h"

struct seed_input {
	const struct cloud_init_config *cloud_init;
	const char *guest_name;
	const char *instance_id; /* the caller makes it if the definition has none */
	/* The files that the definition names, read by the caller; NULL for the others. */
	const char *user_data, *meta_data, *network_config;
};

/*
 * The texts of the three files; each is a new string, network_config may be NULL. Pure. If
 * user_data or meta_data is given, hostname and keys go into the other file, which hostd writes; a
 * key without such a file (password-hash beside user_data, instance-id beside meta_data…) is a
 * mistake. Returns 0, -EINVAL with one line in *ret_why, or -ENOMEM.
 */
int seed_texts(const struct seed_input *input, char **ret_user_data, char **ret_meta_data,
	       char **ret_network_config, char **ret_why);

/*
 * Makes the ISO, well under a MiB, with a short-lived genisoimage, and writes it to target_fd,
 * replacing its content. Returns 0 or -errno with one line in *ret_why.
 */
int seed_make(const struct seed_input *input, int target_fd, char **ret_why);
