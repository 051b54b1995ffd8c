// SPDX-License-Identifier: GPL-2.0-or-later
// Events: how things are and what happens, told to every client that has subscribed.
#include <string.h>

#include "api-internal.h"
#include "base/clock.h"
#include "host/host-job.h"

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

/* --- events that wait for a client that has not read those before --- */

/* As text, which is a tenth of what the object is. */
struct api_event {
	struct api_event *next;
	size_t waiting; /* clients that are to be told it; no fewer than of the one before */
	size_t bytes;
	char text[];
};

static struct api_event *add_waiting(struct api *api, sd_json_variant *object)
{
	_cleanup_free_ char *text = NULL;
	int length = sd_json_variant_format(object, 0, &text);
	struct api_event *event = length < 0 ? NULL : malloc(sizeof(*event) + (size_t)length + 1);

	if (!event)
		return NULL;
	*event = (struct api_event){ .bytes = sizeof(*event) + (size_t)length + 1 };
	memcpy(event->text, text, (size_t)length + 1);
	*(api->last_event ? &api->last_event->next : &api->events) = event;
	api->last_event = event;
	api->event_bytes += event->bytes;
	return event;
}

static void drop_told(struct api *api)
{
	while (api->events && api->events->waiting == 0) {
		struct api_event *event = api->events;

		api->events = event->next;
		if (!api->events)
			api->last_event = NULL;
		api->event_bytes -= event->bytes;
		free(event);
	}
}

void api_event_forget(struct api_client *client)
{
	for (struct api_event *event = client->event; event; event = event->next)
		event->waiting--;
	client->event = NULL;
	drop_told(client->api);
}

static int tell_waiting(struct api_client *client)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	struct api_event *event = client->event;
	int r = sd_json_parse(event->text, 0, &object, NULL, NULL);

	client->event = event->next;
	event->waiting--;
	drop_told(client->api);
	if (r >= 0)
		r = api_notify(client, object);
	return r < 0 ? r : 1;
}

static void close_client(struct api_client *client)
{
	sd_varlink *link = sd_varlink_ref(client->link);

	/* It is gone then, by api_client_disconnected(). */
	(void)sd_varlink_close(link);
	sd_varlink_unref(link);
}

/* Those that have read least: they see that they have missed something, and may begin anew. */
static void close_slowest(struct api *api)
{
	struct api_client *next = NULL;
	const struct api_event *oldest = api->events;

	for (struct api_client *client = api->clients; client; client = next) {
		next = client->next;
		if (client->event && client->event == oldest)
			close_client(client);
	}
}

static void publish(struct api *api, sd_json_variant *object)
{
	struct api_event *event = NULL;
	struct api_client *next = NULL;

	/* A client that fails is gone afterwards, no other is. */
	for (struct api_client *client = api->clients; client; client = next) {
		next = client->next;
		if (!client->subscribed)
			continue;
		if (!client->event && api_client_has_room(client)) {
			(void)api_notify(client, object);
			continue;
		}
		if (!event)
			event = add_waiting(api, object);
		if (!event) {
			close_client(client);
			continue;
		}
		event->waiting++;
		if (!client->event)
			client->event = event;
	}
	while (api->event_bytes > API_EVENTS_BYTES_MAX)
		close_slowest(api);
	if (event)
		api_feed_later(api);
}

/* --- what happens --- */

static void publish_subject(struct api *api, const char *type, const char *kind, const char *detail,
			    sd_json_variant *subject)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;

	if (build_event(type, kind, detail, subject, &object) >= 0)
		publish(api, object);
}

static int find_network(struct net *net, const char *name, sd_json_variant **ret_network)
{
	for (size_t i = 0; net && i < net_count(net); i++) {
		struct net_status status = {};
		int r = net_status_at(net, i, &status);

		if (r >= 0 && text_equal(status.name, name))
			return api_build_network(net, i, ret_network);
	}
	return -ENOENT;
}

/* The guest as it was. */
static void note_leaving(struct api *api, const struct guest *guest)
{
	/* They listen to an object that will be gone. */
	api_console_close_guest(api, guest);
	api->leaving = sd_json_variant_unref(api->leaving);
	(void)api_build_guest(host_net(api->host), guest, &api->leaving);
}

void api_on_host_event(const struct host_event *event, void *userdata)
{
	struct api *api = userdata;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *subject = NULL;

	if (event->type == HOST_EVENT_GUEST_LEAVING)
		note_leaving(api, event->guest);
	if (!has_subscriber(api))
		return;
	switch (event->type) {
	case HOST_EVENT_GUEST_LEAVING:
		break;
	case HOST_EVENT_GUEST:
		if (api_build_guest(host_net(api->host), event->guest, &subject) >= 0)
			publish_subject(api, "guest", event->kind, event->detail, subject);
		break;
	case HOST_EVENT_GUEST_GONE:
		subject = take_ptr(api->leaving);
		if (subject)
			publish_subject(api, "guest", event->kind, event->detail, subject);
		break;
	case HOST_EVENT_NETWORK:
		if (find_network(host_net(api->host), event->network, &subject) >= 0)
			publish_subject(api, "network", "changed", NULL, subject);
		break;
	case HOST_EVENT_DATA_VOLUME:
		if (api_build_data_volume(api->host, &subject) >= 0)
			publish_subject(api, "dataVolume", event->kind, event->detail, subject);
		break;
	case HOST_EVENT_JOB:
		if (api_build_job(event->job, &subject) >= 0)
			publish_subject(api, "job", event->kind, event->detail, subject);
		break;
	}
}

/* --- how things are, when somebody subscribes --- */

static int tell_current(struct api_client *client, const char *type, sd_json_variant *subject)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *event = NULL;
	int r = build_event(type, "current", NULL, subject, &event);

	return r < 0 ? r : api_notify(client, event);
}

/* The first one whose name comes after: guests come and go while it is told. NULL: none. */
static const struct guest *guest_after(const struct guests *guests, const char *name)
{
	size_t low = 0, high = guests_count(guests);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(guest_config(guests_at(guests, middle))->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < guests_count(guests) ? guests_at(guests, low) : NULL;
}

/* These return 1, 0 when there is none left of the kind, or -errno. */
static int tell_guest(struct api_client *client)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	const struct host *host = client->api->host;
	const struct guest *guest = guest_after(host_guests(host), client->guest_told);
	int r = 0;

	if (!guest)
		return 0;
	(void)snprintf(client->guest_told, sizeof(client->guest_told), "%s",
		       guest_config(guest)->name);
	r = api_build_guest(host_net(host), guest, &object);
	if (r >= 0)
		r = tell_current(client, "guest", object);
	return r < 0 ? r : 1;
}

static int tell_network(struct api_client *client)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	struct net *net = host_net(client->api->host);
	int r = 0;

	if (!net || client->networks_told >= net_count(net))
		return 0;
	r = api_build_network(net, client->networks_told++, &object);
	if (r >= 0)
		r = tell_current(client, "network", object);
	return r < 0 ? r : 1;
}

static int tell_data_volume(struct api_client *client)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	const struct host *host = client->api->host;
	struct data_volume_status status = {};
	int r = 0;

	if (!host_get_data_volume(host, &status))
		return 0;
	r = api_build_data_volume(host, &object);
	return r < 0 ? r : tell_current(client, "dataVolume", object);
}

static const struct job *job_after(const struct jobs *jobs, uint64_t id)
{
	for (size_t i = 0; jobs && i < jobs_count(jobs); i++)
		if (job_status(jobs_at(jobs, i)).id > id)
			return jobs_at(jobs, i);
	return NULL;
}

static int tell_job(struct api_client *client)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	const struct job *job = job_after(host_jobs(client->api->host), client->job_told);
	int r = 0;

	if (!job)
		return 0;
	client->job_told = job_status(job).id;
	r = api_build_job(job, &object);
	if (r >= 0)
		r = tell_current(client, "job", object);
	return r < 0 ? r : 1;
}

static int tell_more(struct api_client *client)
{
	int r = 0;

	switch (client->current) {
	case API_CURRENT_GUESTS:
		r = tell_guest(client);
		if (r != 0)
			return r;
		client->current = API_CURRENT_NETWORKS;
		[[fallthrough]];
	case API_CURRENT_NETWORKS:
		r = tell_network(client);
		if (r != 0)
			return r;
		client->current = API_CURRENT_DATA_VOLUME;
		[[fallthrough]];
	case API_CURRENT_DATA_VOLUME:
		client->current = API_CURRENT_JOBS;
		r = tell_data_volume(client);
		return r < 0 ? r : 1;
	case API_CURRENT_JOBS:
		r = tell_job(client);
		if (r != 0)
			return r;
		client->current = API_CURRENT_TOLD;
		[[fallthrough]];
	case API_CURRENT_TOLD:
		break;
	}
	return 0;
}

/* What has happened comes first: what is told of how things are is newer than all before it. */
int api_event_tell(struct api_client *client)
{
	sd_varlink *link = sd_varlink_ref(client->link);
	int r = client->event ? tell_waiting(client) : tell_more(client);

	/* With something missing it would be worse off than with nothing. */
	if (r < 0)
		(void)sd_varlink_close(link);
	sd_varlink_unref(link);
	return r;
}

int api_method_subscribe(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
			 sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;

	for (struct api_client *client = api->clients; client; client = client->next)
		if (client->link == link)
			client->subscribed = true;
	api_feed_later(api);
	return 0;
}
