/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and routes over rtnetlink, marked with their origin. */
#pragma once

#include <linux/rtnetlink.h>

#include "net/link/net-ip.h"
#include "net/link/net-link.h"

/* The mark that the kernel keeps with an address or a route (IFA_PROTO, RTA_PROTOCOL). */
enum net_origin {
	NET_ORIGIN_OTHER = 0,
	NET_ORIGIN_RA = 2, /* the kernel's IFAPROT_KERNEL_RA */
	NET_ORIGIN_STATIC = RTPROT_STATIC,
	NET_ORIGIN_DHCP = RTPROT_DHCP,
};

/* "dhcp", "static", "ra" or "other". */
const char *net_origin_name(enum net_origin origin);

struct net_address_info {
	struct net_ip ip;
	enum net_origin origin;
	bool tentative; /* not usable yet: the kernel checks for duplicates */
	bool duplicate; /* not usable: another machine has it */
};

#define NET_ADDRESS_FOREVER UINT32_MAX

/*
 * Lists a link's addresses in the kernel's order, in a new array to be freed. Returns 0 or -errno;
 * an empty list is NULL and 0.
 */
int net_address_list(struct net_link *link, int ifindex, struct net_address_info **ret_addresses,
		     size_t *ret_count);

/* Adds an address, or changes its lifetime, after which the kernel removes it. */
int net_address_set(struct net_link *link, int ifindex, const struct net_ip *ip,
		    enum net_origin origin, uint32_t lifetime_s);
int net_address_delete(struct net_link *link, int ifindex, const struct net_ip *ip);

struct net_route {
	int ifindex;
	struct net_ip destination;
	struct net_ip gateway; /* AF_UNSPEC: on the link */
	struct net_ip source; /* AF_UNSPEC, or the address that it disappears with */
	enum net_origin origin;
	uint32_t metric;
	unsigned int mtu; /* 0: the link's */
	bool onlink; /* the gateway is outside the link's networks */
};

/* Adds a route, or replaces the one with the same destination and metric. */
int net_route_set(struct net_link *link, const struct net_route *route);
/* Returns 0 even if there was none. */
int net_route_delete(struct net_link *link, const struct net_route *route);
