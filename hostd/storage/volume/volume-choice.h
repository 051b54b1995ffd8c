/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the candidates is believed. Pure: no system call. */
#pragma once

#include <stddef.h>

/* A candidate: a file system with the right label and type. Texts are borrowed. */
struct volume_candidate {
	const char *node; /* "/dev/sdb1" */
	const char *uuid; /* NULL: it has none */
	bool loaded; /* on the boot medium, which is never a guest's */
	const char *claimed; /* the definition that gives its disk to a guest, or NULL */
};

struct volume_wish {
	const char *label; /* for people */
	const char *uuid; /* the only one to accept; NULL: any */
	const char *advice; /* what to do if there are two */
};

/*
 * The boot medium comes first; a guest's disk is never chosen; of two candidates none is. Returns
 * 0, -ENOENT when there is none, -ENOTUNIQ when there are two, or -ENOMEM. For the first two of
 * these errors *ret_why may get one line for people (to be freed); for -ENOENT only if there is
 * something to report.
 */
int volume_choose(const struct volume_wish *wish, const struct volume_candidate *candidates,
		  size_t count, size_t *ret_index, char **ret_why);
