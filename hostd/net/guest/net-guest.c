// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' ends of the bridges: taps that pass on what a guest may send, and what they have carried.
#include <string.h>

#include "base/log.h"
#include "net-guest-address.h"
#include "net-guest-filter.h"
#include "net-tap.h"
#include "net/link/net-tc.h"
#include "net/net-internal.h"

/* The filter is there before the tap is a port, and the port is guarded before it is up. */
static int attach(struct net *net, const struct network *network, int ifindex,
		  const struct net_tap_request *request)
{
	struct net_link_info bridge = {};
	int r = net_guest_filter_begin(net, ifindex, request);

	if (r < 0) {
		log_error(network->subject,
			  "NIC %u of guest %s gets no tap: what it sends cannot be filtered: %s",
			  request->nic_index, request->guest_name, strerror(-r));
		return r;
	}
	r = net_link_get(net->link, network->ifindex, &bridge);
	if (r == 0)
		r = net_link_set_master(net->link, ifindex, network->ifindex);
	if (r < 0)
		return r;
	r = net_link_guard_port(net->link, ifindex, request->isolate);
	if (r < 0) {
		log_error(network->subject,
			  "NIC %u of guest %s gets no tap: its port cannot be guarded: %s",
			  request->nic_index, request->guest_name, strerror(-r));
		return r;
	}
	network_set_mtu(network, ifindex, "the tap", bridge.mtu);
	return net_link_set_up(net->link, ifindex, true);
}

int net_open_tap(struct net *net, const struct net_tap_request *request, int *ret_tap_fd,
		 int *ret_vhost_fd)
{
	_cleanup_fd_ int fd = -EBADF;
	const struct network *network = net_find_network(net, request->network);
	struct net_link_info tap = {};
	char name[IFNAMSIZ];
	int r = 0;

	if (!network)
		return -ENOENT;
	if (network->config->mode == NETWORK_MODE_NAT)
		return -EOPNOTSUPP;
	if (network->ifindex == 0)
		return -ENETDOWN;
	net_policy_tap_name(request->guest_name, request->nic_index, name);
	r = net_tap_open(name, &fd);
	if (r < 0)
		return r;
	net_disable_ipv6(name);
	r = net_link_get_named(net->link, name, &tap);
	if (r == 0)
		r = attach(net, network, tap.ifindex, request);
	if (r < 0)
		return r;
	net_guest_address_begin(net, name, tap.ifindex, request->mac);
	*ret_vhost_fd = net_tap_open_vhost();
	*ret_tap_fd = take_fd(&fd);
	return 0;
}

int net_read_tap_stats(struct net *net, const char *guest_name, unsigned int nic_index,
		       struct net_tap_stats *ret_stats)
{
	struct net_link_info tap = {};
	uint64_t refused = 0;
	char name[IFNAMSIZ];
	int r = 0;

	net_policy_tap_name(guest_name, nic_index, name);
	r = net_link_get_named(net->link, name, &tap);
	if (r == 0 && !tap.tap)
		r = -ENODEV;
	if (r == 0)
		r = net_tc_count_refused(net->link, tap.ifindex, &refused);
	if (r < 0)
		return r;
	*ret_stats = (struct net_tap_stats){
		.rx_bytes = tap.tx_bytes,
		.rx_packets = tap.tx_packets,
		.rx_dropped = tap.tx_dropped,
		.tx_bytes = tap.rx_bytes,
		.tx_packets = tap.rx_packets,
		.tx_dropped = tap.rx_dropped,
		.tx_refused = refused,
	};
	return 0;
}
