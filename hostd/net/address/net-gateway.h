/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateways of the kernel's routes. */
#pragma once

#include "net/link/net-ip.h"
#include "net/link/net-link.h"

/*
 * The gateways of all routes over a link, whoever set them, in a new array to be freed; duplicates
 * are possible. Returns 0 or -errno; an empty list is NULL and 0.
 */
int net_gateway_list(struct net_link *link, int ifindex, struct net_ip **ret_gateways,
		     size_t *ret_count);
