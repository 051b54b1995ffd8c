// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's folder: made, cleaned up, listened in; each call fails in turn.
#include "guest-process-fixture.h"

static void test_prepare_and_cleanup(void **)
{
	struct fixture f;
	struct stat status;

	setup(&f);
	fake.active = true;
	assert_int_equal(guest_process_prepare("db"), 0);
	assert_int_equal(guest_process_prepare("db"), 0);
	fake.active = false;
	assert_int_equal(stat(tree_path(&f.tree, "/guests/db/log"), &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	assert_int_equal(stat(tree_path(&f.tree, "/guests/db"), &status), 0);
	assert_int_equal(status.st_mode, S_IFDIR | 0700);
	tree_file(&f.tree, "/guests/db/record.json", "{}");
	tree_file(&f.tree, "/guests/db/qmp.sock", "");
	for (int i = 0; i < 2; i++) {
		fake.active = true;
		assert_int_equal(guest_process_cleanup("db"), 0);
		assert_int_equal(guest_process_cleanup("nobody"), 0);
		fake.active = false;
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/log"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/qmp.sock"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/db/record.json"), F_OK), 0);
	}
	teardown(&f);
}

static void test_folder_calls_fail(void **)
{
	struct fixture f;
	int at = 0, r = 0;

	setup(&f);
	do {
		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_prepare("web");
		fake.active = false;
		assert_int_equal(count_fds(), f.fd_count);
	} while (r == -EIO);
	assert_int_equal(r, 0);
	assert_true(at > 5);
	/* The clean-up goes on with the rest, and can be repeated. */
	at = 0;
	do {
		int again = 0;

		tree_folder(&f.tree, "/cgroup/mvirt/web");
		tree_folder(&f.tree, "/guests/web/log");
		tree_file(&f.tree, "/guests/web/qmp.sock", "");
		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_cleanup("web");
		fake.active = false;
		assert_int_equal(count_fds(), f.fd_count);
		shared->fail_at_hostd = 0;
		fake.active = true;
		again = guest_process_cleanup("web");
		fake.active = false;
		assert_int_equal(again, 0);
		assert_int_equal(access(tree_path(&f.tree, "/guests/web/qmp.sock"), F_OK), -1);
		assert_int_equal(access(tree_path(&f.tree, "/guests/web/log"), F_OK), -1);
	} while (r < 0);
	assert_true(at > 5);
	at = 0;
	do {
		int fd = -1;

		shared->fail_at_hostd = ++at;
		fake.call = 0;
		fake.active = true;
		r = guest_process_listen("web", "qmp", &fd);
		fake.active = false;
		if (r == 0)
			(void)close(fd);
		else
			assert_int_equal(access(tree_path(&f.tree, "/guests/web/qmp.sock"), F_OK),
					 -1);
		assert_int_equal(count_fds(), f.fd_count);
	} while (r == -EIO);
	assert_int_equal(r, 0);
	assert_int_equal(at, 4);
	teardown(&f);
}

static void test_listen(void **)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fixture f;
	int fds[2] = { -1, -1 }, client = -1, listening = 0;
	socklen_t length = sizeof(listening);

	setup(&f);
	/* The second replaces the first. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(guest_process_listen("web", "serial", &fds[i]), 0);
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(getsockopt(fds[1], SOL_SOCKET, SO_ACCEPTCONN, &listening, &length), 0);
	assert_int_equal(listening, 1);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/web/serial.sock", f.guests);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
	(void)close(client);
	client = accept(fds[1], NULL, NULL);
	assert_true(client >= 0);
	(void)close(client);
	(void)close(fds[0]);
	(void)close(fds[1]);
	assert_int_equal(guest_process_listen("nobody", "qmp", &fds[0]), -ENOENT);
	f.paths.guests =
		"/a-folder-whose-name-is-too-long-to-be-part-of-the-address-of-a-socket-of-"
		"the-kernel-where-108-bytes-are-the-limit";
	assert_int_equal(guest_process_listen("web", "qmp", &fds[0]), -ENAMETOOLONG);
	teardown(&f);
}

static void test_stderr_tail(void **)
{
	static const struct {
		const char *text, *tail;
	} cases[] = {
		{ "", NULL },
		{ "\n\n\r\n", NULL },
		{ "one", "one" },
		{ "one\n", "one" },
		{ "one\r\ntwo\r\n\r\n", "one; two" },
		{ "1\n2\n3\n4\n5\n", "3; 4; 5" },
		{ "1\n\n\n2\n\n3\n\n\n4", "2; 3; 4" },
		{ "\x1b[31mred\x07 gr\xc3\xbcn\ttab", "?[31mred? gr??n?tab" },
	};
	char text[10001], *tail = NULL;
	struct fixture f;

	setup(&f);
	assert_null(guest_process_stderr_tail("web"));
	assert_null(guest_process_stderr_tail("nobody"));
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		tree_file(&f.tree, "/guests/web/log/stderr", cases[i].text);
		tail = guest_process_stderr_tail("web");
		if (cases[i].tail)
			assert_string_equal(tail, cases[i].tail);
		else
			assert_null(tail);
		free(tail);
	}
	/* The end of a line that is longer than anybody reads. */
	memset(text, 'x', sizeof(text) - 1);
	strcpy(text + sizeof(text) - 5, "end\n");
	tree_file(&f.tree, "/guests/web/log/stderr", text);
	tail = guest_process_stderr_tail("web");
	assert_non_null(tail);
	assert_int_equal(strlen(tail), 400);
	assert_string_equal(tail + 396, "xend");
	free(tail);
	tree_bytes(&f.tree, "/guests/web/log/stderr", "a\0b\n", 4);
	tail = guest_process_stderr_tail("web");
	assert_string_equal(tail, "a?b");
	free(tail);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prepare_and_cleanup),
		cmocka_unit_test(test_folder_calls_fail),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_stderr_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
