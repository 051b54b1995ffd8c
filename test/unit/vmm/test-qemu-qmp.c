// SPDX-License-Identifier: GPL-2.0-or-later
// The QMP client and a QEMU that says what it should, or something else (test-qemu-qmp-noise.c has
// the rest).
#include "qemu-qmp-fixture.h"

static void test_handshake(void **)
{
	struct fixture f;

	setup(&f);
	assert_int_equal(qemu_qmp_execute(f.qmp, "stop", NULL, on_reply, &f), -ENOTCONN);
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
	assert_int_equal(qemu_qmp_execute(f.qmp, "device_del", arguments, on_reply, &f), 0);
	assert_int_equal(qemu_qmp_execute(f.qmp, "stop", NULL, NULL, NULL), 0);
	assert_int_equal(qemu_qmp_execute(f.qmp, "cont", NULL, on_reply, &f), 0);
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
		assert_int_equal(qemu_qmp_execute(f.qmp, "x", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 3, \"id\": 3}\n{\"event\": \"E\"}\n{\"return\": 1, \"id\": 1}\n");
	assert_int_equal(qemu_qmp_execute(f.qmp, "y", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 4, \"id\": 4}\n{\"return\": 2, \"id\": 2}\n");
	assert_string_equal(f.trace, "reply 3\nevent E -\nreply 1\nreply 4\nreply 2\n");
	assert_int_equal(qemu_qmp_execute(f.qmp, "z", NULL, on_reply, &f), 0);
	say(&f, "{\"return\": 5, \"id\": 5}\n");
	assert_int_equal(f.closed, 0);
	teardown(&f);
}

static void test_qemu_goes(void **)
{
	struct fixture f;
	int fd = -EBADF;

	setup(&f);
	negotiate(&f);
	assert_int_equal(qemu_qmp_execute(f.qmp, "a", NULL, on_reply, &f), 0);
	assert_int_equal(qemu_qmp_execute(f.qmp, "b", NULL, on_reply, &f), 0);
	(void)heard(&f);
	assert_int_equal(send(f.server, "{\"event\": \"SHUTDOWN\"}\n{\"ev", 27, 0), 27);
	f.server = fd_close(f.server);
	run(&f);
	assert_string_equal(f.trace, "event SHUTDOWN -\n"
				     "reply error the connection to QEMU is closed\n"
				     "reply error the connection to QEMU is closed\nclosed\n");
	assert_int_equal(f.error, -ECONNRESET);
	assert_int_equal(qemu_qmp_execute(f.qmp, "c", NULL, on_reply, &f), -ENOTCONN);
	/* And where there is none any more, as in a reply that comes of qemu_qmp_free(). */
	assert_int_equal(qemu_qmp_execute(NULL, "c", NULL, on_reply, &f), -ENOTCONN);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(qemu_qmp_execute_with_fd(NULL, "c", NULL, fd, on_reply, &f), -ENOTCONN);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	teardown(&f);
	assert_int_equal(f.closed, 1);
}

static void test_free_answers(void **)
{
	struct fixture f;

	setup(&f);
	negotiate(&f);
	assert_int_equal(qemu_qmp_execute(f.qmp, "a", NULL, on_reply, &f), 0);
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
	qemu_qmp_receive(f.qmp, "{\"QMP\": {}}\0}\n", 14);
	assert_int_equal(f.error, -EBADMSG);
	teardown(&f);
}

static void test_line_length(void **)
{
	_cleanup_free_ char *line = malloc(QEMU_QMP_LINE_BYTES_MAX + 2);
	struct fixture f;

	/* As long as can be: the greeting, then blanks. */
	assert_non_null(line);
	memset(line, ' ', QEMU_QMP_LINE_BYTES_MAX + 2);
	memcpy(line, GREETING, strlen(GREETING) - 2);
	line[QEMU_QMP_LINE_BYTES_MAX] = '\n';
	setup(&f);
	qemu_qmp_receive(f.qmp, line, QEMU_QMP_LINE_BYTES_MAX + 1);
	assert_int_equal(f.closed, 0);
	assert_string_not_equal(heard(&f), "");
	teardown(&f);

	/* One more; the end does not have to come. */
	line[QEMU_QMP_LINE_BYTES_MAX] = ' ';
	setup(&f);
	for (size_t i = 0; i < QEMU_QMP_LINE_BYTES_MAX; i += 4096)
		qemu_qmp_receive(f.qmp, line + i, 4096);
	assert_int_equal(f.closed, 0);
	qemu_qmp_receive(f.qmp, " ", 1);
	assert_int_equal(f.closed, 1);
	assert_int_equal(f.error, -EMSGSIZE);
	qemu_qmp_receive(f.qmp, line, 4096);
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
	while ((r = qemu_qmp_execute(f.qmp, "x", arguments, NULL, NULL)) == 0)
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
	assert_int_equal(qemu_qmp_execute(f.qmp, "x", arguments, NULL, NULL), 0);
	teardown(&f);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
