// SPDX-License-Identifier: GPL-2.0-or-later
// Links as the kernel describes them.
#include "net-link-internal.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <string.h>

#define LIST_TRIES 4

static bool copy_mac(struct nlattr *attribute, uint8_t mac[static 6])
{
	static const uint8_t zero[6] = {};

	if (nla_len(attribute) != 6 || memcmp(nla_data(attribute), zero, 6) == 0)
		return false;
	memcpy(mac, nla_data(attribute), 6);
	return true;
}

/* The attribute of this type in a nest, or NULL. */
static struct nlattr *inside(struct nlattr *nest, int type)
{
	return nest ? nla_find(nla_data(nest), nla_len(nest), type) : NULL;
}

static bool says(const struct nlattr *attribute, const char *kind)
{
	return attribute && nla_strcmp(attribute, kind) == 0;
}

static void read_kind(struct nlattr *link_info, struct net_link_info *info)
{
	const struct nlattr *kind = inside(link_info, IFLA_INFO_KIND);
	struct nlattr *vlan = NULL, *own = NULL;

	info->bridge = says(kind, "bridge");
	info->bond = says(kind, "bond");
	info->tap = says(kind, "tun");
	if (says(kind, "vlan"))
		vlan = inside(inside(link_info, IFLA_INFO_DATA), IFLA_VLAN_ID);
	if (vlan && nla_len(vlan) >= 2)
		info->vlan = nla_get_u16(vlan);
	/* A member of a bond shows the bond's MAC, and its own here. */
	info->bonded = says(inside(link_info, IFLA_INFO_SLAVE_KIND), "bond");
	if (info->bonded)
		own = inside(inside(link_info, IFLA_INFO_SLAVE_DATA), IFLA_BOND_SLAVE_PERM_HWADDR);
	if (own)
		info->has_permanent_mac = copy_mac(own, info->permanent_mac);
}

static void read_statistics(struct nlattr *attribute, struct net_link_info *info)
{
	struct rtnl_link_stats64 stats = {};

	(void)nla_memcpy(&stats, attribute, sizeof(stats));
	info->rx_bytes = stats.rx_bytes;
	info->tx_bytes = stats.tx_bytes;
	info->rx_packets = stats.rx_packets;
	info->tx_packets = stats.tx_packets;
	info->rx_dropped = stats.rx_dropped;
	info->tx_dropped = stats.tx_dropped;
}

static void read_attribute(struct nlattr *attribute, struct net_link_info *info)
{
	switch (nla_type(attribute)) {
	case IFLA_IFNAME:
		(void)nla_strlcpy(info->name, attribute, sizeof(info->name));
		break;
	case IFLA_ADDRESS:
		info->has_mac = copy_mac(attribute, info->mac);
		break;
	case IFLA_PERM_ADDRESS:
		info->has_permanent_mac = copy_mac(attribute, info->permanent_mac);
		break;
	case IFLA_MASTER:
		if (nla_len(attribute) >= 4)
			info->master_ifindex = (int)nla_get_u32(attribute);
		break;
	case IFLA_MTU:
		if (nla_len(attribute) >= 4)
			info->mtu = nla_get_u32(attribute);
		break;
	case IFLA_LINK:
		if (nla_len(attribute) >= 4)
			info->parent_ifindex = (int)nla_get_u32(attribute);
		break;
	case IFLA_GROUP:
		info->ours = nla_len(attribute) >= 4 && nla_get_u32(attribute) == NET_LINK_GROUP;
		break;
	case IFLA_LINKINFO:
		read_kind(attribute, info);
		break;
	case IFLA_STATS64:
		read_statistics(attribute, info);
		break;
	default:
		break;
	}
}

bool net_link_read(struct nlmsghdr *header, struct net_link_info *ret_info)
{
	const struct ifinfomsg *message = nlmsg_data(header);
	struct net_link_info info = {};
	struct nlattr *attribute = NULL;
	int rest = 0;

	if ((header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) ||
	    !nlmsg_valid_hdr(header, sizeof(*message)) || message->ifi_family != AF_UNSPEC)
		return false;
	info.ifindex = message->ifi_index;
	info.ethernet = message->ifi_type == ARPHRD_ETHER;
	info.up = message->ifi_flags & IFF_UP;
	info.carrier = info.up && (message->ifi_flags & IFF_LOWER_UP);
	nla_for_each_attr(attribute, nlmsg_attrdata(header, sizeof(*message)),
			  nlmsg_attrlen(header, sizeof(*message)), rest)
		read_attribute(attribute, &info);
	*ret_info = info;
	return true;
}

struct list_call {
	struct net_link_info *items;
	size_t count;
	int error;
};

static void on_listed(struct nlmsghdr *header, void *userdata)
{
	struct net_link_info info = {}, *items = NULL;
	struct list_call *call = userdata;

	if (!net_link_read(header, &info))
		return;
	items = reallocarray(call->items, call->count + 1, sizeof(*items));
	if (!items) {
		call->error = -ENOMEM;
		return;
	}
	items[call->count++] = info;
	call->items = items;
}

int net_link_list(struct net_link *link, struct net_link_info **ret_links, size_t *ret_count)
{
	struct list_call call = {};
	int r = -EINTR;

	for (unsigned int try = 0; try < LIST_TRIES && r == -EINTR; try++) {
		struct nl_msg *message = net_link_message(RTM_GETLINK, NLM_F_DUMP, 0, NULL);

		free(call.items);
		call = (struct list_call){};
		if (!message)
			return -ENOMEM;
		r = net_link_query(link, message, on_listed, &call);
	}
	if (r == 0)
		r = call.error;
	if (r < 0) {
		free(call.items);
		return r;
	}
	*ret_links = call.items;
	*ret_count = call.count;
	return 0;
}

static void on_got(struct nlmsghdr *header, void *userdata)
{
	struct net_link_info *info = userdata, got = {};

	if (net_link_read(header, &got))
		*info = got;
}

static int get(struct net_link *link, int ifindex, const char *name, struct net_link_info *ret_info)
{
	struct nl_msg *message = net_link_message(RTM_GETLINK, 0, ifindex, name);
	struct net_link_info info = {};
	int r = 0;

	if (!message)
		return -ENOMEM;
	r = net_link_query(link, message, on_got, &info);
	if (r < 0)
		return r;
	if (info.ifindex == 0)
		return -ENODEV;
	*ret_info = info;
	return 0;
}

int net_link_get(struct net_link *link, int ifindex, struct net_link_info *ret_info)
{
	return get(link, ifindex, NULL, ret_info);
}

int net_link_get_named(struct net_link *link, const char *name, struct net_link_info *ret_info)
{
	return get(link, 0, name, ret_info);
}
