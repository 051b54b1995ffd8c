// SPDX-License-Identifier: GPL-2.0-or-later
// The part of a guest's filter that is about what it may be for others: a DHCP server, a router.
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "base/cleanup.h"
#include "net-filter-internal.h"

#define AT_IP4_FRAGMENT (AT_PAYLOAD + 6)
#define AT_IP4_PROTOCOL (AT_PAYLOAD + 9)

#define IP4_FRAGMENT_OFFSET 0x1fff
#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP6_CLIENT_PORT 546
#define DHCP6_SERVER_PORT 547
#define ICMP_ROUTER_ADVERT 9 /* RFC 1256 section 3 */
#define IGMP_QUERY 0x11 /* RFC 3376 section 4 */
/* RFC 4286 section 7: of routers of multicast. */
#define IGMP_ROUTER_ADVERT 0x30
#define MLD_ROUTER_ADVERT 151

/* What only routers send. Who asks for listeners decides where bridges send multicast, neighbour
 * discovery among it. */
static const uint8_t icmp4_types[] = { ICMP_ROUTER_ADVERT, ICMP_REDIRECT },
		     igmp_types[] = { IGMP_QUERY, IGMP_ROUTER_ADVERT },
		     icmp6_types[] = { ND_ROUTER_ADVERT, ND_REDIRECT, MLD_LISTENER_QUERY,
				       MLD_ROUTER_ADVERT };

/* Of one protocol, which is in A and stays there; X + offset is where its message begins. */
static void refuse_types(struct net_filter_program *p, uint8_t protocol, uint32_t offset,
			 const uint8_t *types, size_t count)
{
	size_t other = net_filter_leave_unless(p, protocol);

	net_filter_load(p, BPF_B, BPF_IND, offset);
	for (size_t i = 0; i < count; i++)
		net_filter_refuse_if(p, types[i]);
	net_filter_emit(p, BPF_LD | BPF_IMM, protocol);
	net_filter_land_one(p, other);
}

/*
 * The same of UDP. Clients look at their own port alone, so a server's answer may come from any;
 * what comes from a server's is for a client or a relay.
 */
static void refuse_ports(struct net_filter_program *p, uint32_t offset, uint32_t server,
			 uint32_t client)
{
	size_t other = net_filter_leave_unless(p, IPPROTO_UDP);

	net_filter_load(p, BPF_H, BPF_IND, offset);
	net_filter_refuse_if(p, server);
	net_filter_load(p, BPF_H, BPF_IND, offset + 2);
	net_filter_refuse_if(p, client);
	net_filter_emit(p, BPF_LD | BPF_IMM, IPPROTO_UDP);
	net_filter_land_one(p, other);
}

void net_filter_ip4_may(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t start = 0;

	/* Only the first fragment has ports or a type, and it has them whole: 8 bytes at least. */
	net_filter_load(p, BPF_H, BPF_ABS, AT_IP4_FRAGMENT);
	net_filter_emit(p, BPF_ALU | BPF_AND | BPF_K, IP4_FRAGMENT_OFFSET);
	start = net_filter_leave_unless(p, 0);
	net_filter_emit(p, BPF_LDX | BPF_B | BPF_MSH, AT_PAYLOAD);
	net_filter_load(p, BPF_B, BPF_ABS, AT_IP4_PROTOCOL);
	if (!(filter->may & NIC_MAY_DHCP_SERVER))
		refuse_ports(p, AT_PAYLOAD, DHCP_SERVER_PORT, DHCP_CLIENT_PORT);
	if (!(filter->may & NIC_MAY_ROUTER)) {
		refuse_types(p, IPPROTO_ICMP, AT_PAYLOAD, icmp4_types, ELEMENTS(icmp4_types));
		refuse_types(p, IPPROTO_IGMP, AT_PAYLOAD, igmp_types, ELEMENTS(igmp_types));
	}
	net_filter_land_one(p, start);
}

void net_filter_ip6_may(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;

	if (!(filter->may & NIC_MAY_DHCP_SERVER))
		refuse_ports(p, 0, DHCP6_SERVER_PORT, DHCP6_CLIENT_PORT);
	if (!(filter->may & NIC_MAY_ROUTER))
		refuse_types(p, IPPROTO_ICMPV6, 0, icmp6_types, ELEMENTS(icmp6_types));
}
