// SPDX-License-Identifier: GPL-2.0-or-later
// What clients that listen (to events, to the log) have still to be told: sent as each of them
// reads. What waits is kept once for all of them, so a client that does not read costs its buffer.
#include "api-internal.h"

/* Returns whether it has not read what it is to be told. It may be gone afterwards. */
static bool feed_client(struct api_client *client)
{
	int r = client->subscribed || client->history_next > 0;

	while (r > 0) {
		if (!api_client_has_room(client))
			return true;
		r = client->subscribed ? api_event_tell(client) : api_history_tell(client);
	}
	return false;
}

/* sd-varlink does not tell when all was written; it does it from the loop, before this. */
static int on_post(sd_event_source *source, void *userdata)
{
	struct api *api = userdata;
	struct api_client *next = NULL;
	bool waits = false;

	for (struct api_client *client = api->clients; client; client = next) {
		next = client->next;
		waits |= feed_client(client);
	}
	(void)sd_event_source_set_enabled(source, waits ? SD_EVENT_ON : SD_EVENT_OFF);
	return 0;
}

int api_feed_new(struct api *api)
{
	int r = sd_event_add_post(api->event, &api->feed_source, on_post, api);

	return r < 0 ? r : sd_event_source_set_enabled(api->feed_source, SD_EVENT_OFF);
}
