// SPDX-License-Identifier: GPL-2.0-or-later
// The gateways of the kernel's routes.
#include "net-gateway.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>

#include "base/array.h"
#include "net/link/net-link-internal.h"

#define LIST_TRIES 4

struct list_call {
	int ifindex;
	int error;
	struct net_ip *items;
	size_t count;
};

static void add_gateway(struct list_call *call, int family, struct nlattr *attribute)
{
	struct net_ip ip = { .family = family };
	unsigned int size = net_ip_size(&ip);

	if (!attribute || nla_len(attribute) != (int)size)
		return;
	if (call->error == 0)
		call->error = array_grow(call->items, call->count);
	if (call->error < 0)
		return;
	ip.prefix = (uint8_t)(size * 8);
	(void)nla_memcpy(ip.bytes, attribute, (int)size);
	call->items[call->count++] = ip;
}

/* In a route over several gateways. */
static void add_hops(struct list_call *call, int family, struct nlattr *attribute)
{
	struct rtnexthop *hop = nla_data(attribute);
	int rest = nla_len(attribute);

	for (; RTNH_OK(hop, rest); rest -= NLMSG_ALIGN(hop->rtnh_len), hop = RTNH_NEXT(hop))
		if (hop->rtnh_ifindex == call->ifindex)
			add_gateway(call, family,
				    nla_find((struct nlattr *)RTNH_DATA(hop),
					     hop->rtnh_len - (int)sizeof(*hop), RTA_GATEWAY));
}

static void on_listed(struct nlmsghdr *header, void *userdata)
{
	const struct rtmsg *message = nlmsg_data(header);
	struct list_call *call = userdata;
	struct nlattr *link = NULL, *hops = NULL;

	if (header->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(header, sizeof(*message)) ||
	    (message->rtm_family != AF_INET && message->rtm_family != AF_INET6))
		return;
	link = nlmsg_find_attr(header, sizeof(*message), RTA_OIF);
	hops = nlmsg_find_attr(header, sizeof(*message), RTA_MULTIPATH);
	if (link && nla_len(link) >= 4 && (int)nla_get_u32(link) == call->ifindex)
		add_gateway(call, message->rtm_family,
			    nlmsg_find_attr(header, sizeof(*message), RTA_GATEWAY));
	if (hops)
		add_hops(call, message->rtm_family, hops);
}

static struct nl_msg *list_message(void)
{
	const struct rtmsg head = { .rtm_family = AF_UNSPEC };
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_DUMP);

	if (!message ||
	    nlmsg_append(message, (void *)(uintptr_t)&head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	return take_ptr(message);
}

int net_gateway_list(struct net_link *link, int ifindex, struct net_ip **ret_gateways,
		     size_t *ret_count)
{
	struct list_call call = {};
	int r = -EINTR;

	for (unsigned int try = 0; try < LIST_TRIES && r == -EINTR; try++) {
		struct nl_msg *message = list_message();

		free(call.items);
		call = (struct list_call){ .ifindex = ifindex };
		r = message ? net_link_query(link, message, on_listed, &call) : -ENOMEM;
	}
	if (r == 0)
		r = call.error;
	if (r < 0) {
		free(call.items);
		return r;
	}
	*ret_gateways = call.items;
	*ret_count = call.count;
	return 0;
}
