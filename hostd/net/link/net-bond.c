// SPDX-License-Identifier: GPL-2.0-or-later
// Bonds: made from the configuration; NICs become members as they appear.
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "net/net-internal.h"

static int find_or_add(struct net *net, const struct network *network)
{
	struct net_bond bond = { .members = &network->config->bond, .subject = network->subject };

	for (size_t i = 0; i < net->bond_count; i++)
		if (net_policy_same_bond(net->bonds[i].members, bond.members))
			return (int)i;
	net_policy_bond_name(network->config->name, bond.name);
	if (array_grow(net->bonds, net->bond_count) < 0)
		return -ENOMEM;
	net->bonds[net->bond_count++] = bond;
	return (int)net->bond_count - 1;
}

static void make(struct net *net, struct net_bond *bond)
{
	struct net_link_info info = {};
	int r = net_link_get_named(net->link, bond->name, &info);

	if (r == -ENODEV) {
		r = net_link_make_bond(net->link, bond->name);
		if (r == 0)
			r = net_link_get_named(net->link, bond->name, &info);
	}
	if (r == 0 && !info.bond)
		r = -EEXIST;
	if (r == 0) {
		net_disable_ipv6(bond->name);
		r = net_link_set_up(net->link, info.ifindex, true);
	}
	if (r < 0)
		log_error(bond->subject, "%s cannot be made: %s", bond->name, strerror(-r));
	else
		bond->ifindex = info.ifindex;
}

int net_bonds_make(struct net *net)
{
	for (size_t i = 0; i < net->network_count; i++) {
		struct network *network = &net->networks[i];

		if (network->config->bond.count == 0 ||
		    network->config->mode != NETWORK_MODE_BRIDGE)
			continue;
		network->bond = find_or_add(net, network);
		if (network->bond < 0)
			return network->bond;
	}
	for (size_t i = 0; i < net->bond_count; i++)
		make(net, &net->bonds[i]);
	return 0;
}

static struct net_bond *named_by(struct net *net, const struct net_nic *nic)
{
	for (size_t i = 0; i < net->bond_count; i++)
		if (net_policy_is_member(net->bonds[i].members, nic))
			return &net->bonds[i];
	return NULL;
}

/* The kernel wants it down, and brings it up itself. */
static void add_member(struct net *net, struct net_bond *bond, struct net_nic *nic)
{
	int r = net_link_set_master(net->link, nic->ifindex, 0);

	if (r == 0)
		r = net_link_set_up(net->link, nic->ifindex, false);
	if (r == 0)
		r = net_link_set_master(net->link, nic->ifindex, bond->ifindex);
	if (r < 0) {
		log_warning(bond->subject, "%s cannot be a member of %s: %s", nic->name, bond->name,
			    strerror(-r));
		nic->refused = true;
		(void)net_link_set_up(net->link, nic->ifindex, true);
		return;
	}
	nic->master_ifindex = bond->ifindex;
	nic->bonded = true;
	log_notice(bond->subject, "%s is a member of %s", nic->name, bond->name);
}

void net_bonds_update(struct net *net)
{
	for (size_t i = 0; i < net->nic_count; i++) {
		struct net_nic *nic = &net->nics[i];
		struct net_bond *wanted = named_by(net, nic);
		const struct net_bond *now = net_find_bond(net, nic->master_ifindex);

		if (now == wanted || nic->foreign || nic->refused)
			continue;
		if (wanted && wanted->ifindex > 0) {
			add_member(net, wanted, nic);
		} else if (now && net_link_set_master(net->link, nic->ifindex, 0) == 0) {
			nic->master_ifindex = 0;
			(void)net_link_set_up(net->link, nic->ifindex, true);
		}
	}
}
