// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's console and display over the API: attached, twice at once, slowly, too often.
#include "api-fixture.h"
#include "api-stubs.h"

static int attach(const char *name, bool replay, bool read_only)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;
	int fd = -EBADF;

	assert_return_code(sd_varlink_set_allow_fd_passing_input(link, true), 0);
	assert_return_code(sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name),
					  SD_JSON_BUILD_PAIR_BOOLEAN("replay", replay),
					  SD_JSON_BUILD_PAIR_CONDITION(read_only, "readOnly",
								       SD_JSON_BUILD_BOOLEAN(true)),
					  SD_JSON_BUILD_PAIR_CONDITION(!read_only, "readOnly",
								       SD_JSON_BUILD_NULL)),
			   0);
	assert_return_code(
		sd_varlink_call(link, "io.mvirt.Guest.Console", parameters, &answer, &error), 0);
	assert_null(error);
	fd = sd_varlink_take_fd(link, number_of(answer, "fileDescriptor"));
	assert_return_code(fd, 0);
	return fd;
}

/* Reads until the text has come. */
static void expect_output(int fd, const char *text, size_t limit)
{
	_cleanup_free_ char *output = calloc(1, limit + 1);
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	while (!memmem(output, length, text, strlen(text)) && length < limit &&
	       poll(&polled, 1, PATIENCE_MS) > 0) {
		ssize_t n = read(fd, output + length, limit - length);

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	if (!memmem(output, length, text, strlen(text)))
		fail_msg("no \"%s\" in %zu bytes: %.200s", text, length, output);
}

static void test_console(void **state)
{
	int fd = attach("web", true, false), other = attach("web", false, false);

	(void)state;
	expect_output(fd, stub_ring, 4096);
	assert_int_equal(write(fd, "ls\n", 3), 3);
	expect_output(fd, "ls\n", 4096);
	expect_output(other, "ls\n", 4096);
	(void)close(fd);
	assert_int_equal(write(other, "id\n", 3), 3);
	expect_output(other, "id\n", 4096);
	(void)close(other);
}

static void test_read_only_console(void **state)
{
	int fd = attach("web", true, true);

	(void)state;
	expect_output(fd, stub_ring, 4096);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(fd);
}

/* Three times the guest takes nothing, then what was typed arrives, though the client is gone. */
static void test_console_input_waits(void **state)
{
	int watcher = attach("deaf", false, true), fd = attach("deaf", false, false);

	(void)state;
	assert_int_equal(write(fd, "patience\n", 9), 9);
	(void)close(fd);
	expect_output(watcher, "patience\n", 4096);
	(void)close(watcher);
}

static void test_slow_console(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	int slow = attach("flood", false, false);
	uint64_t before = meter(link);

	(void)state;
	(void)call(link, "io.mvirt.Guest.Start", "flood", NULL);
	assert_true(meter(link) < before + MEMORY_SLACK_KIB);
	expect_output(slow, "\r\n[output lost]\r\n", FLOOD_BYTES);
	(void)close(slow);
	assert_alive();
}

static void test_console_limit(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	const char *error = NULL;
	int fds[64];

	(void)state;
	for (size_t i = 0; i < ELEMENTS(fds); i++)
		fds[i] = attach("web", false, false);
	(void)call(link, "io.mvirt.Guest.Console", "web", &error);
	assert_string_equal(error, ERROR("Busy"));
	for (size_t i = 0; i < ELEMENTS(fds); i++)
		(void)close(fds[i]);
	(void)close(attach("web", false, false));
}

/* Call with a serial port; -1 is the first of int. */
static const char *refused_port(const char *method, int64_t port)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;
	static char reason[256];

	assert_return_code(sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", "web"),
					  SD_JSON_BUILD_PAIR_INTEGER("port", port)),
			   0);
	assert_return_code(sd_varlink_call(link, method, parameters, &answer, &error), 0);
	assert_non_null(error);
	(void)snprintf(reason, sizeof(reason), "%s %s", error,
		       sd_json_variant_string(sd_json_variant_by_key(answer, "reason")) ?: "");
	return reason;
}

static void test_ports(void **state)
{
	static const char *const methods[] = { "io.mvirt.Guest.Log", "io.mvirt.Guest.Console" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(methods); i++) {
		assert_string_equal(refused_port(methods[i], 2),
				    ERROR("NotFound") " guest web has 1 serial port, counted "
						      "from 1: there is no 2");
		assert_non_null(strstr(refused_port(methods[i], 0), "there is no 0"));
		assert_non_null(
			strstr(refused_port(methods[i], UINT32_MAX), "there is no 4294967295"));
		assert_non_null(strstr(refused_port(methods[i], -1), "InvalidParameter"));
	}
}

static void test_display(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *answer = NULL;
	const char *error = NULL;
	char banner[13] = "";
	int fd = -EBADF;

	(void)state;
	assert_return_code(sd_varlink_set_allow_fd_passing_input(link, true), 0);
	answer = call(link, "io.mvirt.Guest.Display", "web", NULL);
	fd = sd_varlink_take_fd(link, number_of(answer, "fileDescriptor"));
	assert_return_code(fd, 0);
	assert_int_equal(read(fd, banner, 12), 12);
	assert_string_equal(banner, "RFB 003.008\n");
	assert_int_equal(read(fd, banner, 12), 0);
	(void)close(fd);
	(void)call(link, "io.mvirt.Guest.Display", "flood", &error);
	assert_string_equal(error, ERROR("NotNow"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_console),
		TEST(test_read_only_console),
		TEST(test_console_input_waits),
		TEST(test_slow_console),
		TEST(test_console_limit),
		TEST(test_ports),
		TEST(test_display),
	};

	if (argc == 3 && text_equal(argv[1], "--serve"))
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
