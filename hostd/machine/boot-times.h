/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When what happened while the machine came up: lines "MICROSECONDS NAME" in a file that outlives
 * hostd. PID 1 writes the first one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BOOT_TIMES_FOLDER "/run/mvirt"
#define BOOT_TIMES_FILE "boot-times" /* init.c has the path as well */
#define BOOT_TIMES_MAX 64
#define BOOT_TIMES_NAME_MAX 64

/* What ended at this time, and had begun when the one before it ended. */
struct boot_phase {
	char name[BOOT_TIMES_NAME_MAX];
	uint64_t end_usec; /* since the kernel's clock began */
};

struct boot_times {
	struct boot_phase phases[BOOT_TIMES_MAX]; /* in the order of time */
	size_t count;
	/* Firmware, boot loader and decompression: until the kernel's clock began. 0: not known. */
	uint64_t before_usec;
};

/*
 * Notes that something ends now, if nothing of that name has ended in this boot: a later hostd
 * changes nothing. What cannot be written is lost.
 */
void boot_times_mark(const char *folder, const char *name);

/*
 * Reads them. before_usec comes from the time-stamp counter, which begins at power-on, and is known
 * a second after the first mark of hostd. Returns 0 or -errno: -ENOENT when nothing was noted.
 */
int boot_times_read(const char *folder, struct boot_times *ret_times);
