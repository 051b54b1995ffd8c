// SPDX-License-Identifier: GPL-2.0-or-later
// Links that the previous hostd made for another configuration.
#include <string.h>

#include "base/log.h"
#include "net/net-internal.h"

static const struct net_link_info *find(const struct net_link_info *links, size_t count,
					int ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (ifindex > 0 && links[i].ifindex == ifindex)
			return &links[i];
	return NULL;
}

static bool is_wanted(struct net *net, const struct net_link_info *link)
{
	return net_find_bridge(net, link->ifindex) || net_find_uplink(net, link->ifindex) ||
	       net_find_bond(net, link->ifindex);
}

/* Whether a guest uses the bridge, the bridge that the link is a port of, or a VLAN on it. */
static bool is_used(struct net *net, const struct net_link_info *links, size_t count,
		    const struct net_link_info *link)
{
	const struct net_link_info *bridge =
		link->bridge ? link : find(links, count, link->master_ifindex);

	for (size_t i = 0; i < count; i++) {
		if (bridge && links[i].tap && links[i].master_ifindex == bridge->ifindex)
			return true;
		if (links[i].vlan > 0 && links[i].parent_ifindex == link->ifindex &&
		    (is_wanted(net, &links[i]) || is_used(net, links, count, &links[i])))
			return true;
	}
	return false;
}

void net_leftovers_remove(struct net *net)
{
	_cleanup_free_ struct net_link_info *links = NULL;
	size_t count = 0;

	net->has_leftovers = false;
	if (net_link_list(net->link, &links, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct net_link_info *link = &links[i];
		int r = 0;

		if (!link->ours || is_wanted(net, link))
			continue;
		if (is_used(net, links, count, link)) {
			net->has_leftovers = true;
			continue;
		}
		r = net_link_delete(net->link, link->ifindex);
		/* A VLAN disappears with its bond. */
		if (r < 0 && r != -ENODEV)
			log_warning(NET_SUBJECT,
				    "%s, of another configuration, cannot be removed: %s",
				    link->name, strerror(-r));
		else if (r == 0)
			log_notice(NET_SUBJECT, "%s, of another configuration, is removed",
				   link->name);
	}
}
