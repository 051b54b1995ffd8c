/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest's machine cannot have: the one place for it, for who reads a definition and for the
 * VMM that is to run it. Pure. */
#pragma once

#include "config/config.h"

struct config_misfit {
	const char *key; /* that asks for it; NULL: several together */
	const char *what; /* "a microvm has no display" */
	/* Of a block inside the guest's, which says it of itself when it is read. */
	bool of_part;
};

/* The first of them at or after *next, which is set behind it; or NULL. Begin with 0. */
const struct config_misfit *config_machine_misfit(const struct guest_config *guest, size_t *next);
