/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostd --check FILE, hostd --keys. */
#pragma once

/*
 * Prints the canonical form of what FILE means on stdout and every mistake as FILE:LINE: on stderr.
 * Returns the exit status: 0 without a mistake, 1 with one or when FILE cannot be read.
 */
int config_check_file(const char *path);
/*
 * Prints every key on stdout, in lines of five fields with tabs between them: the block ("file" for
 * none), the key, its values, its default, and when a change counts. Returns the exit status.
 */
int config_print_keys(void);
