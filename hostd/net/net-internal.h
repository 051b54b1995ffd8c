/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files behind net.h share: the networks together, with the NICs and bonds under them. */
#pragma once

#include "net-network.h"

#define NET_SUBJECT "net"

/* Two or more NICs as one. */
struct net_bond {
	char name[IFNAMSIZ];
	const struct text_list *members; /* the configuration's, of the first network that has it */
	const char *subject; /* that network's */
	int ifindex; /* 0: it is not there, which was logged */
};

struct net_trial;
struct net_guest_filter;
struct net_guest_nic;

struct net {
	const struct host_config *config;
	struct net_paths paths;
	struct net_callbacks callbacks;
	struct net_link *link;
	struct network *networks;
	size_t network_count;
	struct net_nic *nics; /* wired ones, in the order of their ifindex */
	size_t nic_count;
	struct net_bond *bonds;
	size_t bond_count;
	struct net_guest_nic *guest_nics; /* whose addresses are listened for */
	size_t guest_nic_count;
	struct net_guest_filter *guest_filters; /* those that have the host's addresses in them */
	size_t guest_filter_count;
	struct net_trial *trials; /* one a network; NULL: out of memory, no address can be tried */
	bool has_leftovers; /* of an earlier hostd's, with guests on them */
	bool link_gone; /* in this batch of events */
	bool addresses_changed; /* or routes, in this batch of events */
	sd_event_source *link_timer; /* NULL: link detection had its time */
};

/* Each returns NULL where there is none. */
struct net_nic *net_find_nic(struct net *net, int ifindex);
struct network *net_find_bridge(struct net *net, int ifindex);
struct network *net_find_uplink(struct net *net, int ifindex);
struct net_bond *net_find_bond(struct net *net, int ifindex);
/* net NULL, because the network could not be started: there is none. */
struct network *net_find_network(struct net *net, const char *name);

/* Brings what we know of a link in line with what the kernel says now. */
void net_link_changed(struct net *net, int ifindex);
/* Without an uplink a network can do nothing but wait, so it is told why. */
void net_log_missing_uplink(struct net *net, const struct network *network);
void net_disable_ipv6(const char *name);

/* Makes the bonds of the configuration, or takes over an earlier hostd's. Returns 0 or -ENOMEM. */
int net_bonds_make(struct net *net);
/* Every NIC that a bond names becomes a member; one that it does not name any more is let go. */
void net_bonds_update(struct net *net);

/* NICs, bonds and VLANs that an earlier hostd made ports of our bridges stay there, unless the file
 * says otherwise. */
void net_uplinks_take_over(struct net *net, const struct net_link_info *links, size_t count);
/* Gives the network an uplink if it has none and there is one; reads what is new of the one it has.
 */
void net_uplink_update(struct net *net, size_t index);

/* Takes up the addresses that were kept with an earlier hostd of this boot. */
void net_trials_init(struct net *net, sd_event *event);
void net_trials_done(struct net *net);

/* Removes the bridges, bonds and VLANs of an earlier hostd that nobody needs and no guest is on. */
void net_leftovers_remove(struct net *net);
