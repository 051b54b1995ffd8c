// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses to try out.
#include "host-address.h"

#include "host-internal.h"

int host_try_address(struct host *host, const char *network, const char *address,
		     const char *gateway, struct error *error)
{
	char *why = NULL;
	int r = host->net ? net_try_address(host->net, network, address, gateway, &why) : -ENETDOWN;

	return error_take(error, r, why);
}

int host_settle_address(struct host *host, const char *network, bool keep, struct error *error)
{
	char *why = NULL;
	int r = host->net ? net_settle_address(host->net, network, keep, &why) : -ENETDOWN;

	return error_take(error, r, why);
}

bool host_get_address_trial(const struct host *host, struct net_trial_status *ret_trial)
{
	return host->net && net_get_trial(host->net, ret_trial);
}
