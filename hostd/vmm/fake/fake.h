/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VMM without a machine, behind the door of vmm.h, for tests: no part of the hostd that is
 * shipped. */
#pragma once

#include "vmm/vmm.h"

#define FAKE_PROGRAM_PATH "/usr/bin/mvirt-fake-vmm"

extern const struct vmm_type fake_type;
