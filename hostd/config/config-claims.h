/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which disks a definition gives to guests, whether or not it is right in everything else. Pure. */
#pragma once

#include "base/text.h"

/*
 * Adds every guest's `device` in mvirt.conf or a guest.conf, as written there. A guest with a
 * mistake, which does not start, has had its disk before: it counts too. Returns 0, -EBADMSG for
 * what has not this syntax, or -ENOMEM.
 */
int config_claims(const char *text, struct text_list *devices);
