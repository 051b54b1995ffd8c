/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links, bridges and addresses over netlink; DHCP by udhcpc, which is confined and passes the lease
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

/* A network as the API shows it. */
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
	/* An address or carrier changed: for the API's subscribers. May be NULL. */
	void (*changed)(const char *network, void *userdata);
	void *userdata;
};

/* Tests use other paths. */
struct net_paths {
	const char *sysfs; /* "/sys" */
	const char *state; /* folder of the leases, "/run/mvirt/net" */
	const char *resolv_conf; /* "/run/mvirt/resolver/resolv.conf" */
	const char *dhcp_client; /* busybox */
};

/*
 * Brings up lo and every wired NIC, makes the bridge, bond and VLAN that each network of the
 * configuration needs, and starts DHCP where configured. Adopts the previous hostd's bridges,
 * addresses, taps and leases; removes those that nobody needs once no guest uses them. Returns at
 * once: the rest happens on the event loop. A fault of one NIC is logged as a warning and affects
 * only that NIC. Logs "net NAME: ADDRESS/PREFIX (dhcp|static|ra)". The configuration must outlive
 * it; the callbacks are copied and may be NULL. Returns 0 or -errno.
 */
int net_new(sd_event *event, const struct host_config *config,
	    const struct net_callbacks *callbacks, struct net **ret_net);
int net_new_at(const struct net_paths *paths, sd_event *event, const struct host_config *config,
	       const struct net_callbacks *callbacks, struct net **ret_net);
/* Ends the DHCP clients; keeps links and addresses for the guests. */
void net_free(struct net *net);

size_t net_count(const struct net *net);
/* Valid until the next event or call. Byte counters are the uplink's, or the bridge's without one.
 * Returns 0, -ENOENT or -ENOMEM. */
int net_status_at(struct net *net, size_t index, struct net_status *ret_status);

/* A trial ends after this time. */
#define NET_TRIAL_S 60

/*
 * Begins or ends a trial: the host has another IPv4 address on a network at once, address
 * "192.0.2.7/24", or NULL for DHCP; gateway NULL for none. Unless net_settle_address() keeps it,
 * the old address returns after NET_TRIAL_S, and with the next hostd. A kept one stays until the
 * machine goes down. IPv6 and the DNS servers do not change. Each returns 0, or -errno with one
 * line in *ret_why, to be freed.
 */
int net_try_address(struct net *net, const char *network, const char *address, const char *gateway,
		    char **ret_why);
int net_settle_address(struct net *net, const char *network, bool keep, char **ret_why);

struct net_trial_status {
	const char *network;
	const char *address; /* or "dhcp" */
	uint64_t left_usec;
};

/* Returns whether a trial is running; its texts are valid until the next call. */
bool net_get_trial(const struct net *net, struct net_trial_status *ret_status);

/* A guest's NIC. Nothing in it is kept. */
struct net_tap_request {
	const char *network;
	const char *guest_name;
	unsigned int nic_index;
	const uint8_t *mac; /* 6 bytes: the guest's own */
	const struct text_list *addresses; /* "192.0.2.7": the guest may use no other. Empty: any */
	bool isolate; /* reaches the uplink, but no other isolated guest */
	unsigned int may; /* of enum nic_may; a router may use the host's addresses */
};

/*
 * Makes a tap on the network's bridge that disappears when its last fd is closed, with vnet headers
 * and the bridge's MTU. The kernel drops what the guest may not send (net-filter.h), claims to the
 * host's own addresses too (net-reserved.h); if that cannot be set up, which is logged, there is no
 * tap. ret_vhost_fd gets an open /dev/vhost-net, or -EBADF if the kernel has none. The caller owns
 * both fds. Returns 0, -ENOENT for an unknown network, -EOPNOTSUPP for one of mode "nat", which has
 * no bridge, -EINVAL for an invalid address or a router's, or -errno.
 */
int net_open_tap(struct net *net, const struct net_tap_request *request, int *ret_tap_fd,
		 int *ret_vhost_fd);

/*
 * Adopts the tap of a guest that the previous hostd started, with the request it was started with:
 * from now on its filter follows the host's addresses. Returns 0 (a filter that the kernel refuses
 * is logged), -ENOENT for a network that no longer exists, -ENODEV if the guest has no such tap, or
 * -errno.
 */
int net_adopt_tap(struct net *net, const struct net_tap_request *request);

/*
 * The addresses that a guest's NIC was seen to use since its start: IPv4 first, the newest of each
 * family first, at most four of each, no link-local IPv6 ones. The guest only claims them.
 * Addresses that it may not have because the host uses them are left out, and logged once. mac: the
 * NIC's, 6 bytes. Returns 0 (the list is to be freed), -ENODEV if the guest has no such tap, or
 * -errno.
 */
int net_list_guest_addresses(struct net *net, const char *guest_name, unsigned int nic_index,
			     const uint8_t *mac, struct text_list *ret_addresses);

/* A tap's counters since it was made, as the guest sees them: rx is what it received. */
struct net_tap_stats {
	uint64_t rx_bytes, rx_packets,
		rx_dropped; /* dropped: the guest did not read them in time */
	uint64_t tx_bytes, tx_packets, tx_dropped;
	uint64_t tx_refused; /* frames that the guest may not send; also in tx_packets */
};

/* Returns 0, -ENODEV if the guest has no such tap (it does not run, or uses "nat"), or -errno. */
int net_read_tap_stats(struct net *net, const char *guest_name, unsigned int nic_index,
		       struct net_tap_stats *ret_stats);
