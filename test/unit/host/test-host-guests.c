// SPDX-License-Identifier: GPL-2.0-or-later
// Guests are created, changed, renamed and deleted by plain calls: which error comes of what, what
// is told, and what is left. How the steps of the store fail is tested over the API.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "host-guest-stubs.h"
#include "host-storage-stubs.h"
#include "host/host-catalogue.h"
#include "host/host-change.h"
#include "host/host-command.h"
#include "host/host-create.h"
#include "host/host-delete.h"
#include "storage/store/guest-store-internal.h"

static struct {
	char path[64];
	char events[512]; /* "created new, …" */
	const struct guest *created;
	enum error_kind kind; /* of what was not created */
	char reason[256];
	unsigned int answers;
	uint64_t job;
} test;

static void on_event(const struct host_event *event, void *)
{
	static const char *const types[] = { "guest", "leaving", "gone", "network", "volume" };
	size_t length = strlen(test.events);

	(void)snprintf(test.events + length, sizeof(test.events) - length, "%s:%s ",
		       types[event->type], event->kind);
}

static void on_created(struct guest *guest, const struct error *error, void *)
{
	test.answers++;
	test.created = guest;
	test.kind = error->kind;
	(void)snprintf(test.reason, sizeof(test.reason), "%s", error->reason ? error->reason : "");
}

static int setup(void **)
{
	memset(&test, 0, sizeof(test));
	(void)snprintf(test.path, sizeof(test.path), "/tmp/test-host-XXXXXX");
	assert_non_null(mkdtemp(test.path));
	stub.path = text_format("%s/host", test.path);
	stub.host = (struct host){ .guests = &stub.all };
	assert_return_code(host_config_default(&stub.host.config), 0);
	stub.serving = true;
	assert_return_code(sd_event_new(&stub.host.event), 0);
	host_subscribe(&stub.host, on_event, NULL);
	(void)stub_define("guest \"web\" { kernel = \"k\" }", GUEST_ORIGIN_CONFIG,
			  GUEST_STATE_RUNNING);
	return 0;
}

static int teardown(void **)
{
	_cleanup_fd_ int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	host_creations_cancel(&stub.host);
	stub.host.event = sd_event_unref(stub.host.event);
	while (stub.all.count > 0)
		stub_guest_free(stub.all.items[--stub.all.count]);
	host_config_free(stub.host.config);
	free(stub.path);
	assert_return_code(tmp_fd, errno);
	return guest_store_remove_tree(tmp_fd, test.path + strlen("/tmp/"));
}

/* Of what is refused, the kind and a part of the line. */
static void assert_refused(int r, struct error *error, enum error_kind kind, const char *reason)
{
	assert_true(r < 0);
	if (error->kind != kind || !error->reason || !strstr(error->reason, reason))
		fail_msg("%s %s, and not %s %s", error_kind_name(error->kind), error->reason,
			 error_kind_name(kind), reason);
	error_done(error);
}

static int create(const char *definition, struct error *error)
{
	const struct host_create_request request = { .definition = definition };

	return host_create_guest(&stub.host, &request, on_created, NULL, &test.job, error);
}

static struct guest *created(const char *definition)
{
	_cleanup_(error_done) struct error error = {};

	assert_return_code(create(definition, &error), 0);
	assert_non_null(test.created);
	return guests_find(&stub.all, guest_config(test.created)->name);
}

static void test_create(void **)
{
	const struct host_change changes[] = { { "machine", "microvm" }, { "kernel", "k" } };
	const struct host_create_request request = { .name = "new",
						     .changes = changes,
						     .change_count = ELEMENTS(changes) };
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = NULL;

	assert_return_code(
		host_create_guest(&stub.host, &request, on_created, NULL, &test.job, &error), 0);
	assert_int_equal(test.answers, 1);
	assert_string_equal(guest_config(test.created)->name, "new");
	assert_int_equal(guest_origin(test.created), GUEST_ORIGIN_MEMORY);
	assert_string_equal(test.events, "guest:created ");
	assert_return_code(host_read_definition(&stub.host, test.created, &text, &error), 0);
	assert_non_null(strstr(text, "guest \"new\" {"));
}

static void test_create_refused(void **)
{
	static const struct {
		const char *definition;
		enum error_kind kind;
		const char *reason;
		unsigned int line;
	} table[] = {
		{ "guest \"web\" { nic {} }", ERROR_EXISTS, "it is defined in mvirt.conf", 0 },
		{ "guest \"n\" {\nnic {}\nmemry = 1\n}", ERROR_INVALID, "did you mean \"memory\"?",
		  3 },
		{ "guest \"n\" { nic { network = \"dmz\" } }", ERROR_INVALID, "no network", 0 },
		{ NULL, ERROR_INVALID, "needs a definition or a name", 0 },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		struct error error = {};
		int r = create(table[i].definition, &error);

		assert_int_equal(error.line, table[i].line);
		assert_refused(r, &error, table[i].kind, table[i].reason);
	}
	assert_int_equal(test.answers, 0);
	assert_string_equal(test.events, "");
}

/* What fails after it was begun is told by the callback alone, and takes everything back. */
static void test_create_fails(void **)
{
	struct error error = {};
	_cleanup_free_ char *folder = text_format("%s.memory/guests/no-define", stub.path);

	assert_return_code(
		create("guest \"no-define\" { disk { file = \"a\" size = \"1M\" } }", &error), 0);
	assert_int_equal(test.answers, 1);
	assert_null(test.created);
	assert_int_equal(test.kind, ERROR_FAILED);
	assert_string_equal(test.reason, "guest no-define is not created: Input/output error");
	assert_int_equal(access(folder, F_OK), -1);
	assert_string_equal(test.events, "");
}

/* A hostd that ends says so to who waits, once. */
static void test_create_cancelled(void **)
{
	char path[] = "/tmp/test-host-image-XXXXXX";
	struct host_import import = { .name = "a", .fd = mkstemp(path) };
	const struct host_create_request request = {
		.definition = "guest \"slow\" { disk { file = \"a\" } }",
		.imports = &import,
		.import_count = 1,
	};
	struct error error = {};

	assert_return_code(import.fd, errno);
	assert_return_code(unlink(path), errno);
	assert_int_equal(write(import.fd, "SLOW", 4), 4);
	assert_return_code(
		host_create_guest(&stub.host, &request, on_created, NULL, &test.job, &error), 0);
	assert_int_equal(import.fd, -EBADF);
	assert_int_equal(test.answers, 0);
	assert_true(host_is_being_created(&stub.host, "slow"));
	assert_refused(create("guest \"slow\" { nic {} }", &error), &error, ERROR_BUSY,
		       "is being created");
	host_creations_cancel(&stub.host);
	assert_int_equal(test.answers, 1);
	assert_int_equal(test.kind, ERROR_NOT_NOW);
	assert_string_equal(test.reason, "guest slow is not created: hostd ends");
	assert_false(host_is_being_created(&stub.host, NULL));
}

static void test_change(void **)
{
	const struct host_change good[] = { { "cpus", "2" }, { "memory", "64M" } };
	const struct host_change bad[] = { { "cpus", "3" }, { "memory", "1" } };
	const struct host_change_request change = { .changes = good, .change_count = 2 },
					 wrong = { .changes = bad, .change_count = 2 },
					 other = { .definition = "guest \"old\" { nic {} }" };
	struct guest *guest = created("guest \"new\" { nic {} }");
	char revision[HOST_REVISION_BYTES];
	struct error error = {};
	int r = 0;

	assert_return_code(host_change_guest(&stub.host, guest, &change, revision, &error), 0);
	assert_int_equal(guest_config(guest)->cpus, 2);
	r = host_change_guest(&stub.host, guest, &wrong, revision, &error);
	assert_string_equal(error.field, "memory");
	assert_refused(r, &error, ERROR_INVALID, "memory");
	assert_int_equal(guest_config(guest)->cpus, 2);
	r = host_change_guest(&stub.host, guests_find(&stub.all, "web"), &change, revision, &error);
	assert_refused(r, &error, ERROR_DENIED, "change it there");
	r = host_change_guest(&stub.host, guest, &other, revision, &error);
	assert_refused(r, &error, ERROR_INVALID, "one of guest old, not of new");
	assert_string_equal(test.events, "guest:created guest:changed ");
}

/* Of two who have read the same definition one is told that the other was faster. */
static void test_revision(void **)
{
	static const char text[] = "guest \"new\" { # mine\n nic {} }";
	const struct host_change cpus = { "cpus", "2" };
	struct guest *guest = created(text);
	char first[HOST_REVISION_BYTES], second[HOST_REVISION_BYTES], third[HOST_REVISION_BYTES];
	struct host_change_request change = { .revision = first,
					      .changes = &cpus,
					      .change_count = 1 };
	struct host_change_request whole = { .revision = first, .definition = text };
	struct error error = {};
	int r = 0;

	(void)host_revision(text, first);
	assert_int_equal(strlen(first), 16);
	assert_return_code(host_change_guest(&stub.host, guest, &change, second, &error), 0);
	assert_string_not_equal(second, first);
	r = host_change_guest(&stub.host, guest, &whole, third, &error);
	assert_string_equal(error.revision, second);
	assert_refused(r, &error, ERROR_CONFLICT, "somebody was faster");
	r = host_delete_guest(&stub.host, guest, false, first, &error);
	assert_string_equal(error.revision, second);
	assert_refused(r, &error, ERROR_CONFLICT, "somebody was faster");
	assert_int_equal(guest_config(guest)->cpus, 2);
	/* the same text is the same revision, whenever */
	whole.revision = second;
	assert_return_code(host_change_guest(&stub.host, guest, &whole, third, &error), 0);
	assert_string_equal(third, first);
	/* a comment that somebody has written is worth not being overwritten */
	whole.definition = "guest \"new\" { # his\n nic {} }";
	whole.revision = NULL;
	assert_return_code(host_change_guest(&stub.host, guest, &whole, third, &error), 0);
	assert_string_not_equal(third, first);
	assert_return_code(host_delete_guest(&stub.host, guest, false, third, &error), 0);
}

/* What somebody has written into the file stays when another key is set. */
static void test_edited_by_hand(void **)
{
	static const char edited[] = "guest \"new\" { memory = \"64M\"\n nic {} }";
	const struct host_change cpus = { "cpus", "2" };
	const struct host_change_request change = { .changes = &cpus, .change_count = 1 };
	_cleanup_free_ char *path = text_format("%s/host.memory/guests/new/guest.conf", test.path);
	struct guest *guest = created("guest \"new\" { nic {} }");
	char revision[HOST_REVISION_BYTES];
	struct error error = {};

	for (int wrong = 0; wrong < 2; wrong++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		assert_true(fputs(wrong ? "guest {" : edited, file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_return_code(host_change_guest(&stub.host, guest, &change, revision, &error),
				   0);
		assert_int_equal(guest_config(guest)->cpus, 2);
		assert_int_equal(guest_config(guest)->memory_bytes, 64 << 20);
	}
}

static void test_rename_and_delete(void **)
{
	struct guest *guest = created("guest \"new\" { nic {} }");
	struct error error = {};
	int r = 0;

	assert_refused(host_rename_guest(&stub.host, guest, "web", &guest, &error), &error,
		       ERROR_EXISTS, "there is a guest web");
	assert_refused(host_rename_guest(&stub.host, guest, "W", &guest, &error), &error,
		       ERROR_INVALID, "is no name");
	assert_return_code(host_rename_guest(&stub.host, guest, "newer", &guest, &error), 0);
	assert_string_equal(guest_config(guest)->name, "newer");
	assert_null(host_find_guest(&stub.host, "new", &error));
	assert_refused(-ENOENT, &error, ERROR_NOT_FOUND, "there is no guest new");
	guest->state = GUEST_STATE_RUNNING;
	r = host_delete_guest(&stub.host, guest, false, NULL, &error);
	assert_string_equal(error.state, "running");
	assert_refused(r, &error, ERROR_NOT_NOW, "stop it first");
	guest->state = GUEST_STATE_STOPPED;
	assert_return_code(host_delete_guest(&stub.host, guest, true, NULL, &error), 0);
	assert_null(guests_find(&stub.all, "newer"));
	assert_string_equal(test.events, "guest:created leaving:deleted guest:renamed "
					 "leaving:deleted gone:deleted ");
}

static void test_commands(void **)
{
	struct guest *guest = guests_find(&stub.all, "web");
	struct error error = {};
	int r = host_command_guest(&stub.host, guest, HOST_COMMAND_START, &error), fd = -EBADF;

	assert_string_equal(error.state, "running");
	assert_refused(r, &error, ERROR_NOT_NOW, "is running already");
	assert_return_code(host_command_guest(&stub.host, guest, HOST_COMMAND_PAUSE, &error), 0);
	assert_true(guest_is_paused(guest));
	guest->state = GUEST_STATE_STOPPED;
	r = host_open_display(&stub.host, guest, &fd, &error);
	assert_string_equal(error.state, "stopped");
	assert_refused(r, &error, ERROR_NOT_NOW, "guest web is not running");
	assert_refused(host_change_medium(&stub.host, guest, 0, NULL, false, NULL, NULL, &error),
		       &error, ERROR_NOT_NOW, "is not running");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_create),         TEST(test_create_refused),
		TEST(test_create_fails),   TEST(test_create_cancelled),
		TEST(test_change),         TEST(test_rename_and_delete),
		TEST(test_commands),       TEST(test_revision),
		TEST(test_edited_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
