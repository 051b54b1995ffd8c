/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the kernel keeps free. */
#pragma once

/*
 * With transparent huge pages the kernel keeps 22 MiB free in each zone of the memory, whatever the
 * machine's size (khugepaged, set_recommended_min_free_kbytes()), to have whole huge pages
 * available; available memory shrinks by more than that. On a small machine this is much, so hostd
 * limits it to 1/256 of the memory. root is "" for this machine. Read and write errors change
 * nothing.
 */
void memory_kept_free_limit(const char *root);
