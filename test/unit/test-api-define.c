// SPDX-License-Identifier: GPL-2.0-or-later
// Guests that are created, changed, renamed and deleted over the API, on a real guest store; each
// step fails in turn, and hostd is killed in the middle.
// link: -Wl,--wrap=guest_store_create,--wrap=guest_store_save,--wrap=guest_store_delete
// link: -Wl,--wrap=guest_store_rename,--wrap=api_import_finish
#include <sys/stat.h>

#include "api-fixture.h"
#include "api-stubs.h"

#define REFUSED "io.mvirt.Guest.Refused"

/* --- steps that fail for a guest of that name --- */

int __real_guest_store_create(int root_fd, const char *name, const char *text);
int __wrap_guest_store_create(int root_fd, const char *name, const char *text);
int __wrap_guest_store_create(int root_fd, const char *name, const char *text)
{
	return strcmp(name, "no-store") == 0 ? -ENOSPC
					     : __real_guest_store_create(root_fd, name, text);
}

int __real_guest_store_save(int root_fd, const char *name, const char *text);
int __wrap_guest_store_save(int root_fd, const char *name, const char *text);
int __wrap_guest_store_save(int root_fd, const char *name, const char *text)
{
	return strcmp(name, "no-save") == 0 ? -EROFS : __real_guest_store_save(root_fd, name, text);
}

int __real_guest_store_delete(int root_fd, const char *name, bool with_disks);
int __wrap_guest_store_delete(int root_fd, const char *name, bool with_disks);
int __wrap_guest_store_delete(int root_fd, const char *name, bool with_disks)
{
	return strcmp(name, "no-delete") == 0
		       ? -EIO
		       : __real_guest_store_delete(root_fd, name, with_disks);
}

int __real_guest_store_rename(int root_fd, const char *name, const char *new_name,
			      const char *text);
int __wrap_guest_store_rename(int root_fd, const char *name, const char *new_name,
			      const char *text);
int __wrap_guest_store_rename(int root_fd, const char *name, const char *new_name, const char *text)
{
	return strcmp(new_name, "no-move") == 0
		       ? -EIO
		       : __real_guest_store_rename(root_fd, name, new_name, text);
}

int __real_api_import_finish(int root_fd, const char *guest_name, const char *file);
int __wrap_api_import_finish(int root_fd, const char *guest_name, const char *file);
int __wrap_api_import_finish(int root_fd, const char *guest_name, const char *file)
{
	return strcmp(guest_name, "no-finish") == 0 && strcmp(file, "b.img") == 0
		       ? -EIO
		       : __real_api_import_finish(root_fd, guest_name, file);
}

/* --- calls --- */

static sd_json_variant *calls(sd_varlink *link, const char *method, const char *json,
			      const char **ret_error)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;

	assert_return_code(sd_json_parse(json, 0, &parameters, NULL, NULL), 0);
	assert_return_code(sd_varlink_call(link, method, parameters, &answer, &error), 0);
	if (ret_error)
		*ret_error = error;
	else if (error)
		fail_msg("%s %s: %s %s", method, json, error,
			 answer && sd_json_variant_by_key(answer, "reason")
				 ? text_of(answer, "reason")
				 : "");
	return answer;
}

static void refused(sd_varlink *link, const char *method, const char *json, const char *reason)
{
	const char *error = NULL;
	sd_json_variant *answer = calls(link, method, json, &error);

	if (!error)
		fail_msg("%s %s is not refused", method, json);
	assert_string_equal(error, REFUSED);
	if (!strstr(text_of(answer, "reason"), reason))
		fail_msg("%s %s: \"%s\" and not \"%s\"", method, json, text_of(answer, "reason"),
			 reason);
	assert_null(strchr(text_of(answer, "reason"), '\n'));
}

#define CREATE "io.mvirt.Guest.Create"
#define DELETE "io.mvirt.Guest.Delete"
#define RENAME "io.mvirt.Guest.Rename"
#define SET "io.mvirt.Guest.Set"
#define REPLACE "io.mvirt.Guest.Replace"
#define GET "io.mvirt.Guest.Get"

static sd_json_variant *get(sd_varlink *link, const char *name)
{
	return sd_json_variant_by_key(call(link, GET, name, NULL), "guest");
}

static bool is_there(sd_varlink *link, const char *name)
{
	const char *error = NULL;

	(void)call(link, GET, name, &error);
	return !error;
}

static const char *definition(sd_varlink *link, const char *name)
{
	return text_of(call(link, "io.mvirt.Guest.Definition", name, NULL), "text");
}

/* root: "memory" or "data"; path is below it. */
static bool has_file(const char *root, const char *path)
{
	_cleanup_free_ char *full = text_format("%s.%s/guests/%s", server.path, root, path);
	struct stat status;

	return lstat(full, &status) == 0;
}

static void make_data(void)
{
	_cleanup_free_ char *path = text_format("%s.data", server.path);

	assert_return_code(mkdir(path, 0700), errno);
}

static void create_web2(sd_varlink *link, const char *name)
{
	_cleanup_free_ char *json = text_format(
		"{\"name\":\"%s\",\"changes\":[{\"key\":\"kernel\",\"value\":\"vmlinuz\"}]}", name);

	(void)calls(link, CREATE, json, NULL);
}

static void restart_server(int signal_number)
{
	int status = 0;

	assert_return_code(kill(server.pid, signal_number), errno);
	assert_return_code(waitpid(server.pid, &status, 0), errno);
	(void)start_server_with("--serve");
}

/* --- files that are imported --- */

/* Sends the call and returns without an answer. */
static void begin_import(sd_varlink *link, const char *name, const char *content)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	_cleanup_free_ char *json = text_format(
		"{\"name\":\"%s\",\"definition\":\"guest \\\"x\\\" { # mine\\n disk { file = "
		"\\\"a.img\\\" }\\n disk { file = \\\"b.img\\\" }\\n }\","
		"\"files\":[{\"name\":\"a.img\",\"fileDescriptor\":0},"
		"{\"name\":\"b.img\",\"fileDescriptor\":1}]}",
		name);

	assert_return_code(sd_varlink_set_allow_fd_passing_output(link, true), 0);
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/test-api-image-XXXXXX";
		int fd = mkstemp(path);

		assert_return_code(fd, errno);
		assert_return_code(unlink(path), errno);
		/* The first one is always good. */
		if (i == 0)
			assert_int_equal(write(fd, "QFI\xfb rest", 9), 9);
		else
			assert_int_equal(write(fd, content, strlen(content)), strlen(content));
		assert_int_equal(sd_varlink_push_fd(link, fd), i);
	}
	assert_return_code(sd_json_parse(json, 0, &parameters, NULL, NULL), 0);
	assert_return_code(sd_varlink_invoke(link, CREATE, parameters), 0);
	/* what has fds with it is not sent before */
	assert_true(sd_varlink_process(link) > 0);
}

struct answer {
	bool is_there;
	char error[64], reason[256];
};

static int on_answer(sd_varlink *link, sd_json_variant *parameters, const char *error,
		     sd_varlink_reply_flags_t flags, void *userdata)
{
	struct answer *answer = userdata;

	(void)link;
	(void)flags;
	answer->is_there = true;
	(void)snprintf(answer->error, sizeof(answer->error), "%s", error ? error : "");
	if (error && parameters && sd_json_variant_by_key(parameters, "reason"))
		(void)snprintf(answer->reason, sizeof(answer->reason), "%s",
			       text_of(parameters, "reason"));
	return 0;
}

static void import(sd_varlink *link, const char *name, const char *content, struct answer *answer)
{
	*answer = (struct answer){};
	(void)sd_varlink_set_userdata(link, answer);
	assert_return_code(sd_varlink_bind_reply(link, on_answer), 0);
	begin_import(link, name, content);
	while (!answer->is_there) {
		int r = sd_varlink_process(link);

		if (r == 0)
			r = sd_varlink_wait(link, PATIENCE_MS * 1000);
		assert_true(r > 0);
	}
}

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
		  "there is no file descriptor 0" },
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

static void test_import(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	struct answer answer;

	(void)state;
	import(link, "imported", "raw it is", &answer);
	assert_string_equal(answer.error, "");
	assert_true(has_file("memory", "imported/a.img"));
	assert_true(has_file("memory", "imported/b.img"));
	assert_false(has_file("memory", "imported/.import-a.img"));
	/* the formats were found out, once and for all */
	assert_non_null(strstr(definition(other, "imported"), "\"qcow2\""));
	assert_non_null(strstr(definition(other, "imported"), "\"raw\""));
}

/* Whichever step fails, nothing is left of the guest. */
static void test_import_fails(void **state)
{
	static const struct {
		const char *name, *content, *reason;
	} table[] = {
		{ "bad-image", "BAD!", "guest bad-image is not created: b.img: it has a backing" },
		{ "no-finish", "good", "guest no-finish is not created: b.img: Input/output" },
		{ "no-store", "good", "guest no-store is not created: No space left" },
		{ "no-define", "good", "guest no-define is not created: Input/output" },
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *other = connect_link();

	(void)state;
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
		struct answer answer;

		import(link, table[i].name, table[i].content, &answer);
		assert_string_equal(answer.error, REFUSED);
		if (!strstr(answer.reason, table[i].reason))
			fail_msg("%s: %s", table[i].name, answer.reason);
		assert_false(is_there(other, table[i].name));
		if (has_file("memory", table[i].name))
			fail_msg("%s has left a folder", table[i].name);
	}
}

static void wait_for_file(const char *path)
{
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 10) {
		if (has_file("memory", path))
			return;
		(void)poll(NULL, 0, 10);
	}
	fail_msg("%s does not come", path);
}

static void test_import_while_others_go_on(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	int status = 0;

	(void)state;
	begin_import(link, "slow", "SLOW");
	wait_for_file("slow/.import-b.img");
	assert_false(is_there(other, "slow"));
	refused(other, CREATE,
		"{\"name\":\"slow\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"}]}",
		"guest slow is being created");
	create_web2(other, "quick");
	refused(other, RENAME, "{\"name\":\"quick\",\"newName\":\"slow\"}", "is being created");
	/* The client goes away: the guest is created all the same. */
	link = sd_varlink_close_unref(link);
	for (int waited_ms = 0; !is_there(other, "slow"); waited_ms += 50) {
		assert_true(waited_ms < PATIENCE_MS);
		(void)poll(NULL, 0, 50);
	}
	link = connect_link();
	begin_import(link, "slow2", "SLOW");
	wait_for_file("slow2/.import-b.img");
	/* A hostd that ends takes back what it has begun… */
	assert_return_code(kill(server.pid, SIGTERM), errno);
	assert_return_code(waitpid(server.pid, &status, 0), errno);
	assert_int_equal(status, 0);
	assert_false(has_file("memory", "slow2"));
	assert_true(has_file("memory", "slow/b.img"));
	(void)start_server_with("--serve");
}

/* …and what a killed one leaves, the next removes. */
static void test_import_killed(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = NULL;

	(void)state;
	begin_import(link, "slow", "SLOW");
	wait_for_file("slow/.import-b.img");
	restart_server(SIGKILL);
	assert_false(has_file("memory", "slow"));
	other = connect_link();
	assert_false(is_there(other, "slow"));
}

/* …also between a file's own name and the definition; a definition makes the files the guest's. */
static void test_import_killed_at_the_end(void **state)
{
	_cleanup_free_ char *root = text_format("%s.memory", server.path);
	_cleanup_fd_ int root_fd = -EBADF;

	(void)state;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(root_fd, errno);
	for (int defined = 0; defined < 2; defined++) {
		int fd = -EBADF;

		assert_return_code(guest_store_make_folder(root_fd, "half"), 0);
		assert_return_code(api_import_note(root_fd, "half", "a.img\nb.img\n../../x\n"), 0);
		assert_return_code(api_import_open(root_fd, "half", "a.img", &fd), 0);
		(void)close(fd);
		assert_return_code(api_import_finish(root_fd, "half", "a.img"), 0);
		assert_return_code(api_import_open(root_fd, "half", "b.img", &fd), 0);
		(void)close(fd);
		if (defined)
			assert_return_code(guest_store_create(root_fd, "half",
							      "guest \"half\" { nic {} }"),
					   0);
		restart_server(SIGKILL);
		assert_int_equal(has_file("memory", "half"), defined);
		assert_int_equal(has_file("memory", "half/a.img"), defined);
		assert_false(has_file("memory", "half/.import-b.img"));
		assert_false(has_file("memory", "half/.imported"));
	}
	assert_return_code(guest_store_make_folder(root_fd, "empty"), 0);
	restart_server(SIGKILL);
	assert_false(has_file("memory", "empty"));
}

static void test_import_limit(void **state)
{
	sd_varlink *links[8];
	_cleanup_(sd_varlink_unrefp) sd_varlink *other = connect_link();

	(void)state;
	for (size_t i = 0; i < ELEMENTS(links); i++) {
		_cleanup_free_ char *name = text_format("slow%zu", i);
		_cleanup_free_ char *file = text_format("slow%zu/.import-a.img", i);

		links[i] = connect_link();
		begin_import(links[i], name, "SLOW");
		wait_for_file(file);
	}
	refused(other, CREATE,
		"{\"name\":\"more\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"}]}",
		"too many guests are being created");
	for (size_t i = 0; i < ELEMENTS(links); i++)
		sd_varlink_close_unref(links[i]);
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
	sd_json_variant *answer = NULL;

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
	assert_true(differs(link, "new"));
	/* it is on the disk */
	assert_non_null(strstr(definition(link, "new"), "cpus = 2"));
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
		TEST(test_import),
		TEST(test_import_fails),
		TEST(test_import_while_others_go_on),
		TEST(test_import_killed),
		TEST(test_import_killed_at_the_end),
		TEST(test_import_limit),
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
