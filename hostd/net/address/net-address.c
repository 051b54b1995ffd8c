// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and routes over rtnetlink.
#include "net-address.h"

#include <linux/if_addr.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <string.h>

#include "base/cleanup.h"

#define LIST_TRIES 4

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

const char *net_origin_name(enum net_origin origin)
{
	switch (origin) {
	case NET_ORIGIN_DHCP:
		return "dhcp";
	case NET_ORIGIN_STATIC:
		return "static";
	case NET_ORIGIN_RA:
		return "ra";
	case NET_ORIGIN_OTHER:
		break;
	}
	return "other";
}

struct list_call {
	int ifindex;
	int error;
	struct net_address_info *items;
	size_t count;
};

static void read_attribute(struct nlattr *attribute, struct net_address_info *info, uint32_t *flags)
{
	switch (nla_type(attribute)) {
	/* On Ethernet both are the same; for IPv6 there is only the first. */
	case IFA_ADDRESS:
	case IFA_LOCAL:
		(void)nla_memcpy(info->ip.bytes, attribute, (int)net_ip_size(&info->ip));
		break;
	case IFA_FLAGS:
		if (nla_len(attribute) >= 4)
			*flags = nla_get_u32(attribute);
		break;
	case IFA_PROTO:
		if (nla_len(attribute) < 1)
			break;
		switch (nla_get_u8(attribute)) {
		case NET_ORIGIN_RA:
			info->origin = NET_ORIGIN_RA;
			break;
		case NET_ORIGIN_STATIC:
			info->origin = NET_ORIGIN_STATIC;
			break;
		case NET_ORIGIN_DHCP:
			info->origin = NET_ORIGIN_DHCP;
			break;
		default:
			break;
		}
		break;
	default:
		break;
	}
}

static void on_listed(struct nlmsghdr *header, void *userdata)
{
	const struct ifaddrmsg *message = nlmsg_data(header);
	struct net_address_info info = {}, *items = NULL;
	struct list_call *call = userdata;
	struct nlattr *attribute = NULL;
	uint32_t flags = 0;
	int rest = 0;

	if (header->nlmsg_type != RTM_NEWADDR || !nlmsg_valid_hdr(header, sizeof(*message)) ||
	    (int)message->ifa_index != call->ifindex ||
	    (message->ifa_family != AF_INET && message->ifa_family != AF_INET6))
		return;
	info.ip.family = message->ifa_family;
	info.ip.prefix = message->ifa_prefixlen;
	flags = message->ifa_flags;
	nla_for_each_attr(attribute, nlmsg_attrdata(header, sizeof(*message)),
			  nlmsg_attrlen(header, sizeof(*message)), rest)
		read_attribute(attribute, &info, &flags);
	info.duplicate = flags & IFA_F_DADFAILED;
	info.tentative = !info.duplicate && (flags & IFA_F_TENTATIVE);
	items = reallocarray(call->items, call->count + 1, sizeof(*items));
	if (!items) {
		call->error = -ENOMEM;
		return;
	}
	items[call->count++] = info;
	call->items = items;
}

/* A message with an address; NULL when out of memory. */
static struct nl_msg *address_message(int type, int flags, int ifindex, const struct net_ip *ip)
{
	struct ifaddrmsg head = { .ifa_index = (uint32_t)ifindex };
	_cleanup_(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (ip) {
		head.ifa_family = (uint8_t)ip->family;
		head.ifa_prefixlen = ip->prefix;
		head.ifa_scope = RT_SCOPE_UNIVERSE;
	}
	if (!message || nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (ip && (nla_put(message, IFA_LOCAL, (int)net_ip_size(ip), ip->bytes) < 0 ||
		   nla_put(message, IFA_ADDRESS, (int)net_ip_size(ip), ip->bytes) < 0))
		return NULL;
	return take_ptr(message);
}

int net_address_list(struct net_link *link, int ifindex, struct net_address_info **ret_addresses,
		     size_t *ret_count)
{
	struct list_call call = { .ifindex = ifindex };
	int r = -EINTR;

	for (unsigned int try = 0; try < LIST_TRIES && r == -EINTR; try++) {
		struct nl_msg *message = address_message(RTM_GETADDR, NLM_F_DUMP, 0, NULL);

		free(call.items);
		call = (struct list_call){ .ifindex = ifindex };
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
	*ret_addresses = call.items;
	*ret_count = call.count;
	return 0;
}

int net_address_set(struct net_link *link, int ifindex, const struct net_ip *ip,
		    enum net_origin origin, uint32_t lifetime_s)
{
	const struct ifa_cacheinfo lifetime = { .ifa_prefered = lifetime_s,
						.ifa_valid = lifetime_s };
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, ip);
	struct net_ip last = net_ip_last(ip);

	if (!message || nla_put(message, IFA_CACHEINFO, sizeof(lifetime), &lifetime) < 0 ||
	    nla_put_u8(message, IFA_PROTO, (uint8_t)origin) < 0)
		return -ENOMEM;
	if (ip->family == AF_INET && ip->prefix < 31 &&
	    nla_put(message, IFA_BROADCAST, 4, last.bytes) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_address_delete(struct net_link *link, int ifindex, const struct net_ip *ip)
{
	struct nl_msg *message = address_message(RTM_DELADDR, 0, ifindex, ip);

	return message ? net_link_request(link, message) : -ENOMEM;
}

static int put_ip(struct nl_msg *message, int type, const struct net_ip *ip)
{
	if (ip->family == AF_UNSPEC)
		return 0;
	return nla_put(message, type, (int)net_ip_size(ip), ip->bytes);
}

static int put_mtu(struct nl_msg *message, unsigned int mtu)
{
	struct nlattr *metrics = NULL;

	if (mtu == 0)
		return 0;
	metrics = nla_nest_start(message, RTA_METRICS);
	if (!metrics || nla_put_u32(message, RTAX_MTU, mtu) < 0)
		return -ENOMEM;
	return nla_nest_end(message, metrics);
}

static struct nl_msg *route_message(int type, int flags, const struct net_route *route)
{
	struct rtmsg head = {
		.rtm_family = (uint8_t)route->destination.family,
		.rtm_dst_len = route->destination.prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = (uint8_t)route->origin,
		.rtm_scope = route->gateway.family == AF_UNSPEC ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = route->onlink ? RTNH_F_ONLINK : 0,
	};
	_cleanup_(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (route->destination.prefix > 0 && put_ip(message, RTA_DST, &route->destination) < 0)
		return NULL;
	if (put_ip(message, RTA_GATEWAY, &route->gateway) < 0 ||
	    put_ip(message, RTA_PREFSRC, &route->source) < 0 ||
	    nla_put_u32(message, RTA_OIF, (uint32_t)route->ifindex) < 0 ||
	    nla_put_u32(message, RTA_PRIORITY, route->metric) < 0 ||
	    put_mtu(message, route->mtu) < 0)
		return NULL;
	return take_ptr(message);
}

int net_route_set(struct net_link *link, const struct net_route *route)
{
	struct nl_msg *message = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);

	return message ? net_link_request(link, message) : -ENOMEM;
}

int net_route_delete(struct net_link *link, const struct net_route *route)
{
	struct nl_msg *message = route_message(RTM_DELROUTE, 0, route);
	int r = message ? net_link_request(link, message) : -ENOMEM;

	return r == -ESRCH ? 0 : r;
}
