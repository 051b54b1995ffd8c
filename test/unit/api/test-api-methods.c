// SPDX-License-Identifier: GPL-2.0-or-later
// Bad input to every method of the API; and what the host's own methods do: formatting, another
// hostd, media, figures.
#include <sys/stat.h>

#include "api-fixture.h"
#include "api-stubs.h"

#define INVALID "org.varlink.service.InvalidParameter"
#define GUEST "io.mvirt.Guest."
#define HOST "io.mvirt.Host."

/* The answer, also of a call that fails; *ret_error is NULL or the error. */
static sd_json_variant *calls(sd_varlink *link, const char *method, const char *json,
			      const char **ret_error)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;

	assert_return_code(sd_json_parse(json, 0, &parameters, NULL, NULL), 0);
	assert_return_code(sd_varlink_call(link, method, parameters, &answer, ret_error), 0);
	return answer;
}

static void fails(sd_varlink *link, const char *method, const char *json, const char *expected,
		  const char *reason)
{
	const char *error = NULL;
	sd_json_variant *answer = calls(link, method, json, &error);

	if (!text_equal(error, expected))
		fail_msg("%s %.80s: %s and not %s", method, json, error ? error : "no error",
			 expected);
	if (reason && !strstr(text_of(answer, "reason"), reason))
		fail_msg("%s %.80s: \"%s\" and not \"%s\"", method, json, text_of(answer, "reason"),
			 reason);
}

static sd_json_variant *succeeds(sd_varlink *link, const char *method, const char *json)
{
	const char *error = NULL;
	sd_json_variant *answer = calls(link, method, json, &error);

	if (error)
		fail_msg("%s %s: %s", method, json, error);
	return answer;
}

/* --- bad input ----------------------------------------------------------------------------------
 */

/* Each takes a name, and has more that is right. */
static const struct {
	const char *method, *more;
} named[] = {
	{ GUEST "Get", "" },
	{ GUEST "Start", "" },
	{ GUEST "Stop", "" },
	{ GUEST "Kill", "" },
	{ GUEST "Restart", "" },
	{ GUEST "Pause", "" },
	{ GUEST "Resume", "" },
	{ GUEST "Medium", ",\"drive\":0" },
	{ GUEST "Stats", "" },
	{ GUEST "Delete", ",\"withDisks\":true" },
	{ GUEST "Rename", ",\"newName\":\"x\"" },
	{ GUEST "Set", ",\"changes\":[]" },
	{ GUEST "Replace", ",\"definition\":\"guest \\\"x\\\" { nic {} }\"" },
	{ GUEST "Definition", "" },
	{ GUEST "Display", "" },
	{ GUEST "Log", "" },
	{ GUEST "Console", "" },
};

static void test_names(void **state)
{
	static const char *const none[] = {
		"none", "", "../web", "a/b", "/etc/passwd", "\\u001b[1m", "guest.conf", "w\\u00e9b"
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *huge = malloc((1 << 20) + 1);

	(void)state;
	memset(huge, 'a', 1 << 20);
	huge[1 << 20] = '\0';
	for (size_t i = 0; i < ELEMENTS(named); i++) {
		_cleanup_free_ char *long_name =
			text_format("{\"name\":\"%s\"%s}", huge, named[i].more);

		for (size_t k = 0; k < ELEMENTS(none); k++) {
			_cleanup_free_ char *json =
				text_format("{\"name\":\"%s\"%s}", none[k], named[i].more);
			const char *error = NULL;

			(void)calls(link, named[i].method, json, &error);
			if (!text_equal(error, ERROR("NotFound")))
				fail_msg("%s %s: %s", named[i].method, json,
					 error ? error : "no error");
		}
		fails(link, named[i].method, long_name, ERROR("NotFound"), NULL);
	}
}

static void test_wrong_types(void **state)
{
	static const char *const wrong[] = { "7",  "null", "true",      "[]",
					     "{}", "1.5",  "[\"web\"]", "{\"name\":\"web\"}" };
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	for (size_t i = 0; i < ELEMENTS(named); i++) {
		_cleanup_free_ char *surplus =
			text_format("{\"name\":\"web\",\"surplus\":1%s}", named[i].more);

		fails(link, named[i].method, "{}", INVALID, NULL);
		fails(link, named[i].method, surplus, INVALID, NULL);
		for (size_t k = 0; k < ELEMENTS(wrong); k++) {
			_cleanup_free_ char *json =
				text_format("{\"name\":%s%s}", wrong[k], named[i].more);

			fails(link, named[i].method, json, INVALID, NULL);
		}
	}
}

/* What is beside the name, or in its place. */
static void test_wrong_parameters(void **state)
{
	static const struct {
		const char *method, *json;
	} table[] = {
		{ GUEST "Medium", "{\"name\":\"web\"}" },
		{ GUEST "Medium", "{\"name\":\"web\",\"drive\":-1}" },
		{ GUEST "Medium", "{\"name\":\"web\",\"drive\":\"a\"}" },
		{ GUEST "Medium", "{\"name\":\"web\",\"drive\":18446744073709551615}" },
		{ GUEST "Medium", "{\"name\":\"web\",\"drive\":0,\"file\":7}" },
		{ GUEST "Delete", "{\"name\":\"web\",\"withDisks\":\"yes\"}" },
		{ GUEST "Rename", "{\"name\":\"web\"}" },
		{ GUEST "Rename", "{\"name\":\"web\",\"newName\":[]}" },
		{ GUEST "Set", "{\"name\":\"web\"}" },
		{ GUEST "Set", "{\"name\":\"web\",\"changes\":{}}" },
		{ GUEST "Set", "{\"name\":\"kept\",\"changes\":[7]}" },
		{ GUEST "Set", "{\"name\":\"kept\",\"changes\":[{}]}" },
		{ GUEST "Set", "{\"name\":\"kept\",\"changes\":[{\"key\":\"cpus\"}]}" },
		{ GUEST "Set", "{\"name\":\"kept\",\"changes\":[{\"key\":1,\"value\":\"2\"}]}" },
		{ GUEST "Set", "{\"name\":\"kept\",\"changes\":[{\"key\":\"cpus\",\"value\":2}]}" },
		{ GUEST "Replace", "{\"name\":\"web\"}" },
		{ GUEST "Replace", "{\"name\":\"web\",\"definition\":{}}" },
		{ GUEST "Log", "{\"name\":\"web\",\"port\":\"x\"}" },
		{ GUEST "Console", "{\"name\":\"web\",\"replay\":\"x\"}" },
		{ GUEST "Console", "{\"name\":\"web\",\"port\":-1}" },
		{ GUEST "Create", "{\"name\":7}" },
		{ GUEST "Create", "{\"definition\":[]}" },
		{ GUEST "Create", "{\"name\":\"n\",\"changes\":{}}" },
		{ GUEST "Create", "{\"name\":\"n\",\"changes\":[[]]}" },
		{ GUEST "Create", "{\"name\":\"n\",\"surplus\":1}" },
		{ GUEST "Create", "{\"definition\":\"guest \\\"n\\\" { nic {} }\",\"files\":{}}" },
		{ GUEST "Create", "{\"definition\":\"guest \\\"n\\\" { nic {} }\",\"files\":[1]}" },
		{ GUEST "Create", "{\"definition\":\"guest \\\"n\\\" { kernel = \\\"k\\\" }\","
				  "\"files\":[{\"name\":\"k\"}]}" },
		{ GUEST "Create", "{\"definition\":\"guest \\\"n\\\" { kernel = \\\"k\\\" }\","
				  "\"files\":[{\"name\":\"k\",\"fileDescriptor\":-1}]}" },
		{ HOST "FormatDisk", "{}" },
		{ HOST "FormatDisk", "{\"serial\":7}" },
		{ HOST "FormatDisk", "{\"serial\":\"EMPTY\",\"erase\":\"yes\"}" },
		{ HOST "FormatDisk", "{\"serial\":\"EMPTY\",\"confirmSerial\":true}" },
		{ HOST "Shutdown", "{\"now\":\"yes\"}" },
		{ HOST "Reboot", "{\"later\":true}" },
		{ HOST "ReloadDaemon", "{}" },
		{ HOST "ReloadDaemon", "{\"fileDescriptor\":\"x\"}" },
		{ HOST "ReloadDaemon", "{\"fileDescriptor\":-1}" },
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	(void)succeeds(link, GUEST "Create",
		       "{\"name\":\"kept\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"}]}");
	for (size_t i = 0; i < ELEMENTS(table); i++)
		fails(link, table[i].method, table[i].json, INVALID, NULL);
	fails(link, GUEST "Get", "{\"name\":\"n\"}", ERROR("NotFound"), NULL);
}

static void test_too_much(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *changes = strdup(""), *files = strdup(""), *json = NULL;

	(void)state;
	for (int i = 0; i < 300; i++) {
		_cleanup_free_ char *before = changes, *before_files = files;

		changes =
			text_format("%s%s{\"key\":\"cpus\",\"value\":\"1\"}", before, i ? "," : "");
		files = text_format("%s%s{\"name\":\"f%d\",\"fileDescriptor\":0}", before_files,
				    i ? "," : "", i);
	}
	json = text_format("{\"name\":\"n\",\"changes\":[%s]}", changes);
	fails(link, GUEST "Create", json, ERROR("Invalid"), "more than 256 changes");
	free(json);
	json = text_format("{\"definition\":\"guest \\\"n\\\" { nic {} }\",\"files\":[%s]}", files);
	fails(link, GUEST "Create", json, ERROR("Invalid"), "more than 32 files");
}

/* --- FormatDisk ---------------------------------------------------------------------------------
 */

static void test_format_disk(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *data = text_format("%s.data", server.path);

	(void)state;
	fails(link, HOST "FormatDisk", "{\"serial\":\"NONE\"}", ERROR("NotFound"),
	      "no disk with the serial");
	fails(link, HOST "FormatDisk", "{\"serial\":\"\"}", ERROR("NotFound"),
	      "no disk with the serial");
	fails(link, HOST "FormatDisk", "{\"serial\":\"../sda\"}", ERROR("NotFound"),
	      "no disk with");
	fails(link, HOST "FormatDisk", "{\"serial\":\"TWIN\"}", ERROR("Invalid"),
	      "2 disks have the serial \"TWIN\": none is touched");
	fails(link, HOST "FormatDisk", "{\"serial\":\"BOOT\"}", ERROR("Busy"), "was loaded from");
	fails(link, HOST "FormatDisk", "{\"serial\":\"BUSY\"}", ERROR("Busy"),
	      "is mounted at /mnt");
	fails(link, HOST "FormatDisk", "{\"serial\":\"RO\"}", ERROR("Denied"), "is read-only");
	fails(link, HOST "FormatDisk", "{\"serial\":\"FULL\"}", ERROR("Exists"),
	      "there is a file system");
	fails(link, HOST "FormatDisk", "{\"serial\":\"FULL\",\"erase\":true}", ERROR("Invalid"),
	      "given twice");
	fails(link, HOST "FormatDisk",
	      "{\"serial\":\"FULL\",\"erase\":true,\"confirmSerial\":\"EMPTY\"}", ERROR("Invalid"),
	      "given twice");
	(void)succeeds(link, HOST "FormatDisk",
		       "{\"serial\":\"FULL\",\"erase\":true,\"confirmSerial\":\"FULL\"}");
	(void)succeeds(link, HOST "FormatDisk", "{\"serial\":\"EMPTY\"}");
	assert_return_code(mkdir(data, 0700), errno);
	fails(link, HOST "FormatDisk", "{\"serial\":\"EMPTY\"}", ERROR("Exists"),
	      "there is a data volume already, on /dev/sdz1");
}

/* A client that goes, and a hostd that ends, while it is done. */
static void test_format_disk_alone(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;

	(void)state;
	assert_return_code(
		sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("serial", "EMPTY")), 0);
	assert_return_code(sd_varlink_invoke(link, HOST "FormatDisk", parameters), 0);
	assert_return_code(sd_varlink_flush(link), 0);
	(void)poll(NULL, 0, 50);
	fails(other, HOST "FormatDisk", "{\"serial\":\"EMPTY\"}", ERROR("Busy"),
	      "disk EMPTY is being formatted");
	link = sd_varlink_close_unref(link);
	(void)poll(NULL, 0, 400);
	(void)succeeds(other, HOST "FormatDisk", "{\"serial\":\"EMPTY\"}");
	assert_return_code(sd_varlink_invoke(other, HOST "FormatDisk", parameters), 0);
	assert_return_code(sd_varlink_flush(other), 0);
	(void)poll(NULL, 0, 50);
}

static void test_power(void **state)
{
	static const char *const methods[] = { HOST "Shutdown", HOST "Reboot" };
	static const char *const waiting[] = { "{}", "{\"now\":null}", "{\"now\":false}" };
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *now = text_format("%s.now", server.path);

	(void)state;
	for (size_t i = 0; i < ELEMENTS(methods); i++) {
		for (size_t k = 0; k < ELEMENTS(waiting); k++)
			(void)succeeds(link, methods[i], waiting[k]);
		assert_int_equal(access(now, F_OK), -1);
		(void)succeeds(link, methods[i], "{\"now\":true}");
		/* What was asked before is done by the time of the next answer. */
		(void)succeeds(link, HOST "Status", "{}");
		assert_int_equal(unlink(now), 0);
	}
}

/* --- ReloadDaemon -------------------------------------------------------------------------------
 */

static int file_with(const char *content)
{
	char path[] = "/tmp/test-api-hostd-XXXXXX";
	int fd = mkstemp(path);

	assert_return_code(fd, errno);
	assert_return_code(unlink(path), errno);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	return fd;
}

static void push(sd_varlink *link, const char *content)
{
	assert_return_code(sd_varlink_set_allow_fd_passing_output(link, true), 0);
	assert_return_code(sd_varlink_push_fd(link, file_with(content)), 0);
}

static void test_reload(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;

	(void)state;
	fails(link, HOST "ReloadDaemon", "{\"fileDescriptor\":0}", ERROR("Invalid"),
	      "no file descriptor 0");
	push(link, "text");
	fails(link, HOST "ReloadDaemon", "{\"fileDescriptor\":0}", ERROR("Failed"),
	      "hostd is not replaced: it is no program");
	push(link, "text");
	fails(link, HOST "ReloadDaemon", "{\"fileDescriptor\":1}", ERROR("Invalid"),
	      "no file descriptor 1");
	push(link, "SLOW");
	assert_return_code(
		sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_INTEGER("fileDescriptor", 0)), 0);
	assert_return_code(sd_varlink_invoke(link, HOST "ReloadDaemon", parameters), 0);
	assert_true(sd_varlink_process(link) > 0);
	(void)poll(NULL, 0, 100);
	push(other, "GOOD");
	fails(other, HOST "ReloadDaemon", "{\"fileDescriptor\":0}", ERROR("Busy"), "already");
	/* the one who asked has gone */
	link = sd_varlink_close_unref(link);
	(void)poll(NULL, 0, 1200);
	push(other, "GOOD");
	assert_string_equal(text_of(succeeds(other, HOST "ReloadDaemon", "{\"fileDescriptor\":0}"),
				    "version"),
			    "hostd 1.3");
}

/* --- the others ---------------------------------------------------------------------------------
 */

static void test_medium(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	(void)succeeds(link, GUEST "Create", "{\"definition\":\"guest \\\"cd\\\" { cdrom {} }\"}");
	fails(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0}", ERROR("NotNow"),
	      "not running");
	fails(link, GUEST "Medium", "{\"name\":\"web\",\"drive\":0}", ERROR("NotFound"),
	      "has no CD-ROM drive 0");
	(void)succeeds(link, GUEST "Start", "{\"name\":\"cd\"}");
	(void)succeeds(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":\"a.iso\"}");
	(void)succeeds(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":null}");
	fails(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":1}", ERROR("NotFound"), "it has 1");
	fails(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":\"none.iso\"}",
	      ERROR("NotFound"), "there is no none.iso");
	fails(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":\"locked.iso\"}",
	      ERROR("Failed"), "guest cd: drive 0: it is locked");
	(void)succeeds(link, GUEST "Medium",
		       "{\"name\":\"cd\",\"drive\":0,\"file\":\"locked.iso\",\"force\":true}");
}

static int on_medium_reply(sd_varlink *link [[maybe_unused]],
			   sd_json_variant *parameters [[maybe_unused]], const char *error,
			   sd_varlink_reply_flags_t flags [[maybe_unused]], void *userdata)
{
	*(int *)userdata = error ? -1 : 1;
	return 0;
}

/* A client whose call waits for QEMU. */
static sd_varlink *ask_for_late_medium(int *answered)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_varlink *link = connect_link();

	assert_return_code(sd_json_parse("{\"name\":\"cd\",\"drive\":0,\"file\":\"late.iso\"}", 0,
					 &parameters, NULL, NULL),
			   0);
	(void)sd_varlink_set_userdata(link, answered);
	assert_return_code(sd_varlink_bind_reply(link, on_medium_reply), 0);
	assert_return_code(sd_varlink_invoke(link, GUEST "Medium", parameters), 0);
	assert_return_code(sd_varlink_flush(link), 0);
	(void)poll(NULL, 0, 50);
	(void)sd_varlink_process(link);
	assert_int_equal(*answered, 0);
	return link;
}

/* The answer comes when QEMU's does, and hostd works on until then. */
static void test_late_medium(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *waiting = NULL;
	int answered = 0;

	(void)state;
	(void)succeeds(link, GUEST "Create", "{\"definition\":\"guest \\\"cd\\\" { cdrom {} }\"}");
	(void)succeeds(link, GUEST "Start", "{\"name\":\"cd\"}");
	waiting = ask_for_late_medium(&answered);
	(void)succeeds(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":\"a.iso\"}");
	for (int waited_ms = 0; waited_ms < PATIENCE_MS && answered == 0; waited_ms += 10) {
		(void)poll(NULL, 0, 10);
		(void)sd_varlink_process(waiting);
	}
	assert_int_equal(answered, 1);
	waiting = sd_varlink_close_unref(waiting);
	/* one whose client goes, and one that hostd's end comes before */
	answered = 0;
	waiting = sd_varlink_close_unref(ask_for_late_medium(&answered));
	(void)succeeds(link, GUEST "Medium", "{\"name\":\"cd\",\"drive\":0,\"file\":\"a.iso\"}");
	waiting = ask_for_late_medium(&answered);
}

static void test_stats(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *stats = NULL, *nics = NULL;

	(void)state;
	stats = succeeds(link, GUEST "Stats", "{\"name\":\"db\"}");
	assert_int_equal(number_of(stats, "cpuUsec"), 61500000);
	assert_int_equal(number_of(stats, "diskWrites"), 2);
	assert_true(sd_json_variant_boolean(sd_json_variant_by_key(stats, "kept")));
	assert_false(sd_json_variant_boolean(sd_json_variant_by_key(stats, "isolation")));
	/* the second one has no tap */
	nics = sd_json_variant_by_key(stats, "nics");
	assert_int_equal(sd_json_variant_elements(nics), 1);
	assert_int_equal(number_of(sd_json_variant_by_index(nics, 0), "txRefused"), 7);
	assert_string_equal(text_of(sd_json_variant_by_index(nics, 0), "network"), "lan");
	fails(link, GUEST "Stats", "{\"name\":\"bad\"}", ERROR("NotNow"),
	      "guest bad is not running");
}

static void test_pause(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	fails(link, GUEST "Resume", "{\"name\":\"web\"}", ERROR("NotNow"), "is not paused");
	(void)succeeds(link, GUEST "Pause", "{\"name\":\"web\"}");
	fails(link, GUEST "Pause", "{\"name\":\"web\"}", ERROR("NotNow"), "is not running");
	assert_true(sd_json_variant_boolean(sd_json_variant_by_key(
		sd_json_variant_by_key(succeeds(link, GUEST "Get", "{\"name\":\"web\"}"), "guest"),
		"paused")));
	(void)succeeds(link, GUEST "Resume", "{\"name\":\"web\"}");
	fails(link, GUEST "Pause", "{\"name\":\"bad\"}", ERROR("NotNow"), "is not running");
}

static void test_data_volume(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *data = text_format("%s.data", server.path);
	sd_json_variant *volume = NULL;

	(void)state;
	volume = sd_json_variant_by_key(succeeds(link, HOST "Status", "{}"), "dataVolume");
	assert_string_equal(text_of(volume, "phase"), "none");
	assert_null(sd_json_variant_by_key(volume, "sizeBytes"));
	assert_return_code(mkdir(data, 0700), errno);
	volume = sd_json_variant_by_key(succeeds(link, HOST "Status", "{}"), "dataVolume");
	assert_string_equal(text_of(volume, "phase"), "mounted");
	assert_string_equal(text_of(volume, "device"), "/dev/sdz1");
	assert_int_equal(number_of(volume, "freeBytes"), 53687091200);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_names),    TEST(test_wrong_types), TEST(test_wrong_parameters),
		TEST(test_too_much), TEST(test_format_disk), TEST(test_format_disk_alone),
		TEST(test_reload),   TEST(test_medium),      TEST(test_stats),
		TEST(test_pause),    TEST(test_data_volume), TEST(test_late_medium),
		TEST(test_power),
	};

	if (argc == 3 && text_equal(argv[1], "--serve"))
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
