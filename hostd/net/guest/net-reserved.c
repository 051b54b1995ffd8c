// SPDX-License-Identifier: GPL-2.0-or-later
// The addresses that the host itself uses on a network.
#include "net-reserved.h"

#include <string.h>

#include "base/cleanup.h"
#include "net/address/net-gateway.h"
#include "net/net-network.h"

void net_reserved_add(struct net_reserved *reserved, const struct net_ip *ip)
{
	struct net_ip one = *ip;

	one.prefix = (uint8_t)(net_ip_size(&one) * 8);
	if (net_ip_is_unicast(&one) && reserved->count < NET_RESERVED_MAX &&
	    !net_reserved_has(reserved, &one))
		reserved->ips[reserved->count++] = one;
}

bool net_reserved_has(const struct net_reserved *reserved, const struct net_ip *ip)
{
	for (size_t i = 0; i < reserved->count; i++)
		if (net_ip_equal(&reserved->ips[i], ip))
			return true;
	return false;
}

bool net_reserved_equal(const struct net_reserved *a, const struct net_reserved *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!net_ip_equal(&a->ips[i], &b->ips[i]))
			return false;
	return true;
}

/* One that another machine has is that machine's, which may be a guest. */
static int add_own(const struct network *network, struct net_reserved *reserved)
{
	_cleanup_free_ struct net_address_info *addresses = NULL;
	size_t count = 0;
	int r = net_address_list(network->link, network->ifindex, &addresses, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (!addresses[i].duplicate)
			net_reserved_add(reserved, &addresses[i].ip);
	return r;
}

static int add_gateways(const struct network *network, struct net_reserved *reserved)
{
	_cleanup_free_ struct net_ip *gateways = NULL;
	size_t count = 0;
	int r = net_gateway_list(network->link, network->ifindex, &gateways, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		net_reserved_add(reserved, &gateways[i]);
	return r;
}

static int add_dns(const struct network *network, struct net_reserved *reserved)
{
	_cleanup_(text_list_done) struct text_list servers = {};
	int r = network_list_dns(network, &servers);

	for (size_t i = 0; r == 0 && i < servers.count; i++) {
		struct net_ip ip = {};

		/* A link-local one has the bridge's name behind it. */
		servers.items[i][strcspn(servers.items[i], "%")] = '\0';
		if (net_ip_parse(servers.items[i], &ip) == 0)
			net_reserved_add(reserved, &ip);
	}
	return r;
}

int network_list_reserved(const struct network *network, struct net_reserved *ret_reserved)
{
	struct net_reserved reserved = {};
	int r = 0;

	if (network->ifindex > 0) {
		r = add_own(network, &reserved);
		if (r == 0)
			r = add_gateways(network, &reserved);
		if (r == 0)
			r = add_dns(network, &reserved);
	}
	if (r < 0)
		return r;
	*ret_reserved = reserved;
	return 0;
}
