/* SPDX-License-Identifier: GPL-2.0-or-later */
/* resolv.conf: the DNS servers of all networks together. */
#pragma once

#include "net/net-network.h"

/* Writes the file unless it has this content already. Returns 0 or -errno. */
int net_resolv_write(const char *path, const struct network *networks, size_t count);
