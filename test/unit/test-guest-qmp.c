// SPDX-License-Identifier: GPL-2.0-or-later
// The QMP client against a fake QEMU on a socket pair, garbage, and the build root's real emulator.
#include "fake-tree.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/log.h"
#include "guest/guest-qmp.h"

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 10}}, \"capabilities\": []}}\r\n"
#define NEGOTIATED "{\"return\": {}, \"id\": 0}\r\n"
#define MALFORMED_LINES 10000
#define EMULATOR "/usr/bin/qemu-system-x86_64"
#define DEADLINE_US (20 * 1000 * 1000)

extern char **environ;

enum reaction { REACTION_NONE, REACTION_FREE, REACTION_EXECUTE };

struct fixture {
	sd_event *event;
	int server;
	struct guest_qmp *qmp;
	struct guest_qmp_callbacks callbacks;
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
		guest_qmp_free(f->qmp);
		f->qmp = NULL;
		break;
	case REACTION_EXECUTE:
		if (f->qmp)
			(void)guest_qmp_execute(f->qmp, "query-status", NULL, on_reply, f);
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

static void setup(struct fixture *f)
{
	int pair[2];

	*f = (struct fixture){ .server = -1, .fds = count_fds() };
	f->callbacks = (struct guest_qmp_callbacks){
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = f
	};
	log_set_hook(on_log, f);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	f->server = pair[0];
	assert_int_equal(guest_qmp_new_connected(f->event, pair[1], &f->callbacks, &f->qmp), 0);
}

static void teardown(struct fixture *f)
{
	guest_qmp_free(f->qmp);
	f->server = fd_close(f->server);
	f->event = sd_event_unref(f->event);
	log_set_hook(NULL, NULL);
	assert_int_equal(count_fds(), f->fds);
}

/* Until nothing happens any more. */
static void run(struct fixture *f)
{
	int r = 0;

	do
		r = sd_event_run(f->event, 0);
	while (r > 0);
	assert_int_equal(r, 0);
}

static void say(struct fixture *f, const char *text)
{
	assert_int_equal(send(f->server, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	run(f);
}

/* What the client has sent, as a string. */
static const char *heard(struct fixture *f)
{
	static char text[65536];
	ssize_t length = recv(f->server, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[length > 0 ? length : 0] = '\0';
	return text;
}

static void negotiate(struct fixture *f)
{
	say(f, GREETING);
	assert_string_equal(heard(f), "{\"execute\":\"qmp_capabilities\",\"id\":0}\n");
	assert_int_equal(f->ready, 0);
	say(f, NEGOTIATED);
	assert_int_equal(f->ready, 1);
	f->trace[0] = '\0';
}

static void test_handshake(void **)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(guest_qmp_execute(f.qmp, "stop", NULL, on_reply, &f), -ENOTCONN);
	negotiate(&f);
	assert_int_equal(f.closed, 0);
	teardown(&f);
	assert_string_equal(f.trace, "");
}

static void test_one_byte_at_a_time(void **)
{
	static const char text[] = GREETING NEGOTIATED
		"\r\n{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1}, \"more\": [1]}\r\n";
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		const char one[2] = { text[i], '\0' };

		say(&f, one);
	}
	assert_string_equal(f.trace, "ready\nevent STOP -\n");
	teardown(&f);
}

static void test_many_lines_at_once(void **)
{
	struct fixture f;

	setup(&f);
	say(&f, GREETING NEGOTIATED "{\"event\": \"A\", \"data\": {\"x\": 1}}\n{\"event\": \"B\"}\n"
				    "{\"event\": \"C\"");
	assert_string_equal(f.trace, "ready\nevent A {\"x\":1}\nevent B -\n");
	say(&f, "}\n");
	assert_string_equal(f.trace, "ready\nevent A {\"x\":1}\nevent B -\nevent C -\n");
	teardown(&f);
}

static void test_execute(void **)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *arguments = NULL;
	struct fixture f;

	setup(&f);
	negotiate(&f);
	assert_true(sd_json_buildo(&arguments, SD_JSON_BUILD_PAIR_STRING("id", "disk0\n")) >= 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "device_del", arguments, on_reply, &f), 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "stop", NULL, NULL, NULL), 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "cont", NULL, on_reply, &f), 0);
	assert_string_equal(
		heard(&f),
		"{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk0\\n\"},\"id\":1}\n"
		"{\"execute\":\"stop\",\"id\":2}\n{\"execute\":\"cont\",\"id\":3}\n");
	say(&f, "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no disk0\"}, \"id\": 1}\n"
		"{\"return\": {}, \"id\": 2}\n{\"return\": null, \"id\": 3}\n");
	assert_string_equal(f.trace, "reply error no disk0\nreply null\n");
	teardown(&f);
}

/* Out of order, and with an event between. */
static void test_replies_by_id(void **)
{
	struct fixture f;

	setup(&f);
	negotiate(&f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(guest_qmp_execute(f.qmp, "x", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 3, \"id\": 3}\n{\"event\": \"E\"}\n{\"return\": 1, \"id\": 1}\n");
	assert_int_equal(guest_qmp_execute(f.qmp, "y", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 4, \"id\": 4}\n{\"return\": 2, \"id\": 2}\n");
	assert_string_equal(f.trace, "reply 3\nevent E -\nreply 1\nreply 4\nreply 2\n");
	assert_int_equal(guest_qmp_execute(f.qmp, "z", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 5, \"id\": 5}\n");
	assert_int_equal(f.closed, 0);
	teardown(&f);
}

static void test_qemu_goes(void **)
{
	struct fixture f;

	setup(&f);
	negotiate(&f);
	assert_int_equal(guest_qmp_execute(f.qmp, "a", NULL, on_reply, &f), 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "b", NULL, on_reply, &f), 0);
	(void)heard(&f);
	assert_int_equal(send(f.server, "{\"event\": \"SHUTDOWN\"}\n{\"ev", 27, 0), 27);
	f.server = fd_close(f.server);
	run(&f);
	assert_string_equal(f.trace, "event SHUTDOWN -\n"
				     "reply error the connection to QEMU is closed\n"
				     "reply error the connection to QEMU is closed\nclosed\n");
	assert_int_equal(f.error, -ECONNRESET);
	assert_int_equal(guest_qmp_execute(f.qmp, "c", NULL, on_reply, &f), -ENOTCONN);
	teardown(&f);
	assert_int_equal(f.closed, 1);
}

static void test_free_answers(void **)
{
	struct fixture f;

	setup(&f);
	negotiate(&f);
	assert_int_equal(guest_qmp_execute(f.qmp, "a", NULL, on_reply, &f), 0);
	f.on_reply = REACTION_EXECUTE; /* is refused: it would never be answered */
	teardown(&f);
	assert_string_equal(f.trace, "reply error the connection to QEMU is closed\n");
}

static void test_free_in_callbacks(void **)
{
	static const char text[] =
		GREETING NEGOTIATED "{\"event\": \"A\"}\n{\"event\": \"B\"}\n{\"return\": 1, "
				    "\"id\": 1}\n{\"event\": \"C\"}\n#\n";
	struct fixture f;

	setup(&f);
	f.on_ready = REACTION_FREE;
	say(&f, text);
	assert_string_equal(f.trace, "ready\n");
	teardown(&f);

	setup(&f);
	f.on_event = REACTION_FREE;
	say(&f, text);
	assert_string_equal(f.trace, "ready\nevent A -\n");
	teardown(&f);

	setup(&f);
	f.on_ready = REACTION_EXECUTE;
	f.on_reply = REACTION_FREE;
	say(&f, text);
	assert_string_equal(f.trace, "ready\nevent A -\nevent B -\nreply 1\n");
	teardown(&f);

	setup(&f);
	f.on_closed = REACTION_FREE;
	say(&f, "#\n");
	assert_string_equal(f.trace, "closed\n");
	teardown(&f);

	/* In a reply that comes because the connection is closed: then closed() is not called. */
	setup(&f);
	f.on_ready = REACTION_EXECUTE;
	f.on_reply = REACTION_FREE;
	say(&f, GREETING NEGOTIATED "#\n");
	assert_string_equal(f.trace, "ready\nreply error the connection to QEMU is closed\n");
	teardown(&f);
}

static void test_mistakes(void **)
{
	static const struct {
		const char *text;
		int error;
		const char *log;
	} cases[] = {
		{ "\n", 0, "" },
		{ " \t\r\n", 0, "" },
		{ "{\"event\": \"X\"}\n", -EBADMSG, "greeting" },
		{ "{\"QMP\": 1}\n", -EBADMSG, "greeting" },
		{ "[]\n", -EBADMSG, "not an object" },
		{ "\"QMP\"\n", -EBADMSG, "not an object" },
		{ "{\"QMP\": {}}}\n", -EBADMSG, "not JSON" },
		{ "hello\n", -EBADMSG, "not JSON" },
		{ GREETING "{\"error\": {\"desc\": \"no\"}, \"id\": 0}\n", -EPROTO, "refuses" },
		{ GREETING NEGOTIATED "{\"return\": {}, \"id\": 1}\n", -EBADMSG, "no command" },
		{ GREETING NEGOTIATED "{\"return\": {}, \"id\": 0}\n", -EBADMSG, "no command" },
		{ GREETING NEGOTIATED "{\"return\": {}}\n", -EBADMSG, "no command" },
		{ GREETING NEGOTIATED "{\"return\": {}, \"id\": \"0\"}\n", -EBADMSG, "no command" },
		{ GREETING NEGOTIATED "{\"return\": {}, \"id\": -1}\n", -EBADMSG, "no command" },
		{ GREETING NEGOTIATED "{\"error\": {\"desc\": \"deaf\"}}\n", -EBADMSG, "deaf" },
		{ GREETING "{\"error\": 1, \"id\": 0}\n", -EBADMSG, "description" },
		{ GREETING "{\"error\": {\"desc\": 1}, \"id\": 0}\n", -EBADMSG, "description" },
		{ GREETING "{\"event\": 1}\n", -EBADMSG, "event" },
		{ GREETING "{\"event\": \"A\", \"data\": 1}\n", -EBADMSG, "event" },
		{ GREETING "{}\n", -EBADMSG, "neither" },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct fixture f;

		setup(&f);
		say(&f, cases[i].text);
		assert_int_equal(f.closed, cases[i].error != 0);
		assert_int_equal(f.error, cases[i].error);
		assert_non_null(strstr(f.log, cases[i].log));
		teardown(&f);
	}
}

static void test_nul_in_a_line(void **)
{
	struct fixture f;

	setup(&f);
	guest_qmp_receive(f.qmp, "{\"QMP\": {}}\0}\n", 14);
	assert_int_equal(f.error, -EBADMSG);
	teardown(&f);
}

static void test_line_length(void **)
{
	_cleanup_free_ char *line = malloc(GUEST_QMP_LINE_BYTES_MAX + 2);
	struct fixture f;

	/* As long as can be: the greeting, then blanks. */
	assert_non_null(line);
	memset(line, ' ', GUEST_QMP_LINE_BYTES_MAX + 2);
	memcpy(line, GREETING, strlen(GREETING) - 2);
	line[GUEST_QMP_LINE_BYTES_MAX] = '\n';
	setup(&f);
	guest_qmp_receive(f.qmp, line, GUEST_QMP_LINE_BYTES_MAX + 1);
	assert_int_equal(f.closed, 0);
	assert_string_not_equal(heard(&f), "");
	teardown(&f);

	/* One more; the end does not have to come. */
	line[GUEST_QMP_LINE_BYTES_MAX] = ' ';
	setup(&f);
	for (size_t i = 0; i < GUEST_QMP_LINE_BYTES_MAX; i += 4096)
		guest_qmp_receive(f.qmp, line + i, 4096);
	assert_int_equal(f.closed, 0);
	guest_qmp_receive(f.qmp, " ", 1);
	assert_int_equal(f.closed, 1);
	assert_int_equal(f.error, -EMSGSIZE);
	guest_qmp_receive(f.qmp, line, 4096);
	assert_int_equal(f.closed, 1);
	teardown(&f);
}

/* QEMU does not read: what is sent is kept, up to a limit, and arrives in order later. */
static void test_deaf_qemu(void **)
{
	_cleanup_free_ char *big = malloc(65536);
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *arguments = NULL;
	unsigned long long sent = 0, lines = 0;
	struct fixture f;
	int r = 0;

	setup(&f);
	negotiate(&f);
	assert_non_null(big);
	memset(big, 'x', 65535);
	big[65535] = '\0';
	assert_true(sd_json_buildo(&arguments, SD_JSON_BUILD_PAIR_STRING("x", big)) >= 0);
	while ((r = guest_qmp_execute(f.qmp, "x", arguments, NULL, NULL)) == 0)
		assert_true(++sent < 1000);
	assert_int_equal(r, -ENOBUFS);
	assert_true(sent >= 16);
	for (int i = 0; i < 10000 && lines < sent; i++) {
		const char *text = heard(&f);

		for (const char *c = text; (c = strchr(c, '\n')); c++)
			lines++;
		run(&f);
	}
	assert_int_equal(lines, sent);
	assert_int_equal(guest_qmp_execute(f.qmp, "x", arguments, NULL, NULL), 0);
	teardown(&f);
}

static unsigned int random_state;

static unsigned int next_random(unsigned int below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

/* A good line with a few bytes of it changed, lost or doubled. */
static size_t spoil(char *line)
{
	static const char *const good[] = {
		GREETING,
		NEGOTIATED,
		"{\"event\": \"BLOCK_IO_ERROR\", \"data\": {\"node\": \"disk0\", \"n\": -1.5e3}}\n",
		"{\"return\": [{\"a\": \"\\u00e4\\ud83d\\ude00\"}, null, true], \"id\": 0}\n",
		"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 0}\n",
	};
	size_t length = 0;

	strcpy(line, good[next_random(ELEMENTS(good))]);
	length = strlen(line);
	for (unsigned int i = next_random(4) + 1; i > 0; i--) {
		size_t at = next_random((unsigned int)length - 1);

		switch (next_random(4)) {
		case 0:
			line[at] = (char)next_random(256);
			break;
		case 1:
			memmove(line + at, line + at + 1, length - at);
			length--;
			break;
		case 2:
			memmove(line + at + 1, line + at, length - at);
			length++;
			break;
		case 3:
			line[at] = "[]{}\",:\\0\n"[next_random(11)];
			break;
		}
	}
	line[length - 1] = '\n';
	return length;
}

/* The log's lines go nowhere until it is called with what it returned. */
static int silence(int former)
{
	int saved = former < 0 ? dup(STDERR_FILENO) : -1;
	int fd = former < 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : former;

	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	(void)close(fd);
	return saved;
}

static void test_malformed_lines(void **)
{
	unsigned int closed = 0;
	int former = silence(-1);

	random_state = 1;
	for (int i = 0; i < MALFORMED_LINES; i++) {
		struct fixture f;
		char line[512];
		size_t length = spoil(line);

		setup(&f);
		if (i % 2)
			guest_qmp_receive(f.qmp, GREETING, strlen(GREETING));
		guest_qmp_receive(f.qmp, line, length);
		assert_true(f.closed <= 1);
		assert_true(f.closed == 0 || f.error == -EBADMSG || f.error == -EPROTO);
		closed += f.closed;
		teardown(&f);
	}
	(void)silence(former);
	assert_true(closed > MALFORMED_LINES / 2);
}

static void test_connect_errors(void **)
{
	struct guest_qmp_callbacks callbacks = {};
	struct guest_qmp *qmp = NULL;
	struct tree tree;
	sd_event *event = NULL;
	char path[256];
	int fds = count_fds();

	tree_make(&tree);
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(guest_qmp_new(event, tree_path(&tree, "/none"), &callbacks, &qmp),
			 -ENOENT);
	tree_file(&tree, "/file", "");
	assert_int_equal(guest_qmp_new(event, tree_path(&tree, "/file"), &callbacks, &qmp),
			 -ECONNREFUSED);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(guest_qmp_new(event, path, &callbacks, &qmp), -ENAMETOOLONG);
	assert_null(qmp);
	guest_qmp_free(NULL);
	sd_event_unref(event);
	tree_remove(&tree);
	assert_int_equal(count_fds(), fds);
}

/* In QEMU's place; returns the fd that listens. */
static int listen_at(struct tree *tree, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	tree_make(tree);
	tree_folder(tree, "/web");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/web/qmp.sock", tree->root);
	assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 1), 0);
	*ret_address = address;
	return listening;
}

static unsigned long long id_of(const char *line)
{
	const char *id = strstr(line, "\"id\":");
	unsigned long long number = 0;

	assert_non_null(id);
	assert_int_equal(sscanf(id, "\"id\":%llu", &number), 1);
	return number;
}

/* A connection up to its readiness. Returns the greatest id that it has used. */
static unsigned long long connect_again(struct fixture *f, int listening, const char *path)
{
	unsigned long long id = 0;
	char text[128];

	assert_int_equal(guest_qmp_new(f->event, path, &f->callbacks, &f->qmp), 0);
	f->server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	say(f, GREETING);
	id = id_of(heard(f));
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n", id);
	f->ready = 0;
	say(f, text);
	assert_int_equal(f->ready, 1);
	return id;
}

/* QEMU answers whoever is connected by then: before its greeting, while it greets, and after. */
static void test_answers_of_an_earlier_connection(void **)
{
	struct fixture f = { .server = -1 };
	struct sockaddr_un address;
	struct tree tree;
	int listening = listen_at(&tree, &address);
	unsigned long long old = 0, id = 0;
	char text[512], late[128];

	f.callbacks = (struct guest_qmp_callbacks){ .ready = on_ready,
						    .closed = on_closed,
						    .userdata = &f };
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	(void)connect_again(&f, listening, address.sun_path);
	assert_int_equal(guest_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	old = id_of(heard(&f));
	guest_qmp_free(f.qmp);
	assert_string_equal(f.trace, "ready\nreply error the connection to QEMU is closed\n");
	(void)close(f.server);

	(void)snprintf(late, sizeof(late), "{\"return\": {\"a\": 1}, \"id\": %llu}\n", old);
	assert_int_equal(guest_qmp_new(f.event, address.sun_path, &f.callbacks, &f.qmp), 0);
	f.server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	f.ready = 0;
	(void)snprintf(text, sizeof(text), "%s" GREETING "%s", late, late);
	say(&f, text);
	id = id_of(heard(&f));
	assert_true(id > old);
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n%s", id, late);
	say(&f, text);
	assert_int_equal(f.ready, 1);
	assert_int_equal(guest_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	id = id_of(heard(&f));
	(void)snprintf(text, sizeof(text), "{\"error\": {\"desc\": \"no\"}, \"id\": %llu}\n", old);
	say(&f, text);
	(void)snprintf(text, sizeof(text), "{\"return\": {\"b\": 2}, \"id\": %llu}\n", id);
	say(&f, text);
	assert_int_equal(f.closed, 0);
	assert_string_equal(f.trace, "ready\nreply error the connection to QEMU is closed\n"
				     "ready\nreply {\"b\":2}\n");
	/* What nobody has asked is still a mistake. */
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n", id + 1);
	say(&f, text);
	assert_int_equal(f.error, -EBADMSG);
	(void)close(listening);
	tree_remove(&tree);
	guest_qmp_free(f.qmp);
	(void)close(f.server);
	sd_event_unref(f.event);
	log_set_hook(NULL, NULL);
}

/* A line of QEMU's that is no QMP is told in the guest's name. */
static void test_subject(void **)
{
	struct fixture f = { .server = -1 };
	struct sockaddr_un address;
	struct tree tree;
	int listening = listen_at(&tree, &address);

	f.callbacks = (struct guest_qmp_callbacks){ .closed = on_closed, .userdata = &f };
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	assert_int_equal(guest_qmp_new(f.event, address.sun_path, &f.callbacks, &f.qmp), 0);
	f.server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	say(&f, "\"\n");
	assert_non_null(strstr(f.log, "guest web: QMP is given up: a line that is not JSON"));
	(void)close(listening);
	tree_remove(&tree);
	guest_qmp_free(f.qmp);
	(void)close(f.server);
	sd_event_unref(f.event);
	log_set_hook(NULL, NULL);
}

/* One tick of the loop, or the test has failed. */
static void wait_for(struct fixture *f, const unsigned int *count, unsigned int wanted)
{
	struct timespec start, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	while (*count < wanted) {
		assert_true(sd_event_run(f->event, 100000) >= 0);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true((now.tv_sec - start.tv_sec) * 1000000L < DEADLINE_US);
	}
}

/* A QEMU without a machine, on a socket that was made for it. */
static pid_t start_emulator(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char option[64];
	const char *const argv[] = { EMULATOR,   "-accel",   "tcg",  "-M",
				     "none",     "-display", "none", "-nodefaults",
				     "-chardev", option,     "-mon", "chardev=qmp,mode=control",
				     NULL };
	char *copies[ELEMENTS(argv)] = {};
	pid_t pid = 0;

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	(void)snprintf(option, sizeof(option), "socket,id=qmp,fd=%d,server=on,wait=off", fd);
	for (size_t i = 0; argv[i]; i++)
		assert_non_null(copies[i] = strdup(argv[i]));
	assert_int_equal(posix_spawn(&pid, EMULATOR, NULL, NULL, copies, environ), 0);
	for (size_t i = 0; copies[i]; i++)
		free(copies[i]);
	(void)close(fd);
	return pid;
}

static void test_real_emulator(void **)
{
	struct fixture f = { .server = -1 };
	struct tree tree;
	unsigned int before = 0;
	int status = 0;
	pid_t pid = 0;

	if (access(EMULATOR, X_OK) < 0) {
		print_message("# skipped: there is no %s\n", EMULATOR);
		skip();
	}
	tree_make(&tree);
	f.fds = count_fds();
	f.callbacks = (struct guest_qmp_callbacks){
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = &f
	};
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	pid = start_emulator(tree_path(&tree, "/qmp.sock"));
	assert_int_equal(
		guest_qmp_new(f.event, tree_path(&tree, "/qmp.sock"), &f.callbacks, &f.qmp), 0);
	wait_for(&f, &f.ready, 1);
	before = f.events;
	assert_int_equal(guest_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "no-such-command", NULL, on_reply, &f), 0);
	assert_int_equal(guest_qmp_execute(f.qmp, "stop", NULL, on_reply, &f), 0);
	wait_for(&f, &f.replies, 3);
	wait_for(&f, &f.events, before + 1);
	assert_non_null(strstr(f.trace, "\"status\":\"running\""));
	assert_non_null(
		strstr(f.trace, "reply error The command no-such-command has not been found"));
	assert_non_null(strstr(f.trace, "event STOP -"));
	/* Another hostd comes: QEMU takes its connection after the end of the first, and may give
	 * it what is still due. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(guest_qmp_execute(f.qmp, "query-commands", NULL, NULL, NULL), 0);
	guest_qmp_free(f.qmp);
	f.ready = 0;
	assert_int_equal(
		guest_qmp_new(f.event, tree_path(&tree, "/qmp.sock"), &f.callbacks, &f.qmp), 0);
	wait_for(&f, &f.ready, 1);
	assert_int_equal(guest_qmp_execute(f.qmp, "quit", NULL, on_reply, &f), 0);
	wait_for(&f, &f.closed, 1);
	assert_non_null(strstr(f.trace, "event SHUTDOWN {\"guest\":false,"));
	assert_int_equal(f.error, -ECONNRESET);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	teardown(&f);
	tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake),
		cmocka_unit_test(test_one_byte_at_a_time),
		cmocka_unit_test(test_many_lines_at_once),
		cmocka_unit_test(test_execute),
		cmocka_unit_test(test_replies_by_id),
		cmocka_unit_test(test_qemu_goes),
		cmocka_unit_test(test_free_answers),
		cmocka_unit_test(test_free_in_callbacks),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_nul_in_a_line),
		cmocka_unit_test(test_line_length),
		cmocka_unit_test(test_deaf_qemu),
		cmocka_unit_test(test_malformed_lines),
		cmocka_unit_test(test_connect_errors),
		cmocka_unit_test(test_answers_of_an_earlier_connection),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_real_emulator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
