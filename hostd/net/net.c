// SPDX-License-Identifier: GPL-2.0-or-later
// The networks together: NICs come and go, each network gets its uplink, names are resolved.
#include "net.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "net-network.h"
#include "net-nic.h"
#include "net-resolv.h"
#include "net-tap.h"

#define SUBJECT "net"
/* Ethernet takes up to some seconds to find its speed; until then "no cable" would be a guess. */
#define LINK_DETECTION_US 5000000
#define TIMER_ACCURACY_US 500000

struct net {
	const struct host_config *config;
	struct net_paths paths;
	struct net_callbacks callbacks;
	struct net_link *link;
	struct network *networks;
	size_t network_count;
	struct net_nic *nics; /* wired ones, in the order of their ifindex */
	size_t nic_count;
	sd_event_source *lease_watch;
	sd_event_source *link_timer; /* NULL: link detection had its time */
};

DEFINE_CLEANUP(struct net *, net_free);

static struct net_nic *find_nic(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->nic_count; i++)
		if (net->nics[i].ifindex == ifindex)
			return &net->nics[i];
	return NULL;
}

static struct network *find_bridge(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->network_count; i++)
		if (ifindex != 0 && net->networks[i].ifindex == ifindex)
			return &net->networks[i];
	return NULL;
}

/* Without one a network can do nothing but wait, so it is told why. */
static void log_missing_uplink(struct net *net, const struct network *network)
{
	char names[256] = "";
	size_t length = 0;

	if (network->ifindex == 0 || network->uplink.carrier)
		return;
	if (network->uplink.ifindex > 0) {
		log_warning(network->subject, "no cable in %s", network->uplink_name);
		return;
	}
	if (network->config->uplink) {
		log_warning(network->subject, "uplink %s is not there", network->config->uplink);
		return;
	}
	for (size_t i = 0; i < net->nic_count && length < sizeof(names) - IFNAMSIZ - 2; i++)
		if (net->nics[i].network == NET_NO_NETWORK)
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length > 0 ? ", " : "", net->nics[i].name);
	if (length > 0)
		log_warning(network->subject, "no cable in %s", names);
	else
		log_warning(network->subject, "no wired NIC found");
}

static void disable_ipv6(const char *name)
{
	_cleanup_free_ char *path = text_format("/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	int r = path ? file_write(AT_FDCWD, path, "1") : -ENOMEM;

	if (r < 0)
		log_debug(SUBJECT, "%s: IPv6 cannot be switched off: %s", name, strerror(-r));
}

/* A new wired NIC: addresses are the bridge's business, and its link is wanted up. */
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
		log_error(SUBJECT, "%s is left out: %s", nic.name, strerror(ENOMEM));
		return NULL;
	}
	net->nics = nics;
	while (at < net->nic_count && nics[at].ifindex < nic.ifindex)
		at++;
	memmove(nics + at + 1, nics + at, (net->nic_count - at) * sizeof(*nics));
	nics[at] = nic;
	net->nic_count++;
	disable_ipv6(nic.name);
	r = info->up ? 0 : net_link_set_up(net->link, nic.ifindex);
	if (r < 0)
		log_warning(SUBJECT, "%s cannot be brought up: %s", nic.name, strerror(-r));
	return &nics[at];
}

static void remove_nic(struct net *net, struct net_nic *nic)
{
	int network = nic->network;

	if (network != NET_NO_NETWORK) {
		struct network *lost = &net->networks[network];

		log_warning(lost->subject, "%s is gone", nic->name);
		lost->uplink = (struct net_uplink){};
		lost->lost_nic = true;
		lost->changed = true;
	}
	memmove(nic, nic + 1, (size_t)(net->nics + net->nic_count - (nic + 1)) * sizeof(*nic));
	net->nic_count--;
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
	network->has_lease = false;
	network->address_count = 0;
	network->changed = true;
}

/* Brings what we know of a link in line with what the kernel says now. */
static void on_link_changed(int ifindex, void *userdata)
{
	struct net *net = userdata;
	struct network *bridge = find_bridge(net, ifindex);
	struct net_nic *nic = find_nic(net, ifindex);
	struct net_link_info info = {};
	int r = net_link_get(net->link, ifindex, &info);

	if (r == -ENODEV) {
		if (bridge)
			on_bridge_gone(net, bridge);
		if (nic)
			remove_nic(net, nic);
		return;
	}
	if (r < 0 || bridge || !info.ethernet || info.bridge)
		return;
	if (!nic)
		nic = add_nic(net, &info);
	if (!nic)
		return;
	memcpy(nic->name, info.name, sizeof(nic->name));
	memcpy(nic->mac, info.mac, sizeof(nic->mac));
	memcpy(nic->permanent_mac, info.permanent_mac, sizeof(nic->permanent_mac));
	nic->has_mac = info.has_mac;
	nic->has_permanent_mac = info.has_permanent_mac;
	nic->carrier = info.carrier;
	nic->foreign = info.master_ifindex > 0 && !find_bridge(net, info.master_ifindex);
}

static void on_addresses_changed(int ifindex, void *userdata)
{
	struct network *network = find_bridge(userdata, ifindex);

	if (network)
		network_refresh(network);
}

static int scan_links(struct net *net, struct net_link_info **ret_links, size_t *ret_count)
{
	_cleanup_free_ struct net_link_info *links = NULL;
	size_t count = 0;
	int r = net_link_list(net->link, &links, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		on_link_changed(links[i].ifindex, net);
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

	/* From the end: the ones that are gone leave the table. */
	for (size_t i = net->nic_count; i > 0; i--)
		on_link_changed(net->nics[i - 1].ifindex, net);
	r = scan_links(net, &links, &count);
	if (r < 0)
		log_error(SUBJECT, "interfaces cannot be listed: %s", strerror(-r));
	for (size_t i = 0; i < net->network_count; i++)
		network_refresh(&net->networks[i]);
}

/* Gives the network a NIC if it has none and there is one; a NIC that refuses costs only itself. */
static void choose_uplink(struct net *net, size_t index)
{
	struct network *network = &net->networks[index];

	while (network->ifindex > 0 && network->uplink.ifindex == 0) {
		ssize_t chosen = net_policy_choose(net->config->networks, net->network_count, index,
						   net->nics, net->nic_count);
		struct net_nic *nic = chosen >= 0 ? &net->nics[chosen] : NULL;
		int r = 0;

		if (!nic)
			return;
		r = network_take_nic(network, nic);
		if (r < 0) {
			log_warning(network->subject, "%s cannot be used: %s", nic->name,
				    strerror(-r));
			nic->refused = true;
			continue;
		}
		nic->network = (int)index;
		network->uplink.ifindex = nic->ifindex;
		network->changed = true;
	}
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
	const struct net_nic *nic = NULL;

	choose_uplink(net, index);
	nic = find_nic(net, network->uplink.ifindex);
	network->uplink.carrier = nic && nic->carrier;
	if (nic)
		memcpy(network->uplink_name, nic->name, sizeof(network->uplink_name));
	if (nic && (network->uplink.carrier != before.carrier ||
		    (before.ifindex != network->uplink.ifindex && network->uplink.carrier))) {
		network->changed = true;
		log_link(net, network, before.carrier);
	}
	drive_dhcp(network, &before);
}

/* After every batch of events: acts on what is new, then tells it. */
static void on_settled(void *userdata)
{
	struct net *net = userdata;
	bool changed = false;
	int r = 0;

	for (size_t i = 0; i < net->network_count; i++) {
		struct network *network = &net->networks[i];

		update_network(net, i);
		if (network->lost_nic && network->uplink.ifindex == 0 && !net->link_timer)
			log_missing_uplink(net, network);
		network->lost_nic = false;
		changed |= network->changed;
	}
	if (!changed)
		return;
	r = net_resolv_write(net->paths.resolv_conf, net->networks, net->network_count);
	if (r < 0)
		log_warning(SUBJECT, "%s cannot be written: %s", net->paths.resolv_conf,
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

static int on_lease_file(sd_event_source *, const struct inotify_event *event, void *userdata)
{
	struct net *net = userdata;
	bool all = event->mask & IN_Q_OVERFLOW;

	for (size_t i = 0; i < net->network_count; i++) {
		const char *slash = strrchr(net->networks[i].lease_path, '/');

		if (all || (event->len > 0 && text_equal(event->name, slash + 1)))
			network_read_lease(&net->networks[i]);
	}
	on_settled(net);
	return 0;
}

static int on_link_timer(sd_event_source *, uint64_t, void *userdata)
{
	struct net *net = userdata;

	net->link_timer = sd_event_source_disable_unref(net->link_timer);
	for (size_t i = 0; i < net->network_count; i++)
		log_missing_uplink(net, &net->networks[i]);
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
		r = net_link_set_up(net->link, info.ifindex);
	if (r < 0)
		log_warning(SUBJECT, "lo cannot be brought up: %s", strerror(-r));
}

/* NICs that an earlier hostd made ports of our bridges stay there, unless the file says otherwise.
 */
static void take_over_uplinks(struct net *net, const struct net_link_info *links, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct network *network = find_bridge(net, links[i].master_ifindex);
		struct net_nic *nic = find_nic(net, links[i].ifindex);
		size_t index = network ? (size_t)(network - net->networks) : 0;

		if (!network || !nic)
			continue;
		if (network->uplink.ifindex == 0 &&
		    net_policy_may_keep(net->config->networks, net->network_count, index, nic)) {
			nic->network = (int)index;
			network->uplink = (struct net_uplink){ nic->ifindex, nic->carrier };
		} else {
			(void)net_link_set_master(net->link, nic->ifindex, 0);
		}
	}
}

static int start(struct net *net, sd_event *event)
{
	const struct net_link_handlers handlers = {
		.link_changed = on_link_changed,
		.addresses_changed = on_addresses_changed,
		.everything_changed = on_everything_changed,
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
	bring_up_loopback(net);
	for (size_t i = 0; i < net->config->network_count; i++) {
		r = network_init(&net->networks[i], &net->config->networks[i], i, event, net->link,
				 &net->paths, net->config->hostname);
		net->network_count = i + 1;
		if (r < 0)
			return r;
	}
	r = scan_links(net, &links, &count);
	if (r < 0)
		return r;
	take_over_uplinks(net, links, count);
	for (size_t i = 0; i < net->network_count; i++)
		net->networks[i].changed = true;
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
	if (r == 0)
		r = sd_event_add_inotify(event, &net->lease_watch, paths->state, IN_MOVED_TO,
					 on_lease_file, net);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(event, &net->link_timer, CLOCK_MONOTONIC, LINK_DETECTION_US,
				       TIMER_ACCURACY_US, on_link_timer, net);
	if (r < 0)
		return r;
	r = start(net, event);
	if (r < 0)
		return r;
	/* Only now: until here the caller has nothing to ask. */
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
		.dhcp_script = "/usr/lib/mvirt/udhcpc.script",
	};
	/* A folder of its own: guests with user networking see it as their QEMU's /etc. */
	int r = make_folder("/run/mvirt/resolver");

	return r < 0 ? r : net_new_at(&paths, event, config, callbacks, ret_net);
}

void net_free(struct net *net)
{
	if (!net)
		return;
	sd_event_source_disable_unref(net->lease_watch);
	sd_event_source_disable_unref(net->link_timer);
	for (size_t i = 0; i < net->network_count; i++)
		network_done(&net->networks[i]);
	net_link_free(net->link);
	free(net->networks);
	free(net->nics);
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

static struct network *find_network(struct net *net, const char *name)
{
	for (size_t i = 0; i < net->network_count; i++)
		if (text_equal(net->networks[i].config->name, name))
			return &net->networks[i];
	return NULL;
}

int net_open_tap(struct net *net, const char *network, const char *guest_name,
		 unsigned int nic_index, int *ret_tap_fd, int *ret_vhost_fd)
{
	_cleanup_fd_ int fd = -EBADF;
	struct network *found = find_network(net, network);
	struct net_link_info tap = {}, bridge = {};
	char name[IFNAMSIZ];
	int r = 0;

	if (!found)
		return -ENOENT;
	if (found->ifindex == 0)
		return -ENETDOWN;
	r = net_link_get(net->link, found->ifindex, &bridge);
	if (r < 0)
		return r;
	net_policy_tap_name(guest_name, nic_index, name);
	r = net_tap_open(name, &fd);
	if (r < 0)
		return r;
	disable_ipv6(name);
	r = net_link_get_named(net->link, name, &tap);
	if (r < 0)
		return r;
	r = net_link_join(net->link, tap.ifindex, found->ifindex, bridge.mtu);
	if (r < 0)
		return r;
	*ret_vhost_fd = net_tap_open_vhost();
	*ret_tap_fd = take_fd(&fd);
	return 0;
}
