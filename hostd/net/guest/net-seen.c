// SPDX-License-Identifier: GPL-2.0-or-later
// The addresses that a guest uses, from the frames in which it tells of them. A guest that lies,
// lies about itself alone: what is not from its own MAC is passed over.
#include "net-seen.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

/* Offsets in the frame. */
#define AT_SOURCE 6
#define AT_TYPE 12
#define AT_PAYLOAD 14
#define AT_ARP_OPERATION (AT_PAYLOAD + 6)
#define AT_ARP_SENDER_MAC (AT_PAYLOAD + 8)
#define AT_ARP_SENDER_IP (AT_PAYLOAD + 14)
#define ARP_END (AT_PAYLOAD + 28)
#define AT_IP4_FRAGMENT (AT_PAYLOAD + 6)
#define AT_IP4_PROTOCOL (AT_PAYLOAD + 9)
#define AT_IP6_NEXT (AT_PAYLOAD + 6)
#define AT_IP6_HOPS (AT_PAYLOAD + 7)
#define AT_IP6_SOURCE (AT_PAYLOAD + 8)
#define AT_ICMP6 (AT_PAYLOAD + 40)
#define AT_ICMP6_TARGET (AT_ICMP6 + 8)
#define ICMP6_END (AT_ICMP6_TARGET + 16)

#define IP4_FRAGMENT_MASK 0x1fff
#define ICMP6_SOLICITATION 135
#define ICMP6_ADVERTISEMENT 136
#define DHCP_CLIENT_PORT 68
#define DHCP_SERVER_PORT 67
#define VLAN_TAG_PRESENT ((uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))

/* In a DHCP message. */
#define UDP_BYTES 8
#define AT_DHCP_CIADDR 12
#define AT_DHCP_CHADDR 28
#define AT_DHCP_COOKIE 236
#define AT_DHCP_OPTIONS 240
#define DHCP_PAD 0
#define DHCP_REQUESTED_IP 50
#define DHCP_MESSAGE_TYPE 53
#define DHCP_END 255
#define DHCP_DISCOVER 1
#define DHCP_REQUEST 3
#define DHCP_DECLINE 4
#define DHCP_RELEASE 7

static uint32_t word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static unsigned int half_at(const uint8_t *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

/* Jumps are over so many of the instructions that follow; 30 is the one that refuses. */
#define REFUSE 30
#define OVER(here) ((uint8_t)(REFUSE - (here) - 1))
#define LOAD(size, offset) BPF_STMT(BPF_LD | (size) | BPF_ABS, (offset))
#define LOAD_BEHIND_IP4(offset) BPF_STMT(BPF_LD | BPF_H | BPF_IND, AT_PAYLOAD + (offset))
#define REQUIRE(here, value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, OVER(here))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(bytes) BPF_STMT(BPF_RET | BPF_K, (bytes))

void net_seen_filter(const uint8_t mac[static 6],
		     struct sock_filter ret_program[static NET_SEEN_PROGRAM_LENGTH])
{
	const struct sock_filter program[NET_SEEN_PROGRAM_LENGTH] = {
		LOAD(BPF_W, AT_SOURCE),
		REQUIRE(1, word_at(mac)),
		LOAD(BPF_H, AT_SOURCE + 4),
		REQUIRE(3, half_at(mac + 4)),
		LOAD(BPF_B, VLAN_TAG_PRESENT),
		REQUIRE(5, 0),
		LOAD(BPF_H, AT_TYPE),
		IF(ETH_P_ARP, 0, 1),
		RETURN(ARP_END),
		IF(ETH_P_IPV6, 0, 7),
		/* 10 */
		LOAD(BPF_B, AT_IP6_NEXT),
		REQUIRE(11, IPPROTO_ICMPV6),
		LOAD(BPF_B, AT_ICMP6),
		IF(ICMP6_SOLICITATION, 1, 0),
		REQUIRE(14, ICMP6_ADVERTISEMENT),
		RETURN(ICMP6_END),
		RETURN(0),
		/* 17 */
		REQUIRE(17, ETH_P_IP),
		LOAD(BPF_B, AT_IP4_PROTOCOL),
		REQUIRE(19, IPPROTO_UDP),
		LOAD(BPF_H, AT_IP4_FRAGMENT),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, IP4_FRAGMENT_MASK),
		REQUIRE(22, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, AT_PAYLOAD),
		LOAD_BEHIND_IP4(0),
		REQUIRE(25, DHCP_CLIENT_PORT),
		LOAD_BEHIND_IP4(2),
		REQUIRE(27, DHCP_SERVER_PORT),
		RETURN(NET_SEEN_FRAME_MAX),
		RETURN(0),
		/* 30 */
		RETURN(0),
	};

	memcpy(ret_program, program, sizeof(program));
}

/* --- the lists --- */

static bool remove_ip(struct net_seen_list *list, const struct net_ip *ip)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!net_ip_equal(&list->ips[i], ip))
			continue;
		list->count--;
		memmove(&list->ips[i], &list->ips[i + 1], (list->count - i) * sizeof(*list->ips));
		return true;
	}
	return false;
}

bool net_seen_add(struct net_seen *seen, const struct net_ip *ip)
{
	struct net_seen_list *list = ip->family == AF_INET ? &seen->ip4 : &seen->ip6;

	if (!net_ip_is_unicast(ip) || (ip->family == AF_INET6 && net_ip_is_link_local(ip)))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (net_ip_equal(&list->ips[i], ip))
			return false;
	if (list->count < NET_SEEN_MAX)
		list->count++;
	memmove(&list->ips[1], &list->ips[0], (list->count - 1) * sizeof(*list->ips));
	list->ips[0] = *ip;
	return true;
}

static struct net_ip ip_at(int family, const uint8_t *bytes)
{
	struct net_ip ip = { .family = family, .prefix = family == AF_INET ? 32 : 128 };

	memcpy(ip.bytes, bytes, net_ip_size(&ip));
	return ip;
}

/* --- what it tells --- */

static bool take_arp(struct net_seen *seen, const uint8_t *mac, const uint8_t *frame, size_t length)
{
	/* Ethernet and IPv4, and their sizes */
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4 };
	struct net_ip ip;

	if (length < ARP_END || memcmp(frame + AT_PAYLOAD, head, sizeof(head)) != 0 ||
	    memcmp(frame + AT_ARP_SENDER_MAC, mac, ETH_ALEN) != 0 ||
	    half_at(frame + AT_ARP_OPERATION) == 0 || half_at(frame + AT_ARP_OPERATION) > 2)
		return false;
	ip = ip_at(AF_INET, frame + AT_ARP_SENDER_IP);
	return net_seen_add(seen, &ip);
}

/* Who solicits from :: asks whether an address is free, and has it when nobody answers. */
static bool take_ip6(struct net_seen *seen, const uint8_t *frame, size_t length)
{
	static const uint8_t unspecified[16];
	struct net_ip ip;

	if (length < ICMP6_END || frame[AT_IP6_NEXT] != IPPROTO_ICMPV6 || frame[AT_IP6_HOPS] != 255)
		return false;
	if (frame[AT_ICMP6] == ICMP6_ADVERTISEMENT ||
	    (frame[AT_ICMP6] == ICMP6_SOLICITATION &&
	     memcmp(frame + AT_IP6_SOURCE, unspecified, sizeof(unspecified)) == 0))
		ip = ip_at(AF_INET6, frame + AT_ICMP6_TARGET);
	else if (frame[AT_ICMP6] == ICMP6_SOLICITATION)
		ip = ip_at(AF_INET6, frame + AT_IP6_SOURCE);
	else
		return false;
	return net_seen_add(seen, &ip);
}

struct dhcp_options {
	uint8_t type; /* 0: none */
	const uint8_t *requested; /* 4 bytes, or NULL */
};

static struct dhcp_options read_options(const uint8_t *options, size_t length)
{
	struct dhcp_options found = {};

	for (size_t at = 0; at < length && options[at] != DHCP_END;) {
		const uint8_t *value = options + at + 2;

		if (options[at] == DHCP_PAD) {
			at++;
			continue;
		}
		if (length - at < 2 || length - at - 2 < options[at + 1])
			break;
		if (options[at] == DHCP_MESSAGE_TYPE && options[at + 1] == 1)
			found.type = value[0];
		else if (options[at] == DHCP_REQUESTED_IP && options[at + 1] == 4)
			found.requested = value;
		at += 2u + options[at + 1];
	}
	return found;
}

/* What it had of a server is not its own any more. */
static bool take_lease(struct net_seen *seen, const struct net_ip *ip)
{
	bool changed = false;

	if (seen->leased.family != AF_UNSPEC && (!ip || !net_ip_equal(&seen->leased, ip)))
		changed = remove_ip(&seen->ip4, &seen->leased);
	seen->leased = ip ? *ip : (struct net_ip){};
	return (ip && net_seen_add(seen, ip)) || changed;
}

static bool take_dhcp(struct net_seen *seen, const uint8_t *mac, const uint8_t *message,
		      size_t length)
{
	/* a request, Ethernet, and its size */
	static const uint8_t head[] = { 1, 1, 6 }, cookie[] = { 99, 130, 83, 99 };
	struct dhcp_options options;
	struct net_ip ip;

	if (length < AT_DHCP_OPTIONS || memcmp(message, head, sizeof(head)) != 0 ||
	    memcmp(message + AT_DHCP_CHADDR, mac, ETH_ALEN) != 0 ||
	    memcmp(message + AT_DHCP_COOKIE, cookie, sizeof(cookie)) != 0)
		return false;
	options = read_options(message + AT_DHCP_OPTIONS, length - AT_DHCP_OPTIONS);
	if (options.type == DHCP_DISCOVER || options.type == DHCP_DECLINE ||
	    options.type == DHCP_RELEASE)
		return take_lease(seen, NULL);
	if (options.type != DHCP_REQUEST)
		return false;
	/* Only a renewal has none; there the client's address is filled in. */
	ip = ip_at(AF_INET, options.requested ? options.requested : message + AT_DHCP_CIADDR);
	return net_ip_is_unicast(&ip) && take_lease(seen, &ip);
}

static bool take_ip4(struct net_seen *seen, const uint8_t *mac, const uint8_t *frame, size_t length)
{
	size_t header = 0;

	if (length < AT_PAYLOAD + 20)
		return false;
	header = 4 * (frame[AT_PAYLOAD] & 0xfu);
	if (frame[AT_PAYLOAD] >> 4 != 4 || header < 20 ||
	    length < AT_PAYLOAD + header + UDP_BYTES || frame[AT_IP4_PROTOCOL] != IPPROTO_UDP ||
	    (half_at(frame + AT_IP4_FRAGMENT) & IP4_FRAGMENT_MASK) != 0 ||
	    half_at(frame + AT_PAYLOAD + header) != DHCP_CLIENT_PORT ||
	    half_at(frame + AT_PAYLOAD + header + 2) != DHCP_SERVER_PORT)
		return false;
	header += AT_PAYLOAD + UDP_BYTES;
	return take_dhcp(seen, mac, frame + header, length - header);
}

bool net_seen_take(struct net_seen *seen, const uint8_t mac[static 6], const uint8_t *frame,
		   size_t length)
{
	if (length < AT_PAYLOAD || memcmp(frame + AT_SOURCE, mac, ETH_ALEN) != 0)
		return false;
	switch (half_at(frame + AT_TYPE)) {
	case ETH_P_ARP:
		return take_arp(seen, mac, frame, length);
	case ETH_P_IPV6:
		return take_ip6(seen, frame, length);
	case ETH_P_IP:
		return take_ip4(seen, mac, frame, length);
	}
	return false;
}
