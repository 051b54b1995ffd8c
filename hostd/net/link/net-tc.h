/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's traffic control: a program that every frame from a tap has to pass. */
#pragma once

#include <linux/filter.h>

#include "net-link.h"

/*
 * Filters what comes in by a link that has no program yet: 0 drops a frame. If it fails half way,
 * everything is dropped or nothing is filtered: do not use the link then. Returns 0 or -errno.
 */
int net_tc_set_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
		      size_t length);
/* Replaces the program at once. Returns 0 or -errno; -ENOENT if there is none. */
int net_tc_replace_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
			  size_t length);

/* Counts frames that the program dropped. Returns 0, or -errno if there is none. */
int net_tc_count_refused(struct net_link *link, int ifindex, uint64_t *ret_count);
