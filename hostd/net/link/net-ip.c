// SPDX-License-Identifier: GPL-2.0-or-later
// IPv4 and IPv6 addresses with their prefix.
#include "net-ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

unsigned int net_ip_size(const struct net_ip *ip)
{
	return ip->family == AF_INET ? 4 : 16;
}

int net_ip_parse(const char *text, struct net_ip *ret_ip)
{
	struct net_ip ip = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	if (inet_pton(ip.family, text, ip.bytes) != 1)
		return -EINVAL;
	ip.prefix = (uint8_t)(net_ip_size(&ip) * 8);
	*ret_ip = ip;
	return 0;
}

int net_ip_parse_prefix(const char *text, struct net_ip *ret_ip)
{
	char address[NET_IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned int prefix = 0, digits = 0;
	struct net_ip ip = {};

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	if (net_ip_parse(address, &ip) < 0)
		return -EINVAL;
	if (slash) {
		for (const char *c = slash + 1; *c; c++, digits++) {
			if (*c < '0' || *c > '9' || digits >= 3)
				return -EINVAL;
			prefix = prefix * 10 + (unsigned int)(*c - '0');
		}
		if (digits == 0 || prefix > ip.prefix)
			return -EINVAL;
		ip.prefix = (uint8_t)prefix;
	}
	*ret_ip = ip;
	return 0;
}

char *net_ip_format(const struct net_ip *ip, char buffer[static NET_IP_TEXT_MAX])
{
	if (!inet_ntop(ip->family, ip->bytes, buffer, NET_IP_TEXT_MAX))
		(void)snprintf(buffer, NET_IP_TEXT_MAX, "none");
	return buffer;
}

char *net_ip_format_prefix(const struct net_ip *ip, char buffer[static NET_IP_TEXT_MAX])
{
	size_t length = strlen(net_ip_format(ip, buffer));

	(void)snprintf(buffer + length, NET_IP_TEXT_MAX - length, "/%u", ip->prefix);
	return buffer;
}

bool net_ip_equal(const struct net_ip *a, const struct net_ip *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool net_ip_is_unicast(const struct net_ip *ip)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	static const uint8_t zero[16] = {};

	if (ip->family == AF_INET)
		return ip->bytes[0] != 0 && ip->bytes[0] != 127 && ip->bytes[0] < 224;
	if (ip->family == AF_INET6)
		return ip->bytes[0] != 0xff && memcmp(ip->bytes, zero, 16) != 0 &&
		       memcmp(ip->bytes, loopback6, 16) != 0;
	return false;
}

bool net_ip_is_link_local(const struct net_ip *ip)
{
	if (ip->family == AF_INET)
		return ip->bytes[0] == 169 && ip->bytes[1] == 254;
	return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static uint8_t network_bits(unsigned int prefix, unsigned int byte)
{
	if (prefix >= (byte + 1) * 8)
		return 0xff;
	if (prefix <= byte * 8)
		return 0;
	return (uint8_t)(0xff << (8 - prefix % 8));
}

bool net_ip_contains(const struct net_ip *ip, const struct net_ip *address)
{
	if (ip->family != address->family)
		return false;
	for (unsigned int i = 0; i < net_ip_size(ip); i++)
		if ((ip->bytes[i] ^ address->bytes[i]) & network_bits(ip->prefix, i))
			return false;
	return true;
}

struct net_ip net_ip_first(const struct net_ip *ip)
{
	struct net_ip first = *ip;

	for (unsigned int i = 0; i < net_ip_size(ip); i++)
		first.bytes[i] &= network_bits(ip->prefix, i);
	return first;
}

struct net_ip net_ip_last(const struct net_ip *ip)
{
	struct net_ip last = *ip;

	for (unsigned int i = 0; i < net_ip_size(ip); i++)
		last.bytes[i] |= (uint8_t)~network_bits(ip->prefix, i);
	return last;
}
