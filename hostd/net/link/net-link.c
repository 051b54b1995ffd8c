// SPDX-License-Identifier: GPL-2.0-or-later
// The sockets of rtnetlink: requests and their answers, and the kernel's events.
#include "net-link.h"

#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "base/cleanup.h"
#include "net-link-internal.h"

/* Room for the events of some hundred links that appear at once. */
#define EVENT_BUFFER_BYTES (256 * 1024)

struct net_link {
	struct nl_sock *requests; /* NULL after a failure, which may leave an answer in it */
	struct nl_sock *events;
	sd_event_source *events_source;
	struct net_link_handlers handlers;
	bool answered; /* the last request has this number */
	int error;
	void (*received)(struct nlmsghdr *header, void *userdata);
	void *received_userdata;
};

DEFINE_CLEANUP(struct net_link *, net_link_free);

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

DEFINE_CLEANUP(struct nl_sock *, nl_socket_free);

static int connect_requests(struct net_link *link)
{
	_cleanup_(nl_socket_freep) struct nl_sock *socket = nl_socket_alloc();

	if (!socket)
		return -ENOMEM;
	if (nl_connect(socket, NETLINK_ROUTE) < 0)
		return errno > 0 ? -errno : -EIO;
	if (nl_socket_modify_err_cb(socket, NL_CB_CUSTOM, on_kernel_error, link) < 0 ||
	    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_answer, link) < 0 ||
	    nl_socket_modify_cb(socket, NL_CB_ACK, NL_CB_CUSTOM, on_end_of_answer, link) < 0 ||
	    nl_socket_modify_cb(socket, NL_CB_FINISH, NL_CB_CUSTOM, on_end_of_answer, link) < 0)
		return -EIO;
	link->requests = take_ptr(socket);
	return 0;
}

int net_link_new(struct net_link **ret_link)
{
	_cleanup_(net_link_freep) struct net_link *link = calloc(1, sizeof(*link));
	int r = link ? connect_requests(link) : -ENOMEM;

	if (r < 0)
		return r;
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
	int r = link->requests ? 0 : connect_requests(link);

	if (r < 0)
		return r;
	link->error = 0;
	link->answered = false;
	link->received = received;
	link->received_userdata = userdata;
	r = nl_send_auto(link->requests, message);
	while (!link->answered && r >= 0)
		r = nl_recvmsgs_default(link->requests);
	link->received = NULL;
	if (r < 0)
		nl_socket_free(take_ptr(link->requests));
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

struct nl_msg *net_link_message(int type, int flags, int ifindex, const char *name)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	_cleanup_(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (name && nla_put_string(message, IFLA_IFNAME, name) < 0)
		return NULL;
	return take_ptr(message);
}

static void on_option(struct net_link *link, struct nlmsghdr *header)
{
	const struct nduseroptmsg *message = nlmsg_data(header);

	if (!nlmsg_valid_hdr(header, sizeof(*message)) || message->nduseropt_family != AF_INET6 ||
	    message->nduseropt_icmp_type != ND_ROUTER_ADVERT ||
	    message->nduseropt_opts_len > nlmsg_datalen(header) - (int)sizeof(*message))
		return;
	if (link->handlers.router_option)
		link->handlers.router_option(message->nduseropt_ifindex, message + 1,
					     message->nduseropt_opts_len, link->handlers.userdata);
}

static int on_event(struct nl_msg *message, void *userdata)
{
	struct net_link *link = userdata;
	struct nlmsghdr *header = nlmsg_hdr(message);
	const struct ifaddrmsg *address = nlmsg_data(header);
	struct net_link_info info = {};

	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (net_link_read(header, &info))
			link->handlers.link_changed(info.ifindex, link->handlers.userdata);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (nlmsg_valid_hdr(header, sizeof(*address)))
			link->handlers.addresses_changed((int)address->ifa_index,
							 link->handlers.userdata);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (link->handlers.routes_changed)
			link->handlers.routes_changed(link->handlers.userdata);
		break;
	case RTM_NEWNDUSEROPT:
		on_option(link, header);
		break;
	default:
		break;
	}
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
				      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
				      RTNLGRP_ND_USEROPT, RTNLGRP_NONE) < 0 ||
	    nl_socket_set_nonblocking(link->events) < 0)
		return -EIO;
	(void)nl_socket_set_buffer_size(link->events, EVENT_BUFFER_BYTES, 0);
	return sd_event_add_io(event, &link->events_source, nl_socket_get_fd(link->events), EPOLLIN,
			       on_readable, link);
}
