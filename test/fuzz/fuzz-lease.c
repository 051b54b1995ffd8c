// SPDX-License-Identifier: GPL-2.0-or-later
// A lease file with anything in it: parsed or refused, and what was parsed keeps its promises.
#include <string.h>

#include "net/net-lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_lease lease = {};

	if (net_lease_parse((const char *)data, size, &lease) < 0)
		return 0;
	if (!memchr(lease.client, '\0', sizeof(lease.client)) ||
	    !memchr(lease.domain, '\0', sizeof(lease.domain)) ||
	    lease.route_count > NET_LEASE_ROUTES_MAX || lease.dns_count > NET_LEASE_DNS_MAX)
		__builtin_trap();
	if (strpbrk(lease.domain, " \t\n;/\\'\"$`"))
		__builtin_trap();
	if (lease.event == NET_LEASE_EVENT_BOUND &&
	    (!net_ip_is_unicast(&lease.address) || lease.address.prefix == 0 ||
	     lease.address.prefix > 32 || lease.lifetime_s == 0))
		__builtin_trap();
	for (size_t i = 0; i < lease.dns_count; i++)
		if (!net_ip_is_unicast(&lease.dns[i]))
			__builtin_trap();
	if (net_lease_remaining_s(&lease, 0) != lease.lifetime_s)
		__builtin_trap();
	(void)net_lease_gateway(&lease);
	return 0;
}
