/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may send, as a classic BPF program over its Ethernet frames. Pure. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config.h"
#include "net/link/net-ip.h"

struct net_filter_rules {
	const uint8_t *mac; /* 6 bytes: the guest's own */
	const struct text_list *addresses; /* it may use no other. Empty: any but the reserved */
	const struct net_ip *reserved; /* not used with addresses */
	size_t reserved_count;
	unsigned int may; /* of enum nic_may; a router has no addresses */
};

/*
 * Makes the program that returns 0 for a frame to be dropped, and anything else for one to be let
 * through. A load beyond the frame's end returns 0 too, so that what is cut off is dropped.
 *
 * Always: the source is the guest's MAC; nothing is for the bridge itself (01:80:c2:00:00:xx, and
 * Cisco's 01:00:0c:cc:cc:xx); there is no VLAN tag, and no SNAP (IEEE 802.2), in which a frame of
 * IEEE 802.3 has a type of its own.
 *
 * Without NIC_MAY_DHCP_SERVER nothing comes from UDP port 67 or goes to 68 (DHCPv4, RFC 2131
 * section 4.1), comes from 547 or goes to 546 (DHCPv6, RFC 8415 section 7.2). Without
 * NIC_MAY_ROUTER there are no router advertisements and no redirects of ICMPv4 (RFC 1256, RFC 792)
 * nor ICMPv6 (RFC 4861), and no questions for listeners to multicast (IGMP, RFC 3376; MLD, RFC
 * 3810; RFC 4286).
 *
 * With addresses ("192.0.2.7", "2001:db8::7") only ARP, IPv4 and IPv6, from one of them: ARP names
 * its MAC and address (or 0.0.0.0, RFC 5227), IPv4 may also be a DHCP client's broadcast from
 * 0.0.0.0, IPv6 may also come from the link-local address made of the MAC (RFC 4291 appendix A).
 * From :: there are router solicitations, duplicate address detection of its own addresses (RFC
 * 4862 section 5.4) and multicast listener reports (RFC 3590). Neighbour discovery (RFC 4861) tells
 * only of itself: the link-layer address is its MAC, what it advertises its own address. A router
 * has none: what it passes on comes from others.
 *
 * Without addresses it claims none that is reserved: no ARP, IPv4 or IPv6 from it, no neighbour
 * advertisement for it, no duplicate address detection of it.
 *
 * In both cases neighbour discovery comes in one piece (RFC 6980), and the first fragment of an
 * IPv6 packet has all its headers (RFC 7112).
 *
 * Returns 0, -EINVAL for an address that is none or a router's, -E2BIG or -ENOMEM. The program is
 * to be freed.
 */
int net_filter_make(const struct net_filter_rules *rules, struct sock_filter **ret_program,
		    size_t *ret_length);
