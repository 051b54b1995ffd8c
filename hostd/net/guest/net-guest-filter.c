// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' filters. That of a guest without addresses of its own has the host's in it, which come
// and go: what it is made of is kept here as long as the tap is there.
#include "net-guest-filter.h"

#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "net-filter.h"
#include "net/link/net-tc.h"
#include "net/net-internal.h"

struct net_guest_filter {
	int ifindex; /* of the tap */
	const struct network *network;
	uint8_t mac[6];
	unsigned int may; /* of enum nic_may */
	bool stale; /* the kernel has one of earlier addresses */
};

/* Its definition says which addresses are its own, or that it is the network's router. */
static bool is_fixed(const struct net_tap_request *request)
{
	return request->addresses->count > 0 || request->may & NIC_MAY_ROUTER;
}

static int make_program(const struct net_tap_request *request, const struct net_reserved *reserved,
			struct sock_filter **ret_program, size_t *ret_length)
{
	return net_filter_make(
		&(struct net_filter_rules){
			.mac = request->mac,
			.addresses = request->addresses,
			.reserved = reserved->ips,
			.reserved_count = is_fixed(request) ? 0 : reserved->count,
			.may = request->may,
		},
		ret_program, ret_length);
}

static int keep(struct net *net, const struct network *network, int ifindex,
		const struct net_tap_request *request, bool stale)
{
	struct net_guest_filter *filter = NULL;
	int r = array_grow(net->guest_filters, net->guest_filter_count);

	if (r < 0)
		return r;
	filter = &net->guest_filters[net->guest_filter_count++];
	*filter = (struct net_guest_filter){
		.ifindex = ifindex, .network = network, .may = request->may, .stale = stale
	};
	memcpy(filter->mac, request->mac, sizeof(filter->mac));
	return 0;
}

static int read_reserved(struct net *net, struct network *network)
{
	struct net_reserved now = {};
	int r = network_list_reserved(network, &now);

	if (r < 0 || net_reserved_equal(&network->reserved, &now))
		return r;
	network->reserved = now;
	for (size_t i = 0; i < net->guest_filter_count; i++)
		if (net->guest_filters[i].network == network)
			net->guest_filters[i].stale = true;
	return 0;
}

int net_guest_filter_begin(struct net *net, int ifindex, const struct net_tap_request *request)
{
	_cleanup_free_ struct sock_filter *program = NULL;
	struct network *network = net_find_network(net, request->network);
	size_t length = 0;
	int r = is_fixed(request) ? 0 : read_reserved(net, network);

	if (r == 0)
		r = make_program(request, &network->reserved, &program, &length);
	if (r == 0)
		r = net_tc_set_filter(net->link, ifindex, program, length);
	if (r == 0 && !is_fixed(request))
		r = keep(net, network, ifindex, request, false);
	return r;
}

bool net_guest_filter_refuses(const struct net *net, int ifindex, const struct net_ip *ip)
{
	for (size_t i = 0; i < net->guest_filter_count; i++)
		if (net->guest_filters[i].ifindex == ifindex)
			return net_reserved_has(&net->guest_filters[i].network->reserved, ip);
	return false;
}

void net_guest_filter_end(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->guest_filter_count; i++)
		if (net->guest_filters[i].ifindex == ifindex) {
			net->guest_filters[i] = net->guest_filters[--net->guest_filter_count];
			return;
		}
}

/* The kernel puts one in the other's place: there is no moment without. */
static int replace(struct net *net, const struct net_guest_filter *filter)
{
	_cleanup_free_ struct sock_filter *program = NULL;
	const struct text_list any = {};
	size_t length = 0;
	int r = make_program(&(struct net_tap_request){ .mac = filter->mac,
							.addresses = &any,
							.may = filter->may },
			     &filter->network->reserved, &program, &length);

	return r < 0 ? r : net_tc_replace_filter(net->link, filter->ifindex, program, length);
}

static void update_filter(struct net *net, struct net_guest_filter *filter)
{
	int r = replace(net, filter);

	filter->stale = r < 0;
	if (r == -ENODEV)
		*filter = net->guest_filters[--net->guest_filter_count];
	else if (r < 0)
		log_error(filter->network->subject,
			  "a guest's filter cannot be updated, so it may be able to claim one of "
			  "the host's addresses: %s",
			  strerror(-r));
}

void net_guest_filters_update(struct net *net)
{
	for (size_t i = 0; i < net->network_count; i++) {
		int r = read_reserved(net, &net->networks[i]);

		if (r < 0)
			log_error(net->networks[i].subject,
				  "the host's addresses cannot be read, so guests' filters stay as "
				  "they are: %s",
				  strerror(-r));
	}
	/* From the end: filters leave the table. */
	for (size_t i = net->guest_filter_count; i > 0; i--)
		if (net->guest_filters[i - 1].stale)
			update_filter(net, &net->guest_filters[i - 1]);
}

int net_adopt_tap(struct net *net, const struct net_tap_request *request)
{
	struct network *network = net_find_network(net, request->network);
	struct net_link_info tap = {};
	char name[IFNAMSIZ];
	int r = 0;

	if (!network || network->ifindex == 0)
		return -ENOENT;
	if (is_fixed(request))
		return 0;
	net_policy_tap_name(request->guest_name, request->nic_index, name);
	r = net_link_get_named(net->link, name, &tap);
	if (r == 0 && (!tap.tap || tap.master_ifindex != network->ifindex))
		r = -ENODEV;
	if (r == 0)
		r = read_reserved(net, network);
	if (r == 0)
		r = keep(net, network, tap.ifindex, request, true);
	if (r == 0)
		update_filter(net, &net->guest_filters[net->guest_filter_count - 1]);
	return r;
}

void net_guest_filters_done(struct net *net)
{
	free(net->guest_filters);
	net->guest_filters = NULL;
	net->guest_filter_count = 0;
}
