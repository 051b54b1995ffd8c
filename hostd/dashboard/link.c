// SPDX-License-Identifier: GPL-2.0-or-later
// Calls in a row over each connection, their answers, and the two streams.
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CALL_PATIENCE_USEC (UINT64_C(120) * 1000000)
#define CALLS_MAX 2000

struct call {
	char *method;
	sd_json_variant *parameters;
	link_reply_t reply;
	void *userdata;
	struct call *next;
};

/* Of the calls of a connection the first is on its way. */
struct channel {
	struct link *owner;
	sd_varlink *link;
	sd_event_source *send; /* enabled when the first call is to be sent */
	struct call *first;
	size_t count;
};

struct link {
	sd_event *event;
	struct link_callbacks callbacks;
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

static void tell_lost(struct link *link)
{
	if (link->lost)
		return;
	link->lost = true;
	link->callbacks.lost(link->callbacks.userdata);
}

static const char *text_in(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = object ? sd_json_variant_by_key(object, name) : NULL;

	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

/* New string or NULL. */
static char *explain(const char *error, sd_json_variant *parameters)
{
	const char *reason = text_in(parameters, "reason");

	if (reason)
		return strdup(reason);
	if (text_equal(error, SD_VARLINK_ERROR_METHOD_NOT_FOUND))
		return strdup("this hostd cannot do that");
	if (text_equal(error, SD_VARLINK_ERROR_TIMEOUT))
		return strdup("hostd does not answer");
	return text_format("hostd refuses: %s", error);
}

static int take_passed_fd(sd_varlink *link, sd_json_variant *answer)
{
	sd_json_variant *index = answer ? sd_json_variant_by_key(answer, "fileDescriptor") : NULL;
	int fd = -EBADF;

	if (index && sd_json_variant_is_unsigned(index))
		fd = sd_varlink_take_fd(link, (size_t)sd_json_variant_unsigned(index));
	return fd < 0 ? -EBADF : fd;
}

static void send_first(struct channel *channel)
{
	while (channel->first) {
		int r = sd_varlink_invoke(channel->link, channel->first->method,
					  channel->first->parameters);
		struct call *call = channel->first;

		if (r >= 0)
			return;
		channel->first = call->next;
		channel->count--;
		call->reply(strerrordesc_np(-r), NULL, -EBADF, call->userdata);
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
	why = error ? explain(error, parameters) : NULL;
	call->reply(error ? (why ? why : error) : NULL, parameters,
		    error ? -EBADF : take_passed_fd(varlink, parameters), call->userdata);
	/* While an answer is taken in nothing can be asked. The channel may have ended with it. */
	if (channel->first)
		(void)sd_event_source_set_enabled(channel->send, SD_EVENT_ONESHOT);
	return 0;
}

static int add_call(struct channel *channel, const char *method, sd_json_variant *parameters,
		    link_reply_t reply, void *userdata)
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
	channel->link = sd_varlink_close_unref(channel->link);
}

static int connect_one(struct link *link, const char *path, int fd, sd_varlink_reply_t reply,
		       void *userdata, sd_varlink **ret_varlink)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	int r = path ? sd_varlink_connect_address(&varlink, path)
		     : sd_varlink_connect_fd(&varlink, fd);

	if (r < 0)
		return r;
	(void)sd_varlink_set_userdata(varlink, userdata);
	(void)sd_varlink_set_allow_fd_passing_input(varlink, true);
	(void)sd_varlink_set_relative_timeout(varlink, CALL_PATIENCE_USEC);
	r = sd_varlink_bind_reply(varlink, reply);
	if (r >= 0)
		r = sd_varlink_attach_event(varlink, link->event, SD_EVENT_PRIORITY_NORMAL);
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
		r = connect_one(channel->owner, path, fd, on_reply, channel, &channel->link);
	if (r < 0)
		channel_done(channel);
	return r;
}

static int on_stream(sd_varlink *varlink, sd_json_variant *parameters, const char *error,
		     sd_varlink_reply_flags_t flags [[maybe_unused]], void *userdata)
{
	struct link *link = userdata;

	if (error) {
		/* An older hostd may have no history: the rest works. */
		if (varlink == link->lines && text_equal(error, SD_VARLINK_ERROR_METHOD_NOT_FOUND))
			return 0;
		tell_lost(link);
	} else if (varlink == link->events) {
		link->callbacks.event(parameters, link->callbacks.userdata);
	} else {
		link->callbacks.line(parameters, link->callbacks.userdata);
	}
	return 0;
}

DEFINE_CLEANUP(struct link *, link_free);

int link_new(sd_event *event, const char *path, const struct link_callbacks *callbacks,
	     struct link **ret_link)
{
	_cleanup_(link_freep) struct link *link = calloc(1, sizeof(*link));
	int r = 0;

	if (!link)
		return -ENOMEM;
	link->event = sd_event_ref(event);
	link->callbacks = *callbacks;
	link->questions.owner = link->acts.owner = link;
	r = channel_open(&link->questions, path, LINK_FD_FIRST);
	if (r >= 0)
		r = connect_one(link, path, LINK_FD_FIRST + 1, on_stream, link, &link->events);
	if (r >= 0)
		r = connect_one(link, path, LINK_FD_FIRST + 2, on_stream, link, &link->lines);
	if (r < 0)
		return r;
	*ret_link = take_ptr(link);
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	channel_done(&link->questions);
	channel_done(&link->acts);
	sd_varlink_close_unref(link->events);
	sd_varlink_close_unref(link->lines);
	sd_event_unref(link->event);
	free(link);
}

int link_watch(struct link *link)
{
	int r = 0;

	(void)sd_varlink_set_relative_timeout(link->events, UINT64_MAX);
	(void)sd_varlink_set_relative_timeout(link->lines, UINT64_MAX);
	r = sd_varlink_observe(link->lines, "io.mvirt.Console.History", NULL);
	if (r >= 0)
		r = sd_varlink_observe(link->events, "io.mvirt.Guest.Subscribe", NULL);
	return r < 0 ? r : 0;
}

int link_ask(struct link *link, const char *method, sd_json_variant *parameters, link_reply_t reply,
	     void *userdata)
{
	return add_call(&link->questions, method, parameters, reply, userdata);
}

int link_act(struct link *link, const char *method, sd_json_variant *parameters, link_reply_t reply,
	     void *userdata)
{
	if (!link->acts.link)
		return -EACCES;
	return add_call(&link->acts, method, parameters, reply, userdata);
}

int link_unlock(struct link *link, int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	int r = 0;

	channel_done(&link->acts);
	r = channel_open(&link->acts, NULL, fd);
	if (r >= 0)
		(void)take_fd(&fd);
	return r;
}

void link_lock(struct link *link)
{
	channel_done(&link->acts);
}

bool link_is_unlocked(const struct link *link)
{
	return link->acts.link;
}
