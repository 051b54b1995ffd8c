// SPDX-License-Identifier: GPL-2.0-or-later
// All networks: events of the kernel become uplinks, leases and names.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "net-internal.h"
#include "net/address/net-resolv.h"
#include "net/guest/net-guest-address.h"
#include "net/guest/net-guest-filter.h"
#include "net/link/net-nic.h"

/* Ethernet takes some seconds to negotiate its speed; until then "no cable" would be a guess. */
#define LINK_DETECTION_US 5000000
#define TIMER_ACCURACY_US 500000

DEFINE_CLEANUP(struct net *, net_free);

static void on_link_changed(int ifindex, void *userdata)
{
	net_link_changed(userdata, ifindex);
}

static void on_router_option(int ifindex, const void *option, size_t length, void *userdata)
{
	struct network *network = net_find_bridge(userdata, ifindex);

	if (network)
		network_router_option(network, option, length);
}

static void on_addresses_changed(int ifindex, void *userdata)
{
	struct network *network = net_find_bridge(userdata, ifindex);
	struct net *net = userdata;

	net->addresses_changed = true;
	if (network)
		network_refresh(network);
}

static void on_routes_changed(void *userdata)
{
	struct net *net = userdata;

	net->addresses_changed = true;
}

static int scan_links(struct net *net, struct net_link_info **ret_links, size_t *ret_count)
{
	_cleanup_free_ struct net_link_info *links = NULL;
	size_t count = 0;
	int r = net_link_list(net->link, &links, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		net_link_changed(net, links[i].ifindex);
	*ret_links = take_ptr(links);
	*ret_count = count;
	return 0;
}

static void on_everything_changed(void *userdata)
{
	_cleanup_free_ struct net_link_info *links = NULL;
	struct net *net = userdata;
	size_t count = 0;
	int r = 0;

	/* Links that are gone are not in the list. From the end, because NICs leave the table. */
	for (size_t i = net->nic_count; i > 0; i--)
		net_link_changed(net, net->nics[i - 1].ifindex);
	for (size_t i = 0; i < net->bond_count; i++)
		if (net->bonds[i].ifindex > 0)
			net_link_changed(net, net->bonds[i].ifindex);
	for (size_t i = 0; i < net->network_count; i++) {
		if (net->networks[i].uplink.ifindex > 0)
			net_link_changed(net, net->networks[i].uplink.ifindex);
		if (net->networks[i].ifindex > 0)
			net_link_changed(net, net->networks[i].ifindex);
	}
	r = scan_links(net, &links, &count);
	if (r < 0)
		log_error(NET_SUBJECT, "interfaces cannot be listed: %s", strerror(-r));
	for (size_t i = 0; i < net->network_count; i++)
		network_refresh(&net->networks[i]);
	net->addresses_changed = true;
}

static void log_link(const struct net *net, const struct network *network, bool was_up)
{
	unsigned int speed_mbps = 0;

	if (!network->uplink.carrier) {
		if (was_up)
			log_warning(network->subject, "link down on %s", network->uplink_name);
		return;
	}
	speed_mbps = net_nic_speed_mbps(net->paths.sysfs, network->uplink_name);
	if (speed_mbps > 0)
		log_notice(network->subject, "link up on %s (%u Mb/s)", network->uplink_name,
			   speed_mbps);
	else
		log_notice(network->subject, "link up on %s", network->uplink_name);
}

static void drive_dhcp(struct network *network, const struct net_uplink *before)
{
	const struct net_ip *wanted =
		network->lease.address.family == AF_INET ? &network->lease.address : NULL;
	bool active = network->dhcp && net_dhcp_is_active(network->dhcp);

	switch (net_policy_dhcp(before, &network->uplink, network->dhcp, active)) {
	case NET_DHCP_ACTION_NONE:
		break;
	case NET_DHCP_ACTION_STOP:
		net_dhcp_stop(network->dhcp);
		break;
	case NET_DHCP_ACTION_START:
	case NET_DHCP_ACTION_RESTART:
		if (!network->has_lease)
			log_notice(network->subject, "waiting for DHCP on %s",
				   network->uplink_name);
		(void)net_dhcp_start(network->dhcp, wanted);
		break;
	}
}

static void update_network(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];
	struct net_uplink before = network->uplink;
	const struct net_uplink *after = &network->uplink;
	bool another = false;

	net_uplink_update(net, index);
	another = before.ifindex != after->ifindex;
	if (after->ifindex > 0 &&
	    (after->carrier != before.carrier || (another && after->carrier))) {
		network->changed = true;
		if (network->config->mode == NETWORK_MODE_BRIDGE)
			log_link(net, network, before.carrier);
	}
	if (after->carrier && (another || !before.carrier))
		network_solicit_routers(network);
	drive_dhcp(network, &before);
}

/* Runs after every batch of events: acts on the changes, then notifies. */
static void on_settled(void *userdata)
{
	struct net *net = userdata;
	bool changed = false;
	int r = 0;

	if (net->link_gone && net->has_leftovers)
		net_leftovers_remove(net);
	net->link_gone = false;
	net_bonds_update(net);
	for (size_t i = 0; i < net->network_count; i++) {
		struct network *network = &net->networks[i];

		update_network(net, i);
		if (network->lost_nic && network->uplink.ifindex == 0 && !net->link_timer)
			net_log_missing_uplink(net, network);
		network->lost_nic = false;
		changed |= network->changed;
	}
	if (changed || net->addresses_changed)
		net_guest_filters_update(net);
	net->addresses_changed = false;
	if (!changed)
		return;
	r = net_resolv_write(net->paths.resolv_conf, net->networks, net->network_count);
	if (r < 0)
		log_warning(NET_SUBJECT, "%s cannot be written: %s", net->paths.resolv_conf,
			    strerror(-r));
	for (size_t i = 0; i < net->network_count; i++) {
		if (!net->networks[i].changed)
			continue;
		net->networks[i].changed = false;
		if (net->callbacks.changed)
			net->callbacks.changed(net->config->networks[i].name,
					       net->callbacks.userdata);
	}
}

static int on_link_timer(sd_event_source *, uint64_t, void *userdata)
{
	struct net *net = userdata;

	net->link_timer = sd_event_source_disable_unref(net->link_timer);
	for (size_t i = 0; i < net->network_count; i++)
		net_log_missing_uplink(net, &net->networks[i]);
	return 0;
}

static int make_folder(const char *path)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash = NULL;

	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (slash && slash > parent) {
		*slash = '\0';
		if (mkdir(parent, 0755) < 0 && errno != EEXIST && errno != ENOENT)
			return -errno;
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static void bring_up_loopback(struct net *net)
{
	struct net_link_info info = {};
	int r = net_link_get_named(net->link, "lo", &info);

	if (r == 0 && !info.up)
		r = net_link_set_up(net->link, info.ifindex, true);
	if (r < 0)
		log_warning(NET_SUBJECT, "lo cannot be brought up: %s", strerror(-r));
}

/* The kernel compiles guests' filters: constants in them must not become code. */
static void harden_filters(void)
{
	int r = file_write(AT_FDCWD, "/proc/sys/net/core/bpf_jit_harden", "2");

	if (r < 0)
		log_debug(NET_SUBJECT, "the BPF compiler cannot be hardened: %s", strerror(-r));
}

static int start(struct net *net, sd_event *event)
{
	const struct net_link_handlers handlers = {
		.link_changed = on_link_changed,
		.addresses_changed = on_addresses_changed,
		.routes_changed = on_routes_changed,
		.everything_changed = on_everything_changed,
		.router_option = on_router_option,
		.settled = on_settled,
		.userdata = net,
	};
	_cleanup_free_ struct net_link_info *links = NULL;
	size_t count = 0;
	int r = 0;

	r = net_link_new(&net->link);
	if (r < 0)
		return r;
	r = net_link_watch(net->link, event, &handlers);
	if (r < 0)
		return r;
	harden_filters();
	bring_up_loopback(net);
	for (size_t i = 0; i < net->config->network_count; i++) {
		r = network_init(&net->networks[i], &net->config->networks[i], i, event, net->link,
				 &net->paths, net->config->hostname);
		net->network_count = i + 1;
		if (r < 0)
			return r;
		net->networks[i].settle = on_settled;
		net->networks[i].settle_userdata = net;
	}
	net_trials_init(net, event);
	r = net_bonds_make(net);
	if (r == 0)
		r = scan_links(net, &links, &count);
	if (r < 0)
		return r;
	net_uplinks_adopt(net, links, count);
	net_leftovers_remove(net);
	for (size_t i = 0; i < net->network_count; i++) {
		struct network *network = &net->networks[i];

		network->changed = true;
		/* Forget what the routers said before. */
		if (network->uplink.carrier)
			network_solicit_routers(network);
	}
	on_settled(net);
	return 0;
}

int net_new_at(const struct net_paths *paths, sd_event *event, const struct host_config *config,
	       const struct net_callbacks *callbacks, struct net **ret_net)
{
	_cleanup_(net_freep) struct net *net = calloc(1, sizeof(*net));
	int r = 0;

	if (!net)
		return -ENOMEM;
	net->config = config;
	net->paths = *paths;
	net->networks = calloc(config->network_count + 1, sizeof(*net->networks));
	if (!net->networks)
		return -ENOMEM;
	r = make_folder(paths->state);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &net->link_timer, CLOCK_MONOTONIC, LINK_DETECTION_US,
				       TIMER_ACCURACY_US, on_link_timer, net);
	if (r < 0)
		return r;
	r = start(net, event);
	if (r < 0)
		return r;
	/* Only now: before, the caller had nothing to ask. */
	if (callbacks)
		net->callbacks = *callbacks;
	*ret_net = take_ptr(net);
	return 0;
}

int net_new(sd_event *event, const struct host_config *config,
	    const struct net_callbacks *callbacks, struct net **ret_net)
{
	static const struct net_paths paths = {
		.sysfs = "/sys",
		.state = "/run/mvirt/net",
		.resolv_conf = "/run/mvirt/resolver/resolv.conf",
		.dhcp_client = "/usr/bin/busybox",
	};
	/* A folder of its own: QEMU of a guest with user networking sees it as /etc. */
	int r = make_folder("/run/mvirt/resolver");

	return r < 0 ? r : net_new_at(&paths, event, config, callbacks, ret_net);
}

void net_free(struct net *net)
{
	if (!net)
		return;
	sd_event_source_disable_unref(net->link_timer);
	for (size_t i = 0; i < net->network_count; i++)
		network_done(&net->networks[i]);
	net_trials_done(net);
	net_guest_addresses_done(net);
	net_guest_filters_done(net);
	net_link_free(net->link);
	free(net->networks);
	free(net->nics);
	free(net->bonds);
	free(net);
}

size_t net_count(const struct net *net)
{
	return net->network_count;
}

int net_status_at(struct net *net, size_t index, struct net_status *ret_status)
{
	if (index >= net->network_count)
		return -ENOENT;
	return network_status(&net->networks[index], net->nic_count, ret_status);
}
