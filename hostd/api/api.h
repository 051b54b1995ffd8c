/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way in: varlink on a UNIX socket, interfaces io.mvirt.Host and io.mvirt.Guest. */
#pragma once

#include <systemd/sd-event.h>

#include "config/config.h"
#include "guest/guest.h"
#include "machine/console/screen.h"
#include "machine/device/devices.h"
#include "machine/kvm-probe.h"
#include "machine/power.h"
#include "net/net.h"
#include "storage/volume/data-volume.h"

#define API_SOCKET "/run/mvirt/api.sock"

struct api;

/* error is 0, and text the new one's version; or -errno, and text one line why. Borrowed. */
typedef void (*api_reload_done_t)(int error, const char *text, void *userdata);

/*
 * What the methods that change something stand on. Each may be NULL: what needs it is refused then.
 * userdata is the context's.
 */
struct api_operations {
	/*
	 * The root (guest-store.h) that guests of this origin are kept below, GUEST_ORIGIN_DATA or
	 * GUEST_ORIGIN_MEMORY; weak, asked for again whenever it is used. Negative: it is not
	 * there; -EAGAIN: whether it is is being found out, until api_data_volume_decided().
	 */
	int (*store_root)(enum guest_origin origin, void *userdata);
	/* Something was put aside (guest-trash.h) below that root. */
	void (*empty_trash)(enum guest_origin origin, void *userdata);
	/* Whether a whole disk ("sdb") may become the data volume: NULL, or one line why not, to be
	 * freed. *ret_uuid, weak, is for its file system; NULL: a random one. */
	char *(*check_format)(const char *disk, const char **ret_uuid, void *userdata);
	/*
	 * Puts another hostd in the place of this one: tries the file (weak) and calls done, once,
	 * from the event loop. When it is in place this one ends right after done. Returns 0, or
	 * -errno with one line in *ret_why, to be freed, and done is not called.
	 */
	int (*reload)(int hostd_fd, api_reload_done_t done, void *done_userdata, char **ret_why,
		      void *userdata);
};

/* An address that is being tried out. */
struct api_address_trial {
	const char *network, *address;
	uint64_t left_usec;
};

/* What io.mvirt.Console stands on. Each may be NULL; userdata is the context's. Those that return
 * int return 0, or -errno with one line in *ret_why, to be freed, or NULL. */
struct api_console_operations {
	const char *shell_terminal; /* mvirt.shell='s */
	/* address NULL: DHCP. gateway NULL: none. */
	int (*try_address)(const char *network, const char *address, const char *gateway,
			   char **ret_why, void *userdata);
	int (*settle_address)(const char *network, bool keep, char **ret_why, void *userdata);
	bool (*address_trial)(struct api_address_trial *ret_trial, void *userdata);
	/* name NULL: no guest's */
	int (*show_guest)(const char *name, char **ret_why, void *userdata);
	const char *(*shown_guest)(void *userdata);
};

/* What the API speaks about. All of it is the caller's and outlives the API. */
struct api_context {
	struct guests *guests;
	struct net *net; /* NULL: the network could not be started */
	struct devices *devices; /* NULL: neither could the devices */
	const struct data_volume *data_volume; /* NULL: it could not be started either */
	const struct kvm_status *kvm;
	const struct screen_status *screen;
	const struct host_config *config;
	const struct config_mistakes *mistakes;
	const char *config_source; /* "/dev/sdb1: mvirt.conf" or "built-in" */
	const char *version; /* NULL: "unknown" */
	const bool *replace_failed; /* the last hostd that was put in place did not come up */
	const char *socket_path; /* NULL: API_SOCKET */
	/* A client asked for it, with now without waiting for guests; must return at once. */
	void (*power)(enum power_action action, bool now, void *userdata);
	struct api_operations operations;
	struct api_console_operations console;
	void *userdata;
};

/*
 * Listens on the socket, which only root may use, and replaces what an earlier hostd left of it.
 * The context is copied. Returns 0 or -errno.
 */
int api_new(sd_event *event, const struct api_context *context, struct api **ret_api);
/* Ends all connections and attached consoles. */
void api_free(struct api *api);

/*
 * A connection that may look, and by Unlock act, but no more: for dashboards, which are not root.
 * Returns the fd of its other end, or -errno.
 */
int api_connect_dashboard(struct api *api);

/* For the subscribers. detail may be NULL. */
void api_publish_guest_event(struct api *api, const struct guest *guest, const char *kind,
			     const char *detail);
/* Something about the network is another than before. */
void api_publish_network_event(struct api *api, const char *network);
/* The data volume is another than before: kind is "mounted", "lost" or "damaged". */
void api_publish_data_volume_event(struct api *api, const char *kind, const char *detail);

/* Whether there is a data volume has been found out: what waited for that goes on. */
void api_data_volume_decided(struct api *api);

/*
 * Removes what a killed hostd was importing into guests' folders below the root, before the guests
 * in it are defined. Returns 0 or -errno.
 */
int api_remove_half_imported(int root_fd);
