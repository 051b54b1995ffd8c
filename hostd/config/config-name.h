/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of guests and networks. */
#pragma once

/*
 * 1 to 32 of a-z, 0-9 and '-', starting with a letter or digit. It is used as a host name label, a
 * folder and part of an interface name.
 */
#define NAME_LENGTH_MAX 32
bool config_is_name(const char *text);
