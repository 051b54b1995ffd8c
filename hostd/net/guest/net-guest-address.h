/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses guests use; what is asked of it is in net.h. */
#pragma once

#include <stdint.h>

struct net;

/* Listens to a tap that was just made and is up. Where that fails, which is logged, none will be
 * known. */
void net_guest_address_begin(struct net *net, const char *tap, int ifindex, const uint8_t *mac);
/* A link has gone, which may have been one. */
void net_guest_address_end(struct net *net, int ifindex);
void net_guest_addresses_done(struct net *net);
