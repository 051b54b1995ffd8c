/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links, bridges and addresses over netlink; DHCP by udhcpc, which is confined and hands the lease
 * to hostd. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "config/config.h"

struct net;

/* One address that a network has now. */
struct net_address {
	char text[64]; /* "192.0.2.7/24" */
	const char *origin; /* "dhcp", "static" or "ra" */
};

/* What the API shows of a network. */
struct net_status {
	const char *name; /* "lan" */
	const char *uplink; /* "eth0", "bond-lan", "eth0.12", or NULL: none is chosen, or needed */
	bool carrier;
	const struct net_address *addresses;
	size_t address_count;
	const char *gateway; /* or NULL */
	const char *const *dns; /* NULL-terminated, or NULL */
	const char *phase; /* "no-nic", "no-carrier", "waiting-for-dhcp", "up" */
	uint64_t rx_bytes, tx_bytes;
};

struct net_callbacks {
	/* An address came or went, carrier changed…: for the API's subscribers. May be NULL. */
	void (*changed)(const char *network, void *userdata);
	void *userdata;
};

/* Where things are; tests have them elsewhere. */
struct net_paths {
	const char *sysfs; /* "/sys" */
	const char *state; /* folder of the leases, "/run/mvirt/net" */
	const char *resolv_conf; /* "/run/mvirt/resolver/resolv.conf" */
	const char *dhcp_client; /* busybox */
};

/*
 * Brings lo and every wired NIC up, makes the bridge, bond and VLAN that each network of the
 * configuration needs, and starts DHCP where asked. Takes over bridges, addresses, taps and leases
 * that an earlier hostd left; what it left and nobody needs any more is removed when no guest is on
 * it. Returns at once: everything else happens on the event loop. Faults of one NIC are logged as
 * warnings and cost that NIC alone. Logs "net NAME: ADDRESS/PREFIX (dhcp|static|ra)". The
 * configuration must outlive it; the callbacks are copied and may be NULL. Returns 0 or -errno.
 */
int net_new(sd_event *event, const struct host_config *config,
	    const struct net_callbacks *callbacks, struct net **ret_net);
int net_new_at(const struct net_paths *paths, sd_event *event, const struct host_config *config,
	       const struct net_callbacks *callbacks, struct net **ret_net);
/* Ends the DHCP clients; leaves links and addresses as they are, for the guests. */
void net_free(struct net *net);

size_t net_count(const struct net *net);
/* Valid until the next event or call. Byte counters are the uplink's, or the bridge's without one.
 * Returns 0, -ENOENT or -ENOMEM. */
int net_status_at(struct net *net, size_t index, struct net_status *ret_status);

/* So long a new address has to be confirmed. */
#define NET_TRIAL_S 60

/*
 * Gives the host another IPv4 address on a network, at once: address "192.0.2.7/24", or NULL for
 * DHCP; gateway NULL for none. Unless net_settle_address() keeps it, the old one comes back after
 * NET_TRIAL_S, and with the next hostd. What is kept holds until the machine goes down. IPv6 stays
 * as it is, and so do the DNS servers. Each returns 0, or -errno with one line in *ret_why, to be
 * freed.
 */
int net_try_address(struct net *net, const char *network, const char *address, const char *gateway,
		    char **ret_why);
int net_settle_address(struct net *net, const char *network, bool keep, char **ret_why);

struct net_trial_status {
	const char *network;
	const char *address; /* or "dhcp" */
	uint64_t left_usec;
};

/* Returns whether there is one; its texts are valid until the next call. */
bool net_get_trial(const struct net *net, struct net_trial_status *ret_status);

/* A guest's NIC. Nothing of it is kept. */
struct net_tap_request {
	const char *network;
	const char *guest_name;
	unsigned int nic_index;
	const uint8_t *mac; /* 6 bytes: the guest's own */
	const struct text_list *addresses; /* "192.0.2.7": it may use no other. Empty: any */
	bool isolate; /* reaches the uplink, and no other guest that is isolated */
	unsigned int may; /* of enum nic_may; a router may have the addresses that the host uses */
};

/*
 * Makes a tap that is a port of the network's bridge, and is gone when its last fd is closed, with
 * vnet headers on, MTU of the bridge. The kernel drops what the guest sends and may not send (see
 * net-filter.h), the addresses that the host itself uses there (net-reserved.h) among it; where
 * that cannot be set up there is no tap, which is logged. ret_vhost_fd gets an open /dev/vhost-net,
 * or -EBADF where the kernel has none. Both fds are the caller's. Returns 0, -ENOENT for an unknown
 * network, -EOPNOTSUPP for one of mode "nat", which has no bridge, -EINVAL for an address that is
 * none or a router's, or -errno.
 */
int net_open_tap(struct net *net, const struct net_tap_request *request, int *ret_tap_fd,
		 int *ret_vhost_fd);

/*
 * Takes up the tap of a guest that an earlier hostd started, with what it was started with: what it
 * may not claim follows the host's addresses from now on. Returns 0 (the kernel's refusal of
 * another filter is logged), -ENOENT for a network that there is not any more, -ENODEV where the
 * guest has no such tap, or -errno.
 */
int net_adopt_tap(struct net *net, const struct net_tap_request *request);

/*
 * The addresses that a guest's NIC was seen to use since it was started: IPv4 first, the newest of
 * each first, four of each at most, no link-local ones of IPv6. They are what the guest says of
 * itself; those that it may not have because the host uses them are left out, and logged once. mac:
 * its own, 6 bytes. Returns 0 (the list is to be freed), -ENODEV where the guest has no such tap,
 * or -errno.
 */
int net_list_guest_addresses(struct net *net, const char *guest_name, unsigned int nic_index,
			     const uint8_t *mac, struct text_list *ret_addresses);

/* What a NIC's tap has carried since it was made, as the guest sees it: rx is what it received. */
struct net_tap_stats {
	uint64_t rx_bytes, rx_packets, rx_dropped; /* dropped: it did not take them in time */
	uint64_t tx_bytes, tx_packets, tx_dropped;
	uint64_t tx_refused; /* frames that it may not send; in tx_packets too */
};

/* Returns 0, -ENODEV where the guest has no such tap (it does not run, or uses "nat"), or -errno.
 */
int net_read_tap_stats(struct net *net, const char *guest_name, unsigned int nic_index,
		       struct net_tap_stats *ret_stats);
