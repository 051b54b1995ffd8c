/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk's content: the part of the probe that reads it, and may hang. */
#pragma once

#include "disk-probe.h"

/* Opens a block device (or, in tests, an image) for reading. Returns the fd, or -errno with
 * content->skipped saying why. */
int disk_content_open(const char *node, struct disk_content *content);
/* Fills in the rest. loader may be NULL. */
void disk_content_read(int fd, const struct loader *loader, struct disk_content *content);
