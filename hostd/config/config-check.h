/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostd --check FILE. */
#pragma once

/*
 * Prints the canonical form of what FILE means on stdout and every mistake as FILE:LINE: on stderr.
 * Returns the exit status: 0 without a mistake, 1 with one or when FILE cannot be read.
 */
int config_check_file(const char *path);
