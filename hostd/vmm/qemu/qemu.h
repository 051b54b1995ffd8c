/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU, behind the door of vmm.h. */
#pragma once

#include "vmm/vmm.h"

extern const struct vmm_type qemu_type;
