// SPDX-License-Identifier: GPL-2.0-or-later
// Calls in a row over each connection, their answers, and the two streams.
#include "connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "client/client-call.h"

#define CALL_TIMEOUT_USEC (UINT64_C(120) * 1000000)
#define CALLS_MAX 2000

struct call {
	char *method;
	sd_json_variant *parameters;
	connections_reply_t reply;
	void *userdata;
	struct call *next;
};

/* Of the calls of a connection the first is on its way. */
struct channel {
	struct connections *owner;
	sd_varlink *varlink;
	sd_event_source *send; /* enabled when the first call is to be sent */
	struct call *first;
	size_t count;
};

struct connections {
	sd_event *event;
	struct connections_callbacks callbacks;
	struct channel questions, acts;
	sd_varlink *events, *lines;
	bool lost;
};

static void call_free(struct call *call)
{
	if (!call)
		return;
	free(call->method);
	sd_json_variant_unref(call->parameters);
	free(call);
}
DEFINE_CLEANUP(struct call *, call_free);

static void tell_lost(struct connections *connections)
{
	if (connections->lost)
		return;
	connections->lost = true;
	connections->callbacks.lost(connections->callbacks.userdata);
}

static void send_first(struct channel *channel)
{
	while (channel->first) {
		int r = sd_varlink_invoke(channel->varlink, channel->first->method,
					  channel->first->parameters);
		struct call *call = channel->first;

		if (r >= 0)
			return;
		channel->first = call->next;
		channel->count--;
		call->reply(strerror(-r), NULL, -EBADF, call->userdata);
		call_free(call);
	}
}

static int on_send(sd_event_source *source [[maybe_unused]], void *userdata)
{
	send_first(userdata);
	return 0;
}

static int on_reply(sd_varlink *varlink, sd_json_variant *parameters, const char *error,
		    sd_varlink_reply_flags_t flags [[maybe_unused]], void *userdata)
{
	struct channel *channel = userdata;
	_cleanup_(call_freep) struct call *call = channel->first;
	_cleanup_free_ char *why = NULL;

	if (text_equal(error, SD_VARLINK_ERROR_DISCONNECTED)) {
		tell_lost(channel->owner);
		(void)take_ptr(call);
		return 0;
	}
	if (!call)
		return 0;
	channel->first = call->next;
	channel->count--;
	why = error ? client_explain(error, parameters) : NULL;
	call->reply(error ? (why ? why : error) : NULL, parameters,
		    error ? -EBADF : client_take_fd(varlink, parameters), call->userdata);
	/* While an answer is taken in nothing can be asked. The channel may have ended with it. */
	if (channel->first)
		(void)sd_event_source_set_enabled(channel->send, SD_EVENT_ONESHOT);
	return 0;
}

static int add_call(struct channel *channel, const char *method, sd_json_variant *parameters,
		    connections_reply_t reply, void *userdata)
{
	_cleanup_(call_freep) struct call *call = calloc(1, sizeof(*call));
	struct call **end = &channel->first;
	bool first = !channel->first;

	if (!call || channel->count >= CALLS_MAX)
		return -ENOMEM;
	*call = (struct call){ .method = strdup(method),
			       .parameters = sd_json_variant_ref(parameters),
			       .reply = reply,
			       .userdata = userdata };
	if (!call->method)
		return -ENOMEM;
	while (*end)
		end = &(*end)->next;
	*end = take_ptr(call);
	channel->count++;
	return first ? sd_event_source_set_enabled(channel->send, SD_EVENT_ONESHOT) : 0;
}

static void channel_done(struct channel *channel)
{
	while (channel->first) {
		struct call *call = channel->first;

		channel->first = call->next;
		call_free(call);
	}
	channel->count = 0;
	channel->send = sd_event_source_disable_unref(channel->send);
	channel->varlink = sd_varlink_close_unref(channel->varlink);
}

static int connect_one(struct connections *connections, const char *path, int fd,
		       sd_varlink_reply_t reply, void *userdata, sd_varlink **ret_varlink)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(error_done) struct error error = {};
	int r = path ? client_connect(path, &varlink, &error) : sd_varlink_connect_fd(&varlink, fd);

	if (r < 0)
		return r;
	(void)sd_varlink_set_userdata(varlink, userdata);
	(void)sd_varlink_set_allow_fd_passing_input(varlink, true);
	(void)sd_varlink_set_relative_timeout(varlink, CALL_TIMEOUT_USEC);
	r = sd_varlink_bind_reply(varlink, reply);
	if (r >= 0)
		r = sd_varlink_attach_event(varlink, connections->event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		return r;
	*ret_varlink = take_ptr(varlink);
	return 0;
}

static int channel_open(struct channel *channel, const char *path, int fd)
{
	int r = sd_event_add_defer(channel->owner->event, &channel->send, on_send, channel);

	if (r >= 0)
		r = sd_event_source_set_enabled(channel->send, SD_EVENT_OFF);
	if (r >= 0)
		r = connect_one(channel->owner, path, fd, on_reply, channel, &channel->varlink);
	if (r < 0)
		channel_done(channel);
	return r;
}

static int on_stream(sd_varlink *varlink, sd_json_variant *parameters, const char *error,
		     sd_varlink_reply_flags_t flags [[maybe_unused]], void *userdata)
{
	struct connections *connections = userdata;

	if (error) {
		/* An older hostd may have no history: the rest works. */
		if (varlink == connections->lines &&
		    text_equal(error, SD_VARLINK_ERROR_METHOD_NOT_FOUND))
			return 0;
		tell_lost(connections);
	} else if (varlink == connections->events) {
		connections->callbacks.event(parameters, connections->callbacks.userdata);
	} else {
		connections->callbacks.line(parameters, connections->callbacks.userdata);
	}
	return 0;
}

DEFINE_CLEANUP(struct connections *, connections_free);

int connections_new(sd_event *event, const char *path,
		    const struct connections_callbacks *callbacks, struct connections **ret_link)
{
	_cleanup_(connections_freep) struct connections *connections =
		calloc(1, sizeof(*connections));
	int r = 0;

	if (!connections)
		return -ENOMEM;
	connections->event = sd_event_ref(event);
	connections->callbacks = *callbacks;
	connections->questions.owner = connections->acts.owner = connections;
	r = channel_open(&connections->questions, path, CONNECTIONS_FD_FIRST);
	if (r >= 0)
		r = connect_one(connections, path, CONNECTIONS_FD_FIRST + 1, on_stream, connections,
				&connections->events);
	if (r >= 0)
		r = connect_one(connections, path, CONNECTIONS_FD_FIRST + 2, on_stream, connections,
				&connections->lines);
	if (r < 0)
		return r;
	*ret_link = take_ptr(connections);
	return 0;
}

void connections_free(struct connections *connections)
{
	if (!connections)
		return;
	channel_done(&connections->questions);
	channel_done(&connections->acts);
	sd_varlink_close_unref(connections->events);
	sd_varlink_close_unref(connections->lines);
	sd_event_unref(connections->event);
	free(connections);
}

int connections_watch(struct connections *connections)
{
	int r = 0;

	(void)sd_varlink_set_relative_timeout(connections->events, UINT64_MAX);
	(void)sd_varlink_set_relative_timeout(connections->lines, UINT64_MAX);
	r = sd_varlink_observe(connections->lines, "io.mvirt.Console.History", NULL);
	if (r >= 0)
		r = sd_varlink_observe(connections->events, "io.mvirt.Guest.Subscribe", NULL);
	return r < 0 ? r : 0;
}

int connections_ask(struct connections *connections, const char *method,
		    sd_json_variant *parameters, connections_reply_t reply, void *userdata)
{
	return add_call(&connections->questions, method, parameters, reply, userdata);
}

int connections_act(struct connections *connections, const char *method,
		    sd_json_variant *parameters, connections_reply_t reply, void *userdata)
{
	if (!connections->acts.varlink)
		return -EACCES;
	return add_call(&connections->acts, method, parameters, reply, userdata);
}

int connections_unlock(struct connections *connections, int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	int r = 0;

	channel_done(&connections->acts);
	r = channel_open(&connections->acts, NULL, fd);
	if (r >= 0)
		(void)take_fd(&fd);
	return r;
}

void connections_lock(struct connections *connections)
{
	channel_done(&connections->acts);
}

bool connections_is_unlocked(const struct connections *connections)
{
	return connections->acts.varlink;
}
