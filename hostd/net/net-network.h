/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network: its bridge, the addresses on it, the lease, and DNS servers from router
 * advertisements. It does not know other networks. */
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
	int ifindex; /* of the bridge; 0: it does not exist, which was logged, or mode is "nat" */
	/* The bridge's port to the outside: a NIC, a bond or a VLAN. For an isolated network, the
	 * bridge itself. */
	struct net_uplink uplink;
	bool uplink_stale; /* has to be read again */
	uint8_t uplink_mac[6];
	int bond; /* index of the bond under it, or NET_NO_BOND */
	int parent_ifindex; /* NIC or bond under its VLAN; 0: none */
	int refused_ifindex; /* bond or parent that cannot be used, which was logged */
	struct net_dhcp *dhcp; /* NULL: not configured */
	struct net_lease lease;
	bool has_lease;
	struct net_rdnss rdnss;
	sd_event_source *rdnss_timer; /* fires when one of its servers expires */
	void (*settle)(void *userdata); /* the owner acts on changes */
	void *settle_userdata;
	bool changed; /* since the API was notified */
	bool lost_nic; /* in this batch of events */

	/* The bridge's usable addresses that the API shows. */
	struct net_address_info *addresses;
	size_t address_count;
	/* All addresses that the host uses here, as guests' filters know them. */
	struct net_reserved reserved;

	/* Storage for what network_status() returns. */
	struct net_address *shown;
	char gateway_text[NET_IP_TEXT_MAX];
	char uplink_name[IFNAMSIZ];
	struct text_list dns_shown;
};

/*
 * Prepares the bridge, a new one or the previous hostd's: static addresses, router advertisements,
 * the lease if it is still valid. Returns 0 or -ENOMEM; logs other faults and goes on.
 */
int network_init(struct network *network, const struct network_config *config, size_t index,
		 sd_event *event, struct net_link *link, const struct net_paths *paths,
		 const char *hostname);
void network_done(struct network *network);
/*
 * Changes addresses, gateway and DNS servers at once; name, mode and uplink must be the same. The
 * configuration must outlive the network, or be replaced. Returns 0, or -errno when DHCP could not
 * be started.
 */
int network_set_config(struct network *network, const struct network_config *config);

/* Makes a link the uplink: the bridge takes its MAC. Returns 0 or -errno. */
int network_take_port(struct network *network, int ifindex, const char *name);
void network_take_mac(struct network *network, const char *from, const uint8_t mac[static 6]);
/* 0 changes nothing; failures are logged. */
void network_set_mtu(const struct network *network, int ifindex, const char *name,
		     unsigned int mtu);

/* Reads the bridge's addresses: logs new ones, notices an expired lease. */
void network_refresh(struct network *network);

/* Takes a message of the network's DHCP client (userdata): a lease, which is also kept for the next
 * hostd, or the end of one. */
void network_take_lease(const char *message, size_t length, void *userdata);
/* Goes on with the lease of the previous hostd's client. */
void network_adopt_lease(struct network *network);
/* The routes go with the address, which is their source. */
void network_remove_lease(struct network *network, const char *why);
/* Seconds since boot, sleep included. */
uint64_t network_now_s(void);

/* Takes an option of a router advertisement: DNS servers. */
void network_router_option(struct network *network, const void *option, size_t length);
/* Asks the routers for an advertisement now. Failure is harmless. */
void network_solicit_routers(struct network *network);

/* The network's present DNS servers: the configuration's, or the lease's and the routers'. Returns
 * 0 or -ENOMEM. */
int network_list_dns(const struct network *network, struct text_list *servers);

int network_status(struct network *network, size_t wired_nic_count, struct net_status *ret_status);
