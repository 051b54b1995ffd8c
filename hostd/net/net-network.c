// SPDX-License-Identifier: GPL-2.0-or-later
// One network: its bridge, and the addresses on it.
#include "net-network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/log.h"

/* Routes of the first network win over the next ones'. */
#define METRIC_FIRST 100

/* Sets net.ipv4 or net.ipv6's "conf/BRIDGE/KEY"; a kernel without IPv6 has none of the latter. */
static void set_sysctl(const struct network *network, const char *family, const char *key,
		       const char *value)
{
	_cleanup_free_ char *path =
		text_format("/proc/sys/net/%s/conf/%s/%s", family, network->bridge, key);
	int r = path ? file_write(AT_FDCWD, path, value) : -ENOMEM;

	if (r < 0)
		log_debug(network->subject, "%s cannot be set: %s", path ? path : key,
			  strerror(-r));
}

static int make_bridge(struct network *network)
{
	struct net_link_info info = {};
	uint8_t mac[6] = {};
	int r = net_link_get_named(network->link, network->bridge, &info);

	if (r == -ENODEV) {
		/* Until an uplink provides one: a locally administered MAC of the bridge's own. */
		(void)!getrandom(mac, sizeof(mac), GRND_NONBLOCK);
		mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02);
		r = net_link_make_bridge(network->link, network->bridge, mac);
		if (r == 0)
			r = net_link_get_named(network->link, network->bridge, &info);
	}
	if (r == 0 && !info.bridge)
		r = -EEXIST;
	if (r == -EEXIST)
		log_error(network->subject,
			  "cannot be made: there is an interface %s that is not a bridge; give the "
			  "network another name",
			  network->bridge);
	else if (r < 0)
		log_error(network->subject, "bridge %s cannot be made: %s", network->bridge,
			  strerror(-r));
	if (r < 0)
		return r;
	network->ifindex = info.ifindex;
	return 0;
}

static bool is_configured(const struct network *network, const struct net_ip *ip)
{
	struct net_ip wanted = {};

	for (size_t i = 0; i < network->config->addresses.count; i++)
		if (net_ip_parse_prefix(network->config->addresses.items[i], &wanted) == 0 &&
		    net_ip_equal(&wanted, ip))
			return true;
	return false;
}

/* Removes what the previous hostd set and the configuration no longer wants. */
static void remove_leftovers(struct network *network)
{
	_cleanup_free_ struct net_address_info *addresses = NULL;
	size_t count = 0;

	if (net_address_list(network->link, network->ifindex, &addresses, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct net_address_info *address = &addresses[i];
		bool wanted = true;

		if (address->origin == NET_ORIGIN_STATIC)
			wanted = is_configured(network, &address->ip);
		else if (address->origin == NET_ORIGIN_DHCP)
			wanted = network->has_lease &&
				 net_ip_equal(&address->ip, &network->lease.address);
		if (!wanted)
			(void)net_address_delete(network->link, network->ifindex, &address->ip);
	}
}

/* Returns whether this is a valid gateway. */
static bool make_default_route(const struct network *network, const char *gateway,
			       struct net_route *ret_route)
{
	struct net_route route = {
		.ifindex = network->ifindex,
		.origin = NET_ORIGIN_STATIC,
		.metric = network->metric,
		.onlink = true,
	};
	struct net_ip address = {};

	if (net_ip_parse(gateway, &route.gateway) < 0 || !net_ip_is_unicast(&route.gateway))
		return false;
	route.destination.family = route.gateway.family;
	for (size_t i = 0; i < network->config->addresses.count; i++)
		if (net_ip_parse_prefix(network->config->addresses.items[i], &address) == 0 &&
		    net_ip_contains(&address, &route.gateway))
			route.onlink = false;
	*ret_route = route;
	return true;
}

static void set_default_route(struct network *network, const char *text)
{
	struct net_route route = {};
	int r = 0;

	if (!text)
		return;
	if (!make_default_route(network, text, &route)) {
		log_warning(network->subject, "gateway %s is not a valid address", text);
		return;
	}
	r = net_route_set(network->link, &route);
	if (r < 0)
		log_warning(network->subject, "gateway %s cannot be set: %s", text, strerror(-r));
}

static void set_static(struct network *network)
{
	const struct text_list *addresses = &network->config->addresses;

	for (size_t i = 0; i < addresses->count; i++) {
		struct net_ip ip = {};
		int r = net_ip_parse_prefix(addresses->items[i], &ip);

		if (r == 0)
			r = net_address_set(network->link, network->ifindex, &ip, NET_ORIGIN_STATIC,
					    NET_ADDRESS_FOREVER);
		if (r < 0)
			log_warning(network->subject, "address %s cannot be set: %s",
				    addresses->items[i], strerror(-r));
	}
	set_default_route(network, network->config->gateway);
	set_default_route(network, network->config->gateway6);
}

static int make_dhcp(struct network *network, sd_event *event, const char *hostname)
{
	const struct net_dhcp_settings settings = {
		.network = network->config->name,
		.interface = network->bridge,
		.hostname = hostname,
		.program = network->paths->dhcp_client,
		.on_event = network_take_lease,
		.userdata = network,
	};

	return net_dhcp_new(event, &settings, &network->dhcp);
}

int network_init(struct network *network, const struct network_config *config, size_t index,
		 sd_event *event, struct net_link *link, const struct net_paths *paths,
		 const char *hostname)
{
	int r = 0;

	*network = (struct network){
		.config = config, .event = event, .link = link, .paths = paths, .bond = NET_NO_BOND
	};
	network->metric = METRIC_FIRST + (uint32_t)index;
	net_policy_bridge_name(config->name, network->bridge);
	network->subject = text_format("net %s", config->name);
	network->lease_path = text_format("%s/%s.lease", paths->state, config->name);
	if (!network->subject || !network->lease_path)
		return -ENOMEM;
	/* A guest's QEMU provides the network. */
	if (config->mode == NETWORK_MODE_NAT)
		return 0;
	if (config->ipv4 == ADDRESS_DHCP && make_dhcp(network, event, hostname) < 0)
		return -ENOMEM;
	if (make_bridge(network) < 0)
		return 0;
	/* 2: even if somebody makes the host a router. */
	set_sysctl(network, "ipv6", "accept_ra", config->ipv6_ra ? "2" : "0");
	set_sysctl(network, "ipv6", "autoconf", config->ipv6_ra ? "1" : "0");
	r = net_link_set_up(link, network->ifindex, true);
	if (r < 0)
		log_error(network->subject, "bridge cannot be brought up: %s", strerror(-r));
	network_set_mtu(network, network->ifindex, network->bridge, config->mtu);
	network_adopt_lease(network);
	remove_leftovers(network);
	set_static(network);
	network_refresh(network);
	return 0;
}

static void stop_dhcp(struct network *network)
{
	network_remove_lease(network, "the address was changed");
	net_dhcp_free(network->dhcp);
	network->dhcp = NULL;
}

static int start_dhcp(struct network *network)
{
	char hostname[65] = "";
	int r = gethostname(hostname, sizeof(hostname) - 1) < 0 ? -errno : 0;

	if (r >= 0)
		r = make_dhcp(network, network->event, hostname);
	if (r < 0)
		return r;
	/* It may still be good. */
	network_adopt_lease(network);
	if (network->uplink.carrier)
		(void)net_dhcp_start(network->dhcp,
				     network->has_lease ? &network->lease.address : NULL);
	return 0;
}

int network_set_config(struct network *network, const struct network_config *config)
{
	struct net_route old = {};
	int r = 0;

	if (network->config->gateway && make_default_route(network, network->config->gateway, &old))
		(void)net_route_delete(network->link, &old);
	if (network->dhcp)
		stop_dhcp(network);
	network->config = config;
	remove_leftovers(network);
	set_static(network);
	if (config->ipv4 == ADDRESS_DHCP)
		r = start_dhcp(network);
	network_refresh(network);
	network->changed = true;
	network->settle(network->settle_userdata);
	return r;
}

void network_done(struct network *network)
{
	net_dhcp_free(network->dhcp);
	sd_event_source_disable_unref(network->rdnss_timer);
	free(network->subject);
	free(network->lease_path);
	free(network->addresses);
	free(network->shown);
	text_list_done(&network->dns_shown);
	*network = (struct network){};
}

void network_set_mtu(const struct network *network, int ifindex, const char *name, unsigned int mtu)
{
	int r = mtu > 0 ? net_link_set_mtu(network->link, ifindex, mtu) : 0;

	if (r < 0)
		log_warning(network->subject, "mtu %u cannot be set on %s: %s", mtu, name,
			    strerror(-r));
}

void network_take_mac(struct network *network, const char *from, const uint8_t mac[static 6])
{
	struct net_link_info bridge = {};
	int r = net_link_get(network->link, network->ifindex, &bridge);

	if (r == 0 && (!bridge.has_mac || memcmp(bridge.mac, mac, 6) != 0))
		r = net_link_set_mac(network->link, network->ifindex, mac);
	if (r < 0)
		log_warning(network->subject, "bridge cannot take the MAC of %s: %s", from,
			    strerror(-r));
	memcpy(network->uplink_mac, mac, sizeof(network->uplink_mac));
}

int network_take_port(struct network *network, int ifindex, const char *name)
{
	struct net_link_info port = {};
	int r = net_link_get(network->link, ifindex, &port);

	/* A link that leaves a bond gets its own MAC back, and is down. */
	if (r == 0 && port.master_ifindex > 0 && port.master_ifindex != network->ifindex) {
		r = net_link_set_master(network->link, ifindex, 0);
		if (r == 0)
			r = net_link_get(network->link, ifindex, &port);
	}
	if (r < 0)
		return r;
	if (port.has_mac)
		network_take_mac(network, name, port.mac);
	r = net_link_set_master(network->link, ifindex, network->ifindex);
	if (r == 0 && !port.up)
		r = net_link_set_up(network->link, ifindex, true);
	if (r < 0)
		return r;
	network->uplink = (struct net_uplink){ .ifindex = ifindex };
	network->uplink_stale = true;
	network->changed = true;
	return 0;
}

static bool has_address(const struct net_address_info *addresses, size_t count,
			const struct net_address_info *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (net_ip_equal(&addresses[i].ip, &wanted->ip) &&
		    addresses[i].duplicate == wanted->duplicate)
			return true;
	return false;
}

/* Which addresses the API shows: ours, and global ones from router advertisements. */
static bool is_shown(const struct net_address_info *address)
{
	return address->origin != NET_ORIGIN_OTHER && !address->tentative &&
	       (address->origin != NET_ORIGIN_RA || !net_ip_is_link_local(&address->ip));
}

static void log_changes(struct network *network, const struct net_address_info *now,
			size_t now_count)
{
	const struct net_address_info *before = network->addresses;
	char text[NET_IP_TEXT_MAX];

	for (size_t i = 0; i < now_count; i++) {
		if (has_address(before, network->address_count, &now[i]))
			continue;
		network->changed = true;
		(void)net_ip_format_prefix(&now[i].ip, text);
		if (now[i].duplicate)
			log_warning(network->subject, "%s is not used: another machine has it",
				    text);
		else
			log_notice(network->subject, "%s (%s)", text,
				   net_origin_name(now[i].origin));
	}
	for (size_t i = 0; i < network->address_count; i++) {
		if (has_address(now, now_count, &before[i]))
			continue;
		network->changed = true;
		if (before[i].origin == NET_ORIGIN_RA)
			log_notice(network->subject, "%s is gone (ra)",
				   net_ip_format_prefix(&before[i].ip, text));
	}
}

void network_refresh(struct network *network)
{
	struct net_address_info *now = NULL;
	bool had_lease_address = false, has_lease_address = false;
	size_t count = 0, shown = 0;
	int r = 0;

	if (network->ifindex == 0)
		return;
	r = net_address_list(network->link, network->ifindex, &now, &count);
	if (r < 0) {
		log_warning(network->subject, "addresses cannot be read: %s", strerror(-r));
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (is_shown(&now[i]))
			now[shown++] = now[i];
	log_changes(network, now, shown);
	for (size_t i = 0; network->has_lease && i < network->address_count; i++)
		had_lease_address |=
			net_ip_equal(&network->addresses[i].ip, &network->lease.address);
	for (size_t i = 0; network->has_lease && i < shown; i++)
		has_lease_address |= net_ip_equal(&now[i].ip, &network->lease.address);
	free(network->addresses);
	network->addresses = now;
	network->address_count = shown;
	if (had_lease_address && !has_lease_address)
		network_remove_lease(network, "it expired");
}
