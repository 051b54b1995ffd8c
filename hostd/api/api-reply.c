// SPDX-License-Identifier: GPL-2.0-or-later
// Answers: sd-varlink would keep up to 16 MiB for a client that does not read, this is stricter.
#include <stdarg.h>
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

int api_reply(sd_varlink *link, sd_json_variant *parameters)
{
	struct api_client *client = find_client(sd_varlink_get_userdata(link), link);
	int r = client ? account(client, parameters) : -ENOTCONN;

	if (r == -E2BIG)
		return api_reply_errorf(link, ERROR_UNSUPPORTED,
					"the answer is longer than %d MiB: ask for less",
					(API_ANSWER_BYTES_MAX >> 20) + 1);
	if (r >= 0)
		r = sd_varlink_reply(link, parameters);
	if (r == -ENOBUFS)
		(void)sd_varlink_close(link);
	return r < 0 ? r : 0;
}

int api_reply_object(sd_varlink *link, struct json_builder *object)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = json_end_object(object, &parameters);

	return r < 0 ? r : api_reply(link, parameters);
}

int api_reply_done(sd_varlink *link)
{
	struct json_builder nothing = {};

	return api_reply_object(link, &nothing);
}

int api_reply_fd(sd_varlink *link, int *fd)
{
	struct json_builder answer = {};
	int index = sd_varlink_push_fd(link, *fd);

	if (index < 0)
		return index;
	(void)take_fd(fd);
	json_add_unsigned(&answer, "fileDescriptor", (uint64_t)index);
	return api_reply_object(link, &answer);
}

static void add_count(struct json_builder *object, const char *name, uint64_t value)
{
	if (value > 0)
		json_add_unsigned(object, name, value);
}

/* What is not known is left out. */
static int build_error(const struct error *error, sd_json_variant **ret_parameters)
{
	struct json_builder parameters = {};

	json_add_text(&parameters, "reason", error->reason ? error->reason : "out of memory");
	json_add_text(&parameters, "state", error->state);
	json_add_text(&parameters, "field", error->field);
	json_add_text(&parameters, "revision", error->revision);
	json_add_text(&parameters, "by", error->by);
	add_count(&parameters, "line", error->line);
	add_count(&parameters, "freeBytes", error->free_bytes);
	add_count(&parameters, "reserveBytes", error->reserve_bytes);
	add_count(&parameters, "neededBytes", error->needed_bytes);
	return json_end_object(&parameters, ret_parameters);
}

static int send_error(sd_varlink *link, const struct error *error)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	_cleanup_free_ char *id = text_format(API_ERRORS "%s", error_kind_name(error->kind));
	struct api_client *client = find_client(sd_varlink_get_userdata(link), link);
	int r = id ? build_error(error, &parameters) : -ENOMEM;

	if (r >= 0)
		r = client ? account(client, parameters) : -ENOTCONN;
	if (r >= 0)
		return sd_varlink_error(link, id, parameters);
	if (r == -ENOBUFS)
		(void)sd_varlink_close(link);
	return r;
}

int api_reply_error(sd_varlink *link, int r, const struct error *error)
{
	_cleanup_(error_done) struct error unexplained = {};

	if (error && error->kind != ERROR_NONE)
		return send_error(link, error);
	(void)error_take(&unexplained, r, NULL);
	return send_error(link, &unexplained);
}

int api_reply_errorf(sd_varlink *link, enum error_kind kind, const char *format, ...)
{
	_cleanup_(error_done) struct error error = { .kind = kind };
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&error.reason, format, arguments) < 0)
		error.reason = NULL;
	va_end(arguments);
	return send_error(link, &error);
}

int api_reply_result(sd_varlink *link, int r, const struct error *error)
{
	return r < 0 ? api_reply_error(link, r, error) : api_reply_done(link);
}

sd_varlink *api_reply_later(sd_varlink *link, sd_varlink_method_flags_t flags)
{
	/* Of a call without an answer the connection may be at another call by then. */
	return flags & SD_VARLINK_METHOD_ONEWAY ? NULL : sd_varlink_ref(link);
}

int api_notify(struct api_client *client, sd_json_variant *parameters)
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
