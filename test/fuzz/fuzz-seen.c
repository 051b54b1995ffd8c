// SPDX-License-Identifier: GPL-2.0-or-later
// Frames that a guest may send, one after the other: each step of the input is two bytes of length
// and that many bytes of frame, whose source is the guest's.
#include <stdlib.h>
#include <string.h>

#include "net/guest/net-seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0, 0, 0x0a };

static void check(const struct net_seen_list *list, int family)
{
	if (list->count > NET_SEEN_MAX)
		abort();
	for (size_t i = 0; i < list->count; i++) {
		if (list->ips[i].family != family || !net_ip_is_unicast(&list->ips[i]))
			abort();
		for (size_t other = 0; other < i; other++)
			if (net_ip_equal(&list->ips[i], &list->ips[other]))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_seen seen = {};

	while (size >= 2) {
		size_t length = (size_t)data[0] << 8 | data[1];
		struct net_seen before = seen;
		uint8_t *frame = NULL;

		if (length > size - 2)
			length = size - 2;
		/* Exactly so long, for the sanitizer's sake. */
		frame = malloc(length + !length);
		if (!frame)
			abort();
		memcpy(frame, data + 2, length);
		if (length >= 12)
			memcpy(frame + 6, mac, sizeof(mac));
		if (!net_seen_take(&seen, mac, frame, length) &&
		    (seen.ip4.count != before.ip4.count || seen.ip6.count != before.ip6.count))
			abort();
		free(frame);
		check(&seen.ip4, AF_INET);
		check(&seen.ip6, AF_INET6);
		data += 2 + length;
		size -= 2 + length;
	}
	return 0;
}
