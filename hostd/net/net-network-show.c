// SPDX-License-Identifier: GPL-2.0-or-later
// How a network appears in the API and in resolv.conf.
#include <string.h>

#include "net-network.h"

int network_list_dns(const struct network *network, struct text_list *servers)
{
	char text[NET_IP_TEXT_MAX];
	struct net_ip server = {};
	int r = 0;

	for (size_t i = 0; i < network->config->dns.count && r == 0; i++)
		if (net_ip_parse(network->config->dns.items[i], &server) == 0)
			r = text_list_add(servers, network->config->dns.items[i]);
	if (network->config->dns.count > 0)
		return r;
	for (size_t i = 0; network->has_lease && i < network->lease.dns_count && r == 0; i++)
		r = text_list_add(servers, net_ip_format(&network->lease.dns[i], text));
	for (size_t i = 0; i < network->rdnss.count && r == 0; i++) {
		const struct net_ip *ip = &network->rdnss.servers[i].ip;

		/* A link-local server is on this link (RFC 8106 section 5.1). */
		r = text_list_addf(servers, "%s%s%s", net_ip_format(ip, text),
				   net_ip_is_link_local(ip) ? "%" : "",
				   net_ip_is_link_local(ip) ? network->bridge : "");
	}
	return r;
}

static const char *show_gateway(struct network *network)
{
	const struct net_ip *gateway = NULL;

	if (network->config->gateway)
		return network->config->gateway;
	if (network->has_lease)
		gateway = net_lease_gateway(&network->lease);
	return gateway ? net_ip_format(gateway, network->gateway_text) : network->config->gateway6;
}

static int show_addresses(struct network *network, size_t *ret_count)
{
	struct net_address *shown = NULL;
	size_t count = 0;

	shown = reallocarray(network->shown, network->address_count + 1, sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	network->shown = shown;
	for (size_t i = 0; i < network->address_count; i++) {
		const struct net_address_info *address = &network->addresses[i];

		if (address->duplicate)
			continue;
		(void)net_ip_format_prefix(&address->ip, shown[count].text);
		shown[count++].origin = net_origin_name(address->origin);
	}
	*ret_count = count;
	return 0;
}

/* Without an uplink there is nothing to wait for. */
static const char *show_phase(const struct network *network, size_t wired_nic_count)
{
	switch (network->config->mode) {
	case NETWORK_MODE_BRIDGE:
		return net_policy_phase(&network->uplink, wired_nic_count, network->dhcp,
					network->has_lease);
	case NETWORK_MODE_ISOLATED:
		return network->dhcp && !network->has_lease ? "waiting-for-dhcp" : "up";
	case NETWORK_MODE_NAT:
		break;
	}
	return "up";
}

int network_status(struct network *network, size_t wired_nic_count, struct net_status *ret_status)
{
	struct net_link_info info = {};
	struct net_status status = { .name = network->config->name };
	int ifindex = network->uplink.ifindex ? network->uplink.ifindex : network->ifindex;

	text_list_done(&network->dns_shown);
	if (show_addresses(network, &status.address_count) < 0 ||
	    network_list_dns(network, &network->dns_shown) < 0)
		return -ENOMEM;
	status.addresses = network->shown;
	status.dns = (const char *const *)network->dns_shown.items;
	status.gateway = show_gateway(network);
	status.carrier = network->uplink.carrier;
	if (network->config->mode == NETWORK_MODE_BRIDGE && network->uplink.ifindex)
		status.uplink = network->uplink_name;
	status.phase = show_phase(network, wired_nic_count);
	if (ifindex > 0 && net_link_get(network->link, ifindex, &info) == 0) {
		status.rx_bytes = info.rx_bytes;
		status.tx_bytes = info.tx_bytes;
	}
	*ret_status = status;
	return 0;
}
