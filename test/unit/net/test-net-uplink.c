// SPDX-License-Identifier: GPL-2.0-or-later
// Networks over VLANs and bonds, on real links in a namespace.
// link: -Wl,--wrap=net_link_make_vlan
#include "net-fixture.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>

int __real_net_link_make_vlan(struct net_link *link, const char *name, int parent_ifindex,
			      unsigned int vlan);
int __wrap_net_link_make_vlan(struct net_link *link, const char *name, int parent_ifindex,
			      unsigned int vlan);
static int vlan_error;
static char eth0[] = "eth0", eth1[] = "eth1", eth2[] = "eth2";

int __wrap_net_link_make_vlan(struct net_link *link, const char *name, int parent_ifindex,
			      unsigned int vlan)
{
	return vlan_error ? vlan_error
			  : __real_net_link_make_vlan(link, name, parent_ifindex, vlan);
}

static void set_bond(struct fixture *f, size_t network, const char *first, const char *second)
{
	assert_int_equal(text_list_add(&f->networks[network].bond, first), 0);
	assert_int_equal(text_list_add(&f->networks[network].bond, second), 0);
}

/* Frames that come in by the cable, and whether they come out of the bridge. */
static int listen_on(struct fixture *f, const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(0x88b5),
				       .sll_ifindex = fixture_ifindex(f, name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* A broadcast with a mark, untagged (vlan 0) or tagged. */
static void send_by(struct fixture *f, const char *name, unsigned int vlan, uint8_t mark)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 9 };
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = fixture_ifindex(f, name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	size_t at = 12;

	if (vlan > 0) {
		frame[at++] = 0x81;
		frame[at++] = 0x00;
		frame[at++] = (uint8_t)(vlan >> 8);
		frame[at++] = (uint8_t)vlan;
	}
	frame[at++] = 0x88;
	frame[at++] = 0xb5;
	frame[at] = mark;
	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&address,
				sizeof(address)),
			 sizeof(frame));
	(void)close(fd);
}

static bool hears(int fd, uint8_t mark)
{
	uint8_t frame[256];

	for (unsigned int i = 0; i < 10; i++) {
		ssize_t length = read(fd, frame, sizeof(frame));

		if (length > 14 && frame[14] == mark)
			return true;
		if (length < 0)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20);
	}
	return false;
}

/* The untagged frames of a NIC are one network, those of its VLANs others. */
static void bridge_and_vlans_on_one_nic(void **state)
{
	struct fixture *f = *state;
	int lan = -EBADF, dmz = -EBADF, lab = -EBADF;

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 3);
	f->networks[0].uplink = eth0;
	f->networks[1].uplink = eth0;
	f->networks[1].vlan = 12;
	f->networks[2].vlan = 300;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_wait_line(f, "net dmz: link up on eth0.12");
	fixture_wait_line(f, "net lab: link up on eth0.300");
	fixture_assert_port(f, "eth0", "lan");
	fixture_assert_port(f, "eth0.12", "dmz");
	fixture_assert_port(f, "eth0.300", "lab");
	assert_string_equal(fixture_status(f, 1).uplink, "eth0.12");
	assert_true(fixture_status(f, 1).carrier);
	fixture_settle(f);

	lan = listen_on(f, "lan");
	dmz = listen_on(f, "dmz");
	lab = listen_on(f, "lab");
	send_by(f, "cable-eth0", 0, 1);
	assert_true(hears(lan, 1) && !hears(dmz, 1) && !hears(lab, 1));
	send_by(f, "cable-eth0", 12, 2);
	assert_true(hears(dmz, 2) && !hears(lan, 2) && !hears(lab, 2));
	send_by(f, "cable-eth0", 300, 3);
	assert_true(hears(lab, 3) && !hears(dmz, 3) && !hears(lan, 3));
	/* nobody's VLAN: not the untagged network's either */
	send_by(f, "cable-eth0", 13, 4);
	assert_true(!hears(lan, 4) && !hears(dmz, 4) && !hears(lab, 4));
	(void)close(lan);
	(void)close(dmz);
	(void)close(lab);

	fixture_cable(f, "eth0", false);
	fixture_wait_line(f, "net lan: link down on eth0");
	fixture_wait_line(f, "net dmz: link down on eth0.12");
	fixture_remove_link(f, "eth0");
	fixture_wait_line(f, "net lan: eth0 is gone");
	fixture_wait_line(f, "net dmz: eth0.12 is gone");
	fixture_settle(f);
	f->log[0] = '\0';
	fixture_plug_in(f, "eth0");
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_wait_line(f, "net dmz: link up on eth0.12");
	fixture_wait_line(f, "net lab: link up on eth0.300");
}

static void vlan_alone_leaves_the_nic_bare(void **state)
{
	struct fixture *f = *state;

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 1);
	f->networks[0].vlan = 12;
	f->networks[0].mtu = 9000;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on eth0.12");
	fixture_assert_port(f, "eth0", NULL);
	assert_memory_equal(fixture_link(f, "lan").mac, fixture_link(f, "eth0").mac, 6);
	assert_int_equal(fixture_link(f, "eth0").mtu, 9000);
	assert_int_equal(fixture_link(f, "eth0.12").mtu, 9000);
	assert_int_equal(fixture_link(f, "lan").mtu, 9000);
	fixture_assert_no_line(f, "mtu");
}

static void vlans_are_taken_over(void **state)
{
	struct fixture *f = *state;
	struct net_link_info before = {};

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 2);
	f->networks[1].uplink = eth0;
	f->networks[1].vlan = 12;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net dmz: link up on eth0.12");
	fixture_wait_line(f, "net lan: link up on eth0");
	before = fixture_link(f, "eth0.12");
	fixture_stop(f);
	fixture_start(f);
	fixture_settle(f);
	assert_string_equal(f->log, "");
	assert_int_equal(fixture_link(f, "eth0.12").ifindex, before.ifindex);
	fixture_assert_port(f, "eth0.12", "dmz");
	fixture_assert_port(f, "eth0", "lan");

	/* Another VLAN: the old one goes. */
	fixture_stop(f);
	f->networks[1].vlan = 13;
	fixture_start(f);
	fixture_wait_line(f, "net: eth0.12, of another configuration, is removed");
	fixture_wait_line(f, "net dmz: link up on eth0.13");
	assert_int_equal(fixture_ifindex(f, "eth0.12"), -ENODEV);
	fixture_assert_port(f, "eth0.13", "dmz");
	fixture_assert_port(f, "eth0", "lan");
}

static void vlan_that_is_refused(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_use_networks(f, 2);
	f->networks[1].vlan = 12;
	fixture_plug_in(f, "eth0");
	vlan_error = -EOPNOTSUPP;
	fixture_start(f);
	fixture_wait_line(f, "net dmz: eth0 cannot be used for a VLAN: ");
	fixture_wait_line(f, "net lan: link up on eth0");
	f->log[0] = '\0';
	fixture_cable(f, "eth0", false);
	fixture_wait_line(f, "net lan: link down on eth0");
	fixture_cable(f, "eth0", true);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_settle(f);
	fixture_assert_no_line(f, "dmz");
	vlan_error = 0;
}

/* Without a bond, its NICs are of no other network; the members appear one after the other. */
static void bond(void **state)
{
	struct fixture *f = *state;
	struct net_link_info first = {}, second = {};

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 2);
	set_bond(f, 0, "eth0", "eth1");
	f->networks[0].mtu = 1400;
	fixture_start(f);
	assert_true(fixture_link(f, "bond-lan").bond);
	assert_string_equal(fixture_status(f, 0).phase, "no-nic");
	fixture_wait_line(f, "net lan: no NIC of bond-lan is there");
	fixture_plug_in(f, "eth1");
	fixture_wait_line(f, "net lan: eth1 is a member of bond-lan");
	fixture_wait_line(f, "net lan: link up on bond-lan");
	first = fixture_link(f, "eth1");
	assert_memory_equal(fixture_link(f, "lan").mac, first.mac, 6);
	assert_string_equal(fixture_status(f, 0).uplink, "bond-lan");
	fixture_plug_in(f, "eth0");
	fixture_wait_line(f, "net lan: eth0 is a member of bond-lan");
	fixture_plug_in(f, "eth2");
	fixture_wait_line(f, "net dmz: link up on eth2");
	fixture_settle(f);
	fixture_assert_port(f, "eth0", "bond-lan");
	fixture_assert_port(f, "eth1", "bond-lan");
	fixture_assert_port(f, "bond-lan", "lan");
	assert_int_equal(fixture_link(f, "eth0").mtu, 1400);
	assert_int_equal(fixture_link(f, "bond-lan").mtu, 1400);
	/* each has its own MAC still, though not in use */
	second = fixture_link(f, "eth0");
	assert_true(second.bonded && second.has_permanent_mac);
	assert_memory_equal(second.mac, first.mac, 6);
	assert_memory_not_equal(second.permanent_mac, first.mac, 6);

	/* One cable is pulled: nothing happens. Both: that is said. */
	f->log[0] = '\0';
	fixture_cable(f, "eth1", false);
	fixture_settle(f);
	assert_string_equal(f->log, "");
	assert_true(fixture_status(f, 0).carrier);
	fixture_cable(f, "eth0", false);
	fixture_wait_line(f, "net lan: link down on bond-lan");
	fixture_cable(f, "eth1", true);
	fixture_wait_line(f, "net lan: link up on bond-lan");

	/* All NICs go, and another comes: the bridge has its MAC. */
	f->log[0] = '\0';
	fixture_remove_link(f, "eth1");
	fixture_remove_link(f, "eth0");
	fixture_wait_line(f, "net lan: link down on bond-lan");
	f->log[0] = '\0';
	fixture_plug_in(f, "eth0");
	fixture_wait_line(f, "net lan: link up on bond-lan");
	fixture_settle(f);
	assert_memory_equal(fixture_link(f, "lan").mac, fixture_link(f, "eth0").mac, 6);
}

static void bond_is_taken_over(void **state)
{
	struct fixture *f = *state;
	struct net_link_info before = {};

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 1);
	set_bond(f, 0, "eth0", "eth1");
	fixture_plug_in(f, "eth0");
	fixture_plug_in(f, "eth1");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on bond-lan");
	fixture_settle(f);
	before = fixture_link(f, "bond-lan");
	fixture_stop(f);
	fixture_start(f);
	fixture_settle(f);
	assert_string_equal(f->log, "");
	assert_int_equal(fixture_link(f, "bond-lan").ifindex, before.ifindex);
	fixture_assert_port(f, "eth0", "bond-lan");

	/* Another hostd has no bond: its NICs are free, and up. */
	fixture_stop(f);
	text_list_done(&f->networks[0].bond);
	f->networks[0].uplink = eth1;
	fixture_start(f);
	fixture_wait_line(f, "net: bond-lan, of another configuration, is removed");
	fixture_wait_line(f, "net lan: link up on eth1");
	fixture_settle(f);
	fixture_assert_port(f, "eth1", "lan");
	fixture_assert_port(f, "eth0", NULL);
	assert_memory_equal(fixture_link(f, "lan").mac, fixture_link(f, "eth1").mac, 6);

	/* And back: the NIC leaves the bridge for the bond. */
	fixture_stop(f);
	f->networks[0].uplink = NULL;
	set_bond(f, 0, "eth0", "eth1");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on bond-lan");
	fixture_settle(f);
	fixture_assert_port(f, "eth0", "bond-lan");
	fixture_assert_port(f, "eth1", "bond-lan");
}

/* Named by MAC, of which all members soon have the same. */
static void bond_by_mac(void **state)
{
	static const uint8_t macs[][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };
	struct fixture *f = *state;

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 1);
	set_bond(f, 0, "02:00:00:00:00:01", "02:00:00:00:00:02");
	fixture_add_nic(f, "eth0");
	fixture_add_nic(f, "eth1");
	fixture_plug_in(f, "eth2");
	assert_int_equal(net_link_set_mac(f->link, fixture_ifindex(f, "eth0"), macs[0]), 0);
	assert_int_equal(net_link_set_mac(f->link, fixture_ifindex(f, "eth1"), macs[1]), 0);
	fixture_cable(f, "eth0", true);
	fixture_cable(f, "eth1", true);
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on bond-lan");
	fixture_settle(f);
	fixture_stop(f);
	fixture_start(f);
	fixture_settle(f);
	assert_string_equal(f->log, "");
	fixture_assert_port(f, "eth0", "bond-lan");
	fixture_assert_port(f, "eth1", "bond-lan");
	fixture_assert_port(f, "eth2", NULL);
}

static void vlans_on_a_bond(void **state)
{
	struct fixture *f = *state;

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	fixture_use_networks(f, 3);
	for (size_t i = 0; i < 3; i++)
		set_bond(f, i, i == 1 ? "eth1" : "eth0", i == 1 ? "eth0" : "eth1");
	f->networks[1].vlan = 12;
	f->networks[2].vlan = 4094;
	fixture_plug_in(f, "eth0");
	fixture_plug_in(f, "eth1");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on bond-lan");
	fixture_wait_line(f, "net dmz: link up on bond-lan.12");
	fixture_wait_line(f, "net lab: link up on bond-lan.4094");
	fixture_settle(f);
	fixture_assert_port(f, "bond-lan.12", "dmz");
	fixture_stop(f);
	fixture_start(f);
	fixture_settle(f);
	assert_string_equal(f->log, "");

	/* The bond goes with its VLANs when nobody names it. */
	fixture_stop(f);
	fixture_use_networks(f, 1);
	text_list_done(&f->networks[0].bond);
	f->networks[0].uplink = eth0;
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_settle(f);
	assert_int_equal(fixture_ifindex(f, "bond-lan"), -ENODEV);
	assert_int_equal(fixture_ifindex(f, "bond-lan.12"), -ENODEV);
	assert_int_equal(fixture_ifindex(f, "dmz"), -ENODEV);
	fixture_assert_no_line(f, "cannot");
}

/* A leftover that a guest is on keeps what is under it. */
static void leftover_vlan_on_a_bond(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WITHOUT_VLANS_AND_BONDS(f);
	SKIP_WITHOUT_TAPS();
	fixture_use_networks(f, 1);
	set_bond(f, 0, "eth0", "eth1");
	f->networks[0].vlan = 12;
	fixture_plug_in(f, "eth0");
	fixture_plug_in(f, "eth1");
	fixture_plug_in(f, "eth2");
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on bond-lan.12");
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), 0);
	fixture_stop(f);
	text_list_done(&f->networks[0].bond);
	f->networks[0].name = name_dmz;
	f->networks[0].vlan = 0;
	f->networks[0].uplink = eth2;
	fixture_start(f);
	fixture_wait_line(f, "net dmz: link up on eth2");
	fixture_settle(f);
	fixture_assert_port(f, "bond-lan.12", "lan");
	fixture_assert_port(f, "eth0", "bond-lan");
	(void)close(fd);
	fixture_wait_line(f, "net: bond-lan, of another configuration, is removed");
	fixture_settle(f);
	assert_int_equal(fixture_ifindex(f, "lan"), -ENODEV);
	assert_int_equal(fixture_ifindex(f, "bond-lan.12"), -ENODEV);
	fixture_assert_port(f, "eth0", NULL);
	f->networks[0].name = name_lan;
}

int main(void)
{
#define UPLINK_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		UPLINK_TEST(bridge_and_vlans_on_one_nic),
		UPLINK_TEST(vlan_alone_leaves_the_nic_bare),
		UPLINK_TEST(vlans_are_taken_over),
		UPLINK_TEST(vlan_that_is_refused),
		UPLINK_TEST(bond),
		UPLINK_TEST(bond_is_taken_over),
		UPLINK_TEST(bond_by_mac),
		UPLINK_TEST(vlans_on_a_bond),
		UPLINK_TEST(leftover_vlan_on_a_bond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
