// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest may send, as a classic BPF program over its Ethernet frames.
#include "net-filter.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "net-filter-internal.h"

/* Offsets in the frame. */
#define AT_DESTINATION 0
#define AT_SOURCE 6
#define AT_ARP_OPERATION (AT_PAYLOAD + 6)
#define AT_ARP_SENDER_MAC (AT_PAYLOAD + 8)
#define AT_IP4_FRAGMENT (AT_PAYLOAD + 6)
#define AT_IP4_PROTOCOL (AT_PAYLOAD + 9)
#define AT_IP4_DESTINATION (AT_PAYLOAD + 16)

#define IP4_FRAGMENT_MASK 0x3fff /* more to come, or not the first */
#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67
#define VLAN_TAG_PRESENT ((uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))
/* IEEE 802.2: the service access point of SNAP, and the bit that is not its own. */
#define SNAP_POINT 0xaa
#define SNAP_MASK 0xfe

void net_filter_require_own_mac(struct net_filter *filter, unsigned int mode, uint32_t offset)
{
	struct net_filter_program *p = &filter->program;

	net_filter_load(p, BPF_W, mode, offset);
	net_filter_require(p, filter->mac_high);
	net_filter_load(p, BPF_H, mode, offset + 4);
	net_filter_require(p, filter->mac_low);
}

void net_filter_if_ip4(struct net_filter *filter, const struct net_ip *ip)
{
	net_filter_if_equal(&filter->program, net_filter_word(ip->bytes), 0, 1);
}

/* Goes to what is landed there if the address that is loaded is one of ours. */
static size_t leave_if_own_ip4(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t start = p->count;

	for (size_t i = 0; i < filter->address_count; i++)
		if (filter->addresses[i].family == AF_INET) {
			net_filter_if_ip4(filter, &filter->addresses[i]);
			(void)net_filter_leave(p);
		}
	return start;
}

/* IEEE 802.1Q table 8-1, and what Cisco's switches take for spanning tree: never a guest's. */
static void refuse_for_bridges(struct net_filter *filter)
{
	static const struct {
		uint32_t high;
		uint8_t low;
	} groups[] = { { 0x0180c200, 0x00 }, { 0x01000ccc, 0xcc } };
	struct net_filter_program *p = &filter->program;

	for (size_t i = 0; i < ELEMENTS(groups); i++) {
		size_t other = 0;

		net_filter_load(p, BPF_W, BPF_ABS, AT_DESTINATION);
		other = net_filter_leave_unless(p, groups[i].high);
		net_filter_load(p, BPF_B, BPF_ABS, AT_DESTINATION + 4);
		net_filter_refuse_if(p, groups[i].low);
		net_filter_land(p, other);
	}
}

/* The kernel has taken the outermost tag out of the frame. */
static void refuse_tagged(struct net_filter *filter)
{
	static const uint16_t tags[] = { ETH_P_8021Q, ETH_P_8021AD, ETH_P_QINQ1, ETH_P_QINQ2,
					 ETH_P_QINQ3 };
	struct net_filter_program *p = &filter->program;

	net_filter_load(p, BPF_W, BPF_ABS, VLAN_TAG_PRESENT);
	net_filter_require(p, 0);
	net_filter_load(p, BPF_H, BPF_ABS, AT_TYPE);
	for (size_t i = 0; i < ELEMENTS(tags); i++)
		net_filter_refuse_if(p, tags[i]);
}

/*
 * A frame whose type is a length (IEEE 802.3) can have another type in it, which some systems take
 * as if it were the frame's own. Leaves the type in A.
 */
static void refuse_encapsulated(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;

	net_filter_branch(p, BPF_JMP | BPF_JGE | BPF_K, ETH_P_802_3_MIN, 5, 0);
	net_filter_load(p, BPF_B, BPF_ABS, AT_PAYLOAD);
	net_filter_emit(p, BPF_ALU | BPF_AND | BPF_K, SNAP_MASK);
	net_filter_refuse_if(p, SNAP_POINT);
	net_filter_load(p, BPF_H, BPF_ABS, AT_TYPE);
}

void net_filter_require_arp(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;

	net_filter_load(p, BPF_W, BPF_ABS, AT_PAYLOAD);
	net_filter_require(p, 0x00010800);
	net_filter_load(p, BPF_H, BPF_ABS, AT_PAYLOAD + 4);
	net_filter_require(p, 0x0604);
}

static void filter_arp(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t own = 0;

	/* a request or an answer */
	net_filter_require_arp(filter);
	net_filter_load(p, BPF_H, BPF_ABS, AT_ARP_OPERATION);
	net_filter_if_equal(p, 1, 2, 0);
	net_filter_require(p, 2);
	net_filter_require_own_mac(filter, BPF_ABS, AT_ARP_SENDER_MAC);
	net_filter_load(p, BPF_W, BPF_ABS, AT_ARP_SENDER_IP);
	own = leave_if_own_ip4(filter);
	net_filter_require(p, INADDR_ANY);
	net_filter_land(p, own);
	net_filter_accept(p);
}

static void filter_ip4(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t own = 0;

	net_filter_ip4_may(filter);
	net_filter_load(p, BPF_W, BPF_ABS, AT_IP4_SOURCE);
	own = leave_if_own_ip4(filter);
	net_filter_require(p, INADDR_ANY);
	net_filter_load(p, BPF_B, BPF_ABS, AT_IP4_PROTOCOL);
	net_filter_require(p, IPPROTO_UDP);
	net_filter_load(p, BPF_H, BPF_ABS, AT_IP4_FRAGMENT);
	net_filter_emit(p, BPF_ALU | BPF_AND | BPF_K, IP4_FRAGMENT_MASK);
	net_filter_require(p, 0);
	net_filter_load(p, BPF_W, BPF_ABS, AT_IP4_DESTINATION);
	net_filter_require(p, INADDR_BROADCAST);
	net_filter_emit(p, BPF_LDX | BPF_B | BPF_MSH, AT_PAYLOAD);
	net_filter_load(p, BPF_H, BPF_IND, AT_PAYLOAD);
	net_filter_require(p, DHCP_CLIENT_PORT);
	net_filter_load(p, BPF_H, BPF_IND, AT_PAYLOAD + 2);
	net_filter_require(p, DHCP_SERVER_PORT);
	net_filter_land(p, own);
	net_filter_accept(p);
}

static void filter_frame(struct net_filter *filter)
{
	static const struct {
		uint16_t type;
		void (*emit)(struct net_filter *filter);
	} kinds[] = {
		{ ETH_P_ARP, filter_arp },
		{ ETH_P_IP, filter_ip4 },
		{ ETH_P_IPV6, net_filter_ip6 },
	};
	struct net_filter_program *p = &filter->program;

	net_filter_require_own_mac(filter, BPF_ABS, AT_SOURCE);
	refuse_for_bridges(filter);
	refuse_tagged(filter);
	refuse_encapsulated(filter);
	if (filter->address_count == 0) {
		net_filter_reserved(filter);
		net_filter_accept(p);
		return;
	}
	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		size_t other = net_filter_leave_unless(p, kinds[i].type);

		kinds[i].emit(filter);
		net_filter_land_one(p, other);
	}
	net_filter_refuse(p);
}

/* The one that a guest gives itself: the MAC with ff:fe in its middle and the "local" bit turned.
 */
static struct net_ip link_local(const uint8_t mac[static 6])
{
	return (struct net_ip){
		.family = AF_INET6,
		.bytes = { 0xfe, 0x80, [8] = mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3],
			   mac[4], mac[5] },
	};
}

static int fill_addresses(struct net_filter *filter, const uint8_t mac[static 6],
			  const struct text_list *addresses)
{
	if (addresses->count == 0)
		return 0;
	filter->addresses = calloc(addresses->count + 1, sizeof(*filter->addresses));
	if (!filter->addresses)
		return -ENOMEM;
	filter->addresses[filter->address_count++] = link_local(mac);
	for (size_t i = 0; i < addresses->count; i++) {
		struct net_ip *ip = &filter->addresses[filter->address_count++];

		if (net_ip_parse(addresses->items[i], ip) < 0 || !net_ip_is_unicast(ip))
			return -EINVAL;
	}
	return 0;
}

int net_filter_make(const struct net_filter_rules *rules, struct sock_filter **ret_program,
		    size_t *ret_length)
{
	struct net_filter filter = {
		.mac_high = net_filter_word(rules->mac),
		.mac_low = (uint32_t)rules->mac[4] << 8 | rules->mac[5],
		.reserved = rules->reserved,
		.reserved_count = rules->reserved_count,
		.may = rules->may,
	};
	int r = rules->may & NIC_MAY_ROUTER && rules->addresses->count > 0
			? -EINVAL
			: fill_addresses(&filter, rules->mac, rules->addresses);

	if (r == 0) {
		filter_frame(&filter);
		r = filter.program.error;
	}
	free(filter.addresses);
	if (r == 0 && filter.program.count > BPF_MAXINSNS)
		r = -E2BIG;
	if (r < 0) {
		free(filter.program.code);
		return r;
	}
	*ret_program = filter.program.code;
	*ret_length = filter.program.count;
	return 0;
}
