// SPDX-License-Identifier: GPL-2.0-or-later
// One network: its bridge, the addresses on it, and the lease.
#include "net-network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

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
		/* Until an uplink gives it one: locally administered, of its own. */
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
			  "cannot be made: there is an interface %s that is no bridge; give the "
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

/* Takes away what an earlier hostd had set and nobody wants any more. */
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

static void set_default_route(struct network *network, const char *text)
{
	struct net_route route = {
		.ifindex = network->ifindex,
		.origin = NET_ORIGIN_STATIC,
		.metric = network->metric,
		.onlink = true,
	};
	struct net_ip address = {};
	int r = 0;

	if (!text)
		return;
	if (net_ip_parse(text, &route.gateway) < 0 || !net_ip_is_unicast(&route.gateway)) {
		log_warning(network->subject, "gateway %s is no address", text);
		return;
	}
	route.destination.family = route.gateway.family;
	for (size_t i = 0; i < network->config->addresses.count; i++)
		if (net_ip_parse_prefix(network->config->addresses.items[i], &address) == 0 &&
		    net_ip_contains(&address, &route.gateway))
			route.onlink = false;
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

static uint64_t seconds_since_boot(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

static struct net_route lease_route(const struct network *network, const struct net_lease *lease,
				    const struct net_lease_route *from)
{
	struct net_route route = {
		.ifindex = network->ifindex,
		.destination = from->destination,
		.gateway = from->gateway,
		.source = lease->address,
		.origin = NET_ORIGIN_DHCP,
		.metric = network->metric,
		.mtu = lease->mtu,
	};

	route.onlink = from->gateway.family != AF_UNSPEC &&
		       !net_ip_contains(&lease->address, &from->gateway);
	return route;
}

static bool has_route(const struct net_lease *lease, const struct net_lease_route *route)
{
	for (size_t i = 0; i < lease->route_count; i++)
		if (net_lease_route_equal(&lease->routes[i], route))
			return true;
	return false;
}

static void set_lease_routes(struct network *network, const struct net_lease *lease)
{
	for (size_t i = 0; i < lease->route_count; i++) {
		struct net_route route = lease_route(network, lease, &lease->routes[i]);
		char text[NET_IP_TEXT_MAX];
		int r = net_route_set(network->link, &route);

		if (r < 0)
			log_warning(network->subject, "route to %s cannot be set: %s",
				    net_ip_format_prefix(&route.destination, text), strerror(-r));
	}
}

/* A lease, a renewal, or another address: what stays the same is not touched. */
static void apply_lease(struct network *network, const struct net_lease *lease)
{
	uint32_t remaining_s = net_lease_remaining_s(lease, seconds_since_boot());
	bool same = network->has_lease && net_ip_equal(&network->lease.address, &lease->address);
	int r = 0;

	if (remaining_s == 0)
		return;
	if (network->has_lease && !same)
		(void)net_address_delete(network->link, network->ifindex, &network->lease.address);
	r = net_address_set(network->link, network->ifindex, &lease->address, NET_ORIGIN_DHCP,
			    remaining_s);
	if (r < 0) {
		log_error(network->subject, "address of the lease cannot be set: %s", strerror(-r));
		return;
	}
	for (size_t i = 0; same && i < network->lease.route_count; i++) {
		struct net_route old =
			lease_route(network, &network->lease, &network->lease.routes[i]);

		if (!has_route(lease, &network->lease.routes[i]))
			(void)net_route_delete(network->link, &old);
	}
	set_lease_routes(network, lease);
	network->lease = *lease;
	network->has_lease = true;
	network->changed = true;
	network_refresh(network);
}

/* The routes go with the address, which is their source. */
static void drop_lease(struct network *network, const char *why)
{
	char text[NET_IP_TEXT_MAX];

	if (!network->has_lease)
		return;
	network->has_lease = false;
	network->changed = true;
	log_warning(network->subject, "lease lost: %s (%s)",
		    net_ip_format_prefix(&network->lease.address, text), why);
	(void)net_address_delete(network->link, network->ifindex, &network->lease.address);
	network_refresh(network);
}

/* Returns 0 or -errno; -ENOENT when there is none yet. */
static int load_lease(const struct network *network, struct net_lease *ret_lease)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	int r = file_read(AT_FDCWD, network->lease_path, NET_LEASE_FILE_MAX, &text, &length);

	return r < 0 ? r : net_lease_parse(text, length, ret_lease);
}

void network_read_lease(struct network *network)
{
	struct net_lease lease = {};
	int r = 0;

	if (!network->dhcp || network->ifindex == 0)
		return;
	r = load_lease(network, &lease);
	if (r < 0) {
		if (r != -ENOENT)
			log_warning(network->subject, "lease is refused: %s",
				    r == -EINVAL ? "it makes no sense" : strerror(-r));
		return;
	}
	/* The script of a client that has been ended may come late. */
	if (strcmp(lease.client, net_dhcp_client(network->dhcp)) != 0)
		return;
	if (lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
	else
		drop_lease(network, "not renewed by the server");
}

/* Goes on with the lease that an earlier hostd's client got. */
static void take_over_lease(struct network *network)
{
	struct net_lease lease = {};

	if (network->dhcp && load_lease(network, &lease) == 0 &&
	    lease.event == NET_LEASE_EVENT_BOUND)
		apply_lease(network, &lease);
}

static int make_dhcp(struct network *network, sd_event *event, const char *hostname)
{
	const struct net_dhcp_settings settings = {
		.network = network->config->name,
		.interface = network->bridge,
		.hostname = hostname,
		.program = network->paths->dhcp_client,
		.script = network->paths->dhcp_script,
		.lease_path = network->lease_path,
	};

	return net_dhcp_new(event, &settings, &network->dhcp);
}

int network_init(struct network *network, const struct network_config *config, size_t index,
		 sd_event *event, struct net_link *link, const struct net_paths *paths,
		 const char *hostname)
{
	int r = 0;

	*network = (struct network){ .config = config, .link = link, .paths = paths };
	network->metric = METRIC_FIRST + (uint32_t)index;
	net_policy_bridge_name(config->name, network->bridge);
	network->subject = text_format("net %s", config->name);
	network->lease_path = text_format("%s/%s.lease", paths->state, config->name);
	if (!network->subject || !network->lease_path)
		return -ENOMEM;
	if (config->ipv4 == ADDRESS_DHCP && make_dhcp(network, event, hostname) < 0)
		return -ENOMEM;
	if (make_bridge(network) < 0)
		return 0;
	/* 2: also if somebody makes the host a router. */
	set_sysctl(network, "ipv6", "accept_ra", config->ipv6_ra ? "2" : "0");
	set_sysctl(network, "ipv6", "autoconf", config->ipv6_ra ? "1" : "0");
	r = net_link_set_up(link, network->ifindex);
	if (r < 0)
		log_error(network->subject, "bridge cannot be brought up: %s", strerror(-r));
	take_over_lease(network);
	remove_leftovers(network);
	set_static(network);
	network_refresh(network);
	return 0;
}

void network_done(struct network *network)
{
	net_dhcp_free(network->dhcp);
	free(network->subject);
	free(network->lease_path);
	free(network->addresses);
	free(network->shown);
	text_list_done(&network->dns_shown);
	*network = (struct network){};
}

int network_take_nic(struct network *network, const struct net_nic *nic)
{
	struct net_link_info bridge = {};
	int r = net_link_get(network->link, network->ifindex, &bridge);

	if (r < 0)
		return r;
	if (nic->has_mac && (!bridge.has_mac || memcmp(bridge.mac, nic->mac, 6) != 0)) {
		r = net_link_set_mac(network->link, network->ifindex, nic->mac);
		if (r < 0)
			log_warning(network->subject, "bridge cannot take the MAC of %s: %s",
				    nic->name, strerror(-r));
	}
	return net_link_set_master(network->link, nic->ifindex, network->ifindex);
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

/* Which addresses are for others to know: ours, and the global ones of router advertisements. */
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
		drop_lease(network, "its time is over");
}

int network_list_dns(const struct network *network, struct text_list *servers)
{
	char text[NET_IP_TEXT_MAX];
	struct net_ip server = {};
	int r = 0;

	for (size_t i = 0; i < network->config->dns.count && r == 0; i++)
		if (net_ip_parse(network->config->dns.items[i], &server) == 0)
			r = text_list_add(servers, network->config->dns.items[i]);
	if (network->config->dns.count > 0 || !network->has_lease)
		return r;
	for (size_t i = 0; i < network->lease.dns_count && r == 0; i++)
		r = text_list_add(servers, net_ip_format(&network->lease.dns[i], text));
	return r;
}

static const char *show_gateway(struct network *network)
{
	const struct net_ip *gateway = NULL;

	if (network->config->gateway)
		return network->config->gateway;
	if (network->has_lease)
		gateway = net_lease_gateway(&network->lease);
	return gateway ? net_ip_format(gateway, network->gateway_text) : network->config->gateway6;
}

static int show_addresses(struct network *network, size_t *ret_count)
{
	struct net_address *shown = NULL;
	size_t count = 0;

	shown = reallocarray(network->shown, network->address_count + 1, sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	network->shown = shown;
	for (size_t i = 0; i < network->address_count; i++) {
		const struct net_address_info *address = &network->addresses[i];

		if (address->duplicate)
			continue;
		(void)net_ip_format_prefix(&address->ip, shown[count].text);
		shown[count++].origin = net_origin_name(address->origin);
	}
	*ret_count = count;
	return 0;
}

int network_status(struct network *network, size_t wired_nic_count, struct net_status *ret_status)
{
	struct net_link_info info = {};
	struct net_status status = { .name = network->config->name };
	int ifindex = network->uplink.ifindex ? network->uplink.ifindex : network->ifindex;

	text_list_done(&network->dns_shown);
	if (show_addresses(network, &status.address_count) < 0 ||
	    network_list_dns(network, &network->dns_shown) < 0)
		return -ENOMEM;
	status.addresses = network->shown;
	status.dns = (const char *const *)network->dns_shown.items;
	status.gateway = show_gateway(network);
	status.carrier = network->uplink.carrier;
	status.uplink = network->uplink.ifindex ? network->uplink_name : NULL;
	status.phase = net_policy_phase(&network->uplink, wired_nic_count, network->dhcp,
					network->has_lease);
	if (ifindex > 0 && net_link_get(network->link, ifindex, &info) == 0) {
		status.rx_bytes = info.rx_bytes;
		status.tx_bytes = info.tx_bytes;
	}
	*ret_status = status;
	return 0;
}
