// SPDX-License-Identifier: GPL-2.0-or-later
// Making and changing links.
#include "net-link-internal.h"

#include <linux/if_bonding.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>

/* How often a bond looks for the link of its members. */
#define BOND_WATCH_MS 100

/* A message for a new link of a kind, marked as ours; the caller ends the two nests. */
static struct nl_msg *make_message(const char *name, const char *kind, struct nlattr **ret_info,
				   struct nlattr **ret_data)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		net_link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);
	struct nlattr *info = NULL, *data = NULL;

	if (!message || nla_put_u32(message, IFLA_GROUP, NET_LINK_GROUP) < 0)
		return NULL;
	info = nla_nest_start(message, IFLA_LINKINFO);
	if (!info || nla_put_string(message, IFLA_INFO_KIND, kind) < 0)
		return NULL;
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (!data)
		return NULL;
	*ret_info = info;
	*ret_data = data;
	return take_ptr(message);
}

static void end_message(struct nl_msg *message, struct nlattr *info, struct nlattr *data)
{
	(void)nla_nest_end(message, data);
	(void)nla_nest_end(message, info);
}

static int make_bridge(struct net_link *link, const char *name, const uint8_t mac[static 6],
		       bool filter_vlans)
{
	struct nlattr *info = NULL, *data = NULL;
	_cleanup_(nlmsg_freep) struct nl_msg *message = make_message(name, "bridge", &info, &data);

	if (!message || nla_put_u32(message, IFLA_BR_STP_STATE, 0) < 0 ||
	    nla_put_u32(message, IFLA_BR_FORWARD_DELAY, 0) < 0 ||
	    (filter_vlans && nla_put_u8(message, IFLA_BR_VLAN_FILTERING, 1) < 0))
		return -ENOMEM;
	end_message(message, info, data);
	if (nla_put(message, IFLA_ADDRESS, 6, mac) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_make_bridge(struct net_link *link, const char *name, const uint8_t mac[static 6])
{
	int r = make_bridge(link, name, mac, true);

	return r == -EOPNOTSUPP ? make_bridge(link, name, mac, false) : r;
}

int net_link_make_bond(struct net_link *link, const char *name)
{
	struct nlattr *info = NULL, *data = NULL;
	_cleanup_(nlmsg_freep) struct nl_msg *message = make_message(name, "bond", &info, &data);

	if (!message || nla_put_u8(message, IFLA_BOND_MODE, BOND_MODE_ACTIVEBACKUP) < 0 ||
	    nla_put_u32(message, IFLA_BOND_MIIMON, BOND_WATCH_MS) < 0)
		return -ENOMEM;
	end_message(message, info, data);
	return net_link_request(link, take_ptr(message));
}

int net_link_make_vlan(struct net_link *link, const char *name, int parent_ifindex,
		       unsigned int vlan)
{
	struct nlattr *info = NULL, *data = NULL;
	_cleanup_(nlmsg_freep) struct nl_msg *message = make_message(name, "vlan", &info, &data);

	if (!message || nla_put_u16(message, IFLA_VLAN_ID, (uint16_t)vlan) < 0)
		return -ENOMEM;
	end_message(message, info, data);
	if (nla_put_u32(message, IFLA_LINK, (uint32_t)parent_ifindex) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_delete(struct net_link *link, int ifindex)
{
	struct nl_msg *message = net_link_message(RTM_DELLINK, 0, ifindex, NULL);

	return message ? net_link_request(link, message) : -ENOMEM;
}

static void ask_for(struct nl_msg *message, bool up)
{
	struct ifinfomsg *head = nlmsg_data(nlmsg_hdr(message));

	head->ifi_flags |= up ? IFF_UP : 0;
	head->ifi_change |= IFF_UP;
}

int net_link_set_up(struct net_link *link, int ifindex, bool up)
{
	struct nl_msg *message = net_link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message)
		return -ENOMEM;
	ask_for(message, up);
	return net_link_request(link, message);
}

int net_link_set_mtu(struct net_link *link, int ifindex, unsigned int mtu)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		net_link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put_u32(message, IFLA_MTU, mtu) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_set_mac(struct net_link *link, int ifindex, const uint8_t mac[static 6])
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		net_link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put(message, IFLA_ADDRESS, 6, mac) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_set_master(struct net_link *link, int ifindex, int master_ifindex)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		net_link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put_u32(message, IFLA_MASTER, (uint32_t)master_ifindex) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_guard_port(struct net_link *link, int ifindex, bool isolate)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		net_link_message(RTM_NEWLINK, 0, ifindex, NULL);
	struct nlattr *info = NULL, *data = NULL;

	if (!message)
		return -ENOMEM;
	info = nla_nest_start(message, IFLA_LINKINFO);
	if (!info || nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge") < 0)
		return -ENOMEM;
	data = nla_nest_start(message, IFLA_INFO_SLAVE_DATA);
	if (!data || nla_put_u8(message, IFLA_BRPORT_GUARD, 1) < 0 ||
	    nla_put_u8(message, IFLA_BRPORT_PROTECT, 1) < 0 ||
	    nla_put_u8(message, IFLA_BRPORT_MULTICAST_ROUTER, MDB_RTR_TYPE_DISABLED) < 0 ||
	    nla_put_u8(message, IFLA_BRPORT_ISOLATED, isolate) < 0)
		return -ENOMEM;
	end_message(message, info, data);
	return net_link_request(link, take_ptr(message));
}
