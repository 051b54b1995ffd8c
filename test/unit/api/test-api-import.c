// SPDX-License-Identifier: GPL-2.0-or-later
// Files that come with a guest's definition over the API: taken in by a process of its own, which
// others do not wait for, and during which hostd is killed.
#include "api-define-fixture.h"
#include "host/host-import.h"

/* Sends the call and returns without an answer. */
static void begin_import_with(sd_varlink *link, const char *name, const char *content,
			      const char *more)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	_cleanup_free_ char *json = text_format(
		"{\"name\":\"%s\",\"definition\":\"guest \\\"x\\\" { # mine\\n disk { file = "
		"\\\"a.img\\\" }\\n disk { file = \\\"b.img\\\" }\\n }\","
		"\"files\":[{\"name\":\"a.img\",\"fileDescriptor\":0},"
		"{\"name\":\"b.img\",\"fileDescriptor\":1}]%s}",
		name, more);

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

static void begin_import(sd_varlink *link, const char *name, const char *content)
{
	begin_import_with(link, name, content, "");
}

struct answer {
	bool is_there;
	uint64_t job;
	char error[64], reason[256];
	uint64_t reserve_bytes, needed_bytes;
};

static int on_answer(sd_varlink *link, sd_json_variant *parameters, const char *error,
		     sd_varlink_reply_flags_t flags, void *userdata)
{
	struct answer *answer = userdata;

	(void)link;
	(void)flags;
	answer->is_there = true;
	if (!error && sd_json_variant_by_key(parameters, "job"))
		answer->job = number_of(parameters, "job");
	(void)snprintf(answer->error, sizeof(answer->error), "%s", error ? error : "");
	if (error && sd_json_variant_by_key(parameters, "neededBytes")) {
		answer->needed_bytes = number_of(parameters, "neededBytes");
		answer->reserve_bytes = number_of(parameters, "reserveBytes");
	}
	if (error && parameters && sd_json_variant_by_key(parameters, "reason"))
		(void)snprintf(answer->reason, sizeof(answer->reason), "%s",
			       text_of(parameters, "reason"));
	return 0;
}

static void wait_for_answer(sd_varlink *link, const struct answer *answer)
{
	while (!answer->is_there) {
		int r = sd_varlink_process(link);

		if (r == 0)
			r = sd_varlink_wait(link, PATIENCE_MS * 1000);
		assert_true(r > 0);
	}
}

static void import(sd_varlink *link, const char *name, const char *content, struct answer *answer)
{
	*answer = (struct answer){};
	(void)sd_varlink_set_userdata(link, answer);
	assert_return_code(sd_varlink_bind_reply(link, on_answer), 0);
	begin_import(link, name, content);
	wait_for_answer(link, answer);
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
		const char *name, *content, *error, *reason;
	} table[] = {
		{ "bad-image", "BAD!", ERROR("Invalid"),
		  "guest bad-image is not created: b.img: it has a backing" },
		{ "no-finish", "good", ERROR("Failed"),
		  "guest no-finish is not created: b.img: Input/output" },
		{ "no-store", "good", ERROR("NoSpace"),
		  "guest no-store is not created: No space left" },
		{ "no-define", "good", ERROR("Failed"),
		  "guest no-define is not created: Input/output" },
	};
	_cleanup_(sd_varlink_unrefp) sd_varlink *other = connect_link();

	(void)state;
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
		struct answer answer;

		import(link, table[i].name, table[i].content, &answer);
		assert_string_equal(answer.error, table[i].error);
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

static sd_json_variant *get_job(sd_varlink *link, uint64_t id)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;

	assert_return_code(sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_UNSIGNED("id", id)), 0);
	assert_return_code(sd_varlink_call(link, "io.mvirt.Job.Get", parameters, &answer, &error),
			   0);
	assert_null(error);
	return sd_json_variant_by_key(answer, "job");
}

/* A job is known by its id, also to the next hostd; only what is copied is one. */
static void test_job(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link(),
						*next = NULL;
	sd_json_variant *jobs = NULL, *job = NULL;

	(void)state;
	create_web2(other, "quick");
	begin_import(link, "slow", "SLOW");
	wait_for_file("slow/.import-b.img");
	jobs = sd_json_variant_by_key(call(other, "io.mvirt.Job.List", NULL, NULL), "jobs");
	assert_int_equal(sd_json_variant_elements(jobs), 1);
	job = sd_json_variant_by_index(jobs, 0);
	assert_string_equal(text_of(job, "kind"), "create");
	assert_string_equal(text_of(job, "subject"), "slow");
	assert_string_equal(text_of(job, "state"), "running");
	/* The first file is there, the second one has begun. */
	assert_int_equal(number_of(job, "totalBytes"), 9 + 4);
	assert_int_equal(number_of(job, "doneBytes"), 9);
	refused(other, "io.mvirt.Job.Cancel", "{\"id\":7}", "there is no job 7");
	assert_false(has_file("memory", "nothing"));
	(void)calls(other, "io.mvirt.Job.Cancel", "{\"id\":1}", NULL);
	assert_string_equal(text_of(get_job(other, 1), "state"), "cancelled");
	assert_string_equal(text_of(get_job(other, 1), "reason"),
			    "guest slow is not created: it was cancelled");
	assert_false(has_file("memory", "slow"));
	refused(other, "io.mvirt.Job.Cancel", "{\"id\":1}", "job 1 has ended: it is cancelled");
	/* hostd is killed: what was begun is gone, and the job says so. */
	begin_import(other, "slow", "SLOW");
	wait_for_file("slow/.import-b.img");
	restart_server(SIGKILL);
	next = connect_link();
	assert_false(has_file("memory", "slow"));
	assert_string_equal(text_of(get_job(next, 2), "state"), "failed");
	assert_string_equal(text_of(get_job(next, 2), "reason"),
			    "hostd ended before it was done: the guest is not created, and nothing "
			    "is left of it");
}

/* Who does not wait gets the job's number, and others learn of its end. */
static void test_job_without_waiting(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();
	struct answer answer = {};

	(void)state;
	(void)sd_varlink_set_userdata(link, &answer);
	assert_return_code(sd_varlink_bind_reply(link, on_answer), 0);
	begin_import_with(link, "web3", "good", ",\"wait\":false");
	wait_for_answer(link, &answer);
	assert_string_equal(answer.error, "");
	assert_int_equal(answer.job, 1);
	for (int waited_ms = 0; text_equal(text_of(get_job(other, 1), "state"), "running");
	     waited_ms += 50) {
		assert_true(waited_ms < PATIENCE_MS);
		(void)poll(NULL, 0, 50);
	}
	assert_string_equal(text_of(get_job(other, 1), "state"), "done");
	assert_int_equal(number_of(get_job(other, 1), "doneBytes"), 9 + 4);
	assert_true(is_there(other, "web3"));
}

/* One that fails at once is no job that somebody could wait for: its error is the answer. */
static void test_job_fails_at_once(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link(),
						*again = connect_link();
	struct answer first = {}, answer = {};

	(void)state;
	import(link, "kept", "good", &first);
	assert_string_equal(first.error, "");
	(void)calls(other, DELETE, "{\"name\":\"kept\"}", NULL);
	(void)sd_varlink_set_userdata(again, &answer);
	assert_return_code(sd_varlink_bind_reply(again, on_answer), 0);
	begin_import_with(again, "kept", "good", ",\"wait\":false");
	wait_for_answer(again, &answer);
	assert_string_equal(answer.error, ERROR("Exists"));
	assert_string_equal(text_of(get_job(other, 2), "state"), "failed");
	assert_true(is_there(other, "web"));
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
		assert_return_code(host_import_note(root_fd, "half", "a.img\nb.img\n../../x\n"), 0);
		assert_return_code(host_import_open(root_fd, "half", "a.img", &fd), 0);
		(void)close(fd);
		assert_return_code(host_import_finish(root_fd, "half", "a.img"), 0);
		assert_return_code(host_import_open(root_fd, "half", "b.img", &fd), 0);
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

static void set_checking(bool checking)
{
	_cleanup_free_ char *path = text_format("%s.checking", server.path);
	int fd = -EBADF;

	if (!checking) {
		assert_return_code(unlink(path), errno);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	(void)close(fd);
}

/* Asks for what is refused in any case. */
static void wait_until_it_waits(sd_varlink *link, const char *name)
{
	_cleanup_free_ char *json =
		text_format("{\"name\":\"%s\",\"changes\":[{\"key\":\"kernel\",\"value\":\"k\"},"
			    "{\"key\":\"after\",\"value\":\"nobody\"}]}",
			    name);

	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 10) {
		const char *error = NULL;
		sd_json_variant *answer = calls(link, CREATE, json, &error);

		assert_non_null(error);
		if (strstr(text_of(answer, "reason"), "is being created"))
			return;
		(void)poll(NULL, 0, 10);
	}
	fail_msg("%s is not being created", name);
}

static void test_data_volume_is_checked(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link(),
						*taken = connect_link();
	struct answer answer = {}, taken_answer = {};

	(void)state;
	(void)sd_varlink_set_userdata(link, &answer);
	assert_return_code(sd_varlink_bind_reply(link, on_answer), 0);
	(void)sd_varlink_set_userdata(taken, &taken_answer);
	assert_return_code(sd_varlink_bind_reply(taken, on_answer), 0);
	/* Where a guest is kept is not known yet, so its files go nowhere. */
	set_checking(true);
	begin_import(link, "late", "raw it is");
	begin_import(taken, "found", "raw it is");
	wait_until_it_waits(other, "late");
	wait_until_it_waits(other, "found");
	assert_false(is_there(other, "late"));
	assert_false(has_file("memory", "late"));
	/* There is one, with a guest on it. */
	{
		_cleanup_free_ char *root = text_format("%s.data", server.path);
		_cleanup_fd_ int root_fd = -EBADF;

		make_data();
		root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_return_code(root_fd, errno);
		assert_int_equal(guest_store_create(root_fd, "found", "guest \"found\" { nic {} }"),
				 0);
	}
	set_checking(false);
	wait_for_answer(link, &answer);
	assert_string_equal(answer.error, "");
	assert_true(has_file("data", "late/a.img"));
	assert_true(has_file("data", "late/guest.conf"));
	assert_false(has_file("memory", "late"));
	wait_for_answer(taken, &taken_answer);
	assert_string_equal(taken_answer.error, ERROR("Exists"));
	assert_string_equal(taken_answer.reason, "guest found is not created: there is such a "
						 "guest on the data volume");
	assert_false(has_file("data", "found/a.img"));
	assert_true(has_file("data", "found/guest.conf"));
}

static void test_data_volume_is_not_there_after_all(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *gone = connect_link();
	struct answer answer = {};

	(void)state;
	(void)sd_varlink_set_userdata(link, &answer);
	assert_return_code(sd_varlink_bind_reply(link, on_answer), 0);
	set_checking(true);
	begin_import(link, "late", "raw it is");
	/* A client that does not wait for it is nothing to it. */
	begin_import(gone, "gone", "raw it is");
	gone = sd_varlink_close_unref(gone);
	set_checking(false);
	wait_for_answer(link, &answer);
	assert_string_equal(answer.error, "");
	assert_true(has_file("memory", "late/guest.conf"));
	wait_for_file("gone/guest.conf");
}

/* A hostd that ends meanwhile leaves nothing. */
static void test_ends_while_data_volume_is_checked(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link(), *other = connect_link();

	(void)state;
	set_checking(true);
	begin_import(link, "late", "raw it is");
	wait_until_it_waits(other, "late");
	restart_server(SIGTERM);
	assert_false(has_file("memory", "late"));
	set_checking(false);
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

static void serve_with_memory(const char *bytes)
{
	stop_server();
	assert_return_code(setenv("STUB_MEMORY_FREE", bytes, true), errno);
	(void)start_server_with("--serve");
	assert_return_code(unsetenv("STUB_MEMORY_FREE"), errno);
}

/* Without a data volume the copy is memory, and is taken from what guests may be promised. */
static void test_import_without_memory(void **state)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *none = NULL, *some = NULL, *more = NULL;
	struct answer answer;

	(void)state;
	serve_with_memory("0");
	none = connect_link();
	import(none, "tight", "good", &answer);
	assert_string_equal(answer.error, ERROR("NoMemory"));
	assert_int_equal(answer.reserve_bytes, 4096);
	assert_int_equal(answer.needed_bytes, 4096);
	assert_string_equal(answer.reason, "guest tight is not created: a.img: it needs more "
					   "memory than there is");
	assert_false(has_file("memory", "tight"));
	/* one file's worth: it is given back each time, whatever comes of it */
	serve_with_memory("4096");
	some = connect_link();
	import(some, "wrong", "BAD!", &answer);
	assert_string_equal(answer.error, ERROR("Invalid"));
	more = connect_link();
	import(more, "good", "good", &answer);
	assert_string_equal(answer.error, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_import),
		TEST(test_import_fails),
		TEST(test_import_while_others_go_on),
		TEST(test_job),
		TEST(test_job_without_waiting),
		TEST(test_job_fails_at_once),
		TEST(test_import_killed),
		TEST(test_import_killed_at_the_end),
		TEST(test_data_volume_is_checked),
		TEST(test_data_volume_is_not_there_after_all),
		TEST(test_ends_while_data_volume_is_checked),
		TEST(test_import_limit),
		TEST(test_import_without_memory),
	};

	if (argc == 3 && text_equal(argv[1], "--serve"))
		return stub_serve(argv[2], false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
