// SPDX-License-Identifier: GPL-2.0-or-later
// MAC and IP addresses in the file.
#include <arpa/inet.h>
#include <string.h>

#include "config-parse.h"

int config_parse_mac(const char *text, uint8_t ret_mac[static 6])
{
	unsigned int byte[6];
	char rest = 0;

	if (strlen(text) != 17 || text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3],
		   &byte[4], &byte[5], &rest) != 6)
		return -EINVAL;
	if ((byte[0] & 1) || !(byte[0] | byte[1] | byte[2] | byte[3] | byte[4] | byte[5]))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		ret_mac[i] = (uint8_t)byte[i];
	return 0;
}

int config_check_prefix(const char *text)
{
	char address[INET6_ADDRSTRLEN + 1], binary[16];
	const char *slash = strchr(text, '/');
	uint64_t length = 0;
	bool ipv6 = strchr(text, ':');

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !slash[1] ||
	    slash[1 + strspn(slash + 1, "0123456789")] || text_to_bytes(slash + 1, &length) < 0)
		return -EINVAL;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	if (length < 1 || length > (ipv6 ? 128 : 32) ||
	    inet_pton(ipv6 ? AF_INET6 : AF_INET, address, binary) != 1)
		return -EINVAL;
	return 0;
}

bool config_is_address(const char *text)
{
	char binary[16];

	return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, binary) == 1;
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
