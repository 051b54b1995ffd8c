/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What outlives hostd of a guest: /run/mvirt/guests/NAME/record.json. It guards a process that
 * lives, and the hostd that reads it may be older or newer than the one that wrote it: what is not
 * known is passed over when it is read, and is there again when it is written. Fields may be added
 * as one likes. When the meaning of one changes, so that an older hostd must not write it any more,
 * the version is raised.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "guest/guest-state.h"
#include "vmm/vmm.h"

#define GUEST_RECORD_VERSION 2

/* Which file a disk is, whatever it is called: the block device, or the file system and inode. */
struct guest_disk_identity {
	uint64_t device, inode;
	bool writable;
};

/* A device of the guest that runs. */
struct guest_record_device {
	enum vmm_device_kind kind;
	size_t index; /* as in struct vmm_device */
	struct guest_disk_identity disk; /* of a disk */
};

/* Of a list: the VMM's own is known to this hostd, others are kept as they were read. */
struct guest_record_process {
	pid_t pid; /* 0: none, or not known yet */
	uint64_t start_time; /* of pid, field 22 of /proc/PID/stat */
};

struct guest_record {
	struct guest_config *config; /* as the guest was started; owned */
	struct guest_life life;
	char *reason; /* owned, or NULL */
	struct guest_record_process process; /* of the VMM */
	unsigned int index; /* its uid is 70000 + index */
	const struct vmm_type
		*vmm; /* what it was started with; NULL: not known, or never started */
	char *uuid; /* owned; NULL as long as guests have none */
	unsigned int origin; /* enum guest_origin of guest.h: where its definition was */
	uint64_t overhead_bytes; /* what its VMM used beyond the guest's memory; 0: not measured */
	bool kvm;
	bool ready; /* what comes after it may start */
	uint64_t console_start; /* what its console's ring had ever had when this run began */
	bool lacked; /* it is FAILED only because something of this machine was not there */
	struct guest_record_device *devices; /* owned */
	size_t device_count;
	/* What is wrong with a record that was read, in one line; NULL: nothing. Owned. */
	char *unknown;
	/* Of a later version, or not to be read at all: it is not written as long as the process
	 * lives, so that the hostd that knows it finds it again. */
	bool foreign;
	struct sd_json_variant *read; /* as it was read; NULL: the run is of this hostd. Owned */
};

void guest_record_done(struct guest_record *record);

/* The process is over: from now on it is this hostd's, and has what this one knows. */
void guest_record_own(struct guest_record *record);
/* What follows is another run, of this hostd: nothing of a record that was read is in it. */
void guest_record_renew(struct guest_record *record);

/* JSON, one line. What was settled when the run began is as it was read. Returns 0 with a new
 * string, or -ENOMEM. */
int guest_record_format(const struct guest_record *record, char **ret_text);
/* Returns 0, -EBADMSG for what names no guest and no process of it, or -ENOMEM. The record is the
 * caller's. */
int guest_record_parse(const char *text, struct guest_record *ret_record);

/*
 * In NAME/record.json of the folder of all guests, whose fd is given; saving makes NAME if need be,
 * and replaces the file atomically. 0 or -errno.
 */
int guest_record_save(int folder_fd, const struct guest_record *record);
int guest_record_load(int folder_fd, const char *name, struct guest_record *ret_record);
