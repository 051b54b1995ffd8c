/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network: its bridge, the addresses on it, and the lease. Knows nothing of other networks. */
#pragma once

#include "net-address.h"
#include "net-dhcp.h"
#include "net-lease.h"
#include "net-policy.h"
#include "net.h"

struct network {
	const struct network_config *config;
	struct net_link *link; /* the owner's */
	const struct net_paths *paths;
	char *subject; /* "net lan" */
	char *lease_path;
	char bridge[IFNAMSIZ];
	uint32_t metric; /* of its routes */
	int ifindex; /* of the bridge; 0: there is none, which was logged */
	struct net_uplink uplink;
	struct net_dhcp *dhcp; /* NULL: the configuration wants none */
	struct net_lease lease;
	bool has_lease;
	bool changed; /* since the API was told */
	bool lost_nic; /* in this batch of events */

	/* What the kernel has on the bridge: usable addresses that are for others to know. */
	struct net_address_info *addresses;
	size_t address_count;

	/* What network_status() handed out. */
	struct net_address *shown;
	char gateway_text[NET_IP_TEXT_MAX];
	char uplink_name[IFNAMSIZ];
	struct text_list dns_shown;
};

/*
 * Prepares the bridge, a new one or an earlier hostd's: static addresses, router advertisements,
 * the lease that is still good. Returns 0 or -ENOMEM; other faults are logged and leave what
 * works.
 */
int network_init(struct network *network, const struct network_config *config, size_t index,
		 sd_event *event, struct net_link *link, const struct net_paths *paths,
		 const char *hostname);
void network_done(struct network *network);

/* Makes a NIC the uplink: the bridge takes its MAC. Returns 0 or -errno. */
int network_take_nic(struct network *network, const struct net_nic *nic);

/* Reads the bridge's addresses anew: logs the ones that came, notices a lease that ran out. */
void network_refresh(struct network *network);

/* The script replaced the lease file. */
void network_read_lease(struct network *network);

/* DNS servers that the network has now, the configuration's before the lease's. 0 or -ENOMEM. */
int network_list_dns(const struct network *network, struct text_list *servers);

int network_status(struct network *network, size_t wired_nic_count, struct net_status *ret_status);
