// SPDX-License-Identifier: GPL-2.0-or-later
// The QMP client's connection: errors, a second one, and the build root's real emulator.
#include "qemu-qmp-fixture.h"

#include <spawn.h>
#include <sys/un.h>

#define EMULATOR "/usr/bin/qemu-system-x86_64"
#define DEADLINE_US (20 * 1000 * 1000)

extern char **environ;

static void test_connect_errors(void **)
{
	struct qemu_qmp_callbacks callbacks = {};
	struct qemu_qmp *qmp = NULL;
	struct tree tree;
	sd_event *event = NULL;
	char path[256];
	int fds = count_fds();

	tree_make(&tree);
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(qemu_qmp_new(event, tree_path(&tree, "/none"), &callbacks, &qmp), -ENOENT);
	tree_file(&tree, "/file", "");
	assert_int_equal(qemu_qmp_new(event, tree_path(&tree, "/file"), &callbacks, &qmp),
			 -ECONNREFUSED);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(qemu_qmp_new(event, path, &callbacks, &qmp), -ENAMETOOLONG);
	assert_null(qmp);
	qemu_qmp_free(NULL);
	sd_event_unref(event);
	tree_remove(&tree);
	assert_int_equal(count_fds(), fds);
}

/* In QEMU's place; returns the fd that listens. */
static int listen_at(struct tree *tree, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	tree_make(tree);
	tree_folder(tree, "/web");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/web/qmp.sock", tree->root);
	assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 1), 0);
	*ret_address = address;
	return listening;
}

static unsigned long long id_of(const char *line)
{
	const char *id = strstr(line, "\"id\":");
	unsigned long long number = 0;

	assert_non_null(id);
	assert_int_equal(sscanf(id, "\"id\":%llu", &number), 1);
	return number;
}

/* A connection up to its readiness. Returns the greatest id that it has used. */
static unsigned long long connect_again(struct fixture *f, int listening, const char *path)
{
	unsigned long long id = 0;
	char text[128];

	assert_int_equal(qemu_qmp_new(f->event, path, &f->callbacks, &f->qmp), 0);
	f->server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	say(f, GREETING);
	id = id_of(heard(f));
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n", id);
	f->ready = 0;
	say(f, text);
	assert_int_equal(f->ready, 1);
	return id;
}

/* QEMU answers whoever is connected by then: before its greeting, while it greets, and after. */
static void test_answers_of_an_earlier_connection(void **)
{
	struct fixture f = { .server = -1 };
	struct sockaddr_un address;
	struct tree tree;
	int listening = listen_at(&tree, &address);
	unsigned long long old = 0, id = 0;
	char text[512], late[128];

	f.callbacks = (struct qemu_qmp_callbacks){ .ready = on_ready,
						   .closed = on_closed,
						   .userdata = &f };
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	(void)connect_again(&f, listening, address.sun_path);
	assert_int_equal(qemu_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	old = id_of(heard(&f));
	qemu_qmp_free(f.qmp);
	assert_string_equal(f.trace, "ready\nreply error the connection to QEMU is closed\n");
	(void)close(f.server);

	(void)snprintf(late, sizeof(late), "{\"return\": {\"a\": 1}, \"id\": %llu}\n", old);
	assert_int_equal(qemu_qmp_new(f.event, address.sun_path, &f.callbacks, &f.qmp), 0);
	f.server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	f.ready = 0;
	(void)snprintf(text, sizeof(text), "%s" GREETING "%s", late, late);
	say(&f, text);
	id = id_of(heard(&f));
	assert_true(id > old);
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n%s", id, late);
	say(&f, text);
	assert_int_equal(f.ready, 1);
	assert_int_equal(qemu_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	id = id_of(heard(&f));
	(void)snprintf(text, sizeof(text), "{\"error\": {\"desc\": \"no\"}, \"id\": %llu}\n", old);
	say(&f, text);
	(void)snprintf(text, sizeof(text), "{\"return\": {\"b\": 2}, \"id\": %llu}\n", id);
	say(&f, text);
	assert_int_equal(f.closed, 0);
	assert_string_equal(f.trace, "ready\nreply error the connection to QEMU is closed\n"
				     "ready\nreply {\"b\":2}\n");
	/* What nobody has asked is still a mistake. */
	(void)snprintf(text, sizeof(text), "{\"return\": {}, \"id\": %llu}\n", id + 1);
	say(&f, text);
	assert_int_equal(f.error, -EBADMSG);
	(void)close(listening);
	tree_remove(&tree);
	qemu_qmp_free(f.qmp);
	(void)close(f.server);
	sd_event_unref(f.event);
	log_set_hook(NULL, NULL);
}

/* A line of QEMU's that is no QMP is told in the guest's name. */
static void test_subject(void **)
{
	struct fixture f = { .server = -1 };
	struct sockaddr_un address;
	struct tree tree;
	int listening = listen_at(&tree, &address);

	f.callbacks = (struct qemu_qmp_callbacks){ .closed = on_closed, .userdata = &f };
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	assert_int_equal(qemu_qmp_new(f.event, address.sun_path, &f.callbacks, &f.qmp), 0);
	f.server = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	say(&f, "\"\n");
	assert_non_null(strstr(f.log, "guest web: QMP is given up: a line that is not JSON"));
	(void)close(listening);
	tree_remove(&tree);
	qemu_qmp_free(f.qmp);
	(void)close(f.server);
	sd_event_unref(f.event);
	log_set_hook(NULL, NULL);
}

/* One tick of the loop, or the test has failed. */
static void wait_for(struct fixture *f, const unsigned int *count, unsigned int wanted)
{
	struct timespec start, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	while (*count < wanted) {
		assert_true(sd_event_run(f->event, 100000) >= 0);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		assert_true((now.tv_sec - start.tv_sec) * 1000000L < DEADLINE_US);
	}
}

/* A QEMU without a machine, on a socket that was made for it. */
static pid_t start_emulator(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char option[64];
	const char *const argv[] = { EMULATOR,   "-accel",   "tcg",  "-M",
				     "none",     "-display", "none", "-nodefaults",
				     "-chardev", option,     "-mon", "chardev=qmp,mode=control",
				     NULL };
	char *copies[ELEMENTS(argv)] = {};
	pid_t pid = 0;

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	(void)snprintf(option, sizeof(option), "socket,id=qmp,fd=%d,server=on,wait=off", fd);
	for (size_t i = 0; argv[i]; i++)
		assert_non_null(copies[i] = strdup(argv[i]));
	assert_int_equal(posix_spawn(&pid, EMULATOR, NULL, NULL, copies, environ), 0);
	for (size_t i = 0; copies[i]; i++)
		free(copies[i]);
	(void)close(fd);
	return pid;
}

static void test_real_emulator(void **)
{
	struct fixture f = { .server = -1 };
	struct tree tree;
	unsigned int before = 0;
	int status = 0;
	pid_t pid = 0;

	if (access(EMULATOR, X_OK) < 0) {
		print_message("# skipped: there is no %s\n", EMULATOR);
		skip();
	}
	tree_make(&tree);
	f.fds = count_fds();
	f.callbacks = (struct qemu_qmp_callbacks){
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = &f
	};
	log_set_hook(on_log, &f);
	assert_true(sd_event_new(&f.event) >= 0);
	pid = start_emulator(tree_path(&tree, "/qmp.sock"));
	assert_int_equal(qemu_qmp_new(f.event, tree_path(&tree, "/qmp.sock"), &f.callbacks, &f.qmp),
			 0);
	wait_for(&f, &f.ready, 1);
	before = f.events;
	assert_int_equal(qemu_qmp_execute(f.qmp, "query-status", NULL, on_reply, &f), 0);
	assert_int_equal(qemu_qmp_execute(f.qmp, "no-such-command", NULL, on_reply, &f), 0);
	assert_int_equal(qemu_qmp_execute(f.qmp, "stop", NULL, on_reply, &f), 0);
	wait_for(&f, &f.replies, 3);
	wait_for(&f, &f.events, before + 1);
	assert_non_null(strstr(f.trace, "\"status\":\"running\""));
	assert_non_null(
		strstr(f.trace, "reply error The command no-such-command has not been found"));
	assert_non_null(strstr(f.trace, "event STOP -"));
	/* Another hostd comes: QEMU takes its connection after the end of the first, and may give
	 * it what is still due. */
	for (int i = 0; i < QEMU_QMP_UNANSWERED_MAX; i++)
		assert_int_equal(qemu_qmp_execute(f.qmp, "query-commands", NULL, NULL, NULL), 0);
	qemu_qmp_free(f.qmp);
	f.ready = 0;
	assert_int_equal(qemu_qmp_new(f.event, tree_path(&tree, "/qmp.sock"), &f.callbacks, &f.qmp),
			 0);
	wait_for(&f, &f.ready, 1);
	assert_int_equal(qemu_qmp_execute(f.qmp, "quit", NULL, on_reply, &f), 0);
	wait_for(&f, &f.closed, 1);
	assert_non_null(strstr(f.trace, "event SHUTDOWN {\"guest\":false,"));
	assert_int_equal(f.error, -ECONNRESET);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	teardown(&f);
	tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_errors),
		cmocka_unit_test(test_answers_of_an_earlier_connection),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_real_emulator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
