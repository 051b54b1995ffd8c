// SPDX-License-Identifier: GPL-2.0-or-later
// A network's DHCP lease: what it sets on the bridge, and removes again.
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "net/net-network.h"

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

/* A new or renewed lease: what stays the same is not touched. */
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

void network_remove_lease(struct network *network, const char *why)
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

/* The next hostd goes on with it; without it, it asks again. */
static void keep_lease(const struct network *network, const char *text)
{
	int r = file_replace(AT_FDCWD, network->lease_path, text, strlen(text), 0644);

	if (r < 0)
		log_warning(network->subject, "the lease cannot be kept in %s: %s",
			    network->lease_path, strerror(-r));
}

void network_take_lease(const char *message, size_t length, void *userdata)
{
	struct network *network = userdata;
	const char *client = net_dhcp_client(network->dhcp);
	_cleanup_free_ char *text = NULL;
	struct net_lease lease = {};
	int r = net_lease_text(message, length, client, network_now_s(), &text);

	/* The client tries, and has no lease yet. */
	if (r == -ENOMSG || network->ifindex == 0)
		return;
	if (r == 0)
		r = net_lease_parse(text, strlen(text), &lease);
	if (r < 0) {
		log_warning(network->subject, "lease refused: %s",
			    r == -EINVAL ? "it is not valid" : strerror(-r));
		return;
	}
	/* udhcpc reports this at its start, too: an earlier run's lease is still valid then. */
	if (lease.event == NET_LEASE_EVENT_DECONFIG &&
	    (!network->has_lease || !text_equal(network->lease.client, client)))
		return;
	keep_lease(network, text);
	if (lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
	else
		network_remove_lease(network, "not renewed by the server");
	network->settle(network->settle_userdata);
}

void network_adopt_lease(struct network *network)
{
	_cleanup_free_ char *text = NULL;
	struct net_lease lease = {};
	size_t length = 0;

	if (network->dhcp &&
	    file_read(AT_FDCWD, network->lease_path, NET_LEASE_FILE_MAX, &text, &length) == 0 &&
	    net_lease_parse(text, length, &lease) == 0 && lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
}
