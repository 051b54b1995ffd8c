// SPDX-License-Identifier: GPL-2.0-or-later
// The part of a filter that is for guests without addresses of their own: they may use any but
// those of the host, its gateways and its DNS servers. What passes goes on to what follows.
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "net-filter-internal.h"

/* The address that is loaded. */
static void refuse_reserved_ip4(struct net_filter *filter)
{
	for (size_t i = 0; i < filter->reserved_count; i++)
		if (filter->reserved[i].family == AF_INET) {
			net_filter_if_ip4(filter, &filter->reserved[i]);
			net_filter_refuse(&filter->program);
		}
}

static void refuse_reserved_ip6(struct net_filter *filter, unsigned int mode, uint32_t offset)
{
	for (size_t i = 0; i < filter->reserved_count; i++)
		if (filter->reserved[i].family == AF_INET6) {
			net_filter_if_ip6(filter, &filter->reserved[i], mode, offset);
			net_filter_refuse(&filter->program);
		}
}

/* Of a solicitation or an advertisement, which has all of it. */
static void refuse_reserved_target(struct net_filter *filter)
{
	net_filter_load(&filter->program, BPF_B, BPF_IND, AT_ND_TARGET + 15);
	refuse_reserved_ip6(filter, BPF_IND, AT_ND_TARGET);
}

/* Neighbours learn from questions as well as from answers. */
static void filter_arp(struct net_filter *filter)
{
	net_filter_require_arp(filter);
	net_filter_load(&filter->program, BPF_W, BPF_ABS, AT_ARP_SENDER_IP);
	refuse_reserved_ip4(filter);
}

static void filter_ip4(struct net_filter *filter)
{
	net_filter_load(&filter->program, BPF_W, BPF_ABS, AT_IP4_SOURCE);
	refuse_reserved_ip4(filter);
	net_filter_ip4_may(filter);
}

/* The message's kind is in A. From :: it is duplicate address detection, a claim. */
static void filter_solicitation(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = net_filter_leave_unless(p, ND_NEIGHBOR_SOLICIT), named = 0;

	net_filter_refuse_fragment(filter);
	net_filter_emit(p, BPF_LD | BPF_MEM, NET_FILTER_CELL_UNSPECIFIED);
	named = net_filter_leave_unless(p, 1);
	refuse_reserved_target(filter);
	net_filter_land_one(p, named);
	(void)net_filter_leave(p);
	net_filter_land_one(p, other);
}

static void filter_advertisement(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = net_filter_leave_unless(p, ND_NEIGHBOR_ADVERT);

	net_filter_refuse_fragment(filter);
	refuse_reserved_target(filter);
	(void)net_filter_leave(p);
	net_filter_land_one(p, other);
}

static void filter_ip6(struct net_filter *filter)
{
	static const uint8_t discovery[] = { ND_ROUTER_SOLICIT, ND_ROUTER_ADVERT, ND_REDIRECT };
	struct net_filter_program *p = &filter->program;
	size_t other = 0;

	refuse_reserved_ip6(filter, BPF_ABS, AT_IP6_SOURCE);
	net_filter_note_unspecified(filter);
	net_filter_ip6_headers(filter);
	net_filter_ip6_may(filter);
	other = net_filter_leave_unless(p, IPPROTO_ICMPV6);
	net_filter_load(p, BPF_B, BPF_IND, 0);
	filter_solicitation(filter);
	filter_advertisement(filter);
	for (size_t i = 0; i < ELEMENTS(discovery); i++) {
		size_t next = net_filter_leave_unless(p, discovery[i]);

		net_filter_refuse_fragment(filter);
		(void)net_filter_leave(p);
		net_filter_land_one(p, next);
	}
	net_filter_land_one(p, other);
}

void net_filter_reserved(struct net_filter *filter)
{
	static const struct {
		uint16_t type;
		void (*emit)(struct net_filter *filter);
	} kinds[] = {
		{ ETH_P_ARP, filter_arp },
		{ ETH_P_IP, filter_ip4 },
		{ ETH_P_IPV6, filter_ip6 },
	};
	struct net_filter_program *p = &filter->program;
	size_t start = p->count;

	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		size_t other = net_filter_leave_unless(p, kinds[i].type);

		kinds[i].emit(filter);
		(void)net_filter_leave(p);
		net_filter_land_one(p, other);
	}
	net_filter_land(p, start);
	net_filter_load(p, BPF_H, BPF_ABS, AT_TYPE);
}
