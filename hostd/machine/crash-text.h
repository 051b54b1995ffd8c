/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel said before it panicked or oopsed, from the records in its persistent store
 * (pstore; Documentation/ABI/testing/pstore of the kernel). A record begins with a line "Panic#2
 * Part1"; part 1 has the last lines, part 2 those before them. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CRASH_PARTS_MAX 256 /* of all crashes together; the rest is ignored */

struct crash_part {
	int64_t time_s; /* since 1970, by the clock of that boot */
	bool panic; /* otherwise an oops or a warning */
	unsigned int number, part; /* as in its first line */
	char *text; /* owned; without its first line and the priorities of lines */
};

struct crash_parts {
	struct crash_part items[CRASH_PARTS_MAX];
	size_t count;
};

void crash_parts_done(struct crash_parts *parts);
/* Returns 0, -EBADMSG for an invalid record, -E2BIG when there are too many, or -ENOMEM. */
int crash_parts_add(struct crash_parts *parts, const char *record, int64_t time_s);
/* Sorts from the oldest crash to the newest, and each crash's parts from the first lines to the
 * last. */
void crash_parts_sort(struct crash_parts *parts);
/* The number of parts of the crash that begins at this one; the parts are sorted. */
size_t crash_parts_of(const struct crash_parts *parts, size_t first);
/* The whole text of that crash; a new string, or NULL. */
char *crash_text(const struct crash_parts *parts, size_t first);
/* The line of such a text that gives the reason, for people; a new string, or NULL. */
char *crash_why(const char *text);
