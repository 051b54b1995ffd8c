// SPDX-License-Identifier: GPL-2.0-or-later
// Router advertisements' RDNSS options with anything in them, and time that goes by: each step of
// the input is a byte of seconds, a byte of length and that many bytes of option.
#include <stdlib.h>

#include "net/address/net-rdnss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct net_rdnss *rdnss, uint64_t now_s)
{
	if (rdnss->count > NET_RDNSS_SERVERS_MAX)
		abort();
	for (size_t i = 0; i < rdnss->count; i++) {
		const struct net_rdnss_server *server = &rdnss->servers[i];

		if (server->ip.family != AF_INET6 || server->ip.prefix != 128 ||
		    !net_ip_is_unicast(&server->ip) || server->until_s <= now_s)
			abort();
		for (size_t other = 0; other < i; other++)
			if (net_ip_equal(&rdnss->servers[other].ip, &server->ip))
				abort();
	}
}

/* Whether both hold the same servers in the same order. */
static bool are_alike(const struct net_rdnss *a, const struct net_rdnss *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!net_ip_equal(&a->servers[i].ip, &b->servers[i].ip))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_rdnss rdnss = {};
	uint64_t now_s = 0;

	while (size >= 2) {
		size_t length = data[1] < size - 2 ? data[1] : size - 2;
		struct net_rdnss before = rdnss;
		/* Exactly so long, for the sanitizer's sake. */
		uint8_t *option = malloc(length + !length);

		if (!option)
			abort();
		for (size_t i = 0; i < length; i++)
			option[i] = data[2 + i];
		now_s += data[0];
		if (net_rdnss_expire(&rdnss, now_s) != !are_alike(&before, &rdnss))
			abort();
		check(&rdnss, now_s);
		before = rdnss;
		if (!net_rdnss_update(&rdnss, option, length, now_s) && !are_alike(&before, &rdnss))
			abort();
		free(option);
		check(&rdnss, now_s);
		if (net_rdnss_next_s(&rdnss) <= now_s)
			abort();
		data += 2 + length;
		size -= 2 + length;
	}
	return 0;
}
