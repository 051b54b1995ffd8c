// SPDX-License-Identifier: GPL-2.0-or-later
// Decisions about NICs.
#include "net-policy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool mac_is(const char *text, const uint8_t mac[static 6])
{
	char own[18];

	(void)snprintf(own, sizeof(own), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		       mac[3], mac[4], mac[5]);
	return strcasecmp(text, own) == 0;
}

bool net_policy_is_named(const char *uplink, const struct net_nic *nic)
{
	return strcmp(uplink, nic->name) == 0 ||
	       (nic->pci_path[0] && strcasecmp(uplink, nic->pci_path) == 0) ||
	       (nic->has_permanent_mac && mac_is(uplink, nic->permanent_mac)) ||
	       (nic->has_mac && !nic->bonded && mac_is(uplink, nic->mac));
}

bool net_policy_is_member(const struct text_list *bond, const struct net_nic *nic)
{
	for (size_t i = 0; i < bond->count; i++)
		if (net_policy_is_named(bond->items[i], nic))
			return true;
	return false;
}

static bool has_text(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], text) == 0)
			return true;
	return false;
}

bool net_policy_same_bond(const struct text_list *a, const struct text_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!has_text(b, a->items[i]))
			return false;
	return true;
}

/* Whether another network has the NIC as its uplink; tagged: VLANs count too. */
static bool named_by_another(const struct network_config *networks, size_t network_count,
			     size_t network, const struct net_nic *nic, bool tagged)
{
	for (size_t i = 0; i < network_count; i++)
		if (i != network && networks[i].uplink && (tagged || networks[i].vlan == 0) &&
		    net_policy_is_named(networks[i].uplink, nic))
			return true;
	return false;
}

static bool named_by_a_bond(const struct network_config *networks, size_t network_count,
			    const struct net_nic *nic)
{
	for (size_t i = 0; i < network_count; i++)
		if (net_policy_is_member(&networks[i].bond, nic))
			return true;
	return false;
}

bool net_policy_may_keep(const struct network_config *networks, size_t network_count,
			 size_t network, const struct net_nic *nic)
{
	if (!nic->wired || named_by_a_bond(networks, network_count, nic))
		return false;
	if (networks[network].uplink)
		return net_policy_is_named(networks[network].uplink, nic);
	return !named_by_another(networks, network_count, network, nic, false);
}

bool net_policy_may_carry(const struct network_config *networks, size_t network_count,
			  size_t network, const struct net_nic *nic)
{
	if (!nic->wired || named_by_a_bond(networks, network_count, nic))
		return false;
	return !networks[network].uplink || net_policy_is_named(networks[network].uplink, nic);
}

/* Free, and not excluded by the configuration; tagged: NICs that VLANs name count too. */
static bool is_candidate(const struct network_config *networks, size_t network_count,
			 size_t network, const struct net_nic *nic, bool tagged)
{
	if (nic->foreign || nic->refused || nic->network != NET_NO_NETWORK ||
	    !net_policy_may_keep(networks, network_count, network, nic))
		return false;
	return tagged || networks[network].uplink ||
	       !named_by_another(networks, network_count, network, nic, true);
}

ssize_t net_policy_choose(const struct network_config *networks, size_t network_count,
			  size_t network, const struct net_nic *nics, size_t nic_count)
{
	bool tagged = true;

	for (size_t i = 0; i < nic_count; i++)
		if (is_candidate(networks, network_count, network, &nics[i], false))
			tagged = false;
	for (size_t i = 0; i < nic_count; i++)
		if (is_candidate(networks, network_count, network, &nics[i], tagged) &&
		    (networks[network].uplink || nics[i].carrier))
			return (ssize_t)i;
	return -1;
}

unsigned int net_policy_mtu(const struct network_config *const *networks, size_t count,
			    unsigned int current)
{
	unsigned int largest = 0;
	bool as_it_is = false;

	for (size_t i = 0; i < count; i++) {
		as_it_is |= networks[i]->mtu == 0;
		if (networks[i]->mtu > largest)
			largest = networks[i]->mtu;
	}
	if (largest == current || (as_it_is && largest < current))
		return 0;
	return largest;
}

enum net_dhcp_action net_policy_dhcp(const struct net_uplink *before,
				     const struct net_uplink *after, bool wanted, bool active)
{
	bool came_up = after->carrier && (!before->carrier || before->ifindex != after->ifindex);

	if (!wanted || after->ifindex == 0)
		return active ? NET_DHCP_ACTION_STOP : NET_DHCP_ACTION_NONE;
	if (!after->carrier)
		return NET_DHCP_ACTION_NONE;
	if (!active)
		return NET_DHCP_ACTION_START;
	return came_up ? NET_DHCP_ACTION_RESTART : NET_DHCP_ACTION_NONE;
}

const char *net_policy_phase(const struct net_uplink *uplink, size_t wired_nic_count, bool dhcp,
			     bool has_lease)
{
	if (uplink->ifindex == 0 && wired_nic_count == 0)
		return "no-nic";
	if (uplink->ifindex == 0 || !uplink->carrier)
		return "no-carrier";
	return dhcp && !has_lease ? "waiting-for-dhcp" : "up";
}

/* FNV-1a, 32 bits. */
static uint32_t hash(const char *text)
{
	uint32_t value = 2166136261u;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 16777619u;
	return value;
}

void net_policy_bridge_name(const char *network, char name[static IFNAMSIZ])
{
	if (strlen(network) < IFNAMSIZ)
		memcpy(name, network, strlen(network) + 1);
	else
		(void)snprintf(name, IFNAMSIZ, "%.6s-%08x", network, hash(network));
}

void net_policy_bond_name(const char *network, char name[static IFNAMSIZ])
{
	if (strlen(network) + strlen("bond-") < IFNAMSIZ)
		(void)snprintf(name, IFNAMSIZ, "bond-%.10s", network);
	else
		(void)snprintf(name, IFNAMSIZ, "bond-%.2s%08x", network, hash(network));
}

void net_policy_vlan_name(const char *parent, unsigned int vlan, char name[static IFNAMSIZ])
{
	char whole[IFNAMSIZ + 16];

	(void)snprintf(whole, sizeof(whole), "%.15s.%u", parent, vlan);
	if (strlen(whole) < IFNAMSIZ)
		memcpy(name, whole, strlen(whole) + 1);
	else
		(void)snprintf(name, IFNAMSIZ, "v%08x.%u", hash(parent), vlan & 0xfff);
}

void net_policy_tap_name(const char *guest, unsigned int nic_index, char name[static IFNAMSIZ])
{
	char whole[NAME_LENGTH_MAX + 16];

	(void)snprintf(whole, sizeof(whole), "mv-%s-%u", guest, nic_index);
	if (strlen(whole) < IFNAMSIZ)
		memcpy(name, whole, strlen(whole) + 1);
	else
		(void)snprintf(name, IFNAMSIZ, "mv-%.4s%08x", guest, hash(whole));
}
