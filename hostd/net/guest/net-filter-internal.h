/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that make a guest's filter share. */
#pragma once

#include "base/cleanup.h"
#include "net-filter-program.h"
#include "net-filter.h"
#include "net/link/net-ip.h"

/* Offsets in the frame. */
#define AT_TYPE 12
#define AT_PAYLOAD 14
#define AT_ARP_SENDER_IP (AT_PAYLOAD + 14)
#define AT_IP4_SOURCE (AT_PAYLOAD + 12)
#define AT_IP6_SOURCE (AT_PAYLOAD + 8)
/* In a neighbour solicitation or advertisement. */
#define AT_ND_TARGET 8

/* The kernel's BPF has words of memory, here by name. */
enum net_filter_cell {
	NET_FILTER_CELL_UNSPECIFIED, /* the source is :: */
	NET_FILTER_CELL_FRAGMENT, /* the first of several */
	NET_FILTER_CELL_POSITION, /* of an option */
	NET_FILTER_CELL_END, /* of the packet */
	NET_FILTER_CELL_NEXT, /* the kind of the next header */
};

struct net_filter {
	struct net_filter_program program;
	uint32_t mac_high; /* the first four bytes */
	uint32_t mac_low;
	struct net_ip *addresses; /* the link-local one of the MAC comes first */
	size_t address_count;
	const struct net_ip *reserved;
	size_t reserved_count;
	unsigned int may; /* of enum nic_may */
};

static inline uint32_t net_filter_word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

void net_filter_require_own_mac(struct net_filter *filter, unsigned int mode, uint32_t offset);
/* For Ethernet and IPv4, with addresses of 6 and 4 bytes. */
void net_filter_require_arp(struct net_filter *filter);
/* Passes over the next instruction unless that address is loaded (IPv4), or at the offset. */
void net_filter_if_ip4(struct net_filter *filter, const struct net_ip *ip);
void net_filter_if_ip6(struct net_filter *filter, const struct net_ip *ip, unsigned int mode,
		       uint32_t offset);

/* Of a frame that is IPv6. */
void net_filter_ip6(struct net_filter *filter);
/* Sets the cell of that name; there is no fragment yet. */
void net_filter_note_unspecified(struct net_filter *filter);
/*
 * Accepts fragments that are not the first, which nobody can look into. Otherwise it leaves X at
 * what comes after the extension headers, and its kind in A; a first fragment has all of these (RFC
 * 7112). There are no fragments from ::.
 */
void net_filter_ip6_headers(struct net_filter *filter);
void net_filter_refuse_fragment(struct net_filter *filter);

/* Of a guest without addresses of its own: refuses what claims a reserved one, and what it may not.
 * The frame's type is in A, before and after. */
void net_filter_reserved(struct net_filter *filter);

/* Whatever its address, what only servers and routers send is refused, unless it may be one: of a
 * frame that is IPv4; of IPv6, with X and A as net_filter_ip6_headers() leaves them, before and
 * after. */
void net_filter_ip4_may(struct net_filter *filter);
void net_filter_ip6_may(struct net_filter *filter);
