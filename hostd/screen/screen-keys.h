/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps the kernel's key numbers to those of QEMU's extended key event. Pure. */
#pragma once

#include <stdint.h>

/*
 * QEMU's number of a key: its scan code of set 1, with 0x80 for keys with the prefix 0xe0. 0 if
 * QEMU has none.
 */
uint16_t screen_key_number(uint16_t code);
