/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on a disk, found out by a short-lived child: a dying disk hangs it, and not hostd. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

struct loader;

/* How it is known that a disk is one that the host was loaded from. */
enum disk_loaded {
	DISK_LOADED_NOT,
	DISK_LOADED_ISO, /* it holds this build's ISO: so may others */
	DISK_LOADED_PARTITION, /* it has the partition that the firmware names */
};

/* Texts are printable; empty where there is nothing to say. */
struct disk_content {
	uint64_t size_bytes; /* 0: not known */
	char label[128];
	char type[32]; /* as libblkid names it */
	char uuid[40]; /* of the file system */
	enum disk_loaded loaded;
	char skipped[64]; /* "no medium", "does not answer"… */
};

struct disk_probe;

/* The probe is gone when this is called; nothing may be done with it any more. */
typedef void (*disk_probe_done_t)(const struct disk_content *content, void *userdata);

/*
 * Starts a child that reads what is on the device. loader (weak) is for whole disks, and NULL for
 * a partition: what is in one is its owner's word. done is called from the event loop, after five
 * seconds at the latest. Returns 0 or -errno.
 */
int disk_probe_start(sd_event *event, const char *node, const struct loader *loader,
		     disk_probe_done_t done, void *userdata, struct disk_probe **ret_probe);
/* done is not called any more. The child is killed, and reaped by the event loop. */
void disk_probe_cancel(struct disk_probe *probe);

/* For waiting without the loop: an fd that polls readable when the child has ended, and what to
 * call then. */
int disk_probe_fd(const struct disk_probe *probe);
void disk_probe_finish(struct disk_probe *probe);
