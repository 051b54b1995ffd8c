/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: all that hostd has got together. For the files of host/, and hostd.c. */
#pragma once

#include "config/config.h"
#include "guest/guest.h"
#include "host-event.h"
#include "host-replace.h"
#include "host-unlock.h"
#include "job/job.h"
#include "machine/console/dashboards.h"
#include "machine/console/screen.h"
#include "machine/device/devices.h"
#include "machine/info.h"
#include "machine/kvm-probe.h"
#include "machine/loader.h"
#include "machine/power.h"
#include "net/net.h"
#include "program-replace.h"
#include "storage/store/guest-files.h"
#include "storage/store/guest-trash.h"
#include "storage/volume/config-volume.h"
#include "storage/volume/data-volume.h"

struct host_creation;
struct host_formatting;
struct host_screen;

/* Which file systems are believed: host-volumes-internal.h. */
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

/* The password that is being checked. */
struct host_unlock {
	host_unlocked_t done; /* NULL: none is */
	void *userdata;
	struct process *check;
	sd_event_source *delay;
	unsigned int failures; /* in a row */
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
	host_subscriber_t subscriber; /* or NULL */
	void *subscriber_userdata;
	struct host_screen *machine_screen; /* NULL: nobody wants it */
	struct jobs *jobs; /* NULL: they could not be started */
	struct host_creation *creations;
	struct host_formatting *formatting; /* one at a time */
	struct host_unlock unlock;
	/* Another hostd, on its way into the place of this one; NULL: none. */
	struct program_replace *replacement;
	host_replaced_t replaced; /* NULL: nobody asked for it */
	void *replaced_userdata;
	bool replace_failed; /* this is the hostd before one that did not come up */
	struct dashboards *dashboards;
	char *shell_terminal, *line_type; /* mvirt.shell=, mvirt.term= */
	char *panic_timeout; /* panic= */
	bool stopping, hurry; /* hurry: guests are not waited for */
	uint64_t stopping_since_usec; /* CLOCK_BOOTTIME */
	sd_event_source *progress_source; /* PID 1 is told that it goes on */
};
