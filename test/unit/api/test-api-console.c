// SPDX-License-Identifier: GPL-2.0-or-later
// What a dashboard's connections may do, and what does not exist on them; the console password; the
// log as a stream; the consoles' log level is left to the boot test.
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "api-stubs.h"
#include "machine/log-history.h"

#define PATIENCE_USEC UINT64_C(20000000)
#define METHOD_NOT_FOUND SD_VARLINK_ERROR_METHOD_NOT_FOUND

static struct {
	char path[64];
	sd_varlink *look;
	char error[128]; /* of the last answer, or "" */
	sd_json_variant *answer;
	unsigned int answers;
	int fd;
	struct host_config config;
} test;

static int on_reply(sd_varlink *link, sd_json_variant *parameters, const char *error,
		    sd_varlink_reply_flags_t flags, void *userdata)
{
	sd_json_variant *index = sd_json_variant_by_key(parameters, "fileDescriptor");

	(void)flags;
	(void)userdata;
	(void)snprintf(test.error, sizeof(test.error), "%s", error ? error : "");
	sd_json_variant_unref(test.answer);
	test.answer = sd_json_variant_ref(parameters);
	if (index && !error)
		test.fd = sd_varlink_take_fd(link, (size_t)sd_json_variant_unsigned(index));
	test.answers++;
	return 0;
}

static sd_varlink *join(int fd)
{
	sd_varlink *link = NULL;

	assert_return_code(fd, -fd);
	assert_return_code(sd_varlink_connect_fd(&link, fd), 0);
	(void)sd_varlink_set_allow_fd_passing_input(link, true);
	assert_return_code(sd_varlink_bind_reply(link, on_reply), 0);
	assert_return_code(sd_varlink_attach_event(link, stub.host.event, 0), 0);
	return link;
}

static void run_until(unsigned int answers)
{
	uint64_t start = machine_uptime_usec();

	while (test.answers < answers) {
		assert_return_code(sd_event_run(stub.host.event, 100000), 0);
		assert_true(machine_uptime_usec() - start < PATIENCE_USEC);
	}
}

/* Calls and waits for the answer; returns the error or "". */
static const char *call(sd_varlink *link, const char *method, const char *parameters)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;

	if (parameters)
		assert_return_code(sd_json_parse(parameters, 0, &object, NULL, NULL), 0);
	test.fd = -EBADF;
	assert_return_code(sd_varlink_invoke(link, method, object), 0);
	run_until(test.answers + 1);
	return test.error;
}

static int setup(void **state)
{
	static char hostname[] = "testhost";
	const struct api_settings settings = { .host = &stub.host, .socket_path = test.path };

	(void)state;
	(void)snprintf(test.path, sizeof(test.path), "/tmp/test-api-console-%d", (int)getpid());
	test.config = (struct host_config){ .hostname = hostname };
	stub.all.count = 0;
	stub.host = (struct host){ .guests = &stub.all,
				   .config = &test.config,
				   .kvm = { .state = KVM_OK_SVM } };
	(void)stub_add_guest("web", GUEST_STATE_RUNNING);
	log_history_start("/nonexistent");
	assert_return_code(sd_event_new(&stub.host.event), 0);
	assert_return_code(api_new(stub.host.event, &settings, &stub_api), 0);
	test.look = join(api_connect_dashboard(stub_api));
	test.answers = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* What made-up guests do, they do a moment later. */
	for (int i = 0; i < 10; i++)
		(void)sd_event_run(stub.host.event, 50000);
	test.look = sd_varlink_close_unref(test.look);
	test.answer = sd_json_variant_unref(test.answer);
	host_unlock_cancel(&stub.host);
	api_free(stub_api);
	stub_api = NULL;
	stub.host.event = sd_event_unref(stub.host.event);
	log_history_stop();
	for (size_t i = 0; i < stub.all.count; i++)
		stub_guest_free(stub.all.items[i]);
	return 0;
}

static void test_looking(void **state)
{
	static const char *const reading[] = { "io.mvirt.Host.Status", "io.mvirt.Host.Devices",
					       "io.mvirt.Guest.List", "io.mvirt.Console.Machine" };
	static const char *const acting[] = {
		"io.mvirt.Host.Shutdown",      "io.mvirt.Host.Reboot",
		"io.mvirt.Guest.Start",        "io.mvirt.Guest.Stop",
		"io.mvirt.Guest.Kill",         "io.mvirt.Guest.Console",
		"io.mvirt.Console.TryAddress", "io.mvirt.Console.KeepAddress",
		"io.mvirt.Console.ShowGuest",
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(reading); i++)
		assert_string_equal(call(test.look, reading[i], NULL), "");
	for (size_t i = 0; i < ELEMENTS(acting); i++)
		assert_string_equal(call(test.look, acting[i], "{\"name\":\"web\"}"),
				    METHOD_NOT_FOUND);
	assert_string_equal(call(test.look, "io.mvirt.Guest.Log", "{\"name\":\"web\"}"), "");
}

static void test_acting(void **state)
{
	static const char *const never[] = {
		"io.mvirt.Guest.Create",
		"io.mvirt.Guest.Delete",
		"io.mvirt.Guest.Set",
		"io.mvirt.Host.FormatDisk",
		"io.mvirt.Host.ReloadDaemon",
		"io.mvirt.Guest.Medium",
		/* A connection that acts makes no further ones. */
		"io.mvirt.Console.Unlock",
	};
	sd_varlink *act = NULL;

	(void)state;
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", NULL), "");
	act = join(test.fd);
	for (size_t i = 0; i < ELEMENTS(never); i++)
		assert_string_equal(call(act, never[i], "{\"name\":\"web\"}"), METHOD_NOT_FOUND);
	assert_string_equal(call(act, "io.mvirt.Guest.Kill", "{\"name\":\"web\"}"), "");
	/* Of what the host cannot do, it says so. */
	assert_string_equal(call(act, "io.mvirt.Console.TryAddress", "{\"network\":\"lan\"}"),
			    "io.mvirt.Error.NotNow");
	sd_varlink_close_unref(act);
}

static void test_password(void **state)
{
	static char hash[] = "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKP"
			     "PrVACtLtip/cZ/1GM/O6IND4WQhG.";
	uint64_t start = 0, first = 0;
	sd_varlink *act = NULL;

	(void)state;
	test.config.console_password = hash;
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", NULL),
			    "io.mvirt.Error.Denied");
	start = machine_uptime_usec();
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", "{\"password\":\"secreT\"}"),
			    "io.mvirt.Error.Denied");
	assert_int_equal(test.fd, -EBADF);
	first = machine_uptime_usec() - start;
	assert_true(first >= 900000);
	/* The second failure takes twice as long. */
	start = machine_uptime_usec();
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", "{\"password\":\"\"}"),
			    "io.mvirt.Error.Denied");
	assert_true(machine_uptime_usec() - start >= 1900000);
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", "{\"password\":\"secret\"}"),
			    "");
	act = join(test.fd);
	assert_string_equal(call(act, "io.mvirt.Guest.Kill", "{\"name\":\"web\"}"), "");
	sd_varlink_close_unref(act);
}

/* No password is right for a key whose value was a mistake. */
static void test_locked(void **state)
{
	static char none[] = "!";

	(void)state;
	test.config.console_password = none;
	assert_string_equal(call(test.look, "io.mvirt.Console.Unlock", "{\"password\":\"!\"}"),
			    "io.mvirt.Error.Denied");
}

/* A client that goes while its password is checked, or while it waits. */
static void test_gone_meanwhile(void **state)
{
	static char none[] = "!";
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;

	(void)state;
	test.config.console_password = none;
	assert_return_code(sd_json_buildo(&object, SD_JSON_BUILD_PAIR_STRING("password", "x")), 0);
	assert_return_code(sd_varlink_invoke(test.look, "io.mvirt.Console.Unlock", object), 0);
	for (int i = 0; i < 5; i++)
		(void)sd_event_run(stub.host.event, 20000);
	test.look = sd_varlink_close_unref(test.look);
	for (int i = 0; i < 20; i++)
		(void)sd_event_run(stub.host.event, 100000);
	test.look = join(api_connect_dashboard(stub_api));
	assert_string_equal(call(test.look, "io.mvirt.Host.Status", NULL), "");
}

static void test_history(void **state)
{
	sd_json_variant *message = NULL;

	(void)state;
	log_notice("net lan", "one");
	assert_return_code(sd_varlink_observe(test.look, "io.mvirt.Console.History", NULL), 0);
	run_until(1);
	message = sd_json_variant_by_key(test.answer, "message");
	assert_string_equal(sd_json_variant_string(message), "one");
	for (int i = 0; i < 3 * LOG_HISTORY_LINES; i++)
		log_notice("net lan", "line %d", i);
	run_until(1 + LOG_HISTORY_LINES);
	message = sd_json_variant_by_key(test.answer, "message");
	assert_string_equal(sd_json_variant_string(message), "line 599");
}

/* It reads when all of it has been logged: nothing is lost, and it is not disconnected. */
static void test_history_for_a_late_reader(void **state)
{
	static const char request[] =
		"{\"method\":\"io.mvirt.Console.History\",\"more\":true,\"parameters\":{}}";
	_cleanup_fd_ int fd = api_connect_dashboard(stub_api);
	static char quotes[800], buffer[65536];
	size_t lines = 0;

	(void)state;
	memset(quotes, '"', sizeof(quotes) - 1); /* two bytes each */
	for (int i = 0; i < LOG_HISTORY_LINES; i++)
		log_notice("net lan", "%s", quotes);
	assert_int_equal(send(fd, request, sizeof(request), MSG_NOSIGNAL), sizeof(request));
	for (int i = 0; i < 100; i++)
		assert_return_code(sd_event_run(stub.host.event, 0), 0);
	while (lines < LOG_HISTORY_LINES) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n == 0)
			fail_msg("closed after %zu lines", lines);
		for (ssize_t k = 0; k < n; k++)
			lines += buffer[k] == '\0';
		assert_return_code(sd_event_run(stub.host.event, 0), 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_looking, setup, teardown),
		cmocka_unit_test_setup_teardown(test_acting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history_for_a_late_reader, setup, teardown),
	};

	if (argc == 3)
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
