// SPDX-License-Identifier: GPL-2.0-or-later
// Which NIC a network gets, when DHCP is asked, and the names of interfaces.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/link/net-nic.h"

#include "fake-tree.h"

static char lan[] = "lan", dmz[] = "dmz";
static char mac_upper[] = "52:54:00:AB:00:01", mac_permanent[] = "52:54:00:ab:ff:02";
static char eth1[] = "eth1", pci[] = "0000:00:03.0";

static const struct net_nic three[] = {
	{ .ifindex = 2,
	  .name = "eth0",
	  .pci_path = "0000:00:02.0",
	  .mac = { 0x52, 0x54, 0x00, 0xab, 0x00, 0x00 },
	  .has_mac = true,
	  .wired = true,
	  .network = NET_NO_NETWORK },
	{ .ifindex = 3,
	  .name = "eth1",
	  .pci_path = "0000:00:03.0",
	  .mac = { 0x52, 0x54, 0x00, 0xab, 0x00, 0x01 },
	  .has_mac = true,
	  .wired = true,
	  .carrier = true,
	  .network = NET_NO_NETWORK },
	{ .ifindex = 4,
	  .name = "eth2",
	  .permanent_mac = { 0x52, 0x54, 0x00, 0xab, 0xff, 0x02 },
	  .has_permanent_mac = true,
	  .wired = true,
	  .carrier = true,
	  .network = NET_NO_NETWORK },
};

static struct net_nic nics[ELEMENTS(three)];
static struct network_config networks[2];

static int reset(void **)
{
	memcpy(nics, three, sizeof(nics));
	memset(networks, 0, sizeof(networks));
	networks[0].name = lan;
	networks[1].name = dmz;
	return 0;
}

static ssize_t choose(size_t network)
{
	return net_policy_choose(networks, ELEMENTS(networks), network, nics, ELEMENTS(nics));
}

static void first_with_carrier(void **)
{
	assert_int_equal(choose(0), 1);
	nics[1].network = 0;
	assert_int_equal(choose(1), 2);
	nics[2].foreign = true;
	assert_int_equal(choose(1), -1);
	nics[0].carrier = true;
	assert_int_equal(choose(1), 0);
	nics[0].refused = true;
	assert_int_equal(choose(1), -1);
	assert_int_equal(net_policy_choose(networks, 2, 0, NULL, 0), -1);
}

static void not_wired(void **)
{
	nics[1].wired = false;
	assert_int_equal(choose(0), 2);
	nics[2].carrier = false;
	assert_int_equal(choose(0), -1);
}

static void named(void **)
{
	networks[0].uplink = nics[0].name; /* without carrier */
	assert_int_equal(choose(0), 0);
	networks[0].uplink = mac_upper;
	assert_int_equal(choose(0), 1);
	networks[0].uplink = mac_permanent;
	assert_int_equal(choose(0), 2);
	networks[0].uplink = pci;
	assert_int_equal(choose(0), 1);
	networks[0].uplink = eth1;
	nics[1].foreign = true;
	assert_int_equal(choose(0), -1);
}

static void named_by_another(void **)
{
	networks[1].uplink = pci;
	assert_int_equal(choose(0), 2);
	assert_int_equal(choose(1), 1);
	assert_false(net_policy_may_keep(networks, 2, 0, &nics[1]));
	assert_true(net_policy_may_keep(networks, 2, 1, &nics[1]));
	assert_false(net_policy_may_keep(networks, 2, 1, &nics[0]));
	assert_true(net_policy_may_keep(networks, 2, 0, &nics[0]));
}

/* lan is untagged, dmz a VLAN. */
static void vlan_on_the_same_nic(void **)
{
	networks[1].vlan = 12;
	networks[1].uplink = eth1;
	/* while there are others, the one that is named is left alone */
	assert_int_equal(choose(0), 2);
	nics[2].foreign = true;
	nics[0].wired = false;
	assert_int_equal(choose(0), 1);
	assert_true(net_policy_may_keep(networks, 2, 0, &nics[1]));
	/* with or without carrier: what is not there yet does not matter, what waits does */
	nics[0].wired = true;
	assert_int_equal(choose(0), -1);
	assert_true(net_policy_may_carry(networks, 2, 1, &nics[1]));
	assert_false(net_policy_may_carry(networks, 2, 1, &nics[0]));
	networks[1].uplink = NULL;
	assert_true(net_policy_may_carry(networks, 2, 1, &nics[0]));
	nics[0].wired = false;
	assert_false(net_policy_may_carry(networks, 2, 1, &nics[0]));
}

static void members_of_a_bond(void **)
{
	static char eth0[] = "eth0";
	char *items[] = { eth0, mac_permanent, NULL }, *reversed[] = { mac_permanent, eth0, NULL };
	char *fewer[] = { eth0, NULL }, *others[] = { eth0, eth1, NULL };
	const struct text_list bond = { items, 2 }, same = { reversed, 2 }, one = { fewer, 1 },
			       other = { others, 2 }, none = {};

	assert_true(net_policy_is_member(&bond, &nics[0]));
	assert_false(net_policy_is_member(&bond, &nics[1]));
	assert_true(net_policy_is_member(&bond, &nics[2]));
	assert_false(net_policy_is_member(&none, &nics[0]));
	assert_true(net_policy_same_bond(&bond, &same));
	assert_false(net_policy_same_bond(&bond, &one));
	assert_false(net_policy_same_bond(&bond, &other));
	networks[1].bond = bond;
	nics[0].carrier = true;
	assert_int_equal(choose(0), 1);
	assert_false(net_policy_may_keep(networks, 2, 0, &nics[2]));
	assert_false(net_policy_may_carry(networks, 2, 0, &nics[2]));
}

/* All members of a bond have one MAC; the permanent one tells them apart. */
static void bonded_mac(void **)
{
	nics[2].has_mac = true;
	memcpy(nics[2].mac, nics[1].mac, sizeof(nics[2].mac));
	assert_true(net_policy_is_named(mac_upper, &nics[2]));
	nics[2].bonded = true;
	assert_false(net_policy_is_named(mac_upper, &nics[2]));
	assert_true(net_policy_is_named(mac_permanent, &nics[2]));
}

static void mtus(void **)
{
	const struct network_config *users[] = { &networks[0], &networks[1] };

	assert_int_equal(net_policy_mtu(users, 2, 1500), 0);
	networks[0].mtu = 1400;
	assert_int_equal(net_policy_mtu(users, 1, 1500), 1400);
	/* the other one leaves it as it is */
	assert_int_equal(net_policy_mtu(users, 2, 1500), 0);
	networks[1].mtu = 9000;
	assert_int_equal(net_policy_mtu(users, 2, 1500), 9000);
	assert_int_equal(net_policy_mtu(users, 2, 9000), 0);
	networks[0].mtu = 0;
	assert_int_equal(net_policy_mtu(users, 2, 1500), 9000);
}

static void empty_pci_path_and_mac(void **)
{
	static char empty[] = "", zero[] = "00:00:00:00:00:00";

	assert_false(net_policy_is_named(empty, &nics[2]));
	assert_false(net_policy_is_named(zero, &nics[2]));
}

static void dhcp(void **)
{
	static const struct {
		struct net_uplink before, after;
		bool wanted, active;
		enum net_dhcp_action action;
	} cases[] = {
		{ { 0, false }, { 2, true }, true, false, NET_DHCP_ACTION_START },
		{ { 0, false }, { 2, true }, false, false, NET_DHCP_ACTION_NONE },
		{ { 0, false }, { 2, false }, true, false, NET_DHCP_ACTION_NONE },
		{ { 2, true }, { 2, true }, true, true, NET_DHCP_ACTION_NONE },
		/* hostd was started again: there is no client yet */
		{ { 2, true }, { 2, true }, true, false, NET_DHCP_ACTION_START },
		{ { 2, true }, { 2, false }, true, true, NET_DHCP_ACTION_NONE },
		{ { 2, false }, { 2, true }, true, true, NET_DHCP_ACTION_RESTART },
		{ { 2, true }, { 3, true }, true, true, NET_DHCP_ACTION_RESTART },
		{ { 2, true }, { 0, false }, true, true, NET_DHCP_ACTION_STOP },
		{ { 0, false }, { 0, false }, true, false, NET_DHCP_ACTION_NONE },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++)
		if (net_policy_dhcp(&cases[i].before, &cases[i].after, cases[i].wanted,
				    cases[i].active) != cases[i].action)
			fail_msg("case %zu", i);
}

static void phases(void **)
{
	const struct net_uplink none = {}, down = { 2, false }, up = { 2, true };

	assert_string_equal(net_policy_phase(&none, 0, true, false), "no-nic");
	assert_string_equal(net_policy_phase(&none, 1, true, false), "no-carrier");
	assert_string_equal(net_policy_phase(&down, 1, true, true), "no-carrier");
	assert_string_equal(net_policy_phase(&up, 1, true, false), "waiting-for-dhcp");
	assert_string_equal(net_policy_phase(&up, 1, true, true), "up");
	assert_string_equal(net_policy_phase(&up, 1, false, false), "up");
}

static void names(void **)
{
	char name[IFNAMSIZ], other[IFNAMSIZ];

	net_policy_bridge_name("lan", name);
	assert_string_equal(name, "lan");
	net_policy_bridge_name("fifteen-letters", name);
	assert_string_equal(name, "fifteen-letters");
	net_policy_bridge_name("sixteen--letters", name);
	net_policy_bridge_name("sixteen--lettert", other);
	assert_int_equal(strlen(name), 15);
	assert_memory_equal(name, "sixtee-", 7);
	assert_string_not_equal(name, other);
	net_policy_bond_name("ten-letter", name);
	assert_string_equal(name, "bond-ten-letter");
	net_policy_bond_name("ten-letters", name);
	net_policy_bond_name("ten-lettert", other);
	assert_int_equal(strlen(name), 15);
	assert_memory_equal(name, "bond-te", 7);
	assert_string_not_equal(name, other);
	net_policy_vlan_name("eth0", 12, name);
	assert_string_equal(name, "eth0.12");
	net_policy_vlan_name("ten-letter", 4094, name);
	assert_string_equal(name, "ten-letter.4094");
	net_policy_vlan_name("fifteen-letters", 4094, name);
	net_policy_vlan_name("fifteen-lettert", 4094, other);
	assert_int_equal(strlen(name), 14);
	assert_string_equal(name + 9, ".4094");
	assert_string_not_equal(name, other);
	net_policy_tap_name("web", 0, name);
	assert_string_equal(name, "mv-web-0");
	net_policy_tap_name("ten-letter", 7, name);
	assert_string_equal(name, "mv-ten-letter-7");
	net_policy_tap_name("ten-letters", 7, name);
	net_policy_tap_name("ten-letters", 8, other);
	assert_int_equal(strlen(name), 15);
	assert_memory_equal(name, "mv-ten-", 7);
	assert_string_not_equal(name, other);
	net_policy_tap_name("an-ordinary-name-of-32-letters-x", 4294967295u, name);
	assert_int_equal(strlen(name), 15);
}

static void probe(void **)
{
	struct net_nic nic = { .name = "eth0" };
	struct tree tree;

	tree_make(&tree);
	tree_file(&tree, "/devices/pci0000:00/0000:00:1c.2/0000:03:00.0/virtio0/uevent", "");
	tree_file(&tree, "/class/net/eth0/speed", "2500\n");
	tree_link(&tree, "/class/net/eth0/device",
		  "/devices/pci0000:00/0000:00:1c.2/0000:03:00.0/virtio0");
	tree_file(&tree, "/class/net/wlan0/device/uevent", "");
	tree_file(&tree, "/class/net/wlan0/phy80211/name", "");
	tree_file(&tree, "/class/net/wlan0/speed", "-1\n");
	tree_file(&tree, "/class/net/mv-web-0/speed", "10000\n");

	net_nic_probe(tree.root, &nic);
	assert_true(nic.wired);
	assert_string_equal(nic.pci_path, "0000:03:00.0");
	assert_int_equal(net_nic_speed_mbps(tree.root, "eth0"), 2500);
	nic = (struct net_nic){ .name = "wlan0" };
	net_nic_probe(tree.root, &nic);
	assert_false(nic.wired);
	assert_string_equal(nic.pci_path, "");
	assert_int_equal(net_nic_speed_mbps(tree.root, "wlan0"), 0);
	nic = (struct net_nic){ .name = "mv-web-0" };
	net_nic_probe(tree.root, &nic);
	assert_false(nic.wired);
	assert_int_equal(net_nic_speed_mbps(tree.root, "none"), 0);
	tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(first_with_carrier, reset),
		cmocka_unit_test_setup(not_wired, reset),
		cmocka_unit_test_setup(named, reset),
		cmocka_unit_test_setup(named_by_another, reset),
		cmocka_unit_test_setup(vlan_on_the_same_nic, reset),
		cmocka_unit_test_setup(members_of_a_bond, reset),
		cmocka_unit_test_setup(bonded_mac, reset),
		cmocka_unit_test_setup(mtus, reset),
		cmocka_unit_test_setup(empty_pci_path_and_mac, reset),
		cmocka_unit_test(dhcp),
		cmocka_unit_test(phases),
		cmocka_unit_test(names),

		cmocka_unit_test(probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
