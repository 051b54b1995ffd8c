// SPDX-License-Identifier: GPL-2.0-or-later
// Events go one way: out.
#include "host-event.h"

#include "host-internal.h"

void host_subscribe(struct host *host, host_subscriber_t subscriber, void *userdata)
{
	host->subscriber = subscriber;
	host->subscriber_userdata = userdata;
}

void host_publish(const struct host *host, const struct host_event *event)
{
	if (host->subscriber)
		host->subscriber(event, host->subscriber_userdata);
}

void host_publish_guest(const struct host *host, const struct guest *guest, const char *kind,
			const char *detail)
{
	const struct host_event event = {
		.type = HOST_EVENT_GUEST, .guest = guest, .kind = kind, .detail = detail
	};

	host_publish(host, &event);
}
