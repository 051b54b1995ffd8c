// SPDX-License-Identifier: GPL-2.0-or-later
// The API over a real socket, with made-up guests, network and devices below it. With --serve PATH
// it is that server, for the CLI's test.
#include <sys/stat.h>

#include "api-fixture.h"
#include "api-stubs.h"

/* Those of --serve-many: a crowd, the eight of --serve, and "burst". */
#define CROWD 1000
#define MANY (CROWD + 9)
/* Beside them a network and the data volume are told of. */
#define ALL (MANY + 2)
#define LARGE_CMDLINE 3000
/* What a client costs: sd-varlink's buffers for what it sends and has not read. */
#define CLIENT_KIB 320

/* --- what it answers ----------------------------------------------------------------------------
 */

static void test_socket_is_for_root_only(void **state)
{
	struct stat status;

	(void)state;
	assert_return_code(stat(server.path, &status), errno);
	assert_int_equal(status.st_mode, S_IFSOCK | 0600);
}

static void test_introspection(void **state)
{
	static const char *const interfaces[] = { "io.mvirt.Guest", "io.mvirt.Host" };
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *answer = call(link, "org.varlink.service.GetInfo", NULL, NULL);

	(void)state;
	assert_string_equal(text_of(answer, "product"), "hostd");
	assert_string_equal(text_of(answer, "version"), "1.2");
	for (size_t i = 0; i < ELEMENTS(interfaces); i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
		const char *error = NULL, *text = NULL;
		char needle[64];

		assert_return_code(sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING(
								       "interface", interfaces[i])),
				   0);
		assert_return_code(sd_varlink_call(link,
						   "org.varlink.service.GetInterfaceDescription",
						   parameters, &answer, &error),
				   0);
		assert_null(error);
		text = text_of(answer, "description");
		(void)snprintf(needle, sizeof(needle), "interface %s\n", interfaces[i]);
		assert_non_null(strstr(text, needle));
		/* Each method, type and error has a comment right above it. */
		for (const char *at = text; (at = strpbrk(at, "\n")); at++)
			if (strncmp(at, "\nmethod ", 8) == 0 || strncmp(at, "\ntype ", 6) == 0 ||
			    strncmp(at, "\nerror ", 7) == 0) {
				const char *before = at;

				while (before > text && before[-1] != '\n')
					before--;
				if (*before != '#')
					fail_msg("no comment: %.40s", at + 1);
			}
	}
}

static void test_status(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *status = call(link, "io.mvirt.Host.Status", NULL, NULL);
	sd_json_variant *mistake = NULL, *network = NULL;

	(void)state;
	assert_string_equal(text_of(status, "hostname"), "testhost");
	assert_string_equal(text_of(status, "kernel"), "6.12.107");
	assert_string_equal(text_of(status, "hostId"), "abcd0000000000000000000000000000");
	assert_int_equal(strlen(text_of(status, "bootId")), 36);
	assert_int_equal(number_of(status, "memoryAvailableBytes"), 3221225472);
	assert_string_equal(text_of(sd_json_variant_by_key(status, "kvm"), "state"), "forbidden");
	assert_string_equal(text_of(sd_json_variant_by_key(status, "kvm"), "why"), "no permission");
	assert_int_equal(number_of(sd_json_variant_by_key(status, "screen"), "width"), 1024);
	network = sd_json_variant_by_index(sd_json_variant_by_key(status, "networks"), 0);
	assert_string_equal(text_of(network, "phase"), "up");
	assert_string_equal(
		text_of(sd_json_variant_by_index(sd_json_variant_by_key(network, "addresses"), 0),
			"origin"),
		"dhcp");
	mistake = sd_json_variant_by_index(
		sd_json_variant_by_key(sd_json_variant_by_key(status, "config"), "mistakes"), 0);
	assert_int_equal(number_of(mistake, "line"), 12);
	assert_int_equal(number_of(status, "guests"), 8);
	assert_int_equal(number_of(status, "guestsRunning"), 3);
}

/* A label in Latin-1 must not cost the whole answer. */
static void test_devices(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *devices = call(link, "io.mvirt.Host.Devices", NULL, NULL);
	sd_json_variant *disk =
		sd_json_variant_by_index(sd_json_variant_by_key(devices, "disks"), 0);

	(void)state;
	assert_string_equal(text_of(disk, "node"), "/dev/sda");
	assert_string_equal(text_of(disk, "label"), "caf? \x1b]0;x\x07");
	assert_null(sd_json_variant_by_key(disk, "model"));
	assert_int_equal(sd_json_variant_elements(sd_json_variant_by_key(devices, "nics")), 1);
}

static void test_guests(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *guest = NULL, *nics = NULL, *seen = NULL;
	const char *error = NULL;

	(void)state;
	guest = sd_json_variant_by_key(call(link, "io.mvirt.Guest.Get", "db", NULL), "guest");
	assert_string_equal(text_of(guest, "state"), "running");
	assert_string_equal(text_of(guest, "accel"), "tcg");
	assert_int_equal(number_of(guest, "pid"), 4242);
	nics = sd_json_variant_by_key(guest, "nics");
	assert_int_equal(sd_json_variant_elements(nics), 2);
	seen = sd_json_variant_by_key(sd_json_variant_by_index(nics, 0), "seenAddresses");
	assert_int_equal(sd_json_variant_elements(seen), 1);
	assert_string_equal(sd_json_variant_string(sd_json_variant_by_index(seen, 0)),
			    "192.0.2.44");
	/* behind QEMU's translation it has none that anybody could use */
	seen = sd_json_variant_by_key(sd_json_variant_by_index(nics, 1), "seenAddresses");
	assert_int_equal(sd_json_variant_elements(seen), 0);
	guest = sd_json_variant_by_key(call(link, "io.mvirt.Guest.Get", "bad", NULL), "guest");
	assert_null(sd_json_variant_by_key(guest, "accel"));
	assert_null(sd_json_variant_by_key(guest, "uptimeUsec"));

	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Get", "none", &error), "reason"),
			    "there is no guest none");
	assert_string_equal(error, ERROR("NotFound"));
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Start", "web", &error), "reason"),
			    "guest web is running already");
	assert_string_equal(error, ERROR("NotNow"));
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Start", "web", &error), "state"),
			    "running");
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Get", NULL, &error), "parameter"),
			    "name");
	assert_string_equal(error, "org.varlink.service.InvalidParameter");
	(void)call(link, "io.mvirt.Guest.Nonsense", NULL, &error);
	assert_string_equal(error, "org.varlink.service.MethodNotFound");
	(void)call(link, "io.mvirt.Guest.Subscribe", NULL, &error);
	assert_string_equal(error, "org.varlink.service.ExpectedMore");
	/* and the connection is as good as before */
	(void)call(link, "io.mvirt.Guest.List", NULL, NULL);
}

static void test_log(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ void *data = NULL;
	size_t length = 0;

	(void)state;
	assert_return_code(sd_json_variant_unbase64(
				   sd_json_variant_by_key(
					   call(link, "io.mvirt.Guest.Log", "web", NULL), "data"),
				   &data, &length),
			   0);
	assert_int_equal(length, strlen(stub_ring));
	assert_memory_equal(data, stub_ring, length);
}

/* --- events -------------------------------------------------------------------------------------
 */

struct events {
	char text[4096]; /* "web=running web:stopping …" */
	bool closed;
};

static int on_event(sd_varlink *link, sd_json_variant *event, const char *error,
		    sd_varlink_reply_flags_t flags, void *userdata)
{
	struct events *events = userdata;
	size_t length = strlen(events->text);
	sd_json_variant *guest = event ? sd_json_variant_by_key(event, "guest") : NULL;

	(void)link;
	(void)flags;
	if (error) {
		events->closed = true;
		return 0;
	}
	if (text_equal(text_of(event, "kind"), "current"))
		(void)snprintf(events->text + length, sizeof(events->text) - length, "%s=%s ",
			       guest ? text_of(guest, "name") : "lan",
			       guest ? text_of(guest, "state") : "up");
	else
		(void)snprintf(events->text + length, sizeof(events->text) - length, "%s:%s ",
			       guest ? text_of(guest, "name") : "lan", text_of(event, "kind"));
	return 0;
}

static sd_varlink *subscribe(struct events *events)
{
	sd_varlink *link = connect_link();

	(void)sd_varlink_set_userdata(link, events);
	assert_return_code(sd_varlink_bind_reply(link, on_event), 0);
	assert_return_code(sd_varlink_observe(link, "io.mvirt.Guest.Subscribe", NULL), 0);
	return link;
}

static void wait_for(sd_varlink *link, struct events *events, const char *text)
{
	while (!strstr(events->text, text) && !events->closed) {
		int r = sd_varlink_process(link);

		if (r == 0)
			r = sd_varlink_wait(link, PATIENCE_MS * 1000);
		if (r <= 0)
			break;
	}
	if (!strstr(events->text, text))
		fail_msg("no \"%s\" in \"%s\"", text, events->text);
}

static void test_subscribe(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *watcher = NULL;
	struct events events = {};

	(void)state;
	watcher = subscribe(&events);
	wait_for(watcher, &events, "lan=up");
	assert_string_equal(events.text,
			    "bad=stopped db=running deaf=running drizzle=stopped flood=stopped "
			    "meter=stopped storm=stopped web=running lan=up ");
	(void)call(link, "io.mvirt.Guest.Stop", "web", NULL);
	wait_for(watcher, &events, "web:stopped");
	assert_non_null(strstr(events.text, "lan=up web:stopping web:stopped "));
	(void)call(link, "io.mvirt.Guest.Start", "bad", NULL);
	wait_for(watcher, &events, "bad:starting bad:failed");
	(void)call(link, "io.mvirt.Host.Shutdown", NULL, NULL);
	wait_for(watcher, &events, "lan:changed");
}

/* 100,000 events in one go, more than is kept for anybody: who never reads is cut off. */
static void test_never_reading_subscriber(void **state)
{
	static const char request[] =
		"{\"method\":\"io.mvirt.Guest.Subscribe\",\"more\":true,\"parameters\":{}}";
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	uint64_t before = 0, after = 0;
	int fds[8];
	char byte = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		fds[i] = raw_connect();
		raw_send(fds[i], request, sizeof(request));
		/* It is subscribed once the first event is there. */
		assert_int_equal(recv(fds[i], &byte, 1, MSG_PEEK), 1);
	}
	before = meter(link);
	(void)call(link, "io.mvirt.Guest.Start", "storm", NULL);
	after = meter(link);
	if (after > before + MEMORY_SLACK_KIB)
		fail_msg("%u KiB before, %u KiB after", (unsigned int)before, (unsigned int)after);
	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		assert_true(is_closed(fds[i]));
		(void)close(fds[i]);
	}
	assert_alive();
}

/* The server must be able to end while such a client is there: teardown checks it. */
static void test_end_with_subscriber_that_never_reads(void **state)
{
	static const char request[] =
		"{\"method\":\"io.mvirt.Guest.Subscribe\",\"more\":true,\"parameters\":{}}";
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	int fd = raw_connect();
	char byte = 0;

	(void)state;
	raw_send(fd, request, sizeof(request));
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
	/* Something is left lying then, but too little to be cut off. */
	(void)call(link, "io.mvirt.Guest.Start", "drizzle", NULL);
	stop_server();
	(void)close(fd);
}

/* --- as many guests as are promised
 * ---------------------------------------------------------------- */

static int serve_many(void **state)
{
	int r = setup(state);

	stop_server();
	return r < 0 ? r : start_server_with("--serve-many");
}

static int serve_large(void **state)
{
	int r = setup(state);

	stop_server();
	return r < 0 ? r : start_server_with("--serve-large");
}

/* Reads messages, each of which ends with a NUL, until there were so many with the text in them. */
static void read_messages(int fd, const char *text, size_t count)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	static char buffer[1 << 20];
	size_t length = 0, found = 0;

	while (found < count) {
		ssize_t n = 0;
		size_t done = 0;

		assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
		n = read(fd, buffer + length, sizeof(buffer) - length);
		if (n <= 0)
			fail_msg("closed after %zu of %zu", found, count);
		length += (size_t)n;
		for (char *end = NULL; (end = memchr(buffer + done, '\0', length - done));
		     done = (size_t)(end - buffer) + 1)
			found += strstr(buffer + done, text) != NULL;
		memmove(buffer, buffer + done, length - done);
		length -= done;
	}
	assert_int_equal(found, count);
}

static const char subscribe_request[] =
	"{\"method\":\"io.mvirt.Guest.Subscribe\",\"more\":true,\"parameters\":{}}";

/* However late it reads, it is told of every guest once; what happens meanwhile comes as well. */
static void test_many_guests_for_a_late_reader(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	int fds[4];
	char byte = 0;

	(void)state;
	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		fds[i] = raw_connect();
		raw_send(fds[i], subscribe_request, sizeof(subscribe_request));
		assert_int_equal(recv(fds[i], &byte, 1, MSG_PEEK), 1);
	}
	for (int i = 0; i < 2; i++)
		(void)call(link, "io.mvirt.Guest.Start", "burst", NULL);
	read_messages(fds[0], "\"kind\":\"reset\"", (size_t)2 * MANY);
	(void)close(fds[0]);
	read_messages(fds[1], "\"kind\":\"current\"", ALL);
	(void)close(fds[1]);
	/* and nobody else was lost */
	(void)call(link, "io.mvirt.Guest.Start", "burst", NULL);
	read_messages(fds[2], "\"kind\":\"reset\"", (size_t)3 * MANY);
	(void)close(fds[2]);
	(void)close(fds[3]);
}

/* It costs what its buffer holds, however many guests there are. */
static void test_many_guests_for_who_never_reads(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	uint64_t before = 0, after = 0;
	int fds[32];
	char byte = 0;

	(void)state;
	(void)meter(link);
	before = meter(link);
	for (size_t i = 0; i < ELEMENTS(fds); i++) {
		fds[i] = raw_connect();
		raw_send(fds[i], subscribe_request, sizeof(subscribe_request));
		assert_int_equal(recv(fds[i], &byte, 1, MSG_PEEK), 1);
	}
	after = meter(link);
	if (after > before + ELEMENTS(fds) * CLIENT_KIB)
		fail_msg("%u KiB before, %u KiB after", (unsigned int)before, (unsigned int)after);
	for (size_t i = 0; i < ELEMENTS(fds); i++)
		(void)close(fds[i]);
}

/* And a configuration of which nothing is right. */
static void test_many_guests_listed(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *answer = NULL;

	(void)state;
	answer = call(link, "io.mvirt.Guest.List", NULL, NULL);
	assert_int_equal(sd_json_variant_elements(sd_json_variant_by_key(answer, "guests")), MANY);
	for (int i = 0; i < CROWD; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "g%04d", i);
		assert_string_equal(text_of(call(link, "io.mvirt.Guest.Stats", name, NULL), "name"),
				    name);
	}
	answer = sd_json_variant_by_key(call(link, "io.mvirt.Host.Status", NULL, NULL), "config");
	answer = sd_json_variant_by_key(answer, "mistakes");
	assert_int_equal(sd_json_variant_elements(answer), 101);
	answer = sd_json_variant_by_index(answer, 100);
	assert_string_equal(text_of(answer, "message"), "and 99900 more mistakes");
}

/* An answer that no client could take is a refusal, and not the end of the connection. */
static void test_answer_that_is_too_long(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	const char *error = NULL;
	int fd = raw_connect();

	(void)state;
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.List", NULL, &error), "reason"),
			    "the answer is longer than 2 MiB: ask for less");
	assert_string_equal(error, ERROR("Unsupported"));
	(void)call(link, "io.mvirt.Guest.Get", "g0999", NULL);
	/* one by one they are told */
	raw_send(fd, subscribe_request, sizeof(subscribe_request));
	read_messages(fd, "\"kind\":\"current\"", ALL);
	(void)close(fd);
}

/* --- a host without anything --------------------------------------------------------------------
 */

static void test_empty_host(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *answer = NULL;

	(void)state;
	stop_server();
	(void)start_server_with("--serve-empty");
	link = connect_link();
	answer = call(link, "io.mvirt.Guest.List", NULL, NULL);
	assert_int_equal(sd_json_variant_elements(sd_json_variant_by_key(answer, "guests")), 0);
	(void)call(link, "io.mvirt.Host.Status", NULL, NULL);
	(void)call(link, "io.mvirt.Host.Devices", NULL, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_socket_is_for_root_only),
		TEST(test_introspection),
		TEST(test_status),
		TEST(test_devices),
		TEST(test_guests),
		TEST(test_log),
		TEST(test_subscribe),
		TEST(test_never_reading_subscriber),
		TEST(test_end_with_subscriber_that_never_reads),
		cmocka_unit_test_setup_teardown(test_many_guests_for_a_late_reader, serve_many,
						teardown),
		cmocka_unit_test_setup_teardown(test_many_guests_for_who_never_reads, serve_many,
						teardown),
		cmocka_unit_test_setup_teardown(test_many_guests_listed, serve_many, teardown),
		cmocka_unit_test_setup_teardown(test_answer_that_is_too_long, serve_large,
						teardown),
		TEST(test_empty_host),
	};

	if (argc == 3 && strncmp(argv[1], "--serve", strlen("--serve")) == 0) {
		bool large = text_equal(argv[1], "--serve-large");

		stub.crowd = large || text_equal(argv[1], "--serve-many") ? CROWD : 0;
		stub.cmdline_length = large ? LARGE_CMDLINE : 100;
		return stub_serve(argv[2], text_equal(argv[1], "--serve-empty"));
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
