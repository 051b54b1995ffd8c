// SPDX-License-Identifier: GPL-2.0-or-later
// A network's DHCP lease: what it puts on the bridge, and takes away again.
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "net-network.h"

uint64_t network_now_s(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

static struct net_route lease_route(const struct network *network, const struct net_lease *lease,
				    const struct net_lease_route *from)
{
	struct net_route route = {
		.ifindex = network->ifindex,
		.destination = from->destination,
		.gateway = from->gateway,
		.source = lease->address,
		.origin = NET_ORIGIN_DHCP,
		.metric = network->metric,
		.mtu = lease->mtu,
	};

	route.onlink = from->gateway.family != AF_UNSPEC &&
		       !net_ip_contains(&lease->address, &from->gateway);
	return route;
}

static bool has_route(const struct net_lease *lease, const struct net_lease_route *route)
{
	for (size_t i = 0; i < lease->route_count; i++)
		if (net_lease_route_equal(&lease->routes[i], route))
			return true;
	return false;
}

static void set_lease_routes(struct network *network, const struct net_lease *lease)
{
	for (size_t i = 0; i < lease->route_count; i++) {
		struct net_route route = lease_route(network, lease, &lease->routes[i]);
		char text[NET_IP_TEXT_MAX];
		int r = net_route_set(network->link, &route);

		if (r < 0)
			log_warning(network->subject, "route to %s cannot be set: %s",
				    net_ip_format_prefix(&route.destination, text), strerror(-r));
	}
}

/* A lease, a renewal, or another address: what stays the same is not touched. */
static void apply_lease(struct network *network, const struct net_lease *lease)
{
	uint32_t remaining_s = net_lease_remaining_s(lease, network_now_s());
	bool same = network->has_lease && net_ip_equal(&network->lease.address, &lease->address);
	int r = 0;

	if (remaining_s == 0)
		return;
	if (network->has_lease && !same)
		(void)net_address_delete(network->link, network->ifindex, &network->lease.address);
	r = net_address_set(network->link, network->ifindex, &lease->address, NET_ORIGIN_DHCP,
			    remaining_s);
	if (r < 0) {
		log_error(network->subject, "address of the lease cannot be set: %s", strerror(-r));
		return;
	}
	for (size_t i = 0; same && i < network->lease.route_count; i++) {
		struct net_route old =
			lease_route(network, &network->lease, &network->lease.routes[i]);

		if (!has_route(lease, &network->lease.routes[i]))
			(void)net_route_delete(network->link, &old);
	}
	set_lease_routes(network, lease);
	network->lease = *lease;
	network->has_lease = true;
	network->changed = true;
	network_refresh(network);
}

void network_drop_lease(struct network *network, const char *why)
{
	char text[NET_IP_TEXT_MAX];

	if (!network->has_lease)
		return;
	network->has_lease = false;
	network->changed = true;
	log_warning(network->subject, "lease lost: %s (%s)",
		    net_ip_format_prefix(&network->lease.address, text), why);
	(void)net_address_delete(network->link, network->ifindex, &network->lease.address);
	network_refresh(network);
}

/* Returns 0 or -errno; -ENOENT when there is none yet. */
static int load_lease(const struct network *network, struct net_lease *ret_lease)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	int r = file_read(AT_FDCWD, network->lease_path, NET_LEASE_FILE_MAX, &text, &length);

	return r < 0 ? r : net_lease_parse(text, length, ret_lease);
}

void network_read_lease(struct network *network)
{
	struct net_lease lease = {};
	int r = 0;

	if (!network->dhcp || network->ifindex == 0)
		return;
	r = load_lease(network, &lease);
	if (r < 0) {
		if (r != -ENOENT)
			log_warning(network->subject, "lease is refused: %s",
				    r == -EINVAL ? "it makes no sense" : strerror(-r));
		return;
	}
	/* The script of a client that has been ended may come late. */
	if (strcmp(lease.client, net_dhcp_client(network->dhcp)) != 0)
		return;
	if (lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
	else
		network_drop_lease(network, "not renewed by the server");
}

void network_take_over_lease(struct network *network)
{
	struct net_lease lease = {};

	if (network->dhcp && load_lease(network, &lease) == 0 &&
	    lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
}
