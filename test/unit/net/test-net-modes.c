// SPDX-License-Identifier: GPL-2.0-or-later
// Networks without an uplink, with an MTU, and what is left of networks of another configuration.
// link: -Wl,--wrap=net_link_set_mtu
#include "net-fixture.h"

int __real_net_link_set_mtu(struct net_link *link, int ifindex, unsigned int mtu);
int __wrap_net_link_set_mtu(struct net_link *link, int ifindex, unsigned int mtu);

static int mtu_error;

int __wrap_net_link_set_mtu(struct net_link *link, int ifindex, unsigned int mtu)
{
	return mtu_error ? mtu_error : __real_net_link_set_mtu(link, ifindex, mtu);
}

static void isolated(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_use_networks(f, 1);
	f->networks[0].mode = NETWORK_MODE_ISOLATED;
	f->networks[0].ipv4 = ADDRESS_STATIC;
	f->networks[0].ipv6_ra = false;
	assert_int_equal(text_list_add(&f->networks[0].addresses, "192.0.2.1/24"), 0);
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_settle(f);
	assert_string_equal(f->log, "net lan: 192.0.2.1/24 (static)\n");
	fixture_assert_port(f, "eth0", NULL);
	assert_string_equal(fixture_status(f, 0).phase, "up");
	assert_null(fixture_status(f, 0).uplink);
	assert_false(fixture_status(f, 0).carrier);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), 0);
	fixture_settle(f);
	assert_true(fixture_status(f, 0).carrier);
	assert_string_equal(f->log, "net lan: 192.0.2.1/24 (static)\n");
	(void)close(fd);
	/* Nothing is missed when link detection had its time. */
	(void)sd_event_run(f->event, 6000000);
	fixture_settle(f);
	fixture_assert_no_line(f, "no ");
}

/* A guest on it may give the host its address. */
static void isolated_with_dhcp(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	f->networks[0].mode = NETWORK_MODE_ISOLATED;
	fixture_start(f);
	assert_string_equal(fixture_status(f, 0).phase, "waiting-for-dhcp");
	assert_int_equal(fixture_open_tap(f, "lan", "router", 0, &fd), 0);
	fixture_wait_line(f, "net lan: waiting for DHCP on lan");
	(void)close(fd);
}

static void nat(void **state)
{
	struct fixture *f = *state;
	struct net_status status = {};
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_use_networks(f, 2);
	f->networks[0].mode = NETWORK_MODE_NAT;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net dmz: link up on eth0");
	assert_int_equal(fixture_ifindex(f, "lan"), -ENODEV);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), -EOPNOTSUPP);
	status = fixture_status(f, 0);
	assert_string_equal(status.phase, "up");
	assert_null(status.uplink);
	assert_int_equal(status.address_count, 0);
}

/* What another configuration's hostd made goes, at the latest when its last guest does. */
static void leftovers(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF, other = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_use_networks(f, 3);
	fixture_start(f);
	assert_int_equal(fixture_open_tap(f, "dmz", "web", 0, &fd), 0);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 1, &other), 0);
	fixture_stop(f);
	assert_int_equal(fixture_make_veth(f, "mine", "too"), 0);
	fixture_use_networks(f, 1);
	fixture_start(f);
	fixture_wait_line(f, "net: lab, of another configuration, is removed");
	assert_int_equal(fixture_ifindex(f, "lab"), -ENODEV);
	assert_true(fixture_ifindex(f, "dmz") > 0);
	assert_true(fixture_ifindex(f, "lan") > 0);
	assert_true(fixture_ifindex(f, "mine") > 0);
	(void)close(other);
	fixture_settle(f);
	assert_true(fixture_ifindex(f, "dmz") > 0);
	(void)close(fd);
	fixture_wait_line(f, "net: dmz, of another configuration, is removed");
	assert_int_equal(fixture_ifindex(f, "dmz"), -ENODEV);
	fixture_settle(f);
	assert_true(fixture_ifindex(f, "lan") > 0);
}

/* A NIC that a network needs leaves the bridge that nobody has any more, guests or not. */
static void leftover_with_the_only_nic(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_use_networks(f, 1);
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), 0);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_stop(f);
	f->networks[0].name = name_dmz;
	fixture_start(f);
	fixture_wait_line(f, "net dmz: link up on eth0");
	fixture_assert_port(f, "eth0", "dmz");
	fixture_assert_port(f, "mv-web-0", "lan");
	(void)close(fd);
	f->networks[0].name = name_lan;
}

static void mtu(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_use_networks(f, 1);
	f->networks[0].mtu = 1400;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on eth0");
	assert_int_equal(fixture_link(f, "eth0").mtu, 1400);
	assert_int_equal(fixture_link(f, "lan").mtu, 1400);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), 0);
	assert_int_equal(fixture_link(f, "mv-web-0").mtu, 1400);
	(void)close(fd);
	fixture_stop(f);
	f->networks[0].mtu = 9000;
	fixture_start(f);
	assert_int_equal(fixture_link(f, "eth0").mtu, 9000);
	assert_int_equal(fixture_link(f, "lan").mtu, 9000);
	fixture_assert_no_line(f, "mtu");
}

static void mtu_that_is_refused(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_use_networks(f, 1);
	f->networks[0].mtu = 9000;
	fixture_plug_in(f, "eth0");
	mtu_error = -EINVAL;
	fixture_start(f);
	mtu_error = 0;
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_wait_line(f, "net lan: mtu 9000 cannot be set on lan: ");
	fixture_assert_port(f, "eth0", "lan");
}

int main(void)
{
#define MODE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		MODE_TEST(isolated),
		MODE_TEST(isolated_with_dhcp),
		MODE_TEST(nat),
		MODE_TEST(leftovers),
		MODE_TEST(leftover_with_the_only_nic),
		MODE_TEST(mtu),
		MODE_TEST(mtu_that_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
