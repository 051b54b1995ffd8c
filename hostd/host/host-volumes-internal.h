/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files that say which file systems are believed: the configuration's
 * (host-config-choice.c) and the data volume's (host-data-choice.c). */
#pragma once

#include "host-internal.h"
#include "host-volumes.h"

#define VOLUMES_STEP_MS 100

struct volumes_disks {
	struct disk_claim_device *items;
	size_t count;
};
void volumes_disks_done(struct volumes_disks *disks);
/* Returns 0 or -ENOMEM. */
int volumes_list_disks(const struct host *host, struct volumes_disks *ret_disks);

/* Whether a disk that is there at the boot may still be found. */
bool volumes_are_awaited(const struct host *host);
/* Whether none seems to be on its way. */
bool volumes_are_settled(const struct host *host);
/* The disk's name, or that of the one that it is a partition of. */
const char *volumes_whole_disk(const struct disk_claim_device *disk);
/* The name of the disk that the host was loaded from, where that is certain; or NULL. */
const char *volumes_loading_disk(const struct host *host);
bool volumes_is_config(const struct host *host, const struct disk_claim_device *disk);
bool volumes_is_data(const struct disk_claim_device *disk);
/* The devices of all guests: by mvirt.conf, by their definitions, and by what they run with.
 * Returns 0 or -ENOMEM. */
int volumes_list_claims(const struct host *host, struct text_list *claims);
/* Which of the devices in claims is this disk; NULL: none. */
const char *volumes_find_claim(const struct text_list *claims, const struct disk_claim_device *disk,
			       const struct volumes_disks *disks);

/* host-config-choice.c */
/* Once in a boot: chooses and mounts it. Returns 0, also when there is none, or -errno. */
int volumes_find_config(struct host *host);
/* Takes one up that was pulled out and is back. */
void volumes_consider_config(struct host *host, const struct disk_claim_device *disk,
			     const struct volumes_disks *disks);

/* host-data-choice.c */
/* Chooses one as soon as the disks have settled. */
void volumes_start_data(struct host *host);
/* changed is the node of a disk that is new, or NULL. */
void volumes_consider_data(struct host *host, const char *changed);
