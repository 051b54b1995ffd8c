/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way in: varlink on a UNIX socket. What it does is in host/. */
#pragma once

#include <systemd/sd-event.h>

#define API_SOCKET "/run/mvirt/api.sock"

struct api;
struct host;

struct api_settings {
	struct host *host; /* weak; outlives the API */
	const char *version; /* NULL: "unknown" */
	const char *socket_path; /* NULL: API_SOCKET */
};

/*
 * Listens on the socket, which only root may use, and replaces what an earlier hostd left of it.
 * Subscribes to the host's events. The settings' strings must outlive it. Returns 0 or -errno.
 */
int api_new(sd_event *event, const struct api_settings *settings, struct api **ret_api);
/* Ends all connections and attached consoles. What the host is doing for a client it must have
 * ended or cancelled before. */
void api_free(struct api *api);

/*
 * A connection that may look, and by Unlock act, but no more: for dashboards, which are not root.
 * Returns the fd of its other end, or -errno.
 */
int api_connect_dashboard(struct api *api);
