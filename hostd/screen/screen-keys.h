/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys as the kernel numbers them, to keys as QEMU's extended key event does. Pure. */
#pragma once

#include <stdint.h>

/*
 * QEMU's number of a key: its scan code of set 1, with 0x80 for those with a prefix of 0xe0. 0
 * where QEMU has none.
 */
uint16_t screen_key_number(uint16_t code);
