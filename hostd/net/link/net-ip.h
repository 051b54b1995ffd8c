/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 addresses with their prefix. Pure. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* Zero-initialised means none: family AF_UNSPEC. Bytes are in network order. */
struct net_ip {
	int family; /* AF_INET or AF_INET6 */
	uint8_t bytes[16]; /* 4 bytes for AF_INET; the rest is zero */
	uint8_t prefix;
};

#define NET_IP_TEXT_MAX 64

/* "192.0.2.7" or "2001:db8::7"; the prefix is the whole address. Returns 0 or -EINVAL. */
int net_ip_parse(const char *text, struct net_ip *ret_ip);
/* "192.0.2.7/24"; without a prefix the whole address. Returns 0 or -EINVAL. */
int net_ip_parse_prefix(const char *text, struct net_ip *ret_ip);

/* Format it without and with "/PREFIX"; both return the buffer. */
char *net_ip_format(const struct net_ip *ip, char buffer[static NET_IP_TEXT_MAX]);
char *net_ip_format_prefix(const struct net_ip *ip, char buffer[static NET_IP_TEXT_MAX]);

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b);
/* 4 or 16. */
unsigned int net_ip_size(const struct net_ip *ip);
/* Whether a machine can have it: not unspecified, loopback, multicast or broadcast. */
bool net_ip_is_unicast(const struct net_ip *ip);
bool net_ip_is_link_local(const struct net_ip *ip);
/* Whether the address lies in the network of ip and its prefix. */
bool net_ip_contains(const struct net_ip *ip, const struct net_ip *address);
/* The network's own address (all host bits 0), and its last one (all 1), with the same prefix. */
struct net_ip net_ip_first(const struct net_ip *ip);
struct net_ip net_ip_last(const struct net_ip *ip);
