/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks, and which file systems on them are believed. */
#pragma once

#include "base/error.h"
#include "storage/disk/disk-claim.h"

struct host;
struct volumes;

/* Finds the disks, and the configuration among them. Returns 0 or -errno. */
int host_find_disks(struct host *host);
/* The guests are known: now the data volume can be told from what is theirs. */
void host_offer_disks(struct host *host);
void host_volumes_done(struct volumes *volumes);
/* The disks of this machine, to be freed; or NULL. */
struct disk_claim_device *host_list_disks(const struct host *host, size_t *ret_count);
/* Whether the whole disk ("sdb") may become the data volume. *ret_uuid, weak, is what its file
 * system gets, or NULL for a random UUID. 0 or -errno. */
int host_check_format(const struct host *host, const char *disk, const char **ret_uuid,
		      struct error *error);
