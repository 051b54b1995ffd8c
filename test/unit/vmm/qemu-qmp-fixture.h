/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QMP client, with a fake QEMU at the other end of a socket pair, and what was called of it. */
#pragma once

#include "fake-tree.h"

#include <signal.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "vmm/qemu/qemu-qmp.h"

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 10}}, \"capabilities\": []}}\r\n"
#define NEGOTIATED "{\"return\": {}, \"id\": 0}\r\n"

enum reaction { REACTION_NONE, REACTION_FREE, REACTION_EXECUTE };

struct fixture {
	sd_event *event;
	int server;
	struct qemu_qmp *qmp;
	struct qemu_qmp_callbacks callbacks;
	unsigned int ready, events, replies, closed;
	int error;
	char trace[2048]; /* what was called, in order */
	char log[2048];
	enum reaction on_ready, on_event, on_closed, on_reply;
	int fds;
};

static void trace(struct fixture *f, const char *text)
{
	size_t length = strlen(f->trace);

	(void)snprintf(f->trace + length, sizeof(f->trace) - length, "%s\n", text);
}

static void on_reply(sd_json_variant *result, const char *error, void *userdata);

static void react(struct fixture *f, enum reaction reaction)
{
	switch (reaction) {
	case REACTION_NONE:
		break;
	case REACTION_FREE:
		qemu_qmp_free(f->qmp);
		f->qmp = NULL;
		break;
	case REACTION_EXECUTE:
		if (f->qmp)
			(void)qemu_qmp_execute(f->qmp, "query-status", NULL, on_reply, f);
		break;
	}
}

static void on_reply(sd_json_variant *result, const char *error, void *userdata)
{
	struct fixture *f = userdata;
	_cleanup_free_ char *text = NULL;
	char line[256];

	f->replies++;
	assert_true(!result != !error);
	if (result)
		assert_true(sd_json_variant_format(result, 0, &text) >= 0);
	(void)snprintf(line, sizeof(line), "reply %s%s", error ? "error " : "",
		       error ? error : text);
	trace(f, line);
	react(f, f->on_reply);
}

static void on_ready(void *userdata)
{
	struct fixture *f = userdata;

	f->ready++;
	trace(f, "ready");
	react(f, f->on_ready);
}

static void on_event(const char *name, sd_json_variant *data, void *userdata)
{
	struct fixture *f = userdata;
	_cleanup_free_ char *text = NULL;
	char line[256];

	f->events++;
	if (data)
		assert_true(sd_json_variant_format(data, 0, &text) >= 0);
	(void)snprintf(line, sizeof(line), "event %s %s", name, data ? text : "-");
	trace(f, line);
	react(f, f->on_event);
}

static void on_closed(int error, void *userdata)
{
	struct fixture *f = userdata;

	f->closed++;
	f->error = error;
	trace(f, "closed");
	react(f, f->on_closed);
}

static void on_log(enum log_level level [[maybe_unused]], const char *subject, const char *message,
		   void *userdata)
{
	struct fixture *f = userdata;

	(void)snprintf(f->log, sizeof(f->log), "%s: %s", subject, message);
}

[[maybe_unused]] static void setup(struct fixture *f)
{
	int pair[2];

	*f = (struct fixture){ .server = -1, .fds = count_fds() };
	f->callbacks = (struct qemu_qmp_callbacks){
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = f
	};
	log_set_hook(on_log, f);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	f->server = pair[0];
	assert_int_equal(qemu_qmp_new_connected(f->event, pair[1], &f->callbacks, &f->qmp), 0);
}

[[maybe_unused]] static void teardown(struct fixture *f)
{
	qemu_qmp_free(f->qmp);
	f->server = fd_close(f->server);
	f->event = sd_event_unref(f->event);
	log_set_hook(NULL, NULL);
	assert_int_equal(count_fds(), f->fds);
}

/* Until nothing happens any more. */
[[maybe_unused]] static void run(struct fixture *f)
{
	int r = 0;

	do
		r = sd_event_run(f->event, 0);
	while (r > 0);
	assert_int_equal(r, 0);
}

[[maybe_unused]] static void say(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->server, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	run(f);
}

/* What the client has sent, as a string. */
[[maybe_unused]] static const char *heard(struct fixture *f)
{
	static char text[65536];
	ssize_t length = recv(f->server, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

[[maybe_unused]] static void negotiate(struct fixture *f)
{
	say(f, GREETING);
	assert_string_equal(heard(f), "{\"execute\":\"qmp_capabilities\",\"id\":0}\n");
	assert_int_equal(f->ready, 0);
	say(f, NEGOTIATED);
	assert_int_equal(f->ready, 1);
	f->trace[0] = '\0';
}
