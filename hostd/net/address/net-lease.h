/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DHCP lease as udhcpc reports it. It comes from the network, so every value is checked. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/link/net-ip.h"

#define NET_LEASE_FILE_MAX 4096
/* More than fits into a DHCP packet. */
#define NET_LEASE_MESSAGE_MAX 16384
#define NET_LEASE_CLIENT_MAX 32
#define NET_LEASE_DOMAIN_MAX 253
#define NET_LEASE_ROUTES_MAX 16
#define NET_LEASE_DNS_MAX 3 /* MAXNS of <resolv.h> */
#define NET_LEASE_FOREVER UINT32_MAX

enum net_lease_event { NET_LEASE_EVENT_BOUND, NET_LEASE_EVENT_DECONFIG };

/* A route of the lease; gateway.family is AF_UNSPEC for a network on the link itself. */
struct net_lease_route {
	struct net_ip destination; /* 0.0.0.0/0 is the default route */
	struct net_ip gateway;
};

/* After DECONFIG only client and time_s have a meaning. */
struct net_lease {
	enum net_lease_event event;
	char client[NET_LEASE_CLIENT_MAX + 1]; /* which run of the DHCP client wrote it */
	uint64_t time_s; /* start, in seconds since boot, sleep included */
	uint32_t lifetime_s; /* after time_s; NET_LEASE_FOREVER without end */
	struct net_ip address;
	struct net_lease_route routes[NET_LEASE_ROUTES_MAX];
	size_t route_count;
	struct net_ip dns[NET_LEASE_DNS_MAX];
	size_t dns_count;
	char domain[NET_LEASE_DOMAIN_MAX + 1]; /* "" is none */
	unsigned int mtu; /* for routes; 0: none given */
};

/*
 * Makes the file's text from udhcpc's message (os/patches/busybox-udhcpc.patch): the event's name,
 * then "KEY=VALUE" strings, each with its NUL. Ignores unknown keys, and values with other
 * characters than letters, digits, spaces and "./:_-". client and time_s are net_lease's. Returns 0
 * with a new string for net_lease_parse(), -ENOMSG for an event that is not about a lease, -EINVAL
 * for an invalid message, or -ENOMEM.
 */
int net_lease_text(const char *message, size_t length, const char *client, uint64_t time_s,
		   char **ret_text);

/*
 * Reads the file's text, "KEY=VALUE" lines. Invalid values that the address does not depend on
 * (DNS, routes, domain, MTU) are left out; any other error refuses the lease. Returns 0 or -EINVAL.
 */
int net_lease_parse(const char *text, size_t length, struct net_lease *ret_lease);

/* Seconds that the lease has left at a time in seconds since boot; 0 after its end. */
uint32_t net_lease_remaining_s(const struct net_lease *lease, uint64_t now_s);

/* The default route's gateway, or NULL. */
const struct net_ip *net_lease_gateway(const struct net_lease *lease);

bool net_lease_route_equal(const struct net_lease_route *a, const struct net_lease_route *b);
