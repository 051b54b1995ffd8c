/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS servers from router advertisements (RFC 8106), each for its lifetime. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/link/net-ip.h"

/* RFC 8106 section 5.3.1: three are enough. */
#define NET_RDNSS_SERVERS_MAX 3
#define NET_RDNSS_FOREVER UINT64_MAX

struct net_rdnss_server {
	struct net_ip ip;
	uint64_t until_s; /* since boot; NET_RDNSS_FOREVER without end */
};

/* Zero-initialised is empty. The servers are in order of arrival. */
struct net_rdnss {
	struct net_rdnss_server servers[NET_RDNSS_SERVERS_MAX];
	size_t count;
};

/*
 * Takes one option of an advertisement (section 5.1): adds its servers, renews them, or removes
 * those of lifetime 0. If there is no room, the server that ends first goes. Ignores anything that
 * is not such an option or not a possible server's address. Returns whether the servers (not just
 * their times) changed.
 */
bool net_rdnss_update(struct net_rdnss *rdnss, const void *option, size_t length, uint64_t now_s);
/* Removes expired servers; returns whether there were any. */
bool net_rdnss_expire(struct net_rdnss *rdnss, uint64_t now_s);
/* When the next one ends; NET_RDNSS_FOREVER: never. */
uint64_t net_rdnss_next_s(const struct net_rdnss *rdnss);
