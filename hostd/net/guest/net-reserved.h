/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses that the host itself uses on a network: its own, its gateways', its DNS servers'.
 * Whoever claimed one of them would get the host's traffic, so they are no guest's. */
#pragma once

#include "net/link/net-ip.h"

struct network;

/* Far more than a network has: routers' advertisements bring up to 16 of its own. */
#define NET_RESERVED_MAX 64

/* Zero-initialised: none. Each is one address, without a prefix of its network. */
struct net_reserved {
	struct net_ip ips[NET_RESERVED_MAX];
	size_t count;
};

/* Passes over what is in it, what no single machine can have, and what there is no room for. */
void net_reserved_add(struct net_reserved *reserved, const struct net_ip *ip);
/* ip has no prefix of a network, either. */
bool net_reserved_has(const struct net_reserved *reserved, const struct net_ip *ip);
bool net_reserved_equal(const struct net_reserved *a, const struct net_reserved *b);

/*
 * Those of a network as it is now: addresses on its bridge, also such as are being tried for
 * duplicates, gateways of routes over it, DNS servers. A network without a bridge has none. Returns
 * 0, or -errno with the output untouched.
 */
int network_list_reserved(const struct network *network, struct net_reserved *ret_reserved);
