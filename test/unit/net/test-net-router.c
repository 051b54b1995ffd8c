// SPDX-License-Identifier: GPL-2.0-or-later
// A router at the other end of the cable: addresses and DNS servers from its advertisements.
#include "net-fixture.h"

#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>

#define TRIES 60

/* What the router of 2001:db8:1::/64 says; without lifetime no server. */
struct advertisement {
	struct nd_router_advert head;
	struct nd_opt_prefix_info prefix;
	struct {
		uint8_t type, units;
		uint16_t reserved;
		uint32_t lifetime;
		struct in6_addr server;
	} dns;
};

static int router_socket(struct fixture *f)
{
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	int ifindex = fixture_ifindex(f, "cable-eth0"), hops = 255;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex, sizeof(ifindex)),
			 0);
	return fd;
}

/* Fails until the cable's end has its own link-local address. */
static void advertise(struct fixture *f, const char *server, uint32_t lifetime_s)
{
	struct advertisement packet = {
		.head = { .nd_ra_hdr.icmp6_type = ND_ROUTER_ADVERT,
			  .nd_ra_router_lifetime = htons(1800) },
		.prefix = { .nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
			    .nd_opt_pi_len = 4,
			    .nd_opt_pi_prefix_len = 64,
			    .nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
			    .nd_opt_pi_valid_time = htonl(3600),
			    .nd_opt_pi_preferred_time = htonl(3600),
			    .nd_opt_pi_prefix.s6_addr = { 0x20, 0x01, 0x0d, 0xb8, 0, 1 } },
		.dns = { .type = 25, .units = 3, .lifetime = htonl(lifetime_s) },
	};
	struct sockaddr_in6 all_nodes = { .sin6_family = AF_INET6 };
	size_t length = server ? sizeof(packet) : offsetof(struct advertisement, dns);
	int fd = router_socket(f);

	if (server)
		assert_int_equal(inet_pton(AF_INET6, server, &packet.dns.server), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff02::1", &all_nodes.sin6_addr), 1);
	all_nodes.sin6_scope_id = (uint32_t)fixture_ifindex(f, "cable-eth0");
	(void)!sendto(fd, &packet, length, 0, (struct sockaddr *)&all_nodes, sizeof(all_nodes));
	(void)close(fd);
}

static void start_with_router(struct fixture *f)
{
	f->networks[0].ipv4 = ADDRESS_NONE;
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	for (unsigned int i = 0; i < TRIES && !strstr(f->log, "(ra)"); i++) {
		advertise(f, NULL, 0);
		assert_true(sd_event_run(f->event, 100000) >= 0);
	}
	fixture_wait_line(f, "net lan: 2001:db8:1:0:");
}

/* Runs the event loop until resolv.conf is this. */
static void wait_resolv_conf(struct fixture *f, const char *expected)
{
	uint64_t end_us = now_us() + DEADLINE_US;
	char text[512] = "";

	for (;;) {
		fixture_read(f, "/resolv.conf", text, sizeof(text));
		if (strcmp(text, expected) == 0)
			return;
		if (now_us() > end_us)
			fail_msg("resolv.conf is \"%s\", not \"%s\"", text, expected);
		assert_true(sd_event_run(f->event, 50000) >= 0);
	}
}

static void router_advertisement(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_router(f);
	fixture_assert_no_line(f, "fe80");
	assert_int_equal(fixture_status(f, 0).address_count, 1);
	assert_string_equal(fixture_status(f, 0).addresses[0].origin, "ra");
}

/* A guest says that it has an address of IPv6. Returns how many frames of its were refused. */
static uint64_t claim(struct fixture *f, int fd, const struct in6_addr *target)
{
	struct {
		struct virtio_net_hdr header;
		struct ether_header ethernet;
		struct ip6_hdr ip;
		struct nd_neighbor_advert message;
	} __attribute__((packed)) packet = {
		.ethernet = { .ether_dhost = { 0x33, 0x33, [5] = 1 },
			      .ether_shost = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 },
			      .ether_type = htons(ETHERTYPE_IPV6) },
		.ip = { .ip6_vfc = 0x60, .ip6_nxt = IPPROTO_ICMPV6, .ip6_hlim = 255 },
		.message = { .nd_na_type = ND_NEIGHBOR_ADVERT },
	};
	struct net_tap_stats stats = {};

	packet.ip.ip6_plen = htons(sizeof(packet.message));
	assert_int_equal(inet_pton(AF_INET6, "fe80::7", &packet.ip.ip6_src), 1);
	assert_int_equal(inet_pton(AF_INET6, "ff02::1", &packet.ip.ip6_dst), 1);
	packet.message.nd_na_target = *target;
	assert_int_equal(write(fd, &packet, sizeof(packet)), sizeof(packet));
	assert_int_equal(net_read_tap_stats(f->net, "a", 0, &stats), 0);
	return stats.tx_refused;
}

static struct in6_addr first_address(struct fixture *f, const char *interface, bool link_local)
{
	struct net_address_info *addresses = NULL;
	struct in6_addr found = {};
	size_t count = 0;

	assert_int_equal(
		net_address_list(f->link, fixture_ifindex(f, interface), &addresses, &count), 0);
	for (size_t i = 0; i < count; i++)
		if (net_ip_is_link_local(&addresses[i].ip) == link_local)
			memcpy(&found, addresses[i].ip.bytes, sizeof(found));
	free(addresses);
	assert_false(IN6_IS_ADDR_UNSPECIFIED(&found));
	return found;
}

/* What an advertisement brings is no guest's: the router's address, the host's, DNS servers. */
static void no_guests_addresses(void **state)
{
	static const struct {
		const char *interface;
		bool link_local;
	} taken[] = { { "cable-eth0", true }, { "lan", true }, { "lan", false } };
	struct fixture *f = *state;
	struct in6_addr other, server;
	uint64_t refused = 0;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:1::7", &other), 1);
	assert_int_equal(inet_pton(AF_INET6, "fe80::53", &server), 1);
	start_with_router(f);
	fixture_settle(f);
	assert_int_equal(fixture_open_tap(f, "lan", "a", 0, &fd), 0);
	(void)usleep(50000);
	refused = claim(f, fd, &other);
	assert_int_equal(claim(f, fd, &server), refused);
	for (size_t i = 0; i < ELEMENTS(taken); i++) {
		struct in6_addr address = first_address(f, taken[i].interface, taken[i].link_local);

		assert_int_equal(claim(f, fd, &address), refused + i + 1);
	}
	advertise(f, "fe80::53", 600);
	wait_resolv_conf(f, "nameserver fe80::53%lan\n");
	assert_int_equal(claim(f, fd, &server), refused + 4);
	assert_int_equal(claim(f, fd, &other), refused + 4);
	(void)close(fd);
}

static void dns_servers(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_router(f);
	advertise(f, "2001:db8:1::53", 600);
	wait_resolv_conf(f, "nameserver 2001:db8:1::53\n");
	advertise(f, "fe80::53", 600);
	wait_resolv_conf(f, "nameserver 2001:db8:1::53\nnameserver fe80::53%lan\n");
	assert_string_equal(fixture_status(f, 0).dns[1], "fe80::53%lan");
	advertise(f, "2001:db8:1::53", 0);
	wait_resolv_conf(f, "nameserver fe80::53%lan\n");
	/* not said again, and forgotten */
	advertise(f, "fe80::53", 2);
	wait_resolv_conf(f, "");
}

/* The configuration has the last word. */
static void dns_servers_of_the_configuration(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	assert_int_equal(text_list_add(&f->networks[0].dns, "192.0.2.53"), 0);
	start_with_router(f);
	advertise(f, "2001:db8:1::53", 600);
	fixture_settle(f);
	wait_resolv_conf(f, "nameserver 192.0.2.53\n");
}

static bool is_solicited(int fd)
{
	uint8_t packet[256];
	ssize_t length = 0;

	while ((length = read(fd, packet, sizeof(packet))) > 0)
		if (packet[0] == ND_ROUTER_SOLICIT)
			return true;
	return false;
}

/* What the routers said is not kept: the next hostd asks them. */
static void hostd_starts_again(void **state)
{
	struct ipv6_mreq group = {};
	struct fixture *f = *state;
	bool solicited = false;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_router(f);
	advertise(f, "2001:db8:1::53", 600);
	wait_resolv_conf(f, "nameserver 2001:db8:1::53\n");
	fixture_settle(f);
	fixture_stop(f);
	fd = router_socket(f);
	assert_int_equal(inet_pton(AF_INET6, "ff02::2", &group.ipv6mr_multiaddr), 1);
	group.ipv6mr_interface = (uint32_t)fixture_ifindex(f, "cable-eth0");
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)), 0);
	fixture_start(f);
	for (unsigned int i = 0; i < TRIES && !solicited; i++) {
		assert_true(sd_event_run(f->event, 50000) >= 0);
		solicited = is_solicited(fd);
	}
	(void)close(fd);
	assert_true(solicited);
	advertise(f, "2001:db8:1::54", 600);
	wait_resolv_conf(f, "nameserver 2001:db8:1::54\n");
}

int main(void)
{
#define ROUTER_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		ROUTER_TEST(router_advertisement), ROUTER_TEST(no_guests_addresses),
		ROUTER_TEST(dns_servers),          ROUTER_TEST(dns_servers_of_the_configuration),
		ROUTER_TEST(hostd_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
