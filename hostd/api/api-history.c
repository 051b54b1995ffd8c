// SPDX-License-Identifier: GPL-2.0-or-later
// The log as a stream: what is kept of it, then every new line. Who reads too slowly misses some.
#include "api-internal.h"
#include "machine/log-history.h"

struct api_history {
	struct api *api;
	sd_event_source *tell; /* enabled when there is something to tell */
};

static int build(const struct log_history_line *line, sd_json_variant **ret_line)
{
	struct json_builder object = {};

	json_add_unsigned(&object, "timeUsec", line->time_usec);
	json_add_unsigned(&object, "level", (uint64_t)line->level);
	json_add_text(&object, "subject", line->subject);
	json_add_text(&object, "message", line->message);
	return json_end_object(&object, ret_line);
}

int api_history_tell(struct api_client *client)
{
	const struct log_history_line *line =
		client->history_next ? log_history_from(client->history_next) : NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	int r = 0;

	/* Out of memory: with the next line. */
	if (!line || build(line, &object) < 0)
		return 0;
	client->history_next = line->sequence + 1;
	r = api_notify(client, object);
	return r < 0 ? r : 1;
}

/* api-feed.c goes on after any event: this is one. */
static int on_tell(sd_event_source *source [[maybe_unused]], void *userdata [[maybe_unused]])
{
	return 0;
}

static void tell_later(struct api_history *history)
{
	api_feed_later(history->api);
	(void)sd_event_source_set_enabled(history->tell, SD_EVENT_ONESHOT);
}

/* Lines are logged from anywhere, also while clients are gone through: they are told later. */
static void on_line(void *userdata)
{
	struct api_history *history = userdata;

	for (const struct api_client *client = history->api->clients; client; client = client->next)
		if (client->history_next > 0) {
			tell_later(history);
			return;
		}
}

int api_history_new(struct api *api, struct api_history **ret_history)
{
	struct api_history *history = calloc(1, sizeof(*history));
	int r = 0;

	if (!history)
		return -ENOMEM;
	history->api = api;
	r = sd_event_add_defer(api->event, &history->tell, on_tell, history);
	if (r >= 0)
		r = sd_event_source_set_enabled(history->tell, SD_EVENT_OFF);
	if (r < 0) {
		api_history_free(history);
		return r;
	}
	log_history_set_listener(on_line, history);
	*ret_history = history;
	return 0;
}

void api_history_free(struct api_history *history)
{
	if (!history)
		return;
	log_history_set_listener(NULL, NULL);
	sd_event_source_disable_unref(history->tell);
	free(history);
}

int api_method_history(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
		       sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;

	for (struct api_client *client = api->clients; client; client = client->next)
		if (client->link == link)
			client->history_next = 1;
	tell_later(api->history);
	return 0;
}
