/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes from a terminal -> keys. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Takes one key off the bytes: a character or enum view_key. Returns how many bytes it is, or 0
 * when more are needed to tell; with all_there there will be none, and an ESC is the key Escape.
 */
size_t terminal_key(const char *bytes, size_t length, bool all_there, uint32_t *ret_key);
