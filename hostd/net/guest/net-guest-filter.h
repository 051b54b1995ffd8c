/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests' filters that follow the host's addresses; see net-reserved.h. */
#pragma once

#include "net/link/net-ip.h"

struct net;
struct net_tap_request;

/* Puts the filter on a new tap, before it is a port. Returns 0 or -errno. */
int net_guest_filter_begin(struct net *net, int ifindex, const struct net_tap_request *request);
/* Whether a guest is kept from an address because the host uses it. */
bool net_guest_filter_refuses(const struct net *net, int ifindex, const struct net_ip *ip);
/* A link has gone, which may have been such a tap. */
void net_guest_filter_end(struct net *net, int ifindex);
/* The host's addresses, gateways or DNS servers may be others now: brings its guests' filters in
 * line. A failure is logged and tried again with the next change. */
void net_guest_filters_update(struct net *net);
void net_guest_filters_done(struct net *net);
