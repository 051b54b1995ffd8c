// SPDX-License-Identifier: GPL-2.0-or-later
// DNS servers from router advertisements.
#include "net-rdnss.h"

#include <string.h>

#define OPTION_RDNSS 25
#define HEAD_BYTES 8
#define ADDRESS_BYTES 16
#define LIFETIME_FOREVER UINT32_MAX

static void remove_at(struct net_rdnss *rdnss, size_t at)
{
	rdnss->count--;
	memmove(&rdnss->servers[at], &rdnss->servers[at + 1],
		(rdnss->count - at) * sizeof(rdnss->servers[0]));
}

static size_t find(const struct net_rdnss *rdnss, const struct net_ip *ip)
{
	size_t at = 0;

	while (at < rdnss->count && !net_ip_equal(&rdnss->servers[at].ip, ip))
		at++;
	return at;
}

/* Whether there is room for a server with this end; drops one that ends earlier. */
static bool make_room(struct net_rdnss *rdnss, uint64_t until_s)
{
	size_t first = 0;

	if (rdnss->count < NET_RDNSS_SERVERS_MAX)
		return true;
	for (size_t i = 1; i < rdnss->count; i++)
		if (rdnss->servers[i].until_s < rdnss->servers[first].until_s)
			first = i;
	if (rdnss->servers[first].until_s >= until_s)
		return false;
	remove_at(rdnss, first);
	return true;
}

static bool update_one(struct net_rdnss *rdnss, const struct net_ip *ip, uint64_t until_s,
		       uint64_t now_s)
{
	size_t at = find(rdnss, ip);

	if (at < rdnss->count) {
		rdnss->servers[at].until_s = until_s;
		if (until_s > now_s)
			return false;
		remove_at(rdnss, at);
		return true;
	}
	if (until_s <= now_s || !make_room(rdnss, until_s))
		return false;
	rdnss->servers[rdnss->count++] = (struct net_rdnss_server){ *ip, until_s };
	return true;
}

bool net_rdnss_update(struct net_rdnss *rdnss, const void *option, size_t length, uint64_t now_s)
{
	const uint8_t *bytes = option;
	uint32_t lifetime_s = 0;
	bool changed = false;

	/* The length is in units of 8 bytes: 1 for the head, 2 for each address. */
	if (length < HEAD_BYTES + ADDRESS_BYTES || bytes[0] != OPTION_RDNSS ||
	    bytes[1] * 8u != length || (length - HEAD_BYTES) % ADDRESS_BYTES != 0)
		return false;
	for (size_t i = 4; i < HEAD_BYTES; i++)
		lifetime_s = lifetime_s << 8 | bytes[i];
	for (size_t at = HEAD_BYTES; at < length; at += ADDRESS_BYTES) {
		struct net_ip ip = { .family = AF_INET6, .prefix = 128 };

		memcpy(ip.bytes, bytes + at, ADDRESS_BYTES);
		if (net_ip_is_unicast(&ip))
			changed |= update_one(rdnss, &ip,
					      lifetime_s == LIFETIME_FOREVER ? NET_RDNSS_FOREVER
									     : now_s + lifetime_s,
					      now_s);
	}
	return changed;
}

bool net_rdnss_expire(struct net_rdnss *rdnss, uint64_t now_s)
{
	bool changed = false;

	for (size_t i = rdnss->count; i > 0; i--)
		if (rdnss->servers[i - 1].until_s <= now_s) {
			remove_at(rdnss, i - 1);
			changed = true;
		}
	return changed;
}

uint64_t net_rdnss_next_s(const struct net_rdnss *rdnss)
{
	uint64_t next_s = NET_RDNSS_FOREVER;

	for (size_t i = 0; i < rdnss->count; i++)
		if (rdnss->servers[i].until_s < next_s)
			next_s = rdnss->servers[i].until_s;
	return next_s;
}
