// SPDX-License-Identifier: GPL-2.0-or-later
// What IPv6 routers advertise and the kernel leaves to us: DNS servers.
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "net/net-network.h"

#define TIMER_ACCURACY_US 500000
/* RFC 4861 section 6.1.1: others are discarded. */
#define HOP_LIMIT 255

static int on_server_ended(sd_event_source *, uint64_t, void *userdata);

/* Without a timer a server only stays too long: a warning is enough. */
static void set_timer(struct network *network)
{
	uint64_t next_s = net_rdnss_next_s(&network->rdnss);
	int r = 0;

	network->rdnss_timer = sd_event_source_disable_unref(network->rdnss_timer);
	if (next_s == NET_RDNSS_FOREVER)
		return;
	r = sd_event_add_time(network->event, &network->rdnss_timer, CLOCK_BOOTTIME,
			      next_s * 1000000, TIMER_ACCURACY_US, on_server_ended, network);
	if (r < 0)
		log_warning(network->subject, "DNS servers of routers do not expire: %s",
			    strerror(-r));
}

static int on_server_ended(sd_event_source *, uint64_t, void *userdata)
{
	struct network *network = userdata;

	if (net_rdnss_expire(&network->rdnss, network_now_s())) {
		network->changed = true;
		network->settle(network->settle_userdata);
	}
	set_timer(network);
	return 0;
}

void network_router_option(struct network *network, const void *option, size_t length)
{
	if (!network->config->ipv6_ra)
		return;
	if (net_rdnss_update(&network->rdnss, option, length, network_now_s()))
		network->changed = true;
	set_timer(network);
}

void network_solicit_routers(struct network *network)
{
	const struct nd_router_solicit message = { .nd_rs_hdr.icmp6_type = ND_ROUTER_SOLICIT };
	const struct sockaddr_in6 all_routers = {
		.sin6_family = AF_INET6,
		.sin6_addr.s6_addr = { 0xff, 0x02, [15] = 2 },
		.sin6_scope_id = (uint32_t)network->ifindex,
	};
	_cleanup_fd_ int fd = -EBADF;
	int hops = HOP_LIMIT;

	if (!network->config->ipv6_ra || network->ifindex == 0)
		return;
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	/* It fails until the bridge has an address; the kernel asks then. */
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    sendto(fd, &message, sizeof(message), 0, (const struct sockaddr *)&all_routers,
		   sizeof(all_routers)) < 0)
		log_debug(network->subject, "routers cannot be asked: %s", strerror(errno));
}
