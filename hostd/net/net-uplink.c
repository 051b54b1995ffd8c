// SPDX-License-Identifier: GPL-2.0-or-later
// Which link becomes a network's uplink: a NIC, a bond, or a VLAN on either.
#include <string.h>

#include "base/log.h"
#include "net-internal.h"

/* NICs are tried in turn; one that fails does not affect the others. */
static void choose_nic(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];

	while (network->uplink.ifindex == 0) {
		ssize_t chosen = net_policy_choose(net->config->networks, net->network_count, index,
						   net->nics, net->nic_count);
		struct net_nic *nic = chosen >= 0 ? &net->nics[chosen] : NULL;
		int r = 0;

		if (!nic)
			return;
		r = network_take_port(network, nic->ifindex, nic->name);
		if (r < 0) {
			log_warning(network->subject, "%s cannot be used: %s", nic->name,
				    strerror(-r));
			nic->refused = true;
			continue;
		}
		nic->network = (int)index;
	}
}

/* Another network already has this VLAN there. */
static bool has_vlan(const struct net *net, size_t index, int parent_ifindex)
{
	for (size_t i = 0; i < net->network_count; i++)
		if (i != index && net->networks[i].parent_ifindex == parent_ifindex &&
		    net->config->networks[i].vlan == net->config->networks[index].vlan)
			return true;
	return false;
}

static bool may_carry(const struct net *net, size_t index, const struct net_nic *nic)
{
	return !nic->foreign &&
	       net_policy_may_carry(net->config->networks, net->network_count, index, nic) &&
	       !has_vlan(net, index, nic->ifindex);
}

/* A bond is usable once it has a member; it then has that member's MAC. */
static int find_base(struct net *net, size_t index)
{
	const struct network *network = &net->networks[index];
	int bond = network->bond == NET_NO_BOND ? 0 : net->bonds[network->bond].ifindex;

	for (size_t i = 0; i < net->nic_count; i++) {
		const struct net_nic *nic = &net->nics[i];

		if (network->bond != NET_NO_BOND) {
			if (bond > 0 && nic->master_ifindex == bond)
				return bond;
		} else if ((network->config->uplink || nic->carrier) &&
			   may_carry(net, index, nic)) {
			return nic->ifindex;
		}
	}
	return 0;
}

static bool is_vlan_on(const struct net_link_info *info, const struct network *network,
		       int parent_ifindex)
{
	return info->ours && info->vlan == network->config->vlan &&
	       info->parent_ifindex == parent_ifindex;
}

/* Returns 0 or -errno; adopts the previous hostd's. */
static int make_vlan(struct net *net, struct network *network, const struct net_link_info *base,
		     struct net_link_info *ret_info)
{
	struct net_link_info info = {};
	char name[IFNAMSIZ];
	int r = 0;

	net_policy_vlan_name(base->name, network->config->vlan, name);
	r = net_link_get_named(net->link, name, &info);
	if (r == 0 && !is_vlan_on(&info, network, base->ifindex)) {
		if (!info.ours)
			return -EEXIST;
		r = net_link_delete(net->link, info.ifindex);
		if (r == 0)
			r = -ENODEV;
	}
	if (r == -ENODEV) {
		r = net_link_make_vlan(net->link, name, base->ifindex, network->config->vlan);
		if (r == 0)
			r = net_link_get_named(net->link, name, &info);
	}
	if (r < 0)
		return r;
	net_disable_ipv6(name);
	*ret_info = info;
	return 0;
}

/* A NIC or bond carries all networks on it; a VLAN has its own MTU. */
static void set_mtu(struct net *net, struct network *network)
{
	int ifindex = network->parent_ifindex ? network->parent_ifindex : network->uplink.ifindex;
	_cleanup_free_ const struct network_config **users =
		calloc(net->network_count, sizeof(const struct network_config *));
	struct net_link_info base = {}, uplink = {};
	size_t count = 0;

	if (network->config->mtu == 0 || !users || net_link_get(net->link, ifindex, &base) < 0)
		return;
	for (size_t i = 0; i < net->network_count; i++)
		if (net->networks[i].parent_ifindex == ifindex ||
		    net->networks[i].uplink.ifindex == ifindex)
			users[count++] = net->networks[i].config;
	network_set_mtu(network, ifindex, base.name, net_policy_mtu(users, count, base.mtu));
	if (network->config->vlan > 0 &&
	    net_link_get(net->link, network->uplink.ifindex, &uplink) == 0 &&
	    uplink.mtu != network->config->mtu)
		network_set_mtu(network, uplink.ifindex, uplink.name, network->config->mtu);
}

/* A bond, or a VLAN on a bond or a NIC. */
static void choose_base(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];
	struct net_link_info base = {}, port = {};
	int ifindex = find_base(net, index), r = 0;

	if (ifindex == 0 || ifindex == network->refused_ifindex)
		return;
	r = net_link_get(net->link, ifindex, &base);
	port = base;
	if (r == 0 && network->config->vlan > 0)
		r = make_vlan(net, network, &base, &port);
	if (r == 0)
		r = network_take_port(network, port.ifindex, port.name);
	if (r < 0) {
		log_warning(network->subject, "%s cannot be used%s: %s", base.name,
			    network->config->vlan > 0 ? " for a VLAN" : "", strerror(-r));
		network->refused_ifindex = ifindex;
		return;
	}
	if (network->config->vlan > 0)
		network->parent_ifindex = ifindex;
}

static void choose(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];
	const struct network_config *config = network->config;

	if (network->ifindex == 0 || network->uplink.ifindex > 0)
		return;
	switch (config->mode) {
	case NETWORK_MODE_NAT:
		return;
	case NETWORK_MODE_ISOLATED:
		network->uplink.ifindex = network->ifindex;
		network->uplink_stale = true;
		return;
	case NETWORK_MODE_BRIDGE:
		break;
	}
	if (config->vlan == 0 && config->bond.count == 0)
		choose_nic(net, index);
	else
		choose_base(net, index);
	if (network->uplink.ifindex > 0)
		set_mtu(net, network);
}

void net_uplink_update(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];
	struct net_link_info info = {};

	choose(net, index);
	if (!network->uplink_stale || network->uplink.ifindex == 0 ||
	    net_link_get(net->link, network->uplink.ifindex, &info) < 0)
		return;
	network->uplink_stale = false;
	network->uplink.carrier = info.carrier;
	memcpy(network->uplink_name, info.name, sizeof(network->uplink_name));
	/* A bond's MAC changes with its first member. */
	if (network->config->bond.count > 0 && info.has_mac &&
	    memcmp(info.mac, network->uplink_mac, sizeof(info.mac)) != 0)
		network_take_mac(network, info.name, info.mac);
}

/* Whether one of the bridge's ports is what the configuration wants there. */
static bool may_stay(struct net *net, size_t index, const struct net_link_info *port)
{
	struct network *network = &net->networks[index];
	const struct net_bond *bond =
		network->bond == NET_NO_BOND ? NULL : &net->bonds[network->bond];
	const struct net_nic *nic = net_find_nic(net, port->ifindex);

	if (network->uplink.ifindex > 0 || network->config->mode != NETWORK_MODE_BRIDGE)
		return false;
	if (network->config->vlan == 0) {
		if (bond)
			return port->ifindex == bond->ifindex;
		return nic &&
		       net_policy_may_keep(net->config->networks, net->network_count, index, nic);
	}
	if (!is_vlan_on(port, network, port->parent_ifindex))
		return false;
	if (bond)
		return port->parent_ifindex == bond->ifindex;
	nic = net_find_nic(net, port->parent_ifindex);
	return nic && may_carry(net, index, nic);
}

void net_uplinks_adopt(struct net *net, const struct net_link_info *links, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct network *network = net_find_bridge(net, links[i].master_ifindex);
		struct net_nic *nic = net_find_nic(net, links[i].ifindex);
		size_t index = network ? (size_t)(network - net->networks) : 0;

		if (!network || (!nic && !links[i].ours))
			continue;
		if (!may_stay(net, index, &links[i])) {
			(void)net_link_set_master(net->link, links[i].ifindex, 0);
			if (nic)
				nic->master_ifindex = 0;
			continue;
		}
		network->uplink = (struct net_uplink){ links[i].ifindex, links[i].carrier };
		network->uplink_stale = true;
		memcpy(network->uplink_mac, links[i].mac, sizeof(network->uplink_mac));
		if (network->config->vlan > 0)
			network->parent_ifindex = links[i].parent_ifindex;
		else if (nic)
			nic->network = (int)index;
		set_mtu(net, network);
	}
}
