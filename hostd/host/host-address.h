/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An address of the host that is tried out before it is kept. */
#pragma once

#include "base/error.h"
#include "net/net.h"

struct host;

/* address NULL: DHCP. gateway NULL: none. Both return 0 or -errno. */
int host_try_address(struct host *host, const char *network, const char *address,
		     const char *gateway, struct error *error);
int host_settle_address(struct host *host, const char *network, bool keep, struct error *error);
/* Whether there is one. */
bool host_get_address_trial(const struct host *host, struct net_trial_status *ret_trial);
