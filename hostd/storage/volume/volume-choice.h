/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the file systems that call themselves the host's is believed. Pure: no system call. */
#pragma once

#include <stddef.h>

/* A file system with the right label and type. Texts are borrowed. */
struct volume_candidate {
	const char *node; /* "/dev/sdb1" */
	const char *uuid; /* NULL: it has none */
	bool loaded; /* on the disk that the host was loaded from, which is no guest's */
	const char *claimed; /* the definition that gives its disk to a guest, or NULL */
};

struct volume_wish {
	const char *label; /* for people */
	const char *uuid; /* the only one that will do; NULL: any */
	const char *advice; /* what to do when there are two */
};

/*
 * One on the disk that the host was loaded from comes before others; one that is a guest's is never
 * taken, and of two none is. Returns 0, -ENOENT when there is none, -ENOTUNIQ when there are two,
 * or -ENOMEM; *ret_why gets one line for people (to be freed) for the latter two, and for -ENOENT
 * when there is something to say.
 */
int volume_choose(const struct volume_wish *wish, const struct volume_candidate *candidates,
		  size_t count, size_t *ret_index, char **ret_why);
