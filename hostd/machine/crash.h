/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of earlier boots' panics: taken from the firmware's variables, which have little room, and
 * kept as files. Paths are below root ("" on the machine itself).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define CRASH_FOLDER "/run/mvirt/crash" /* a file for each text that the firmware still has */
#define CRASH_DATA_FOLDER "crash" /* on the data volume: the newest CRASH_KEPT_MAX */
#define CRASH_KEPT_MAX 20
#define CRASH_TEXT_MAX (256 * 1024)
/* A boot that has lasted this long does not count in a row of panics. */
#define CRASH_LOOP_USEC (UINT64_C(300) * 1000000)

struct crash_summary {
	size_t taken; /* panics, oopses and warnings */
	size_t panics; /* since the last boot that lasted long enough */
	bool is_new; /* no hostd has reported them in this boot */
	char *why; /* owned; the newest panic's last line. NULL: none */
};

void crash_summary_done(struct crash_summary *summary);

/* Copies the firmware's texts to CRASH_FOLDER. Returns 0, even when there are none, or -errno. */
int crash_take(const char *root, struct crash_summary *ret_summary);
/* Copies those files to the data volume, and removes the oldest there. Returns 0 or -errno. */
int crash_keep(const char *root, int data_fd);
/* Removes from the firmware what crash_take() copied. Returns 0 or the first -errno. */
int crash_forget(const char *root);

/* Whether the next panic halts the machine: the kernel does so when the firmware holds four crashes
 * (os/patches/linux-efi-pstore.patch). */
bool crash_halts(const char *root);
/* The machine reboots this many seconds after a panic. Returns 0 or -errno. */
int crash_set_timeout(const char *root, const char *seconds);

/* The names of all texts in memory and on the data volume (data_fd, or -EBADF), the newest first.
 * Returns 0 or -errno. */
int crash_list(const char *root, int data_fd, struct text_list *ret_names);
/* One text. Returns 0, -ENOENT, or -errno. */
int crash_read(const char *root, int data_fd, const char *name, char **ret_text);
