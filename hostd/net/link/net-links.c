// SPDX-License-Identifier: GPL-2.0-or-later
// Links appear, change and disappear: NICs, bridges and uplinks.
#include <fcntl.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/log.h"
#include "net-nic.h"
#include "net/guest/net-guest-address.h"
#include "net/guest/net-guest-filter.h"
#include "net/net-internal.h"

struct net_nic *net_find_nic(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->nic_count; i++)
		if (net->nics[i].ifindex == ifindex)
			return &net->nics[i];
	return NULL;
}

struct network *net_find_bridge(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->network_count; i++)
		if (ifindex != 0 && net->networks[i].ifindex == ifindex)
			return &net->networks[i];
	return NULL;
}

struct network *net_find_uplink(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->network_count; i++)
		if (ifindex != 0 && net->networks[i].uplink.ifindex == ifindex)
			return &net->networks[i];
	return NULL;
}

struct net_bond *net_find_bond(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->bond_count; i++)
		if (ifindex != 0 && net->bonds[i].ifindex == ifindex)
			return &net->bonds[i];
	return NULL;
}

struct network *net_find_network(struct net *net, const char *name)
{
	for (size_t i = 0; net && i < net->network_count; i++)
		if (text_equal(net->networks[i].config->name, name))
			return &net->networks[i];
	return NULL;
}

void net_log_missing_uplink(struct net *net, const struct network *network)
{
	char names[256] = "";
	size_t length = 0;

	if (network->ifindex == 0 || network->config->mode != NETWORK_MODE_BRIDGE ||
	    network->uplink.carrier)
		return;
	if (network->uplink.ifindex > 0) {
		log_warning(network->subject, "no cable in %s", network->uplink_name);
		return;
	}
	/* Already logged. */
	if (network->refused_ifindex > 0)
		return;
	if (network->config->uplink) {
		log_warning(network->subject, "uplink %s is not there", network->config->uplink);
		return;
	}
	if (network->bond != NET_NO_BOND) {
		log_warning(network->subject, "no NIC of %s is there",
			    net->bonds[network->bond].name);
		return;
	}
	for (size_t i = 0; i < net->nic_count && length < sizeof(names) - IFNAMSIZ - 2; i++)
		if (net->nics[i].network == NET_NO_NETWORK || network->config->vlan > 0)
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length > 0 ? ", " : "", net->nics[i].name);
	if (length > 0)
		log_warning(network->subject, "no cable in %s", names);
	else
		log_warning(network->subject, "no wired NIC found");
}

void net_disable_ipv6(const char *name)
{
	_cleanup_free_ char *path = text_format("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	int r = path ? file_write(AT_FDCWD, path, "1") : -ENOMEM;

	if (r < 0)
		log_debug(NET_SUBJECT, "%s: IPv6 cannot be switched off: %s", name, strerror(-r));
}

/* A new wired NIC: the bridge has the addresses, and the NIC has to be up. */
static struct net_nic *add_nic(struct net *net, const struct net_link_info *info)
{
	struct net_nic nic = { .ifindex = info->ifindex, .network = NET_NO_NETWORK };
	struct net_nic *nics = NULL;
	size_t at = 0;
	int r = 0;

	memcpy(nic.name, info->name, sizeof(nic.name));
	net_nic_probe(net->paths.sysfs, &nic);
	if (!nic.wired)
		return NULL;
	nics = reallocarray(net->nics, net->nic_count + 1, sizeof(*nics));
	if (!nics) {
		log_error(NET_SUBJECT, "%s is not used: %s", nic.name, strerror(ENOMEM));
		return NULL;
	}
	net->nics = nics;
	while (at < net->nic_count && nics[at].ifindex < nic.ifindex)
		at++;
	memmove(nics + at + 1, nics + at, (net->nic_count - at) * sizeof(*nics));
	nics[at] = nic;
	net->nic_count++;
	net_disable_ipv6(nic.name);
	r = info->up ? 0 : net_link_set_up(net->link, nic.ifindex, true);
	if (r < 0)
		log_warning(NET_SUBJECT, "%s cannot be brought up: %s", nic.name, strerror(-r));
	return &nics[at];
}

static void remove_nic(struct net *net, struct net_nic *nic)
{
	memmove(nic, nic + 1, (size_t)(net->nics + net->nic_count - (nic + 1)) * sizeof(*nic));
	net->nic_count--;
}

/* Its VLANs disappear with a NIC: the kernel reports each. */
static void on_uplink_gone(struct network *network)
{
	log_warning(network->subject, "%s is gone", network->uplink_name);
	network->uplink = (struct net_uplink){};
	network->parent_ifindex = 0;
	network->lost_nic = true;
	network->changed = true;
}

static void on_bond_gone(struct net_bond *bond)
{
	log_error(bond->subject, "%s was removed: it is off until hostd restarts", bond->name);
	bond->ifindex = 0;
}

static void on_bridge_gone(struct net *net, struct network *network)
{
	log_error(network->subject,
		  "bridge %s was removed: the network is off until hostd restarts",
		  network->bridge);
	for (size_t i = 0; i < net->nic_count; i++)
		if (net->nics[i].network == (int)(network - net->networks))
			net->nics[i].network = NET_NO_NETWORK;
	if (network->dhcp)
		net_dhcp_stop(network->dhcp);
	network->ifindex = 0;
	network->uplink = (struct net_uplink){};
	network->parent_ifindex = 0;
	network->rdnss = (struct net_rdnss){};
	network->has_lease = false;
	network->address_count = 0;
	network->changed = true;
}

static void on_link_gone(struct net *net, int ifindex)
{
	struct network *bridge = net_find_bridge(net, ifindex);
	struct network *lost = net_find_uplink(net, ifindex);
	struct net_bond *bond = net_find_bond(net, ifindex);
	struct net_nic *nic = net_find_nic(net, ifindex);

	net->link_gone = true;
	if (bridge)
		on_bridge_gone(net, bridge);
	else if (lost)
		on_uplink_gone(lost);
	if (bond)
		on_bond_gone(bond);
	if (nic)
		remove_nic(net, nic);
	net_guest_address_end(net, ifindex);
	net_guest_filter_end(net, ifindex);
}

/* A port of a bridge or bond that no hostd made. */
static bool is_foreign(struct net *net, int master_ifindex)
{
	struct net_link_info master = {};

	if (master_ifindex == 0 || net_find_bridge(net, master_ifindex) ||
	    net_find_bond(net, master_ifindex))
		return false;
	return net_link_get(net->link, master_ifindex, &master) < 0 || !master.ours;
}

static void update_nic(struct net *net, struct net_nic *nic, const struct net_link_info *info)
{
	/* A link that leaves a bond is down. */
	if (nic->bonded && !info->bonded && !info->up)
		(void)net_link_set_up(net->link, nic->ifindex, true);
	memcpy(nic->name, info->name, sizeof(nic->name));
	memcpy(nic->mac, info->mac, sizeof(nic->mac));
	memcpy(nic->permanent_mac, info->permanent_mac, sizeof(nic->permanent_mac));
	nic->has_mac = info->has_mac;
	nic->has_permanent_mac = info->has_permanent_mac;
	nic->carrier = info->carrier;
	nic->bonded = info->bonded;
	nic->master_ifindex = info->master_ifindex;
	nic->foreign = is_foreign(net, info->master_ifindex);
}

void net_link_changed(struct net *net, int ifindex)
{
	struct network *user = net_find_uplink(net, ifindex);
	struct net_nic *nic = net_find_nic(net, ifindex);
	struct net_link_info info = {};
	int r = net_link_get(net->link, ifindex, &info);

	if (r == -ENODEV)
		on_link_gone(net, ifindex);
	if (r < 0)
		return;
	if (user)
		user->uplink_stale = true;
	if (!info.ethernet || info.bridge || info.bond || info.vlan > 0 || info.tap)
		return;
	if (!nic)
		nic = add_nic(net, &info);
	if (nic)
		update_nic(net, nic, &info);
}
