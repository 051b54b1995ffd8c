// SPDX-License-Identifier: GPL-2.0-or-later
// The VMMs of hostd-fake, which the fault tests run in hostd's place: linked instead of vmm-list.c.
#include "vmm/fake/fake.h"
#include "vmm/qemu/qemu.h"
#include "vmm/vmm-type.h"

const struct vmm_type *const vmm_types[] = { &fake_type, &qemu_type, NULL };
