// SPDX-License-Identifier: GPL-2.0-or-later
// Clients of the API that misbehave, and many of them.
#include "api-fixture.h"
#include "api-stubs.h"

#define CLIENTS 200
#define CLIENTS_MAX 256
#define JUNK_MESSAGES 10000

static void test_bad_json(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} messages[] = {
		{ "}", 2 },
		{ "hello", 6 },
		{ "{\"method\":", 11 },
		{ "[1,2,3]", 8 },
		{ "{\"method\":17}", 14 },
		{ "{\"method\":\"a\",\"parameters\":[]}", 31 },
		{ "{\"method\":\"a\",\"more\":true,\"oneway\":true}", 41 },
		{ "{}", 3 },
		{ "\xff\xfe\x00", 3 },
		{ "\0", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(messages); i++) {
		int fd = raw_connect();

		raw_send(fd, messages[i].text, messages[i].length);
		if (!is_closed(fd))
			fail_msg("message %zu: not closed", i);
		(void)close(fd);
	}
	assert_alive();
}

static void test_junk(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	uint64_t before = meter(link), after = 0;
	unsigned int seed = 1;
	int fd = -EBADF;

	(void)state;
	for (int i = 0; i < JUNK_MESSAGES; i++) {
		char junk[64];

		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (char)rand_r(&seed);
		junk[sizeof(junk) - 1] = '\0';
		if (i % 10 == 0) {
			fd_close(fd);
			fd = raw_connect();
		}
		raw_send(fd, junk, sizeof(junk));
	}
	fd_close(fd);
	assert_alive();
	after = meter(link);
	if (after > before + MEMORY_SLACK_KIB)
		fail_msg("%u KiB before, %u KiB after", (unsigned int)before, (unsigned int)after);
}

/* Asks and asks, and never reads an answer. */
static void test_never_reading_caller(void **state)
{
	static const char *const requests[] = {
		"{\"method\":\"io.mvirt.Guest.Log\",\"parameters\":{\"name\":\"flood\"}}",
		"{\"method\":\"io.mvirt.Guest.Get\",\"parameters\":{\"name\":\"nobody\"}}",
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	uint64_t before = meter(link);

	(void)state;
	for (size_t i = 0; i < ELEMENTS(requests); i++) {
		size_t length = strlen(requests[i]) + 1;
		int fd = raw_connect();
		bool cut_off = false;

		for (int k = 0; k < 100000 && !cut_off; k++)
			cut_off = send(fd, requests[i], length, MSG_NOSIGNAL) < 0;
		if (!cut_off)
			fail_msg("request %zu: not cut off", i);
		assert_true(meter(link) < before + MEMORY_SLACK_KIB);
		(void)close(fd);
	}
	assert_alive();
}

static void test_many_clients(void **state)
{
	sd_varlink *links[CLIENTS];

	(void)state;
	for (size_t i = 0; i < CLIENTS; i++) {
		links[i] = connect_link();
		(void)call(links[i], "io.mvirt.Guest.Get", "web", NULL);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		(void)call(links[i], "io.mvirt.Guest.List", NULL, NULL);
		sd_varlink_unref(links[i]);
	}
	assert_alive();
}

static void test_client_limit(void **state)
{
	int fds[CLIENTS_MAX], extra = -EBADF;

	(void)state;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		fds[i] = raw_connect();
	extra = raw_connect();
	assert_true(is_closed(extra));
	(void)close(extra);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		(void)close(fds[i]);
	assert_alive();
}

/* A hostd that was killed leaves its socket behind. */
static void test_stale_socket(void **state)
{
	int status = 0;

	(void)state;
	assert_return_code(kill(server.pid, SIGKILL), errno);
	assert_return_code(waitpid(server.pid, &status, 0), errno);
	assert_return_code(access(server.path, F_OK), errno);
	(void)start_server_with("--serve");
	assert_alive();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_bad_json),     TEST(test_junk),         TEST(test_never_reading_caller),
		TEST(test_many_clients), TEST(test_client_limit), TEST(test_stale_socket),
	};

	if (argc == 3 && text_equal(argv[1], "--serve"))
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
