/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network: its bridge, the addresses on it, the lease, and DNS servers from router
 * advertisements. Knows nothing of other networks. */
#pragma once

#include "net.h"
#include "net/address/net-address.h"
#include "net/address/net-dhcp.h"
#include "net/address/net-lease.h"
#include "net/address/net-rdnss.h"
#include "net/guest/net-reserved.h"
#include "net/link/net-policy.h"

#define NET_NO_BOND (-1)

struct network {
	const struct network_config *config;
	sd_event *event; /* the owner's */
	struct net_link *link; /* the owner's */
	const struct net_paths *paths;
	char *subject; /* "net lan" */
	char *lease_path;
	char bridge[IFNAMSIZ];
	uint32_t metric; /* of its routes */
	int ifindex; /* of the bridge; 0: there is none, which was logged, or mode "nat" */
	/* The bridge's port to the outside: a NIC, a bond, a VLAN. The bridge itself where
	 * isolated. */
	struct net_uplink uplink;
	bool uplink_stale; /* to be read anew */
	uint8_t uplink_mac[6];
	int bond; /* index of the one that it is over, or NET_NO_BOND */
	int parent_ifindex; /* NIC or bond that its VLAN is on; 0: none */
	int refused_ifindex; /* bond or parent that cannot be used, which was logged */
	struct net_dhcp *dhcp; /* NULL: the configuration wants none */
	struct net_lease lease;
	bool has_lease;
	struct net_rdnss rdnss;
	sd_event_source *rdnss_timer; /* when one of its servers ends */
	void (*settle)(void *userdata); /* the owner acts on what changed */
	void *settle_userdata;
	bool changed; /* since the API was told */
	bool lost_nic; /* in this batch of events */

	/* What the kernel has on the bridge: usable addresses that are for others to know. */
	struct net_address_info *addresses;
	size_t address_count;
	/* All that the host uses of it, as its guests' filters know them. */
	struct net_reserved reserved;

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
/*
 * Other addresses, gateway, DNS servers than before, at once; name, mode and uplink are as they
 * were. It must outlive the network, or be replaced. Returns 0, or -errno when DHCP could not be
 * started.
 */
int network_set_config(struct network *network, const struct network_config *config);

/* Makes a link the uplink: the bridge takes its MAC. Returns 0 or -errno. */
int network_take_port(struct network *network, int ifindex, const char *name);
void network_take_mac(struct network *network, const char *from, const uint8_t mac[static 6]);
/* 0 leaves it as it is; a failure is logged. */
void network_set_mtu(const struct network *network, int ifindex, const char *name,
		     unsigned int mtu);

/* Reads the bridge's addresses anew: logs the ones that came, notices a lease that ran out. */
void network_refresh(struct network *network);

/* What the DHCP client of a network (userdata) says: a lease, which is also kept for the next
 * hostd, or that there is none any more. */
void network_take_lease(const char *message, size_t length, void *userdata);
/* Goes on with the lease that an earlier hostd's client got. */
void network_take_over_lease(struct network *network);
/* The routes go with the address, which is their source. */
void network_drop_lease(struct network *network, const char *why);
/* Seconds since boot, sleep included. */
uint64_t network_now_s(void);

/* An option of a router's advertisement, as it came: DNS servers. */
void network_router_option(struct network *network, const void *option, size_t length);
/* Asks the routers to say now what they say from time to time. A failure is no fault. */
void network_solicit_routers(struct network *network);

/* DNS servers that the network has now, the configuration's, or the lease's
 * and the routers'. 0 or -ENOMEM. */
int network_list_dns(const struct network *network, struct text_list *servers);

int network_status(struct network *network, size_t wired_nic_count, struct net_status *ret_status);
