/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps one udhcpc running, confined; what it finds it sends as messages. */
#pragma once

#include <systemd/sd-event.h>

#include "net/link/net-ip.h"

struct net_dhcp;

/* All are copied, but for userdata. */
struct net_dhcp_settings {
	const char *network; /* "lan": for the log */
	const char *interface;
	const char *hostname; /* sent to the server */
	const char *program; /* busybox */
	/* What it sent, as it came: up to NET_LEASE_MESSAGE_MAX bytes for net_lease_text(). */
	void (*on_event)(const char *message, size_t length, void *userdata);
	void *userdata;
};

int net_dhcp_new(sd_event *event, const struct net_dhcp_settings *settings,
		 struct net_dhcp **ret_dhcp);
/* Ends the client; the lease stays. */
void net_dhcp_free(struct net_dhcp *dhcp);

/*
 * Starts the client, in place of one that runs. It asks for the wanted address first (NULL: any).
 * If it dies it is started again with a growing delay. Returns 0 or -errno; on failure too it is
 * tried again.
 */
int net_dhcp_start(struct net_dhcp *dhcp, const struct net_ip *wanted);
void net_dhcp_stop(struct net_dhcp *dhcp);
/* It runs, or waits to be started again. */
bool net_dhcp_is_active(const struct net_dhcp *dhcp);

/* The name of this run of the client: udhcpc begins with "deconfig", which does not end the lease
 * of an earlier run. */
const char *net_dhcp_client(const struct net_dhcp *dhcp);
