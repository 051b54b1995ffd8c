/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files that make a guest's filter share. */
#pragma once

#include "net-filter-program.h"
#include "net-filter.h"
#include "net-ip.h"

/* Where a frame's Ethernet header ends. */
#define AT_PAYLOAD 14

struct net_filter {
	struct net_filter_program program;
	uint32_t mac_high; /* the first four bytes */
	uint32_t mac_low;
	struct net_ip *addresses; /* the link-local one of the MAC comes first */
	size_t address_count;
};

static inline uint32_t net_filter_word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

void net_filter_require_own_mac(struct net_filter *filter, unsigned int mode, uint32_t offset);
/* Of a frame that is IPv6. */
void net_filter_ip6(struct net_filter *filter);
