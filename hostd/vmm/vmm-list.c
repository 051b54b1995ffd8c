// SPDX-License-Identifier: GPL-2.0-or-later
// The VMMs that hostd is shipped with.
#include "vmm/qemu/qemu.h"
#include "vmm/vmm-type.h"

const struct vmm_type *const vmm_types[] = { &qemu_type, NULL };
