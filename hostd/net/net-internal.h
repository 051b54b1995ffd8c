/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files behind net.h: all networks, with their NICs and bonds. */
#pragma once

#include "net-network.h"

#define NET_SUBJECT "net"

/* Two or more NICs as one. */
struct net_bond {
	char name[IFNAMSIZ];
	const struct text_list *members; /* the configuration's, of the first network that has it */
	const char *subject; /* that network's */
	int ifindex; /* 0: it does not exist, which was logged */
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
	struct net_guest_nic *guest_nics; /* hostd listens for their addresses */
	size_t guest_nic_count;
	struct net_guest_filter *guest_filters; /* filters that hold the host's addresses */
	size_t guest_filter_count;
	struct net_trial *trials; /* one a network; NULL: out of memory, no trial is possible */
	bool has_leftovers; /* of the previous hostd, with guests on them */
	bool link_gone; /* in this batch of events */
	bool addresses_changed; /* or routes, in this batch of events */
	sd_event_source *link_timer; /* NULL: the wait for link detection is over */
};

/* Each returns NULL where there is none. */
struct net_nic *net_find_nic(struct net *net, int ifindex);
struct network *net_find_bridge(struct net *net, int ifindex);
struct network *net_find_uplink(struct net *net, int ifindex);
struct net_bond *net_find_bond(struct net *net, int ifindex);
/* net NULL: the network could not be started, so there is none. */
struct network *net_find_network(struct net *net, const char *name);

/* Updates what we know of a link to the kernel's present state. */
void net_link_changed(struct net *net, int ifindex);
/* A network without an uplink can only wait, so this logs why. */
void net_log_missing_uplink(struct net *net, const struct network *network);
void net_disable_ipv6(const char *name);

/* Makes the configuration's bonds, or adopts the previous hostd's. Returns 0 or -ENOMEM. */
int net_bonds_make(struct net *net);
/* Makes every NIC that a bond names a member; releases those that it no longer names. */
void net_bonds_update(struct net *net);

/* Keeps NICs, bonds and VLANs that the previous hostd made ports of our bridges, unless the
 * configuration says otherwise. */
void net_uplinks_adopt(struct net *net, const struct net_link_info *links, size_t count);
/* Gives the network an uplink if it has none and one is free; otherwise updates the one it has. */
void net_uplink_update(struct net *net, size_t index);

/* Adopts the addresses that were confirmed under the previous hostd. */
void net_trials_init(struct net *net, sd_event *event);
void net_trials_done(struct net *net);

/* Removes the previous hostd's bridges, bonds and VLANs that nobody needs and no guest uses. */
void net_leftovers_remove(struct net *net);
