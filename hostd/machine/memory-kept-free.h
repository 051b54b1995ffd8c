/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel keeps free of the machine's memory. */
#pragma once

/*
 * With transparent huge pages the kernel keeps some 45 MiB free, on every machine alike, so that
 * there are whole ones to be had (khugepaged, set_recommended_min_free_kbytes()). On a small
 * machine that is a guest less: no more than 1/256 of the memory stays, which is what a kernel
 * without huge pages keeps. root is "" for this machine. What cannot be read or written stays as it
 * is.
 */
void memory_kept_free_limit(const char *root);
