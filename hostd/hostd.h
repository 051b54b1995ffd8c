/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostd's own files share: hostd.c (the order of the bring-up), hostd-guests.c (what guests
 * get from storage, net and machine), hostd-api.c (what the API stands on). */
#pragma once

#include "api/api.h"
#include "config/config.h"
#include "guest/guest.h"
#include "hostd-screen.h"
#include "machine/console/dashboards.h"
#include "machine/console/screen.h"
#include "machine/device/devices.h"
#include "machine/info.h"
#include "machine/kvm-probe.h"
#include "machine/loader.h"
#include "machine/power.h"
#include "net/net.h"
#include "storage/disk/disk-claim.h"
#include "storage/program-replace.h"
#include "storage/store/guest-files.h"
#include "storage/store/guest-trash.h"
#include "storage/volume/config-volume.h"
#include "storage/volume/data-volume.h"

/* Guests that are created without a data volume: its layout, in memory. */
#define HOST_MEMORY_FOLDER "/run/mvirt/memory"

/* What is agreed with PID 1 (init.c, which includes nothing): the image's hostd, never touched. */
#define INIT_HOSTD "/usr/bin/hostd"
/*
 * Behind that name. A hostd that is put in place is TRIAL. PID 1 starts it, and it renames itself
 * to REPLACED when it answers. One that ends before, or has not done it in 30 s, is removed by PID
 * 1, which starts what was there before, REPLACED or the image's, and leaves an empty file FAILED.
 * So it does with a REPLACED one that ends five times in a row without ever running for ten
 * minutes.
 */
#define INIT_TRIAL ".trial"
#define INIT_REPLACED ".replaced"
#define INIT_FAILED ".failed"
/* The exit status of one that makes room for TRIAL. After SIGTERM 0 means: all guests have stopped,
 * and with any other status PID 1 starts another, which gets SIGTERM at once. */
#define INIT_EXIT_REPLACED 3

/* Which file systems are believed: hostd-volumes.h. */
struct volumes {
	char *config_uuid; /* the configuration's in this boot; NULL: none was chosen */
	char *config_why; /* why there is none, where that is to be said */
	bool config_disputed; /* there were several: which disks are guests' is not known */
	char *data_why; /* there were two data volumes: none is used in this boot */
	struct text_list claims; /* of mvirt.conf, of guests with mistakes too */
	uint64_t begun_usec; /* CLOCK_MONOTONIC: the search for disks */
	bool settled; /* all disks that are there at the boot are known */
	sd_event_source *settling;
};

struct host {
	sd_event *event;
	struct host_config *config;
	struct config_mistakes mistakes;
	char *config_source;
	char *config_label;
	struct kvm_status kvm;
	struct screen_status screen;
	struct loader loader;
	struct config_volume *volume;
	struct data_volume *data_volume;
	struct volumes volumes;
	struct guest_files files; /* memory_fd is owned */
	struct guest_trash *data_trash, *memory_trash;
	struct devices *devices;
	struct power_button *power_button;
	struct net *net;
	struct guests *guests;
	struct api *api;
	struct host_screen *machine_screen; /* NULL: nobody wants it */
	/* Another hostd, on its way into the place of this one; NULL: none. */
	struct program_replace *replacement;
	api_reload_done_t replaced;
	void *replaced_userdata;
	bool replace_failed; /* this is the hostd before one that did not come up */
	struct dashboards *dashboards;
	char *shell_terminal, *line_type; /* mvirt.shell=, mvirt.term= */
	char *panic_timeout; /* panic= */
	bool stopping, hurry; /* hurry: guests are not waited for */
	uint64_t stopping_since_usec; /* CLOCK_BOOTTIME */
	sd_event_source *progress_source; /* PID 1 is told that it goes on */
};

/* hostd-volumes.c */
/* Finds the disks, and the configuration among them. Returns 0 or -errno. */
int host_find_disks(struct host *host);
/* The guests are known: now the data volume can be told from what is theirs. */
void host_offer_disks(struct host *host);
void host_volumes_done(struct volumes *volumes);
/* The disks of this machine, to be freed; or NULL. */
struct disk_claim_device *host_list_disks(const struct host *host, size_t *ret_count);
/* For the API: NULL, or one line (to be freed) why the whole disk is not to be a data volume.
 * *ret_uuid is what its file system gets, or NULL for a random UUID. */
char *host_check_format(const char *disk, const char **ret_uuid, void *userdata);

/* hostd-guests.c */
/* Defines the guests of mvirt.conf and those kept in memory. Returns 0 or -errno. */
int host_start_guests(struct host *host);
/* One line for each mistake, with its file and line; of many the first ones. */
void host_tell_mistakes(const char *file, const struct config_mistakes *mistakes);
/* The data volume came, with the guests on it; or went. */
void host_data_mounted(int root_fd, void *userdata);
void host_data_lost(void *userdata);
/* What was deleted of guests of that origin is removed for good. */
void host_empty_trash(enum guest_origin origin, void *userdata);
/* It was found, and cannot be used. */
void host_data_failed(const char *why, void *userdata);
/* It was being checked, and is there now, or not. */
void host_data_decided(void *userdata);

/* hostd-crash.c */
/* Tells of panics that the firmware remembers. */
void host_take_crashes(struct host *host);
/* They are kept on the data volume, too. */
void host_keep_crashes(int data_fd);

/* hostd-api.c */
int host_start_api(struct host *host, const char *version);

/* hostd-console.c */
/* What io.mvirt.Console does. */
struct api_console_operations host_console_operations(const struct host *host);
/* Starts the dashboards. Returns 0 or -errno. */
int host_start_dashboards(struct host *host);

/* hostd-end.c */
/* From here on PID 1 may say that the machine goes down. Returns 0 or -errno. */
int host_await_end(struct host *host);
void host_on_power_button(void *userdata);
/* Asks PID 1 for it. now: what still runs is killed and not waited for. */
void host_end(enum power_action action, bool now, void *userdata);
/* What runs on disks and guests end with: all guests have stopped. */
void host_on_all_stopped(void *userdata);
