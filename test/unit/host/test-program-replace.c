// SPDX-License-Identifier: GPL-2.0-or-later
// Another version of a program: taken when it works, refused with the reason when not, and what is
// there stays what it is then. Calls fail in turn. Needs root, and says so where it is not.
// link: -Wl,--wrap=fstat,--wrap=pread,--wrap=fcntl,--wrap=calloc,--wrap=rename,--wrap=fchmod
// link: -Wl,--wrap=sd_event_add_io,--wrap=sd_event_add_time_relative,--wrap=memfd_create
// needs: obj/hostd/hostd obj/hostd/mvirt
#include "storage/image-fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/file.h"
#include "base/text.h"
#include "host/program-replace.h"

WRAP(int, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(ssize_t, pread, -1, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(void *, calloc, 0, (size_t count, size_t size), (count, size))
WRAP(int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, memfd_create, -1, (const char *name, unsigned int flags), (name, flags))
WRAP(int, sd_event_add_io, -ENOMEM,
     (sd_event * e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t c, void *u),
     (e, s, fd, events, c, u))
WRAP(int, sd_event_add_time_relative, -ENOMEM,
     (sd_event * e, sd_event_source **s, clockid_t clock, uint64_t usec, uint64_t accuracy,
      sd_event_time_handler_t c, void *u),
     (e, s, clock, usec, accuracy, c, u))

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, int argument);
int __wrap_fcntl(int fd, int command, int argument)
{
	return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

static sd_event *event;
static bool possible;
static struct {
	bool told;
	int error;
	char text[256];
} answer;

static void on_done(int error, const char *text, void *userdata)
{
	assert_ptr_equal(userdata, &answer);
	assert_non_null(text);
	assert_null(strchr(text, '\n'));
	answer.told = true;
	answer.error = error;
	(void)snprintf(answer.text, sizeof(answer.text), "%s", text);
}

static const char *hostd(void)
{
	return getenv("MVIRT_TEST_HOSTD") ?: "/build/obj/hostd/hostd";
}

static const char *mvirt(void)
{
	return getenv("MVIRT") ?: "/build/obj/hostd/mvirt";
}

static int setup(void **)
{
	possible = geteuid() == 0 && access(hostd(), X_OK) == 0;
	if (sd_event_new(&event) < 0)
		return -1;
	tree_make(&tree);
	tree_folder(&tree, "/bin");
	tree_file(&tree, "/bin/hostd", "the old one");
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static int teardown(void **)
{
	event = sd_event_unref(event);
	tree_remove(&tree);
	return 0;
}

/* What it says, or what it is refused with at once. */
static int replace_with(int fd)
{
	_cleanup_free_ char *path = strdup(tree_path(&tree, "/bin/hostd")), *why = NULL;
	_cleanup_free_ char *target = strdup(tree_path(&tree, "/bin/hostd.trial"));
	struct program_replace *job = NULL;
	int r = program_replace_start(event, path, target, fd, on_done, &answer, &why, &job);

	memset(&answer, 0, sizeof(answer));
	if (r < 0) {
		answer.error = r;
		(void)snprintf(answer.text, sizeof(answer.text), "%s", why ? why : "");
		assert_null(job);
		return r;
	}
	while (!answer.told)
		assert_true(sd_event_run(event, 20000000) > 0);
	return answer.error;
}

static int replace_with_path(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_return_code(fd, errno);
	return replace_with(fd);
}

/* Nothing is beside it, and it is the old one. */
static void assert_old(void)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(file_read(AT_FDCWD, tree_path(&tree, "/bin/hostd"), 4096, &text, NULL), 0);
	assert_string_equal(text, "the old one");
	assert_int_equal(access(tree_path(&tree, "/bin/.hostd.new"), F_OK), -1);
	assert_int_equal(access(tree_path(&tree, "/bin/hostd.trial"), F_OK), -1);
}

#define NEEDS_ROOT()                                                     \
	do {                                                             \
		if (!possible) {                                         \
			print_message("# needs root and a built hostd"); \
			skip();                                          \
		}                                                        \
	} while (0)

static void test_replace(void **)
{
	struct stat status;

	NEEDS_ROOT();
	assert_int_equal(replace_with_path(hostd()), 0);
	if (strncmp(answer.text, "hostd ", 6) != 0)
		fail_msg("%s", answer.text);
	assert_int_equal(stat(tree_path(&tree, "/bin/hostd.trial"), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0755);
	assert_int_equal(access(tree_path(&tree, "/bin/.hostd.new"), F_OK), -1);
	assert_true(status.st_size > 100000);
	assert_int_equal(unlink(tree_path(&tree, "/bin/hostd.trial")), 0);
	assert_old();
}

static void test_refused(void **)
{
	static const struct {
		const char *command, *text;
	} table[] = {
		{ ": >%s", "it is not a program (no ELF file)" },
		{ "printf '#!/bin/sh\\necho hostd 1' >%s", "it is not a program (no ELF file)" },
		{ "printf '\\177ELF' >%s", "it cannot be tried: executing it: " },
		{ "cp /bin/true %s", "it cannot be tried: executing it: " }, /* dynamic */
		{ "truncate -s 65M %s; printf '\\177ELF' | dd of=%s conv=notrunc 2>/dev/null",
		  "it is larger than 64 MiB" },
	};
	_cleanup_free_ char *path = strdup(tree_path(&tree, "/new"));

	NEEDS_ROOT();
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		char command[512];

		(void)snprintf(command, sizeof(command), "rm -f %s; ", path);
		(void)snprintf(command + strlen(command), sizeof(command) - strlen(command),
			       table[i].command, path, path);
		assert_int_equal(system(command), 0);
		assert_true(replace_with_path(path) < 0);
		if (strncmp(answer.text, table[i].text, strlen(table[i].text)) != 0)
			fail_msg("%zu: %s", i, answer.text);
		assert_old();
	}
	assert_true(replace_with_path("/tmp") < 0);
	assert_string_equal(answer.text, "it is not a regular file");
	assert_true(replace_with_path("/dev/zero") < 0);
	assert_string_equal(answer.text, "it is not a regular file");
	/* a program, but another */
	assert_true(replace_with_path(mvirt()) < 0);
	assert_non_null(strstr(answer.text, "it is another program"));
	assert_old();
}

/* Half of one may be killed, or may not be executable: it is refused in any case. */
static void test_truncated(void **)
{
	_cleanup_free_ char *path = strdup(tree_path(&tree, "/half"));
	_cleanup_free_ char *command =
		text_format("head -c 200000 %s >%s", hostd(), tree_path(&tree, "/half"));

	NEEDS_ROOT();
	assert_int_equal(system(command), 0);
	assert_int_equal(replace_with_path(path), -ENOEXEC);
	assert_old();
}

static void test_cancel(void **)
{
	_cleanup_free_ char *path = strdup(tree_path(&tree, "/bin/hostd")), *why = NULL;
	_cleanup_free_ char *target = strdup(tree_path(&tree, "/bin/hostd.trial"));
	_cleanup_fd_ int fd = open(hostd(), O_RDONLY | O_CLOEXEC);

	NEEDS_ROOT();
	for (int steps = 0; steps < 3; steps++) {
		struct program_replace *job = NULL;

		memset(&answer, 0, sizeof(answer));
		assert_int_equal(program_replace_start(event, path, target, fd, on_done, &answer,
						       &why, &job),
				 0);
		if (steps > 0)
			(void)sd_event_run(event, steps == 1 ? 0 : 20000000);
		if (answer.told)
			break;
		program_replace_cancel(job);
		assert_false(answer.told);
		assert_old();
	}
	program_replace_cancel(NULL);
	tree_file(&tree, "/bin/.hostd.new", "left over");
	program_replace_clean(path);
	assert_old();
}

/* Whichever fails, the old one is there, and nothing else, and no fd is lost. */
static void test_calls_that_fail(void **)
{
	int fds = 0;

	NEEDS_ROOT();
	/* the loop opens its timers when they are first wanted */
	assert_int_equal(replace_with_path(hostd()), 0);
	assert_int_equal(unlink(tree_path(&tree, "/bin/hostd.trial")), 0);
	fds = count_fds();
	for (int fail_at = 1;; fail_at++) {
		int r = 0;

		fake.call = 0;
		fake.fail_at = fail_at;
		fake.error = ENOSPC;
		fake.active = true;
		r = replace_with_path(hostd());
		fake.active = false;
		assert_int_equal(count_fds(), fds);
		if (r == 0) {
			assert_true(fail_at > 8);
			return;
		}
		assert_old();
		assert_true(fail_at < 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_replace), TEST(test_refused),         TEST(test_truncated),
		TEST(test_cancel),  TEST(test_calls_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
