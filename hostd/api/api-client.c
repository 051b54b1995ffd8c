// SPDX-License-Identifier: GPL-2.0-or-later
// The clients: sd-varlink would keep up to 16 MiB for one that does not read, this is stricter.
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>

#include "api-interface.h"
#include "api-internal.h"

static struct api_client *find_client(struct api *api, sd_varlink *link)
{
	for (struct api_client *client = api->clients; client; client = client->next)
		if (client->link == link)
			return client;
	return NULL;
}

int api_client_connected(struct api *api, sd_varlink *link)
{
	struct api_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	*client = (struct api_client){ .api = api, .link = sd_varlink_ref(link) };
	client->next = api->clients;
	api->clients = client;
	(void)sd_varlink_set_allow_fd_passing_output(link, true);
	(void)sd_varlink_set_allow_fd_passing_input(link, true);
	return 0;
}

void api_client_disconnected(struct api *api, sd_varlink *link)
{
	for (struct api_client **at = &api->clients; *at; at = &(*at)->next) {
		struct api_client *client = *at;

		if (client->link != link)
			continue;
		*at = client->next;
		api_event_forget(client);
		free(client);
		sd_varlink_unref(link);
		api_console_log_update(api);
		return;
	}
}

/* The last steps of a client that has left or sent junk: read, parse, notice, disconnect. */
#define STEPS_TO_END 8

void api_client_process_all(struct api *api)
{
	sd_varlink *links[API_CLIENTS_MAX];
	size_t count = 0;

	/* What is processed may end other clients. */
	for (struct api_client *at = api->clients; at && count < ELEMENTS(links); at = at->next)
		links[count++] = sd_varlink_ref(at->link);
	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k < STEPS_TO_END && sd_varlink_process(links[i]) > 0; k++)
			;
		sd_varlink_unref(links[i]);
	}
}

/* sd-varlink flushes its connections when the loop ends, and would wait there for who never reads.
 */
void api_client_close_all(struct api *api)
{
	while (api->clients) {
		sd_varlink *link = sd_varlink_ref(api->clients->link);

		(void)sd_varlink_process(link);
		(void)sd_varlink_close(link);
		api_client_disconnected(api, link); /* no-op: closing has called it */
		sd_varlink_unref(link);
	}
}

bool api_client_has_room(struct api_client *client)
{
	if (!(sd_varlink_get_events(client->link) & EPOLLOUT))
		client->pending_bytes = 0;
	return client->pending_bytes <= API_PENDING_BYTES_MAX;
}

/* Counts an answer in. Returns 0, -ENOBUFS when the client has left too much lying, or -E2BIG. */
static int account(struct api_client *client, sd_json_variant *parameters)
{
	_cleanup_free_ char *text = NULL;
	int length = 0;

	if (!api_client_has_room(client))
		return -ENOBUFS;
	length = sd_json_variant_format(parameters, 0, &text);
	if (length < 0)
		return length;
	if (length > API_ANSWER_BYTES_MAX)
		return -E2BIG;
	client->pending_bytes += (size_t)length;
	return 0;
}

int api_client_reply(sd_varlink *link, sd_json_variant *parameters)
{
	struct api_client *client = find_client(sd_varlink_get_userdata(link), link);
	int r = client ? account(client, parameters) : -ENOTCONN;

	if (r == -E2BIG)
		return api_client_refusef(link, "the answer is longer than %d MiB: ask for less",
					  (API_ANSWER_BYTES_MAX >> 20) + 1);
	if (r >= 0)
		r = sd_varlink_reply(link, parameters);
	if (r == -ENOBUFS)
		(void)sd_varlink_close(link);
	return r < 0 ? r : 0;
}

int api_client_reply_object(sd_varlink *link, struct json_builder *object)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = json_end_object(object, &parameters);

	return r < 0 ? r : api_client_reply(link, parameters);
}

int api_client_error(sd_varlink *link, const char *error_id, struct json_builder *parameters)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	struct api_client *client = find_client(sd_varlink_get_userdata(link), link);
	int r = json_end_object(parameters, &object);

	if (r >= 0)
		r = client ? account(client, object) : -ENOTCONN;
	if (r >= 0)
		return sd_varlink_error(link, error_id, object);
	if (r == -ENOBUFS)
		(void)sd_varlink_close(link);
	return r;
}

int api_client_refuse(sd_varlink *link, const char *reason)
{
	struct json_builder parameters = {};

	json_add_text(&parameters, "reason", reason ? reason : "out of memory");
	return api_client_error(link, API_ERROR_REFUSED, &parameters);
}

int api_client_refuse_errno(sd_varlink *link, int error, const char *reason)
{
	return api_client_refuse(link, reason ? reason : strerrordesc_np(abs(error)));
}

int api_client_refusef(sd_varlink *link, const char *format, ...)
{
	_cleanup_free_ char *reason = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&reason, format, arguments) < 0)
		reason = NULL;
	va_end(arguments);
	return api_client_refuse(link, reason);
}

int api_client_done(sd_varlink *link)
{
	struct json_builder nothing = {};

	return api_client_reply_object(link, &nothing);
}

int api_client_notify(struct api_client *client, sd_json_variant *parameters)
{
	sd_varlink *link = sd_varlink_ref(client->link);
	int r = account(client, parameters);

	if (r >= 0)
		r = sd_varlink_notify(link, parameters);
	if (r < 0)
		(void)sd_varlink_close(link);
	sd_varlink_unref(link);
	return r < 0 ? r : 0;
}
