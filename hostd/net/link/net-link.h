/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network links over rtnetlink: list them, make bridges and ports, receive the kernel's events. */
#pragma once

#include <net/if.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* A socket for requests, each of which the kernel answers at once, and one for its events. */
struct net_link;

int net_link_new(struct net_link **ret_link);
void net_link_free(struct net_link *link);

/* A link as the kernel describes it. */
struct net_link_info {
	int ifindex;
	int master_ifindex; /* 0: none */
	char name[IFNAMSIZ];
	bool ethernet;
	bool bridge, bond, tap;
	bool bonded; /* a member of a bond */
	bool ours; /* made by hostd, this or a previous one: bridges, bonds and VLANs */
	unsigned int vlan; /* the tag, or 0 */
	int parent_ifindex; /* of a VLAN, or 0 */
	bool up;
	bool carrier; /* up, and the hardware has carrier */
	unsigned int mtu; /* 0: unknown */
	uint8_t mac[6];
	uint8_t permanent_mac[6];
	bool has_mac;
	bool has_permanent_mac;
	uint64_t rx_bytes, rx_packets, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_dropped;
};

/* The kernel's device group of every link that hostd makes. */
#define NET_LINK_GROUP 0x6d76

/* All links in a new array, to be freed. Returns 0 or -errno. */
int net_link_list(struct net_link *link, struct net_link_info **ret_links, size_t *ret_count);
/* Returns 0, -ENODEV or another -errno. */
int net_link_get(struct net_link *link, int ifindex, struct net_link_info *ret_info);
int net_link_get_named(struct net_link *link, const char *name, struct net_link_info *ret_info);

/*
 * A bridge without spanning tree or forward delay that keeps its MAC. Where the kernel filters
 * VLANs it passes only untagged frames: each VLAN has a bridge of its own.
 */
int net_link_make_bridge(struct net_link *link, const char *name, const uint8_t mac[static 6]);
/* Active-backup: one member carries everything; another takes over when it fails. */
int net_link_make_bond(struct net_link *link, const char *name);
int net_link_make_vlan(struct net_link *link, const char *name, int parent_ifindex,
		       unsigned int vlan);
int net_link_delete(struct net_link *link, int ifindex);
int net_link_set_up(struct net_link *link, int ifindex, bool up);
int net_link_set_mtu(struct net_link *link, int ifindex, unsigned int mtu);
int net_link_set_mac(struct net_link *link, int ifindex, const uint8_t mac[static 6]);
/* Makes it a port of a bridge or a member of a bond; master_ifindex 0 releases it. */
int net_link_set_master(struct net_link *link, int ifindex, int master_ifindex);
/*
 * For a guest's port: no spanning tree, no multicast router behind it; isolated ports do not reach
 * each other.
 */
int net_link_guard_port(struct net_link *link, int ifindex, bool isolate);

/*
 * The kernel's events are hints: the receiver reads the present state. link_changed comes for links
 * that appeared, changed or went; everything_changed when events were lost.
 */
struct net_link_handlers {
	void (*link_changed)(int ifindex, void *userdata);
	void (*addresses_changed)(int ifindex, void *userdata);
	void (*routes_changed)(void *userdata); /* may be NULL */
	void (*everything_changed)(void *userdata);
	/* An option of a router advertisement that the kernel does not handle; may be NULL. */
	void (*router_option)(int ifindex, const void *option, size_t length, void *userdata);
	/* After a batch of these. */
	void (*settled)(void *userdata);
	void *userdata;
};

int net_link_watch(struct net_link *link, sd_event *event,
		   const struct net_link_handlers *handlers);

/* For other files that use rtnetlink. Sends and frees the message, waits for the kernel's answer.
 * Returns 0 or the kernel's -errno. */
int net_link_request(struct net_link *link, struct nl_msg *message_consume);
/* The same, with a call for each message of the answer. -EINTR: the answer is inconsistent. */
int net_link_query(struct net_link *link, struct nl_msg *message_consume,
		   void (*received)(struct nlmsghdr *header, void *userdata), void *userdata);
