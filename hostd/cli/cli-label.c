// SPDX-License-Identifier: GPL-2.0-or-later
// What has to be said of a guest wherever it is shown.
#include "cli.h"

static bool is_false(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = object ? sd_json_variant_by_key(object, name) : NULL;

	return value && sd_json_variant_is_boolean(value) && !sd_json_variant_boolean(value);
}

const char *cli_guest_label(sd_json_variant *guest)
{
	static const char *const labels[2][2] = {
		{ "", "no isolation" },
		{ "not kept", "not kept, no isolation" },
	};

	return labels[is_false(guest, "kept")][is_false(guest, "isolation")];
}
