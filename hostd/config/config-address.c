// SPDX-License-Identifier: GPL-2.0-or-later
// IP addresses in the file.
#include <arpa/inet.h>
#include <string.h>

#include "config-parse.h"

bool config_is_prefix(const char *text)
{
	char address[INET6_ADDRSTRLEN + 1], binary[16];
	const char *slash = strchr(text, '/');
	uint64_t length = 0;
	bool ipv6 = strchr(text, ':');

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !slash[1] ||
	    slash[1 + strspn(slash + 1, "0123456789")] || text_to_bytes(slash + 1, &length) < 0)
		return false;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	return length >= 1 && length <= (ipv6 ? 128 : 32) &&
	       inet_pton(ipv6 ? AF_INET6 : AF_INET, address, binary) == 1;
}

static bool is_of(int family, const char *text)
{
	char binary[16];

	return inet_pton(family, text, binary) == 1;
}

bool config_is_ipv4(const char *text)
{
	return is_of(AF_INET, text);
}

bool config_is_ipv6(const char *text)
{
	return is_of(AF_INET6, text);
}

bool config_is_address(const char *text)
{
	return config_is_ipv4(text) || config_is_ipv6(text);
}

bool config_is_unicast(const char *text)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (inet_pton(AF_INET6, text, &ipv6) == 1)
		return !IN6_IS_ADDR_UNSPECIFIED(&ipv6) && !IN6_IS_ADDR_MULTICAST(&ipv6) &&
		       !IN6_IS_ADDR_LOOPBACK(&ipv6) && !IN6_IS_ADDR_V4MAPPED(&ipv6);
	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		uint8_t first = (uint8_t)(ntohl(ipv4.s_addr) >> 24);

		return first != 0 && first != 127 && first < 224;
	}
	return false;
}
