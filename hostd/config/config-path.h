/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A path of a definition: a place, and a name there. */
#pragma once

#include <stddef.h>

#define CONFIG_DATA "data:"
#define CONFIG_DATA_IMAGES CONFIG_DATA "images/"
#define CONFIG_DATA_GUESTS CONFIG_DATA "guests/"

enum config_place {
	CONFIG_PLACE_NEAR, /* where the definition is: its file system, or the guest's folder */
	CONFIG_PLACE_IMAGES, /* "data:images/NAME" */
	CONFIG_PLACE_GUEST, /* "data:guests/GUEST/NAME" */
	CONFIG_PLACE_NONE, /* "data:" and anything else */
};

/* Points into the text. name has no "/" or "./" in front, and may be empty. */
struct config_path {
	enum config_place place;
	const char *name;
	const char *guest; /* of CONFIG_PLACE_GUEST, guest_length long */
	size_t guest_length;
};

struct config_path config_path_parse(const char *text);
/* Whether it is in that guest's own folder on the data volume. */
bool config_path_is_of(const struct config_path *path, const char *guest);
/* The file's name where it is in that guest's own folder itself, not deeper; or NULL. */
const char *config_path_own_name(const char *text, const char *guest);
/*
 * In a guest's folder: its definition, and names with a dot in front, which hostd uses while it
 * writes something. A guest that could write its definition would say itself what it may have.
 */
bool config_path_is_reserved(const struct config_path *path);
