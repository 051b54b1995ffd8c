/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's configuration as JSON and back, for its record; copies of it. Pure. */
#pragma once

#include <systemd/sd-json.h>

#include "base/cleanup.h"
#include "config/config.h"

/* Returns 0 or -ENOMEM. */
int guest_spec_format(const struct guest_config *config, sd_json_variant **ret_variant);
/* Returns 0, -EBADMSG when it is not what guest_spec_format() makes, or -ENOMEM. */
int guest_spec_parse(sd_json_variant *variant, struct guest_config **ret_config);
int guest_spec_copy(const struct guest_config *config, struct guest_config **ret_config);

/* For what guest_spec_parse() and guest_spec_copy() return; takes NULL. */
void guest_spec_free(struct guest_config *config);
DEFINE_CLEANUP(struct guest_config *, guest_spec_free);
