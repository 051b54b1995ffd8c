/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses that a guest uses, from the frames in which it tells of them. Pure. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "net/link/net-ip.h"

/* Of each family; an older one makes room for a new one. */
#define NET_SEEN_MAX 4
/* The longest frame that tells something: DHCP of RFC 2131's least size, with IPv4 options. */
#define NET_SEEN_FRAME_MAX 1024
#define NET_SEEN_PROGRAM_LENGTH 31

struct net_seen_list {
	struct net_ip ips[NET_SEEN_MAX]; /* the newest first */
	size_t count;
};

/* Zero-initialised: none was seen. */
struct net_seen {
	struct net_seen_list ip4, ip6;
	struct net_ip leased; /* what it last asked a DHCP server for; AF_UNSPEC: nothing */
};

/*
 * A program for SO_ATTACH_FILTER on the guest's tap: it lets through what net_seen_take() may learn
 * from, and of that no more than is needed. Everything else costs a few instructions and no copy.
 */
void net_seen_filter(const uint8_t mac[static 6],
		     struct sock_filter ret_program[static NET_SEEN_PROGRAM_LENGTH]);

/*
 * Learns from a frame that the guest has sent, whatever is in it: the sender of ARP (RFC 826,
 * 5227), what it solicits and advertises of IPv6 (RFC 4861), but not link-local ones; of DHCP (RFC
 * 2131) what it requests, until it asks for another one, or gives it back. Says whether anything is
 * another than before.
 */
bool net_seen_take(struct net_seen *seen, const uint8_t mac[static 6], const uint8_t *frame,
		   size_t length);
/* As if it had just been seen. */
bool net_seen_add(struct net_seen *seen, const struct net_ip *ip);
