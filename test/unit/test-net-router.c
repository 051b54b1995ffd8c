// SPDX-License-Identifier: GPL-2.0-or-later
// A router at the other end of the cable: addresses and DNS servers from its advertisements.
#include "net-fixture.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

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
		ROUTER_TEST(router_advertisement),
		ROUTER_TEST(dns_servers),
		ROUTER_TEST(dns_servers_of_the_configuration),
		ROUTER_TEST(hostd_starts_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
