// SPDX-License-Identifier: GPL-2.0-or-later
// A lease file, or what the DHCP client sends, with anything in it: parsed or refused, and what was
// parsed keeps its promises.
#include <stdlib.h>
#include <string.h>

#include "net/address/net-lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *data, size_t size)
{
	struct net_lease lease = {};

	if (net_lease_parse(data, size, &lease) < 0)
		return;
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
}

/* What it makes of a message has hostd's words in it, once, and the message's values behind them.
 */
static void check_message(const char *data, size_t size)
{
	static const char head[] = "client=c1\ntime=7\n";
	char *text = NULL;

	if (net_lease_text(data, size, "c1", 7, &text) < 0)
		return;
	if (strncmp(text, head, sizeof(head) - 1) != 0 ||
	    strstr(text + sizeof(head) - 1, "\nclient=") ||
	    strstr(text + sizeof(head) - 1, "\ntime="))
		__builtin_trap();
	for (const char *c = text; *c; c++)
		if (*c != '\n' && (*c < 0x20 || *c > 0x7e))
			__builtin_trap();
	check(text, strlen(text));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size);
	check_message((const char *)data, size);
	return 0;
}
