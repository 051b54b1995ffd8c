// SPDX-License-Identifier: GPL-2.0-or-later
// Guests that are created, changed, renamed and deleted over the API, on a real guest store; each
// step fails in turn.
#include "api-define-fixture.h"

/* --- Create --- */

static void test_create(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *guest = NULL;

	(void)state;
	guest = sd_json_variant_by_key(calls(link, CREATE,
					     "{\"name\":\"new\",\"changes\":["
					     "{\"key\":\"machine\",\"value\":\"microvm\"},"
					     "{\"key\":\"disk.0.size\",\"value\":\"20M\"},"
					     "{\"key\":\"disk.0.file\",\"value\":\"a.qcow2\"},"
					     "{\"key\":\"disk.0.format\",\"value\":\"qcow2\"},"
					     "{\"key\":\"kernel\",\"value\":\"vmlinuz\"}]}",
					     NULL),
				       "guest");
	assert_string_equal(text_of(guest, "name"), "new");
	assert_string_equal(text_of(guest, "machine"), "microvm");
	assert_string_equal(text_of(guest, "origin"), "memory");
	assert_false(sd_json_variant_boolean(sd_json_variant_by_key(guest, "kept")));
	/* what stood in for something to boot from is gone */
	assert_int_equal(sd_json_variant_elements(sd_json_variant_by_key(guest, "nics")), 0);
	assert_true(has_file("memory", "new/guest.conf"));
	assert_true(has_file("memory", "new/a.qcow2"));
	assert_false(has_file("memory", "new/.import-a.qcow2"));
	assert_non_null(strstr(definition(link, "new"), "guest \"new\" {"));

	make_data();
	(void)calls(link, CREATE,
		    "{\"definition\":\"guest \\\"kept\\\" {\\n# why\\nkernel = \\\"k\\\"\\n}\\n\"}",
		    NULL);
	assert_string_equal(text_of(get(link, "kept"), "origin"), "data");
	assert_true(has_file("data", "kept/guest.conf"));
	assert_string_equal(definition(link, "kept"),
			    "guest \"kept\" {\n# why\nkernel = \"k\"\n}\n");
	restart_server(SIGKILL);
	sd_varlink_unref(link);
	link = connect_link();
	assert_true(is_there(link, "kept"));
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Definition", "web", NULL), "origin"),
			    "config");
}

static void test_create_refused(void **state)
{
	static const struct {
		const char *json, *reason;
	} table[] = {
		{ "{}", "needs a definition or a name" },
		{ "{\"name\":\"Web\"}", "\"Web\" is no name" },
		{ "{\"name\":\"../x\"}", "is no name" },
		{ "{\"name\":\"n\"}", "boot from" },
		{ "{\"name\":\"web\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"}]}",
		  "there is a guest web already: it is defined in mvirt.conf" },
		{ "{\"definition\":\"guest \\\"n\\\" {\"}", "line 1: " },
		{ "{\"definition\":\"guest \\\"n\\\" {\\nmemry = 1\\n}\"}",
		  "line 2: unknown key \"memry\" in guest \"n\": did you mean \"memory\"?" },
		{ "{\"name\":\"N\",\"definition\":\"guest \\\"n\\\" { nic {} }\"}", "is no name" },
		{ "{\"name\":\"n\",\"changes\":[{\"key\":\"memry\",\"value\":\"1\"}]}",
		  "did you mean \"memory\"?" },
		{ "{\"definition\":\"guest \\\"n\\\" { nic { network = \\\"dmz\\\" } }\"}",
		  "there is no network \"dmz\" on this host" },
		{ "{\"definition\":\"guest \\\"n\\\" { nic {}\\n after = [\\\"none\\\"] }\"}",
		  "there is no such guest" },
		{ "{\"definition\":\"guest \\\"n\\\" { nic {}\\n after = [\\\"n\\\"] }\"}", "n" },
		{ "{\"definition\":\"guest \\\"n\\\" { nic {} }\","
		  "\"files\":[{\"name\":\"a\",\"fileDescriptor\":0}]}",
		  "the definition names no file \"a\"" },
		{ "{\"definition\":\"guest \\\"n\\\" { kernel = \\\"a\\\" }\","
		  "\"files\":[{\"name\":\"a\",\"fileDescriptor\":0}]}",
		  "there is no file descriptor for \"a\"" },
		{ "{\"definition\":\"guest \\\"n\\\" { kernel = \\\"a\\\" }\","
		  "\"files\":[{\"name\":\"../a\",\"fileDescriptor\":0}]}",
		  "cannot be imported as" },
		{ "{\"definition\":\"guest \\\"n\\\" { nic {} }\","
		  "\"files\":[{\"name\":\"guest.conf\",\"fileDescriptor\":0}]}",
		  "cannot be imported as" },
		{ "{\"name\":\"no-store\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"}]}",
		  "guest no-store is not created: No space left on device" },
		{ "{\"name\":\"no-define\",\"changes\":[{\"key\":\"disk.0.file\",\"value\":\"k\"},"
		  "{\"key\":\"disk.0.size\",\"value\":\"1M\"}]}",
		  "guest no-define is not created: Input/output error" },
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	for (size_t i = 0; i < ELEMENTS(table); i++)
		refused(link, CREATE, table[i].json, table[i].reason);
	assert_false(is_there(link, "n"));
	assert_false(has_file("memory", "n"));
	assert_false(has_file("memory", "no-store"));
	assert_false(has_file("memory", "no-define"));
}

/* --- Set, Replace --- */

static const char *effect_at(sd_json_variant *answer, size_t index)
{
	return text_of(sd_json_variant_by_index(sd_json_variant_by_key(answer, "changes"), index),
		       "effect");
}

#define CHANGES                                                     \
	"\"changes\":[{\"key\":\"autostart\",\"value\":\"false\"}," \
	"{\"key\":\"memory\",\"value\":\"64M\"}]}"

static void wait_for_state(sd_varlink *link, const char *name, const char *state)
{
	for (int waited_ms = 0; strcmp(text_of(get(link, name), "state"), state) != 0;
	     waited_ms += 20) {
		assert_true(waited_ms < PATIENCE_MS);
		(void)poll(NULL, 0, 20);
	}
}

static bool differs(sd_varlink *link, const char *name)
{
	return sd_json_variant_boolean(sd_json_variant_by_key(get(link, name), "nextStartDiffers"));
}

static void test_set(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *revision = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;

	(void)state;
	create_web2(link, "new");
	answer = calls(link, SET, "{\"name\":\"new\"," CHANGES, NULL);
	assert_string_equal(effect_at(answer, 0), "now");
	assert_string_equal(effect_at(answer, 1), "now");
	assert_int_equal(number_of(get(link, "new"), "memoryBytes"), 64 << 20);
	(void)call(link, "io.mvirt.Guest.Start", "new", NULL);
	wait_for_state(link, "new", "running");
	assert_false(differs(link, "new"));
	answer = calls(link, SET,
		       "{\"name\":\"new\",\"changes\":[{\"key\":\"restart\",\"value\":\"never\"}]}",
		       NULL);
	assert_string_equal(effect_at(answer, 0), "now");
	assert_false(differs(link, "new"));
	answer = calls(link, SET,
		       "{\"name\":\"new\",\"changes\":[{\"key\":\"cpus\",\"value\":\"2\"},"
		       "{\"key\":\"on-panic\",\"value\":\"stop\"}]}",
		       NULL);
	assert_string_equal(effect_at(answer, 0), "next-start");
	assert_string_equal(effect_at(answer, 1), "next-start");
	revision = strdup(text_of(answer, "revision"));
	assert_true(differs(link, "new"));
	/* it is on the disk */
	assert_non_null(strstr(definition(link, "new"), "cpus = 2"));
	assert_string_equal(text_of(call(link, "io.mvirt.Guest.Definition", "new", NULL),
				    "revision"),
			    revision);
	answer = calls(link, SET, "{\"name\":\"new\",\"revision\":\"0\"," CHANGES, &error);
	assert_string_equal(error, ERROR("Conflict"));
	assert_int_equal(strlen(text_of(answer, "revision")), 16);
}

static void test_set_refused(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	refused(link, SET, "{\"name\":\"web\"," CHANGES,
		"guest web is defined in mvirt.conf: change it there");
	create_web2(link, "new");
	/* all or none */
	refused(link, SET,
		"{\"name\":\"new\",\"changes\":[{\"key\":\"cpus\",\"value\":\"2\"},"
		"{\"key\":\"memory\",\"value\":\"1\"}]}",
		"memory");
	assert_int_equal(number_of(get(link, "new"), "cpus"), 1);
	refused(link, SET,
		"{\"name\":\"new\",\"changes\":[{\"key\":\"nic.0.network\",\"value\":\"dmz\"}]}",
		"guest new is as it was: nic 0: there is no network");
	create_web2(link, "no-save");
	refused(link, SET, "{\"name\":\"no-save\"," CHANGES, "Read-only file system");
	create_web2(link, "no-redefine");
	refused(link, SET, "{\"name\":\"no-redefine\"," CHANGES, "Input/output error");
	assert_null(strstr(definition(link, "no-redefine"), "64M"));
}

static void test_replace(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	create_web2(link, "new");
	assert_string_equal(
		text_of(calls(link, REPLACE,
			      "{\"name\":\"new\",\"definition\":\"guest \\\"new\\\" { #!\\n cpus = "
			      "3\\n nic {} }\"}",
			      NULL),
			"effect"),
		"now");
	assert_string_equal(definition(link, "new"), "guest \"new\" { #!\n cpus = 3\n nic {} }");
	refused(link, REPLACE, "{\"name\":\"new\",\"definition\":\"guest \\\"old\\\" { nic {} }\"}",
		"one of guest old, not of new");
	refused(link, REPLACE, "{\"name\":\"new\",\"definition\":\"guest\"}", "line 1");
	refused(link, REPLACE, "{\"name\":\"web\",\"definition\":\"guest \\\"web\\\" { nic {} }\"}",
		"mvirt.conf");
}

/* --- Rename, Delete --- */

static void test_rename(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	create_web2(link, "new");
	assert_string_equal(text_of(sd_json_variant_by_key(
					    calls(link, RENAME,
						  "{\"name\":\"new\",\"newName\":\"newer\"}", NULL),
					    "guest"),
				    "name"),
			    "newer");
	assert_false(is_there(link, "new"));
	assert_true(has_file("memory", "newer/guest.conf"));
	assert_non_null(strstr(definition(link, "newer"), "guest \"newer\""));
	assert_non_null(strstr(definition(link, "newer"), "instance-id = \"of-new\""));
	refused(link, RENAME, "{\"name\":\"web\",\"newName\":\"x\"}", "mvirt.conf");
	refused(link, RENAME, "{\"name\":\"newer\",\"newName\":\"web\"}", "there is a guest web");
	refused(link, RENAME, "{\"name\":\"newer\",\"newName\":\"X/\"}", "is no name");
	refused(link, RENAME, "{\"name\":\"newer\",\"newName\":\"no-move\"}", "Input/output");
	refused(link, RENAME, "{\"name\":\"newer\",\"newName\":\"no-rename\"}", "Input/output");
	/* and is back in its folder */
	assert_non_null(strstr(definition(link, "newer"), "guest \"newer\""));
	(void)call(link, "io.mvirt.Guest.Start", "newer", NULL);
	refused(link, RENAME, "{\"name\":\"newer\",\"newName\":\"x\"}", "stop it first");
}

static void test_delete(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();

	(void)state;
	(void)calls(link, CREATE,
		    "{\"definition\":\"guest \\\"d\\\" { disk { file = \\\"a.raw\\\"\\n size = "
		    "\\\"1M\\\"\\n } }\"}",
		    NULL);
	refused(link, DELETE, "{\"name\":\"web\"}", "mvirt.conf");
	(void)calls(link, DELETE, "{\"name\":\"d\"}", NULL);
	assert_false(is_there(link, "d"));
	assert_false(has_file("memory", "d/guest.conf"));
	assert_true(has_file("memory", "d/a.raw"));
	/* one of the same name takes the disk over */
	(void)calls(link, CREATE,
		    "{\"definition\":\"guest \\\"d\\\" { disk { file = \\\"a.raw\\\"\\n size = "
		    "\\\"2M\\\"\\n } }\"}",
		    NULL);
	(void)calls(link, DELETE, "{\"name\":\"d\",\"withDisks\":true}", NULL);
	assert_false(has_file("memory", "d"));

	create_web2(link, "no-delete");
	refused(link, DELETE, "{\"name\":\"no-delete\"}", "is not deleted: Input/output error");
	assert_true(is_there(link, "no-delete"));
	create_web2(link, "no-undefine");
	refused(link, DELETE, "{\"name\":\"no-undefine\"}", "it does not want to");
	assert_true(has_file("memory", "no-undefine/guest.conf"));

	create_web2(link, "db2");
	(void)calls(link, CREATE,
		    "{\"definition\":\"guest \\\"app\\\" { nic {}\\n after = [\\\"db2\\\"] }\"}",
		    NULL);
	refused(link, DELETE, "{\"name\":\"db2\"}", "guest app comes after db2");
	(void)call(link, "io.mvirt.Guest.Start", "app", NULL);
	refused(link, DELETE, "{\"name\":\"app\"}", "stop it first");
}

/* A console of a guest that goes is closed, and does not reach into what is freed. */
static void test_console_of_a_guest_that_goes(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	struct pollfd polled = { .events = POLLIN };
	char byte = 0;

	(void)state;
	create_web2(link, "new");
	assert_return_code(sd_varlink_set_allow_fd_passing_input(other, true), 0);
	(void)call(other, "io.mvirt.Guest.Console", "new", NULL);
	polled.fd = sd_varlink_take_fd(other, 0);
	assert_return_code(polled.fd, 0);
	(void)calls(link, DELETE, "{\"name\":\"new\"}", NULL);
	assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
	assert_int_equal(read(polled.fd, &byte, 1), 0);
	(void)close(polled.fd);
}

/* A data volume that goes takes no guest with it, and gets no change. */
static void test_lost_data_volume(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	_cleanup_free_ char *path = text_format("%s.data", server.path);
	_cleanup_free_ char *away = text_format("%s.away", server.path);

	(void)state;
	make_data();
	create_web2(link, "new");
	assert_return_code(rename(path, away), errno);
	refused(link, SET, "{\"name\":\"new\"," CHANGES, "on the data volume, which is not there");
	refused(link, DELETE, "{\"name\":\"new\"}", "which is not there");
	assert_non_null(strstr(definition(link, "new"), "guest \"new\""));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_create),
		TEST(test_create_refused),
		TEST(test_set),
		TEST(test_set_refused),
		TEST(test_replace),
		TEST(test_rename),
		TEST(test_delete),
		TEST(test_console_of_a_guest_that_goes),
		TEST(test_lost_data_volume),
	};

	if (argc == 3 && text_equal(argv[1], "--serve"))
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
