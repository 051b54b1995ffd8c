// SPDX-License-Identifier: GPL-2.0-or-later
// Network links over rtnetlink.
#include "net-link.h"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

#include "base/cleanup.h"

/* Room for the events of some hundred links that appear at once. */
#define EVENT_BUFFER_BYTES (256 * 1024)
#define LIST_TRIES 4
struct net_link {
	struct nl_sock *requests;
	struct nl_sock *events;
	sd_event_source *events_source;
	struct net_link_handlers handlers;
	bool answered; /* the last request, with this */
	int error;
	void (*received)(struct nlmsghdr *header, void *userdata);
	void *received_userdata;
};

DEFINE_CLEANUP(struct net_link *, net_link_free);
DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

static int on_kernel_error(struct sockaddr_nl *, struct nlmsgerr *error, void *userdata)
{
	struct net_link *link = userdata;

	link->error = error->error;
	link->answered = true;
	return NL_STOP;
}

static int on_end_of_answer(struct nl_msg *, void *userdata)
{
	struct net_link *link = userdata;

	link->answered = true;
	return NL_STOP;
}

static int on_answer(struct nl_msg *message, void *userdata)
{
	struct net_link *link = userdata;

	if (link->received)
		link->received(nlmsg_hdr(message), link->received_userdata);
	return NL_OK;
}

int net_link_new(struct net_link **ret_link)
{
	_cleanup_(net_link_freep) struct net_link *link = calloc(1, sizeof(*link));

	if (!link)
		return -ENOMEM;
	link->requests = nl_socket_alloc();
	if (!link->requests)
		return -ENOMEM;
	if (nl_connect(link->requests, NETLINK_ROUTE) < 0)
		return errno > 0 ? -errno : -EIO;
	if (nl_socket_modify_err_cb(link->requests, NL_CB_CUSTOM, on_kernel_error, link) < 0 ||
	    nl_socket_modify_cb(link->requests, NL_CB_VALID, NL_CB_CUSTOM, on_answer, link) < 0 ||
	    nl_socket_modify_cb(link->requests, NL_CB_ACK, NL_CB_CUSTOM, on_end_of_answer, link) <
		    0 ||
	    nl_socket_modify_cb(link->requests, NL_CB_FINISH, NL_CB_CUSTOM, on_end_of_answer,
				link) < 0)
		return -EIO;
	*ret_link = take_ptr(link);
	return 0;
}

void net_link_free(struct net_link *link)
{
	if (!link)
		return;
	sd_event_source_disable_unref(link->events_source);
	nl_socket_free(link->events);
	nl_socket_free(link->requests);
	free(link);
}

int net_link_query(struct net_link *link, struct nl_msg *message_consume,
		   void (*received)(struct nlmsghdr *header, void *userdata), void *userdata)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message = message_consume;
	int r = 0;

	link->error = 0;
	link->answered = false;
	link->received = received;
	link->received_userdata = userdata;
	if (nl_send_auto(link->requests, message) < 0)
		return -EIO;
	while (!link->answered && r >= 0)
		r = nl_recvmsgs_default(link->requests);
	link->received = NULL;
	if (link->error < 0)
		return link->error;
	if (r == -NLE_DUMP_INTR)
		return -EINTR;
	return r < 0 ? -EIO : 0;
}

int net_link_request(struct net_link *link, struct nl_msg *message_consume)
{
	return net_link_query(link, message_consume, NULL, NULL);
}

static bool copy_mac(struct nlattr *attribute, uint8_t mac[static 6])
{
	static const uint8_t zero[6] = {};

	if (nla_len(attribute) != 6 || memcmp(nla_data(attribute), zero, 6) == 0)
		return false;
	memcpy(mac, nla_data(attribute), 6);
	return true;
}

static bool says_bridge(struct nlattr *link_info)
{
	struct nlattr *attribute = NULL;
	int rest = 0;

	nla_for_each_nested(attribute, link_info,
			    rest) if (nla_type(attribute) ==
				      IFLA_INFO_KIND) return nla_strcmp(attribute, "bridge") == 0;
	return false;
}

static void read_attribute(struct nlattr *attribute, struct net_link_info *info)
{
	struct rtnl_link_stats64 stats = {};

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
	case IFLA_LINKINFO:
		info->bridge = says_bridge(attribute);
		break;
	case IFLA_STATS64:
		(void)nla_memcpy(&stats, attribute, sizeof(stats));
		info->rx_bytes = stats.rx_bytes;
		info->tx_bytes = stats.tx_bytes;
		break;
	default:
		break;
	}
}

/* False for what is no message about a link: bridge ports are told of with the same type. */
static bool read_link(struct nlmsghdr *header, struct net_link_info *ret_info)
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

/* A message with the link that it is about; name may be NULL. NULL when out of memory. */
static struct nl_msg *link_message(int type, int flags, int ifindex, const char *name)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	_cleanup_(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (name && nla_put_string(message, IFLA_IFNAME, name) < 0)
		return NULL;
	return take_ptr(message);
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

	if (!read_link(header, &info))
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
		struct nl_msg *message = link_message(RTM_GETLINK, NLM_F_DUMP, 0, NULL);

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

	if (read_link(header, &got))
		*info = got;
}

static int get(struct net_link *link, int ifindex, const char *name, struct net_link_info *ret_info)
{
	struct nl_msg *message = link_message(RTM_GETLINK, 0, ifindex, name);
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

int net_link_make_bridge(struct net_link *link, const char *name, const uint8_t mac[static 6])
{
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name);
	struct nlattr *info = NULL, *data = NULL;

	if (!message || nla_put(message, IFLA_ADDRESS, 6, mac) < 0)
		return -ENOMEM;
	info = nla_nest_start(message, IFLA_LINKINFO);
	if (!info || nla_put_string(message, IFLA_INFO_KIND, "bridge") < 0)
		return -ENOMEM;
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (!data || nla_put_u32(message, IFLA_BR_STP_STATE, 0) < 0 ||
	    nla_put_u32(message, IFLA_BR_FORWARD_DELAY, 0) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, data);
	(void)nla_nest_end(message, info);
	return net_link_request(link, take_ptr(message));
}

static void ask_for_up(struct nl_msg *message)
{
	struct ifinfomsg *head = nlmsg_data(nlmsg_hdr(message));

	head->ifi_flags |= IFF_UP;
	head->ifi_change |= IFF_UP;
}

int net_link_set_up(struct net_link *link, int ifindex)
{
	struct nl_msg *message = link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message)
		return -ENOMEM;
	ask_for_up(message);
	return net_link_request(link, message);
}

int net_link_set_mac(struct net_link *link, int ifindex, const uint8_t mac[static 6])
{
	_cleanup_(nlmsg_freep) struct nl_msg *message = link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put(message, IFLA_ADDRESS, 6, mac) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_set_master(struct net_link *link, int ifindex, int master_ifindex)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message = link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put_u32(message, IFLA_MASTER, (uint32_t)master_ifindex) < 0)
		return -ENOMEM;
	return net_link_request(link, take_ptr(message));
}

int net_link_join(struct net_link *link, int ifindex, int master_ifindex, unsigned int mtu)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message = link_message(RTM_NEWLINK, 0, ifindex, NULL);

	if (!message || nla_put_u32(message, IFLA_MASTER, (uint32_t)master_ifindex) < 0 ||
	    (mtu > 0 && nla_put_u32(message, IFLA_MTU, mtu) < 0))
		return -ENOMEM;
	ask_for_up(message);
	return net_link_request(link, take_ptr(message));
}

static int on_event(struct nl_msg *message, void *userdata)
{
	struct net_link *link = userdata;
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct net_link_info info = {};
	const struct ifaddrmsg *address = nlmsg_data(header);

	if (read_link(header, &info))
		link->handlers.link_changed(info.ifindex, link->handlers.userdata);
	else if ((header->nlmsg_type == RTM_NEWADDR || header->nlmsg_type == RTM_DELADDR) &&
		 nlmsg_valid_hdr(header, sizeof(*address)))
		link->handlers.addresses_changed((int)address->ifa_index, link->handlers.userdata);
	return NL_OK;
}

static int on_readable(sd_event_source *, int, uint32_t, void *userdata)
{
	struct net_link *link = userdata;
	int r = 0;

	do
		r = nl_recvmsgs_default(link->events);
	while (r >= 0);
	/* libnl's name for ENOBUFS: events were dropped. */
	if (r != -NLE_AGAIN)
		link->handlers.everything_changed(link->handlers.userdata);
	link->handlers.settled(link->handlers.userdata);
	return 0;
}

int net_link_watch(struct net_link *link, sd_event *event, const struct net_link_handlers *handlers)
{
	link->handlers = *handlers;
	link->events = nl_socket_alloc();
	if (!link->events)
		return -ENOMEM;
	nl_socket_disable_seq_check(link->events);
	if (nl_socket_modify_cb(link->events, NL_CB_VALID, NL_CB_CUSTOM, on_event, link) < 0 ||
	    nl_connect(link->events, NETLINK_ROUTE) < 0 ||
	    nl_socket_add_memberships(link->events, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_NONE) < 0 ||
	    nl_socket_set_nonblocking(link->events) < 0)
		return -EIO;
	(void)nl_socket_set_buffer_size(link->events, EVENT_BUFFER_BYTES, 0);
	return sd_event_add_io(event, &link->events_source, nl_socket_get_fd(link->events), EPOLLIN,
			       on_readable, link);
}
