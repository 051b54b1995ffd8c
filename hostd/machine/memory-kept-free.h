/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel keeps free of the machine's memory. */
#pragma once

/*
 * With transparent huge pages the kernel keeps 22 MiB free in each zone of the memory, whatever the
 * machine has (khugepaged, set_recommended_min_free_kbytes()), so that there are whole ones to be
 * had; what counts as available is less by some more. On a small machine that is much: no more than
 * 1/256 of the memory stays. root is "" for this machine. What cannot be read or written stays as
 * it is.
 */
void memory_kept_free_limit(const char *root);
