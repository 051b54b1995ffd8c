/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When each step of the boot ended: lines "MICROSECONDS NAME" in a file that outlives hostd. PID 1
 * writes the first line. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BOOT_TIMES_FOLDER "/run/mvirt"
#define BOOT_TIMES_FILE "boot-times" /* init.c has the path as well */
#define BOOT_TIMES_MAX 64
#define BOOT_TIMES_NAME_MAX 64

/* A step that ended at this time, and began at the end of the one before it. */
struct boot_phase {
	char name[BOOT_TIMES_NAME_MAX];
	uint64_t end_usec; /* since the kernel's clock began */
};

struct boot_times {
	struct boot_phase phases[BOOT_TIMES_MAX]; /* ordered by time */
	size_t count;
	/* Firmware, boot loader and decompression: until the kernel's clock began. 0: unknown. */
	uint64_t before_usec;
};

/*
 * Notes that a step ends now, unless this boot has noted it already: the next hostd changes
 * nothing. Write errors are ignored.
 */
void boot_times_mark(const char *folder, const char *name);

/*
 * Reads them. before_usec comes from the time-stamp counter, which begins at power-on; it is known
 * a second after hostd's first mark. Returns 0 or -errno: -ENOENT when nothing was noted.
 */
int boot_times_read(const char *folder, struct boot_times *ret_times);
