/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decisions about NICs: which one a network gets, when to ask for an address. Pure. */
#pragma once

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"

#define NET_NO_NETWORK (-1)

/* An Ethernet interface with hardware behind it. */
struct net_nic {
	int ifindex;
	char name[IFNAMSIZ];
	char pci_path[16]; /* "0000:00:03.0", or "" */
	uint8_t mac[6];
	uint8_t permanent_mac[6];
	bool has_mac;
	bool has_permanent_mac;
	bool wired;
	bool carrier;
	bool foreign; /* a port of a bridge or bond that hostd did not make */
	bool refused; /* it could not become a port of the bridge, or a member of the bond */
	bool bonded; /* a member of a bond: its current MAC is the bond's */
	int master_ifindex; /* the bridge or bond, or 0 */
	int network; /* index of the network whose bridge has it as a port, or NET_NO_NETWORK */
};

/* Whether a network's uplink names it, by name, MAC (permanent or current) or PCI path. */
bool net_policy_is_named(const char *uplink, const struct net_nic *nic);

/* Whether a bond names the NIC. */
bool net_policy_is_member(const struct text_list *bond, const struct net_nic *nic);
/* Whether two networks name the same bond: the same NICs, in any order. */
bool net_policy_same_bond(const struct text_list *a, const struct text_list *b);

/*
 * Chooses a free NIC for a network without VLAN and bond. A NIC that the configuration names is
 * taken with or without carrier; otherwise the first one with carrier that no other network names.
 * If all free ones are named, one that only VLANs name will do: it carries both. The NICs are in
 * the order of their ifindex. Returns its index, or -1.
 */
ssize_t net_policy_choose(const struct network_config *networks, size_t network_count,
			  size_t network, const struct net_nic *nics, size_t nic_count);
/* Whether a network may keep the NIC that the previous hostd gave it. */
bool net_policy_may_keep(const struct network_config *networks, size_t network_count,
			 size_t network, const struct net_nic *nic);

/*
 * Whether a network's VLAN may be on the NIC. The NIC need not be free: several VLANs and the
 * untagged frames share it.
 */
bool net_policy_may_carry(const struct network_config *networks, size_t network_count,
			  size_t network, const struct net_nic *nic);

/*
 * The MTU of a NIC or bond that carries these networks: the largest of theirs. It does not go below
 * the present one if a network does not set it. 0: leave it.
 */
unsigned int net_policy_mtu(const struct network_config *const *networks, size_t count,
			    unsigned int current);

/* A network's uplink at one moment; ifindex 0 is none. */
struct net_uplink {
	int ifindex;
	bool carrier;
};

enum net_dhcp_action {
	NET_DHCP_ACTION_NONE,
	NET_DHCP_ACTION_START,
	NET_DHCP_ACTION_RESTART, /* asks at once whether the lease is still valid */
	NET_DHCP_ACTION_STOP,
};

/* active: the client runs, or waits for its restart. */
enum net_dhcp_action net_policy_dhcp(const struct net_uplink *before,
				     const struct net_uplink *after, bool wanted, bool active);

/* "no-nic", "no-carrier", "waiting-for-dhcp" or "up". */
const char *net_policy_phase(const struct net_uplink *uplink, size_t wired_nic_count, bool dhcp,
			     bool has_lease);

/* The bridge's name: the network's, or its start and a hash if that is too long. */
void net_policy_bridge_name(const char *network, char name[static IFNAMSIZ]);
/* "bond-NAME", after the first network that has it, and "eth0.12"; a hash if that is too long. */
void net_policy_bond_name(const char *network, char name[static IFNAMSIZ]);
void net_policy_vlan_name(const char *parent, unsigned int vlan, char name[static IFNAMSIZ]);
/* "mv-GUEST-N", or "mv-", the guest's start and a hash. The two forms cannot be confused. */
void net_policy_tap_name(const char *guest, unsigned int nic_index, char name[static IFNAMSIZ]);
