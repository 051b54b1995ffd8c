/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps one confined udhcpc running, and passes on its messages. */
#pragma once

#include <systemd/sd-event.h>

#include "net/link/net-ip.h"

struct net_dhcp;

/* All are copied, except userdata. */
struct net_dhcp_settings {
	const char *network; /* "lan": for the log */
	const char *interface;
	const char *hostname; /* sent to the server */
	const char *program; /* busybox */
	/* A message as it came: up to NET_LEASE_MESSAGE_MAX bytes for net_lease_text(). */
	void (*on_event)(const char *message, size_t length, void *userdata);
	void *userdata;
};

int net_dhcp_new(sd_event *event, const struct net_dhcp_settings *settings,
		 struct net_dhcp **ret_dhcp);
/* Ends the client; the lease stays. */
void net_dhcp_free(struct net_dhcp *dhcp);

/*
 * Starts the client, replacing a running one. It asks for the wanted address first (NULL: any). If
 * it dies it is restarted with a growing delay. Returns 0 or -errno; retries after a failure, too.
 */
int net_dhcp_start(struct net_dhcp *dhcp, const struct net_ip *wanted);
void net_dhcp_stop(struct net_dhcp *dhcp);
/* Whether it runs, or waits for its restart. */
bool net_dhcp_is_active(const struct net_dhcp *dhcp);

/* The name of this run of the client. udhcpc begins with "deconfig", which must not end an earlier
 * run's lease. */
const char *net_dhcp_client(const struct net_dhcp *dhcp);
