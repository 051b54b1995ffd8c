// SPDX-License-Identifier: GPL-2.0-or-later
// Events: what happens, told to every client that has subscribed.
#include <time.h>

#include "api-internal.h"

static uint64_t clock_usec(clockid_t clock)
{
	struct timespec now = {};

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* subject is the guest, the network or the data volume: type is its name in the event too. */
static int build_event(const char *type, const char *kind, const char *detail,
		       sd_json_variant *subject, sd_json_variant **ret_event)
{
	struct json_builder event = {};

	json_add_text(&event, "type", type);
	json_add_text(&event, "kind", kind);
	json_add_text(&event, "detail", detail);
	json_add_unsigned(&event, "timeUsec", clock_usec(CLOCK_REALTIME));
	json_add_unsigned(&event, "uptimeUsec", clock_usec(CLOCK_BOOTTIME));
	json_add_variant(&event, type, sd_json_variant_ref(subject));
	return json_end_object(&event, ret_event);
}

static bool has_subscriber(const struct api *api)
{
	for (const struct api_client *client = api->clients; client; client = client->next)
		if (client->subscribed)
			return true;
	return false;
}

static void publish(struct api *api, sd_json_variant *event)
{
	struct api_client *next = NULL;

	/* A client that fails is gone afterwards, no other is. */
	for (struct api_client *client = api->clients; client; client = next) {
		next = client->next;
		if (client->subscribed)
			(void)api_client_notify(client, event);
	}
}

void api_publish_guest(struct api *api, sd_json_variant *guest, const char *kind,
		       const char *detail)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *event = NULL;

	if (build_event("guest", kind, detail, guest, &event) >= 0)
		publish(api, event);
}

void api_publish_guest_event(struct api *api, const struct guest *guest, const char *kind,
			     const char *detail)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *subject = NULL;

	if (has_subscriber(api) && api_build_guest(api->context.net, guest, &subject) >= 0)
		api_publish_guest(api, subject, kind, detail);
}

static int find_network(struct api *api, const char *name, sd_json_variant **ret_network)
{
	for (size_t i = 0; i < net_count(api->context.net); i++) {
		struct net_status status = {};
		int r = net_status_at(api->context.net, i, &status);

		if (r >= 0 && text_equal(status.name, name))
			return api_build_network(api, i, ret_network);
	}
	return -ENOENT;
}

void api_publish_network_event(struct api *api, const char *network)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *subject = NULL, *event = NULL;

	if (!has_subscriber(api) || !api->context.net || find_network(api, network, &subject) < 0)
		return;
	if (build_event("network", "changed", NULL, subject, &event) >= 0)
		publish(api, event);
}

void api_publish_data_volume_event(struct api *api, const char *kind, const char *detail)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *subject = NULL, *event = NULL;

	if (!has_subscriber(api) || api_build_data_volume(api->context.data_volume, &subject) < 0)
		return;
	if (build_event("dataVolume", kind, detail, subject, &event) >= 0)
		publish(api, event);
}

static int tell_current(sd_varlink *link, const char *type, sd_json_variant *subject)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *event = NULL;
	int r = build_event(type, "current", NULL, subject, &event);

	return r < 0 ? r : api_client_notify_handling(link, event);
}

int api_method_subscribe(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
			 sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < guests_count(api->context.guests); i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *guest = NULL;

		r = api_build_guest(api->context.net, guests_at(api->context.guests, i), &guest);
		if (r >= 0)
			r = tell_current(link, "guest", guest);
	}
	for (size_t i = 0; r >= 0 && api->context.net && i < net_count(api->context.net); i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *network = NULL;

		r = api_build_network(api, i, &network);
		if (r >= 0)
			r = tell_current(link, "network", network);
	}
	if (r >= 0 && api->context.data_volume) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *volume = NULL;

		r = api_build_data_volume(api->context.data_volume, &volume);
		if (r >= 0)
			r = tell_current(link, "dataVolume", volume);
	}
	if (r < 0)
		return r;
	for (struct api_client *client = api->clients; client; client = client->next)
		if (client->link == link)
			client->subscribed = true;
	return 0;
}
